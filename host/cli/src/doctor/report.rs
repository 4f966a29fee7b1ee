//! Findings as lines for people and as JSON for scripts.

use serde_json::{Value, json};
use std::io::{self, Write};
use whorl_transport::doctor::{Finding, Outcome};

/// The order in which outcomes are counted.
const OUTCOMES: [(Outcome, &str); 4] =
    [(Outcome::Pass, "passed"), (Outcome::Warn, "warned"), (Outcome::Fail, "failed"), (Outcome::Skipped, "skipped")];

/// Prints findings: one line each under the card that they belong to, or one JSON object.
pub fn print(out: &mut impl Write, findings: &[Finding], json: bool) -> io::Result<()> {
    let count = |outcome| findings.iter().filter(|finding| finding.outcome == outcome).count();
    if json {
        let mut value = json!({ "findings": findings.iter().map(to_json).collect::<Vec<_>>() });
        for (outcome, name) in OUTCOMES {
            value[name] = count(outcome).into();
        }
        return writeln!(out, "{value}");
    }
    let mut card = None;
    for (nth, finding) in findings.iter().enumerate() {
        if nth == 0 || card != finding.card.as_deref() {
            card = finding.card.as_deref();
            writeln!(out, "{}", card.unwrap_or("machine"))?;
        }
        writeln!(out, "  {:<8} {:<14} {}", finding.outcome.word(), finding.check, finding.cause)?;
        if let Some(remedy) = &finding.remedy {
            writeln!(out, "  {:<8} {:<14} -> {remedy}", "", "")?;
        }
    }
    let counts: Vec<_> = OUTCOMES.iter().map(|&(outcome, name)| format!("{} {name}", count(outcome))).collect();
    writeln!(out, "{}", counts.join(", "))
}

fn to_json(finding: &Finding) -> Value {
    json!({
        "check": finding.check,
        "card": finding.card,
        "outcome": finding.outcome.word(),
        "cause": finding.cause,
        "remedy": finding.remedy,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings() -> Vec<Finding> {
        vec![
            Finding::pass("IOMMU", "on"),
            Finding::fail("driver", "bound to none", "bind it").of("vfio:1"),
            Finding::skipped("self test", "why").of("vfio:1"),
            Finding::warn("link", "slow", "seat it").of("vfio:2"),
        ]
    }

    #[test]
    fn lines_stand_under_their_card_with_cause_and_remedy() {
        let mut out = Vec::new();
        print(&mut out, &findings(), false).expect("memory can be written");
        let expected = "\
machine
  pass     IOMMU          on
vfio:1
  fail     driver         bound to none
                          -> bind it
  skipped  self test      why
vfio:2
  warn     link           slow
                          -> seat it
1 passed, 1 warned, 1 failed, 1 skipped
";
        assert_eq!(String::from_utf8_lossy(&out), expected);
    }

    #[test]
    fn json_has_every_field_and_the_counts() {
        let mut out = Vec::new();
        print(&mut out, &findings(), true).expect("memory can be written");
        let value: Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!([&value["passed"], &value["warned"], &value["failed"], &value["skipped"]], [1, 1, 1, 1]);
        let expected = json!({
            "check": "driver", "card": "vfio:1", "outcome": "fail", "cause": "bound to none", "remedy": "bind it"
        });
        assert_eq!(value["findings"][1], expected);
        assert_eq!(value["findings"][0]["card"], Value::Null);
    }
}
