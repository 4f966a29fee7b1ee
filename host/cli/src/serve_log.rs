//! What an appliance says while it serves: its log, and spans of its calls for a collector.

use crate::error::CliError;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::io::IsTerminal;
use std::net::SocketAddr;
use std::time::Duration;
use tracing::warn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry};
use whorl_server::config::{LogConfig, LogFormat};

/// A collector that does not answer by then loses what was to be sent; nobody else waits for it.
const SEND_MAX: Duration = Duration::from_secs(5);

/// Sends what is left when it is dropped.
#[derive(Debug)]
pub struct Spans(Option<SdkTracerProvider>);

impl Drop for Spans {
    fn drop(&mut self) {
        if let Some(Err(error)) = self.0.take().map(|spans| spans.shutdown_with_timeout(SEND_MAX)) {
            warn!(%error, "the last spans are lost");
        }
    }
}

/// Starts log and spans. Needs a tokio runtime where a collector is configured.
///
/// # Errors
/// The collector's address cannot be used.
pub fn start(config: &LogConfig) -> Result<Spans, CliError> {
    let level = config.level.as_deref().unwrap_or("info");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| level.into());
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let lines: Box<dyn Layer<_> + Send + Sync> = match config.format {
        LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    let spans = config.otlp.map(provider).transpose()?;
    let sent = spans.as_ref().map(|spans| tracing_opentelemetry::layer().with_tracer(spans.tracer("whorl")));
    Registry::default().with(filter).with(lines).with(sent).init();
    Ok(Spans(spans))
}

fn provider(collector: SocketAddr) -> Result<SdkTracerProvider, CliError> {
    let exporter =
        SpanExporter::builder().with_tonic().with_endpoint(format!("http://{collector}")).with_timeout(SEND_MAX);
    let exporter = exporter.build().map_err(|error| CliError::Usage(format!("log.otlp: {error}")))?;
    let resource = Resource::builder().with_service_name("whorl").build();
    Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource).build())
}
