//! Every finding of a card's registers, with its remedy.

use super::*;
use Outcome::{Fail, Pass, Skipped, Warn};
use whorl_device::{ErrorHistory, ErrorLog};
use whorl_layout::Status;
use whorl_search::EngineError;

fn engine() -> EngineChoice {
    EngineChoice::Unix("/card".into())
}

fn well() -> Inspection {
    Inspection {
        id: (PCI_VENDOR_ID, PCI_DEVICE_ID),
        bus_master: false,
        magic: DEVICE_MAGIC,
        version: (INTERFACE_MAJOR as u16, 3),
        spec_hash: SPEC_HASH,
        build: 0x0b11_1d00,
        state: CardState::Idle,
        errors: Some(ErrorHistory::default()),
    }
}

#[track_caller]
fn assert_finding(finding: &Finding, outcome: Outcome, cause: &str, remedy: &str) {
    assert_eq!(finding.outcome, outcome, "{finding:?}");
    assert!(finding.cause.contains(cause), "{finding:?}");
    assert_eq!(finding.remedy.is_none(), remedy.is_empty(), "{finding:?}");
    assert!(finding.remedy.as_deref().unwrap_or_default().contains(remedy), "{finding:?}");
}

/// The finding of `check` on a card that is well but for `change`; all others pass.
fn judged(check: &str, change: impl FnOnce(&mut Inspection)) -> Finding {
    let mut seen = well();
    change(&mut seen);
    let findings = judge(&seen, &engine());
    assert!(findings.iter().all(|finding| finding.check == check || finding.outcome == Pass), "{findings:?}");
    findings.into_iter().find(|finding| finding.check == check).expect("the check is made")
}

#[test]
fn a_card_that_is_well_passes() {
    for (check, cause) in [
        (IDENTITY, "build 0b111d00"),
        (INTERFACE, "version 1.3"),
        (SPECIFICATION, &format!("{SPEC_HASH:08x}")),
        (STATE, "ready and idle"),
        (ERROR_LOG, "empty"),
    ] {
        assert_finding(&judged(check, |_| {}), Pass, cause, "");
    }
}

#[test]
fn what_is_no_card_of_this_release_fails() {
    let image = "Load the card image of this release";
    assert_finding(&judged(IDENTITY, |seen| seen.magic = 1), Fail, "magic 00000001", "load a card image");
    assert_finding(&judged(IDENTITY, |seen| seen.id.1 = 2), Fail, "10ee:0002", "address of a card");
    assert_finding(&judged(INTERFACE, |seen| seen.version = (9, 0)), Fail, "version 9.0, this software knows 1", image);
    assert_finding(&judged(SPECIFICATION, |seen| seen.spec_hash = 5), Fail, "from 00000005", image);
}

#[test]
fn a_card_that_is_not_idle_is_to_be_reset() {
    let function = "whorl card reset --engine unix:/card --function";
    assert_finding(&judged(STATE, |seen| seen.state = CardState::Hung), Fail, "hung", function);
    assert_finding(&judged(STATE, |seen| seen.state = CardState::InReset), Fail, "in reset", function);
    let reset = "whorl card reset --engine unix:/card";
    assert_finding(&judged(STATE, |seen| seen.state = CardState::Busy), Warn, "a command runs", reset);
}

#[test]
fn an_error_log_that_is_not_empty_warns_with_its_words() {
    let entry = ErrorLog { status: Status::CrcMismatch, queue_index: 1, tag: 2, address: 0x80 };
    let errors = ErrorHistory { first: Some(entry), latest: Some(entry), count: 1 };
    let finding = judged(ERROR_LOG, |seen| seen.errors = Some(errors));
    assert_finding(&finding, Warn, "a CRC-32C did not fit", "whorl card selftest --engine unix:/card");
    assert_finding(&judged(ERROR_LOG, |seen| seen.errors = None), Warn, "does not know", "selftest");
}

#[test]
fn bus_mastering_that_nobody_needs_fails() {
    assert_finding(&bus_mastering(&well(), &engine()), Pass, "off", "");
    let seen = Inspection { bus_master: true, ..well() };
    assert_finding(&bus_mastering(&seen, &engine()), Fail, "nobody drives the card", "--function");
}

#[test]
fn a_card_that_cannot_be_reached_has_the_drivers_cause_and_remedy() {
    let of = |source: TransportError| {
        let source = EngineError::from(DeviceError::from(source));
        unreachable(&CliError::Engine { engine: "card".into(), source })
    };
    let (what, remedy) = ("nobody is there".to_owned(), "start somebody".to_owned());
    assert_finding(&of(TransportError::Unavailable { what, remedy }), Fail, "nobody is there", "start somebody");
    assert_finding(&of(TransportError::Lost { reason: "no answer".into() }), Fail, "no answer", "dmesg");
    assert_finding(&unreachable(&CliError::Usage("no".into())), Fail, "no", "Correct");
}

#[test]
fn a_card_that_is_lost_is_to_be_had_back_where_it_is() {
    let error = DeviceError::CardLost { reason: "all ones".into() };
    assert_finding(&lost("link", &error, &engine()), Fail, "all ones", "simulator");
    assert_finding(&lost("link", &error, &EngineChoice::Vfio("1".into())), Fail, "all ones", "Power-cycle");
}

#[test]
fn every_defect_names_its_part_and_what_to_do() {
    let of = |part, found| defect(&PartResult { part, defect: Some(found) }, &engine()).expect("a finding");
    let part = Part::Engine { stream: 1, probe_slot: 2 };
    let scores = of(part, Defect::Scores { found: 1, expected: 2 });
    assert_finding(&scores, Fail, "0x00000001 instead of 0x00000002", "replace the card");
    assert_eq!(scores.check, "self test: engine of stream 1, probe slot 2");
    assert_finding(&of(part, Defect::NotTested), Skipped, "not tested", "first engine");
    let channel = of(Part::Channel(3), Defect::Contents { address: 0x400 });
    assert_finding(&channel, Fail, "0x400", "without --resident");
    let command = DeviceError::Command { status: Status::CrcMismatch, detail: 0 };
    assert_finding(&of(Part::Channel(3), command.into()), Fail, "CrcMismatch", "replace the card");
    assert_finding(&of(Part::Interrupt, Defect::NoInterrupt), Fail, "no interrupt", "/proc/interrupts");
    let logged = Defect::Logged(ErrorHistory { count: 4, ..ErrorHistory::default() });
    assert_finding(&of(Part::ErrorLog, logged), Fail, "4 errors", "docs/operations.md");
    assert!(defect(&PartResult { part, defect: None }, &engine()).is_none());
}

#[test]
fn checks_from_one_on_are_skipped_in_order() {
    let checks: Vec<_> = skipped_from(ERROR_LOG, "why").into_iter().map(|f| (f.check, f.outcome, f.cause)).collect();
    let skipped = |check: &str| (check.to_owned(), Skipped, "why".to_owned());
    assert_eq!(checks, [skipped(ERROR_LOG), skipped(SELF_TEST)]);
    assert_eq!(skipped_from(CONNECTION, "why").len(), CHECKS.len());
}
