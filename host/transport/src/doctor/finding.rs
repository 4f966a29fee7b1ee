//! What a check comes to.

/// Whether something is as it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It is.
    Pass,
    /// It was not looked at; the cause says why.
    Skipped,
    /// It works, and not as well as it could.
    Warn,
    /// It does not work.
    Fail,
}

impl Outcome {
    /// One word, as it is printed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Skipped => "skipped",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One line of a doctor's report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at.
    pub check: String,
    /// The card that it belongs to, as `--engine` names it; none: the machine.
    pub card: Option<String>,
    /// What it came to.
    pub outcome: Outcome,
    /// What was seen.
    pub cause: String,
    /// What to do about it; none where nothing is to be done.
    pub remedy: Option<String>,
}

impl Finding {
    /// A finding that needs no remedy.
    pub fn pass(check: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { check: check.into(), card: None, outcome: Outcome::Pass, cause: cause.into(), remedy: None }
    }

    /// A check that could not be made.
    pub fn skipped(check: impl Into<String>, cause: impl Into<String>) -> Self {
        Self { outcome: Outcome::Skipped, ..Self::pass(check, cause) }
    }

    /// Something that could be better.
    pub fn warn(check: impl Into<String>, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { outcome: Outcome::Warn, remedy: Some(remedy.into()), ..Self::pass(check, cause) }
    }

    /// Something that keeps a card from working.
    pub fn fail(check: impl Into<String>, cause: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { outcome: Outcome::Fail, remedy: Some(remedy.into()), ..Self::pass(check, cause) }
    }

    /// The same of a card.
    #[must_use]
    pub fn of(self, card: &str) -> Self {
        Self { card: Some(card.to_owned()), ..self }
    }
}
