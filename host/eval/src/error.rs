//! Why an evaluation is not possible.

/// Why an evaluation is not possible.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EvalError {
    /// A file name that does not say which finger it shows.
    #[error("{path} is not named <finger>_<impression>.<ending> with a number for the impression")]
    Name {
        /// The sample's path.
        path: String,
    },
    /// Two samples of one name, say with different endings.
    #[error("{path} is the second sample of that finger and impression")]
    Twice {
        /// The second sample's path.
        path: String,
    },
    /// A sample without a finger view.
    #[error("{path} holds no finger view")]
    NoView {
        /// The sample's path.
        path: String,
    },
    /// A finger that was said to be the same as another one does not occur.
    #[error("no sample shows finger {name}; fingers are named <folder>/<finger>, such as {example}")]
    UnknownFinger {
        /// The name.
        name: String,
        /// A finger that does occur.
        example: String,
    },
    /// Rates need comparisons of both kinds.
    #[error("the samples give {genuine} mated and {impostor} non-mated comparisons, and rates need both")]
    TooFew {
        /// Comparisons of mates.
        genuine: usize,
        /// Comparisons of non-mates.
        impostor: usize,
    },
    /// A background of an impossible size.
    #[error(
        "a background of {asked} fingers, must be {min} to {max}: fewer show no share of 0.5 %, and more do not fit a memory of 4 GB"
    )]
    BackgroundSize {
        /// What was asked for.
        asked: usize,
        /// The fewest.
        min: usize,
        /// The most.
        max: usize,
    },
    /// A background is recombined from two fingers of a database.
    #[error("no database holds two fingers, and a background is recombined from two fingers of one database")]
    OneFinger,
    /// The cascade's study needs fine scores, and mates.
    #[error("the cascade needs the fine stage's scores and at least one mated pair")]
    NoMates,
    /// A record is not possible.
    #[error("a record cannot be compared")]
    Record(#[from] whorl_matcher::RecordError),
}
