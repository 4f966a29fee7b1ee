//! What the guest reports, held against what it should.

use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Every step, in order: one that the guest does not report has not been done. `whorl-guest` knows the same names.
pub const STEPS: [&str; 14] = [
    "bind",
    "operations",
    "doctor",
    "card info",
    "identify",
    "reset by the driver",
    "unmapped memory",
    "reset in mid-search",
    "reset under a pool",
    "kill in mid-search",
    "two cards",
    "system calls",
    "without root",
    "ordinary pages",
];
/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It did what it should.
    Passed,
    /// It did not, or did something else.
    Failed,
    /// The guest says nothing of it. Only the host reports this.
    Missing,
}

/// One line of the guest's report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took in the guest.
    pub seconds: f64,
    /// What was seen.
    pub detail: String,
}

/// All of [`STEPS`], in order, as `text` reports them. Lines that are no step's are passed over: the guest may have been
/// ended in the middle of one.
pub fn parse(text: &str) -> Vec<Step> {
    let reported: Vec<Step> = text.lines().filter_map(|line| serde_json::from_str(line.trim()).ok()).collect();
    let find = |name: &str| reported.iter().rev().find(|step| step.name == name).cloned();
    let missing =
        |name: &str| Step { name: name.to_owned(), outcome: Outcome::Missing, seconds: 0.0, detail: String::new() };
    STEPS.iter().map(|name| find(name).unwrap_or_else(|| missing(name))).collect()
}

/// Names of the steps that did not do what they should.
pub fn failures(steps: &[Step]) -> Vec<&str> {
    steps.iter().filter(|step| step.outcome != Outcome::Passed).map(|step| step.name.as_str()).collect()
}

/// The steps as a table.
pub fn table(steps: &[Step]) -> String {
    let mut text = String::new();
    for Step { name, outcome, seconds, detail } in steps {
        let outcome = format!("{outcome:?}").to_lowercase();
        writeln!(text, "  {name:<20} {outcome:<8} {seconds:>6.2} s  {detail}").expect("text takes text");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(step: &str, outcome: &str) -> String {
        format!(r#"{{"name":"{step}","outcome":"{outcome}","seconds":1.5,"detail":"seen"}}"#) + "\r\n"
    }

    fn report(outcome: impl Fn(&str) -> &'static str) -> String {
        STEPS.iter().map(|step| line(step, outcome(step))).collect()
    }

    #[test]
    fn a_step_that_failed_or_is_not_reported_is_a_failure_even_after_it_had_passed() {
        assert!(failures(&parse(&report(|_| "passed"))).is_empty());
        let failed = report(|step| if step == "identify" { "failed" } else { "passed" });
        assert_eq!(failures(&parse(&failed)), ["identify"]);
        let whole = report(|_| "passed");
        let broken_off = &whole[..whole.rfind("passed").expect("the last step")];
        assert_eq!(failures(&parse(broken_off)), STEPS[STEPS.len() - 1..]);
        assert_eq!(failures(&parse("")).len(), STEPS.len());
        let twice = report(|_| "passed") + &line("bind", "failed");
        assert_eq!(failures(&parse(&twice)), ["bind"]);
    }

    #[test]
    fn the_table_names_every_step() {
        let table = table(&parse(""));
        assert!(STEPS.iter().all(|step| table.contains(step)) && table.contains("missing"), "{table}");
    }
}
