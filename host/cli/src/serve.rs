//! `whorl serve`: the appliance.

use crate::engine::{EngineChoice, Way};
use crate::error::CliError;
use crate::gallery;
use crate::pool;
use crate::serve_log;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tracing::info;
use whorl_device::with_causes;
use whorl_gallery::{Store, StoreError, StoreOptions};
use whorl_search::self_test::self_test;
use whorl_server::config::Config;
use whorl_server::metrics::StoreMetrics;
use whorl_server::serve::{Parts, Serving, start};
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

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    let config = Config::read(&options.config)?;
    let engines = config.search.engines.iter().map(|text| text.parse::<EngineChoice>());
    let engines = engines
        .collect::<Result<Vec<_>, _>>()
        .map_err(|what| CliError::Usage(format!("{}: search.engines: {what}", options.config.display())))?;
    if options.check {
        println!("{} is right", options.config.display());
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let spans = {
        let _context = runtime.enter();
        serve_log::start(&config.log)?
    };
    let store = Arc::new(open_store(&config)?);
    let (pool, ways) = pool::open_named(&engines, false, config.search.spare)?;
    let bench = |(name, way): (String, Way)| (name, Arc::new(CardBench(way)) as Arc<dyn Bench>);
    let parts = Parts { store, pool, benches: ways.into_iter().map(bench).collect::<BTreeMap<_, _>>() };
    runtime.block_on(async {
        let serving = start(&config, parts).await?;
        let scheme = if config.server.tls.is_some() { "https" } else { "http" };
        println!("serving {scheme}://{}", serving.address);
        std::io::stdout().flush()?;
        until_told(serving).await
    })?;
    drop(spans); // while the runtime can send them
    Ok(())
}

fn open_store(config: &Config) -> Result<Store, CliError> {
    const DAY: Duration = Duration::from_hours(24);
    let key = gallery::key(config.gallery.key_file.as_deref(), config.gallery.key_command.as_deref())?;
    let options = StoreOptions {
        segment_bytes: config.gallery.segment_mib << 20,
        keep_for: DAY * u32::try_from(config.search.keep_answers_days).unwrap_or(u32::MAX),
        observer: Some(Arc::new(StoreMetrics)),
        ..gallery::options(key, config.gallery.memory_limit_mib)
    };
    let opened =
        gallery::with_bar::<_, StoreError>("reading the log", |of| Store::open(&config.gallery.folder, options, of));
    let (store, recovery) = opened?;
    info!(
        entries = recovery.entries,
        bytes = recovery.bytes,
        torn_bytes = recovery.torn_bytes,
        seconds = recovery.seconds,
        "the store is read"
    );
    Ok(store)
}

/// Serves until a signal says otherwise, or the server fails.
async fn until_told(mut serving: Serving) -> Result<(), CliError> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        error = serving.failed() => return Err(error.into()),
    }
    Ok(serving.stop().await?)
}
