//! The configuration of an appliance: one TOML file.

use crate::identity::Role;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// Bytes of a configuration at most.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Why a configuration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{}", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It is no TOML, has a key that does not exist, or a value of a wrong type.
    #[error("{}: {}", path.display(), what.trim_end())]
    Syntax {
        /// Which file.
        path: PathBuf,
        /// Line, column and what is wrong there.
        what: String,
    },
    /// Values do not fit; all of them are told.
    #[error("{}: {}", path.display(), listed(.wrong))]
    Values {
        /// Which file.
        path: PathBuf,
        /// The key, and what is expected of it.
        wrong: Vec<(&'static str, String)>,
    },
}

fn listed(wrong: &[(&'static str, String)]) -> String {
    wrong.iter().fold(String::new(), |mut text, (key, what)| {
        let _ = write!(text, "\n  {key}: {what}"); // a string takes text
        text
    })
}

/// An appliance. Every key has a default but folders, keys and certificates; `deploy/whorl.toml` explains each.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where it listens.
    #[serde(default)]
    pub server: ServerConfig,
    /// Where galleries are.
    pub gallery: GalleryConfig,
    /// How it searches.
    #[serde(default)]
    pub search: SearchConfig,
    /// What each client may ask for.
    #[serde(default)]
    pub limits: LimitsConfig,
    /// Where the audit log is.
    pub audit: AuditConfig,
    /// Where metrics are served; nowhere without this section.
    pub metrics: Option<MetricsConfig>,
    /// What it says of itself.
    #[serde(default)]
    pub log: LogConfig,
}

/// `[server]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ServerConfig {
    /// Address and port.
    pub listen: SocketAddr,
    /// Connections at once; more wait until one is closed.
    pub connections: usize,
    /// Bytes of a request at most.
    pub max_request_bytes: usize,
    /// Calls of one connection at once.
    pub calls_per_connection: usize,
    /// How long searches may take to finish when the server is to end.
    pub shutdown_seconds: u64,
    /// Certificates. Without them there is plaintext, on the loopback only.
    pub tls: Option<TlsConfig>,
    /// Without TLS: the roles of everybody on the loopback.
    pub plaintext_roles: Vec<String>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 7443)),
            connections: 1024,
            max_request_bytes: 4 << 20,
            calls_per_connection: 256,
            shutdown_seconds: 30,
            tls: None,
            plaintext_roles: Vec::new(),
        }
    }
}

/// `[server.tls]`: PEM files.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The server's certificate, with those between it and the root.
    pub certificate: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// The authority whose clients are let in.
    pub client_ca: PathBuf,
}

/// `[gallery]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GalleryConfig {
    /// Folder of the store.
    pub folder: PathBuf,
    /// File of the master key.
    pub key_file: Option<PathBuf>,
    /// Command whose output is the master key.
    pub key_command: Option<String>,
    /// The store is in plaintext.
    #[serde(default)]
    pub plaintext: bool,
    /// Memory that records and index may take; 80 % of the machine's if it is not given.
    pub memory_limit_mib: Option<u64>,
    /// Size at which a segment of the log is closed.
    #[serde(default = "segment_mib")]
    pub segment_mib: u64,
}

const fn segment_mib() -> u64 {
    256
}

/// `[search]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchConfig {
    /// Engines, as `--engine` of the commands has them.
    pub engines: Vec<String>,
    /// The CPU does what all cards fail.
    pub spare: bool,
    /// Searches that may wait.
    pub queue_max: usize,
    /// Time after which a pass over a gallery gives way to a search that has come.
    pub slice_ms: u64,
    /// Coarse candidates of a finger that go to the fine stage.
    pub keep: usize,
    /// Answers are kept for replays so long.
    pub keep_answers_days: u64,
}

impl Default for SearchConfig {
    fn default() -> Self {
        Self {
            engines: vec!["cpu".into()],
            spare: true,
            queue_max: 256,
            slice_ms: 50,
            keep: whorl_search::cascade::KEEP_DEFAULT,
            keep_answers_days: 30,
        }
    }
}

/// `[limits]`: of each identity.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Calls per second; 0: any number.
    pub requests_per_second: u32,
    /// Calls at once.
    pub burst: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self { requests_per_second: 1000, burst: 2000 }
    }
}

/// `[audit]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditConfig {
    /// Folder of the log.
    pub folder: PathBuf,
    /// Size at which a file is closed.
    #[serde(default = "file_mib")]
    pub file_mib: u64,
}

const fn file_mib() -> u64 {
    64
}

/// `[metrics]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsConfig {
    /// Address and port, over HTTP; names nobody, so it may be seen by whoever can reach it.
    pub listen: SocketAddr,
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// Lines for readers or for programs.
    pub format: LogFormat,
    /// As `RUST_LOG` has it, which overrides.
    pub level: Option<String>,
    /// A collector of spans on this machine, OTLP over gRPC.
    pub otlp: Option<SocketAddr>,
}

