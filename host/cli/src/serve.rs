//! `whorl serve`: the appliance.

use crate::engine::{EngineChoice, Way};
use crate::error::CliError;
use crate::input::progress;
use crate::pool::{self, Opened};
use std::path::PathBuf;
use std::sync::Arc;
use tracing::info;
use whorl_device::with_causes;
use whorl_search::self_test::self_test;
use whorl_server::config::Config;
use whorl_server::services::cards::Bench;

/// Options of `whorl serve`.
#[derive(clap::Args)]
#[command(after_help = "\
Serves gRPC (proto/whorl/v1) until SIGTERM or SIGINT, then ends in good order: searches are finished or returned with an error.
deploy/whorl.toml is a configuration with every key explained, deploy/whorl.service a unit for systemd.

Examples:
  whorl pki init --out /etc/whorl/pki --server localhost --server 192.0.2.7
  whorl gallery create --folder /var/lib/whorl/gallery --key-file /etc/whorl/gallery.key
  whorl serve --config /etc/whorl/whorl.toml --check
  whorl serve --config /etc/whorl/whorl.toml")]
pub struct Options {
    /// The configuration, TOML
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Only check the configuration
    #[arg(long)]
    check: bool,
}

/// A card that no engine drives.
struct CardBench(Way);

impl std::fmt::Debug for CardBench {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CardBench").field(&self.0.name()).finish()
    }
}

impl Bench for CardBench {
    fn reset(&self) -> Result<String, String> {
        let mut device = self.0.connect().map_err(|error| with_causes(&error))?;
        let recovery = device.reset().map_err(|error| with_causes(&error))?;
        device.close().map_err(|error| with_causes(&error))?;
        Ok(recovery.to_string())
    }

    fn self_test(&self) -> Result<Vec<(String, Option<String>)>, String> {
        let mut device = self.0.connect().map_err(|error| with_causes(&error))?;
        let results = self_test(&mut device);
        device.close().map_err(|error| with_causes(&error))?;
        Ok(results.into_iter().map(|r| (r.part.to_string(), r.defect.map(|defect| with_causes(&defect)))).collect())
    }
}
