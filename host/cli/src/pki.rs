//! `whorl pki`: certificates for a laboratory.

use crate::error::CliError;
use std::path::PathBuf;
use whorl_server::identity::Role;
use whorl_server::pki::{Authority, Validity, init};

/// Options of `whorl pki`.
#[derive(clap::Args)]
#[command(after_help = "\
The authority's key lies in its folder as it is: this is for a laboratory. An agency lets its own authority sign; a client's name
is its common name, and its roles are URIs among its alternative names, such as urn:whorl:role:searcher.

Examples:
  whorl pki init --out pki --server localhost --server 127.0.0.1
  whorl pki issue --folder pki --name 'Clerk 7' --role searcher --role examiner --days 30")]
pub struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Make an authority, a server's certificate and one client of each role
    Init {
        /// A folder for the files
        #[arg(long, value_name = "DIR")]
        out: PathBuf,
        /// DNS name or IP address of the server; several may be given
        #[arg(long, value_name = "NAME", default_value = "localhost")]
        server: Vec<String>,
        /// How long the certificates hold
        #[arg(long, default_value_t = 90)]
        days: u32,
    },
    /// Make one client more
    Issue {
        /// The folder that `init` made
        #[arg(long, value_name = "DIR")]
        folder: PathBuf,
        /// The client's name; its files are named so too
        #[arg(long)]
        name: String,
        /// What it may do; several may be given
        #[arg(long, required = true, value_parser = role)]
        role: Vec<Role>,
        /// How long the certificate holds
        #[arg(long, default_value_t = 90)]
        days: u32,
    },
}

fn role(text: &str) -> Result<Role, String> {
    Role::of(text).ok_or_else(|| format!("must be one of {}", Role::ALL.map(Role::name).join(", ")))
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    match &options.command {
        Command::Init { out, server, days } => {
            init(out, server, *days)?;
            println!("an authority, a server and a client of each role in {}, for {days} days", out.display());
        }
        Command::Issue { folder, name, role, days } => {
            if name.contains(['/', '\0']) || name.starts_with('.') {
                return Err(CliError::Usage(format!("{name:?} cannot be the name of a file")));
            }
            Authority::read(folder)?.client(name, role, Validity::days(*days))?.write(folder, name)?;
            println!("{} for {days} days", folder.join(format!("{name}.pem")).display());
        }
    }
    Ok(())
}