/// How lines of the log look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For readers.
    #[default]
    Text,
    /// For programs.
    Json,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ConfigError`], which names the place and what is expected there.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let failed = |source| ConfigError::File { path: path.to_owned(), source };
        if std::fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
            return Err(failed(std::io::Error::other(format!("more than {FILE_BYTES_MAX} bytes"))));
        }
        Self::parse(path, &std::fs::read_to_string(path).map_err(failed)?)
    }

    /// Takes a text; `path` is for messages.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let syntax = |error: toml::de::Error| ConfigError::Syntax { path: path.to_owned(), what: error.to_string() };
        let config: Self = toml::from_str(text).map_err(syntax)?;
        let wrong = config.wrong();
        if wrong.is_empty() { Ok(config) } else { Err(ConfigError::Values { path: path.to_owned(), wrong }) }
    }

    /// Values that do not fit, by their keys.
    fn wrong(&self) -> Vec<(&'static str, String)> {
        let mut wrong = Vec::new();
        let mut expect = |right: bool, key: &'static str, what: &str| {
            if !right {
                wrong.push((key, what.to_owned()));
            }
        };
        let server = &self.server;
        let open = server.tls.is_none() && !server.listen.ip().is_loopback();
        expect(
            !open,
            "server.listen",
            "is not the loopback, so [server.tls] is needed: nothing is served in plaintext",
        );
        expect(
            (1 << 10..=64 << 20).contains(&server.max_request_bytes),
            "server.max_request_bytes",
            "must be 1 KiB to 64 MiB",
        );
        expect(
            (1..=65_536).contains(&server.calls_per_connection),
            "server.calls_per_connection",
            "must be 1 to 65536",
        );
        expect((1..=1 << 20).contains(&server.connections), "server.connections", "must be 1 to 1048576");
        expect((1..=3600).contains(&server.shutdown_seconds), "server.shutdown_seconds", "must be 1 to 3600");
        expect(
            server.tls.is_none() || server.plaintext_roles.is_empty(),
            "server.plaintext_roles",
            "is of no use with [server.tls]: roles come with certificates",
        );
        let roles = server.plaintext_roles.iter().all(|role| Role::of(role).is_some());
        expect(roles, "server.plaintext_roles", "must be of enroller, searcher, examiner, operator, auditor");
        let gallery = &self.gallery;
        let ways = [gallery.key_file.is_some(), gallery.key_command.is_some(), gallery.plaintext];
        let one = ways.iter().filter(|way| **way).count() == 1;
        expect(one, "gallery", "needs one of key_file, key_command and plaintext = true");
        expect(gallery.memory_limit_mib != Some(0), "gallery.memory_limit_mib", "must be at least 1");
        expect((1..=1024).contains(&gallery.segment_mib), "gallery.segment_mib", "must be 1 to 1024");
        let search = &self.search;
        expect(!search.engines.is_empty(), "search.engines", "must name one engine or more, such as \"cpu\"");
        expect((1..=65_536).contains(&search.queue_max), "search.queue_max", "must be 1 to 65536");
        expect((1..=10_000).contains(&search.slice_ms), "search.slice_ms", "must be 1 to 10000");
        expect((1..=whorl_layout::TOP_K_MAX).contains(&search.keep), "search.keep", "must be 1 to 256");
        expect((1..=3650).contains(&search.keep_answers_days), "search.keep_answers_days", "must be 1 to 3650");
        let private = self.log.otlp.is_none_or(|collector| collector.ip().is_loopback());
        expect(private, "log.otlp", "must be on the loopback: spans name callers, and go there in plaintext");
        let limits = &self.limits;
        expect(limits.requests_per_second == 0 || limits.burst > 0, "limits.burst", "must be at least 1");
        expect((1..=512).contains(&self.audit.file_mib), "audit.file_mib", "must be 1 to 512");
        wrong
    }

    /// The roles of everybody on the loopback, where there is no TLS.
    pub fn plaintext_roles(&self) -> BTreeSet<Role> {
        self.server.plaintext_roles.iter().filter_map(|role| Role::of(role)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = "[gallery]\nfolder = \"g\"\nplaintext = true\n[audit]\nfolder = \"a\"\n";

    fn fails(text: &str) -> String {
        Config::parse(Path::new("whorl.toml"), text).expect_err("it does not fit").to_string()
    }

    #[test]
    fn the_example_is_the_default() {
        let text = include_str!("../../../deploy/whorl.toml");
        let example = Config::parse(Path::new("deploy/whorl.toml"), text).expect("the example is right");
        let least = format!(
            "{LEAST}[server.tls]\ncertificate = {:?}\nkey = {:?}\nclient_ca = {:?}\n[metrics]\nlisten = \"127.0.0.1:9443\"\n",
            "/etc/whorl/pki/server.pem", "/etc/whorl/pki/server.key", "/etc/whorl/pki/ca.pem"
        );
        let mut least = Config::parse(Path::new("least"), &least).expect("it is enough");
        least.gallery = example.gallery.clone();
        least.audit = example.audit.clone();
        assert_eq!(example, least, "a value of deploy/whorl.toml is not the default");
        assert_eq!((example.gallery.segment_mib, example.audit.file_mib), (segment_mib(), file_mib()));
    }

    #[test]
    fn plaintext_is_for_the_loopback() {
        assert!(Config::parse(Path::new("whorl.toml"), LEAST).is_ok());
        let said = fails(&format!("{LEAST}[server]\nlisten = \"192.0.2.1:7443\"\n"));
        assert!(said.contains("server.listen: is not the loopback"), "{said}");
    }

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        let said = fails(&format!("{LEAST}[search]\nengine = [\"cpu\"]\n"));
        assert!(said.contains("line 7") && said.contains("engine") && said.contains("engines"), "{said}");
        let said = fails(&format!("{LEAST}[search]\nkeep = 0\nslice_ms = 0\n"));
        assert!(said.contains("search.keep: ") && said.contains("search.slice_ms: "), "{said}");
        assert!(fails("[gallery]\nfolder = \"g\"\n").contains("audit"));
        let both = LEAST.replace("plaintext = true", "plaintext = true\nkey_file = \"k\"");
        assert!(fails(&both).contains("gallery: needs one of"));
        assert!(
            fails(&format!("{LEAST}[log]\notlp = \"192.0.2.1:4317\"\n")).contains("log.otlp: must be on the loopback")
        );
        let words = format!("{LEAST}[server]\nplaintext_roles = [\"king\"]\n");
        assert!(fails(&words).contains("server.plaintext_roles: must be of"));
    }
}
