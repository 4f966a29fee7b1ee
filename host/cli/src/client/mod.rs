//! `whorl client`: an appliance's services from the command line.

mod audit;
mod cards;
mod gallery;
mod load;
mod search;

use crate::error::CliError;
use serde_json::Value;
use std::io::Write;
use std::path::PathBuf;
use tonic::transport::Channel;
use whorl_server::client::Access;
use whorl_server::proto::Purpose;

/// Options of `whorl client`.
#[derive(clap::Args)]
#[command(after_help = "\
A client says who it is with a certificate; its roles stand in there, and the server decides by them what it may do.
`whorl pki init` makes some for a laboratory.

Examples:
  export WHORL_SERVER=https://localhost:7443 WHORL_PKI=/etc/whorl/pki
  whorl client --as enroller enroll --gallery criminal --subject S1 --encounter E1 s1.iso
  whorl client --as searcher identify --gallery criminal --purpose criminal-justice probe.iso
  whorl client --as searcher verify --gallery criminal --subject S1 --purpose civil-applicant probe.iso --json
  whorl client --as examiner replay --purpose criminal-justice SEARCH
  whorl client --as operator cards drain 'card vfio:0000:3b:00.0'
  whorl client --as auditor audit verify

A candidate list is a lead for an examiner, never a verdict.")]
pub struct Options {
    /// The appliance: https://HOST:PORT, or http:// where it serves the loopback without TLS
    #[arg(long, env = "WHORL_SERVER", value_name = "URL")]
    server: String,
    /// Folder with ca.pem and the pairs NAME.pem and NAME.key, as `whorl pki init` writes it
    #[arg(long, env = "WHORL_PKI", value_name = "DIR")]
    pki: Option<PathBuf>,
    /// Which pair of that folder to use
    #[arg(long = "as", env = "WHORL_AS", value_name = "NAME", requires = "pki")]
    name: Option<String>,
    /// The authority that signed the server's certificate, PEM; instead of --pki
    #[arg(long, value_name = "FILE", conflicts_with = "pki")]
    ca: Option<PathBuf>,
    /// The client's certificate, PEM
    #[arg(long, value_name = "FILE", requires = "key", conflicts_with = "pki")]
    certificate: Option<PathBuf>,
    /// The certificate's key, PEM
    #[arg(long, value_name = "FILE", requires = "certificate", conflicts_with = "pki")]
    key: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    #[command(flatten)]
    Gallery(gallery::Command),
    #[command(flatten)]
    Search(search::Command),
    /// The engines of the appliance
    #[command(subcommand)]
    Cards(cards::Command),
    /// Enrol and search with many clients at once, check every answer and print latencies
    Load(load::Options),
    /// Who did what, when and why
    #[command(subcommand)]
    Audit(audit::Command),
}

/// Why it is searched or read, for the audit log.
#[derive(clap::ValueEnum, Debug, Clone, Copy)]
enum PurposeWord {
    CriminalJustice,
    CivilApplicant,
    Border,
    Investigation,
    Humanitarian,
    Deduplication,
    SystemTest,
}

impl From<PurposeWord> for i32 {
    fn from(word: PurposeWord) -> Self {
        let purpose = match word {
            PurposeWord::CriminalJustice => Purpose::CriminalJustice,
            PurposeWord::CivilApplicant => Purpose::CivilApplicant,
            PurposeWord::Border => Purpose::Border,
            PurposeWord::Investigation => Purpose::Investigation,
            PurposeWord::Humanitarian => Purpose::Humanitarian,
            PurposeWord::Deduplication => Purpose::Deduplication,
            PurposeWord::SystemTest => Purpose::SystemTest,
        };
        purpose.into()
    }
}

impl Options {
    fn access(&self) -> Result<Access, CliError> {
        let (ca, certificate) = match (&self.pki, &self.name) {
            (Some(pki), Some(name)) => {
                let pair = (pki.join(format!("{name}.pem")), pki.join(format!("{name}.key")));
                (Some(pki.join("ca.pem")), Some(pair))
            }
            (Some(_), None) if self.server.starts_with("https:") => {
                return Err(CliError::Usage("--pki needs --as NAME, such as --as searcher".into()));
            }
            (Some(_), None) => (None, None),
            (None, _) => (self.ca.clone(), self.certificate.clone().zip(self.key.clone())),
        };
        Ok(Access { server: self.server.clone(), ca, certificate })
    }
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    let access = options.access()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let channel: Channel = access.connect().await?;
        match &options.command {
            Command::Gallery(command) => gallery::run(command, channel, options.json).await,
            Command::Search(command) => search::run(command, channel, options.json).await,
            Command::Cards(command) => cards::run(command, channel, options.json).await,
            Command::Load(load) => load::run(load, channel, options.json).await,
            Command::Audit(command) => audit::run(command, channel, options.json).await,
        }
    })
}

/// Prints one JSON value in a line, or text.
fn print(json: bool, value: impl FnOnce() -> Value, text: impl FnOnce() -> String) -> Result<(), CliError> {
    let mut out = std::io::stdout().lock();
    let line = if json { value().to_string() } else { text() };
    Ok(writeln!(out, "{line}")?)
}

/// An id for a request that has none.
fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}
