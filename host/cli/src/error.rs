//! Why a command failed, in words and as an exit code.

use crate::drawing::SIDE_MAX;
use crate::peer::PeerError;
use std::io;
use std::path::{Path, PathBuf};
use whorl_device::with_causes;
use whorl_eval::EvalError;
use whorl_search::EngineError;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// An argument that clap cannot judge alone.
    #[error("{0}")]
    Usage(String),
    /// A file cannot be read or written.
    #[error("{}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// A minutiae file is malformed.
    #[error("{}", path.display())]
    Template { path: PathBuf, source: whorl_template::TemplateError },
    /// A minutiae file holds nothing that can be used.
    #[error("{}: {what}", path.display())]
    Unusable { path: PathBuf, what: String },
    /// An image is malformed, too large, or of a format that is not read.
    #[error("{} cannot be drawn as an image: TIFF, PNG, BMP or JPEG of at most {SIDE_MAX} pixels a side can", path.display())]
    Image { path: PathBuf, source: image::ImageError },
    /// A record or shard is not possible.
    #[error("A record of the gallery does not fit a shard")]
    Shard(#[from] whorl_gallery::ShardError),
    /// A record is not possible.
    #[error("A record cannot be compared")]
    Record(#[from] whorl_matcher::RecordError),
    /// The samples cannot be evaluated.
    #[error("The samples cannot be evaluated")]
    Eval(#[from] whorl_eval::EvalError),
    /// Another program's scores could not be had.
    #[error("The matcher {name} failed")]
    Peer { name: String, source: PeerError },
    /// An engine failed.
    #[error("{engine}")]
    Engine { engine: String, source: EngineError },
    /// Synthetic fingers cannot be made as asked.
    #[error("The fingers cannot be made")]
    Synth(#[from] whorl_synth::SynthError),
    /// The simulator did not start, or stopped.
    #[cfg(feature = "sim")]
    #[error("The simulated card stopped")]
    Sim(#[from] whorl_sim::SimError),
    /// A card that was to be drained.
    #[error(
        "{engine} is marked as drained, but its owner still drives it after {seconds} s; see what it does, or end it"
    )]
    StillDriven { engine: String, seconds: u64 },
    /// Scores differ.
    #[error("{0}")]
    Mismatch(String),
    /// A card is not well.
    #[error("{what}")]
    SelfTest { what: String, lost: bool },
    /// The store of galleries refuses or fails.
    #[error("The store of galleries: {0}")]
    Store(#[from] whorl_gallery::StoreError),
    /// An audit log is not intact.
    #[error("The audit log is NOT intact")]
    Audit(#[from] whorl_server::audit::AuditFault),
    /// Certificates cannot be made.
    #[error("No certificate")]
    Pki(#[from] whorl_server::pki::PkiError),
    /// A configuration is not taken.
    #[error("The configuration")]
    Config(#[from] whorl_server::config::ConfigError),
    /// An appliance cannot serve.
    #[error("The appliance does not serve")]
    Serve(#[from] whorl_server::serve::ServeError),
    /// An appliance cannot be reached.
    #[error("No connection")]
    Access(#[from] whorl_server::client::AccessError),
    /// An appliance refused a call.
    #[error("the server refused: {} ({:?})", .0.message(), .0.code())]
    Refused(Box<tonic::Status>),
    /// So many checks of the doctor failed.
    #[error("{0} checks failed")]
    Unfit(usize),
    /// Standard output cannot be written, or the system has no thread or temporary folder left.
    #[error("Input or output failed")]
    Output(#[from] io::Error),
}

impl From<tonic::Status> for CliError {
    fn from(status: tonic::Status) -> Self {
        Self::Refused(Box::new(status))
    }
}

impl CliError {
    /// For `map_err` on a file operation.
    pub fn file(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        move |source| Self::File { path: path.to_path_buf(), source }
    }

    /// For `map_err` on an engine's operation.
    pub fn engine<E: Into<EngineError>>(name: &str) -> impl FnOnce(E) -> Self + '_ {
        move |error| Self::Engine { engine: name.to_owned(), source: error.into() }
    }

    /// Whether the reader of standard output went away, as `head` does.
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }

    /// The process's exit code; `whorl --help` lists them.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Eval(EvalError::UnknownFinger { .. }) => 2,
            Self::File { .. }
            | Self::Template { .. }
            | Self::Unusable { .. }
            | Self::Image { .. }
            | Self::Shard(_)
            | Self::Record(_)
            | Self::Eval(_) => 3,
            Self::Engine { source, .. } if source.is_lost() => 5,
            Self::Engine { .. } | Self::Peer { .. } => 4,
            #[cfg(feature = "sim")]
            Self::Sim(_) => 4,
            Self::StillDriven { .. } => 4,
            Self::SelfTest { lost, .. } => 4 + u8::from(*lost),
            Self::Mismatch(_) => 6,
            Self::Unfit(_) => 7,
            Self::Access(_) | Self::Refused(_) => 8,
            Self::Store(_) => 9,
            Self::Audit(_) => 6,
            Self::Config(_) => 2,
            Self::Pki(_) => 3,
            Self::Serve(_) => 1,
            Self::Synth(_) => 2,
            Self::Output(_) => 1,
        }
    }

    /// The message with all its causes.
    pub fn explained(&self) -> String {
        with_causes(self)
    }
}
