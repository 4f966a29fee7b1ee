//! The checks that need a card's registers: what it is, whether it is well, and its self test.

use crate::engine::EngineChoice;
use crate::error::CliError;
use std::time::Instant;
use whorl_device::{CardState, Device, DeviceError, Inspection, Transport, TransportError, inspect, with_causes};
use whorl_layout::{DEVICE_MAGIC, INTERFACE_MAJOR, PCI_DEVICE_ID, PCI_VENDOR_ID, SPEC_HASH};
use whorl_search::self_test::{Defect, Part, PartResult, self_test};
use whorl_transport::doctor::{Finding, Outcome, link_of};

const CONNECTION: &str = "connection";
const IDENTITY: &str = "identity";
const INTERFACE: &str = "interface";
const SPECIFICATION: &str = "specification";
const STATE: &str = "state";
const ERROR_LOG: &str = "error log";
const SELF_TEST: &str = "self test";

/// The checks of this module, in order.
pub const CHECKS: [&str; 7] = [CONNECTION, IDENTITY, INTERFACE, SPECIFICATION, STATE, ERROR_LOG, SELF_TEST];

/// The checks of a card that must not, or cannot, be opened.
pub fn skipped(why: &str) -> Vec<Finding> {
    skipped_from(CONNECTION, why)
}

/// The checks from `first` on.
fn skipped_from(first: &str, why: &str) -> Vec<Finding> {
    CHECKS.iter().skip_while(|check| **check != first).map(|check| Finding::skipped(*check, why)).collect()
}

/// Opens the card, looks at it, and tests it.
pub fn examine(engine: &EngineChoice) -> Vec<Finding> {
    let (mut transport, _simulator) = match engine.open_transport() {
        Ok((transport, _, simulator)) => (transport, simulator),
        Err(error) => {
            let mut findings = vec![unreachable(&error)];
            findings.extend(skipped_from(IDENTITY, "the card cannot be reached"));
            return findings;
        }
    };
    let mut findings = vec![Finding::pass(CONNECTION, "the card can be reached")];
    // A card on the bus was judged by what the kernel shows of it.
    let on_bus = matches!(engine, EngineChoice::Vfio(_));
    if !on_bus {
        findings.push(link_of(transport.as_mut()).unwrap_or_else(|error| lost("link", &error.into(), engine)));
    }
    match inspect(transport) {
        Err(error) => {
            findings.push(lost(IDENTITY, &error, engine));
            findings.extend(skipped_from(INTERFACE, "the card does not answer"));
        }
        Ok((seen, transport)) => {
            if !on_bus {
                findings.push(bus_mastering(&seen, engine));
            }
            findings.extend(judge(&seen, engine));
            findings.extend(test(&seen, transport, engine));
        }
    }
    findings
}

/// Why there is no transport; the driver's own text has the remedy in it.
fn unreachable(error: &CliError) -> Finding {
    match error {
        CliError::Engine { source: whorl_search::EngineError::Device(device), .. } => match device {
            DeviceError::Transport { source: TransportError::Unavailable { what, remedy } } => {
                Finding::fail(CONNECTION, what, remedy)
            }
            _ => Finding::fail(CONNECTION, error.explained(), "Look into the kernel's log (dmesg) or the simulator's"),
        },
        _ => Finding::fail(CONNECTION, error.explained(), "Correct the command"),
    }
}

fn lost(check: &str, error: &DeviceError, engine: &EngineChoice) -> Finding {
    let remedy = match engine {
        EngineChoice::Vfio(_) => "Power-cycle or seat the card, rescan the bus, and look into the kernel's log (dmesg)",
        _ => "Start the simulator anew; its log has the cause",
    };
    Finding::fail(check, error.to_string(), remedy)
}

fn bus_mastering(seen: &Inspection, engine: &EngineChoice) -> Finding {
    let check = "bus mastering";
    if seen.bus_master {
        let remedy = format!("whorl card reset --engine {engine} --function");
        return Finding::fail(check, "on, though nobody drives the card: it may read and write host memory", remedy);
    }
    Finding::pass(check, "off while nobody drives the card")
}

/// What an inspection says, against this software.
fn judge(seen: &Inspection, engine: &EngineChoice) -> Vec<Finding> {
    let image = "Load the card image of this release, or run the software release that the image came with";
    let reset = format!("whorl card reset --engine {engine}");
    let identity = if seen.id != (PCI_VENDOR_ID, PCI_DEVICE_ID) || seen.magic != DEVICE_MAGIC {
        let cause = format!("{:04x}:{:04x} with magic {:08x} is no Whorl card", seen.id.0, seen.id.1, seen.magic);
        Finding::fail(IDENTITY, cause, "Give the address of a card, or load a card image")
    } else {
        Finding::pass(IDENTITY, format!("a Whorl card, build {:08x}", seen.build))
    };
    let (major, minor) = seen.version;
    let interface = if usize::from(major) == INTERFACE_MAJOR {
        Finding::pass(INTERFACE, format!("version {major}.{minor}"))
    } else {
        let cause = format!("the card has version {major}.{minor}, this software knows {INTERFACE_MAJOR}");
        Finding::fail(INTERFACE, cause, image)
    };
    let specification = if seen.spec_hash == SPEC_HASH {
        Finding::pass(SPECIFICATION, format!("{SPEC_HASH:08x}"))
    } else {
        let cause = format!("the card was built from {:08x}, this software from {SPEC_HASH:08x}", seen.spec_hash);
        Finding::fail(SPECIFICATION, cause, image)
    };
    let state = match seen.state {
        CardState::Hung => {
            let cause = "hung: host memory owes the card an answer that does not come";
            Finding::fail(STATE, cause, format!("{reset} --function"))
        }
        CardState::InReset => {
            Finding::fail(STATE, "in reset, and does not come out of it", format!("{reset} --function"))
        }
        CardState::Busy => Finding::warn(STATE, "a command runs, though nobody drives the card", reset),
        CardState::Idle => Finding::pass(STATE, "ready and idle"),
    };
    let look = format!("whorl card selftest --engine {engine}; docs/operations.md has what each error means");
    let log = match seen.errors {
        None => Finding::warn(ERROR_LOG, "it holds codes that this software does not know", look),
        Some(errors) => match (errors.first, errors.latest) {
            (None, None) if errors.count == 0 => Finding::pass(ERROR_LOG, "empty"),
            _ => Finding::warn(ERROR_LOG, crate::error_log::sentence(&errors), look),
        },
    };
    vec![identity, interface, specification, state, log]
}

fn test(seen: &Inspection, transport: Box<dyn Transport>, engine: &EngineChoice) -> Vec<Finding> {
    let known =
        seen.magic == DEVICE_MAGIC && usize::from(seen.version.0) == INTERFACE_MAJOR && seen.spec_hash == SPEC_HASH;
    if !known {
        return skipped_from(SELF_TEST, "this software does not drive such a card");
    }
    let started = Instant::now();
    let mut device = match Device::open(transport) {
        Ok(device) => device,
        Err(error) => {
            let remedy = format!("whorl card reset --engine {engine} --function");
            return vec![Finding::fail(SELF_TEST, format!("the card does not start: {error}"), remedy)];
        }
    };
    let results = self_test(&mut device);
    let mut findings: Vec<_> = results.iter().filter_map(|result| defect(result, engine)).collect();
    if findings.is_empty() {
        let cause = format!("{} parts in {:.1} s", results.len(), started.elapsed().as_secs_f64());
        findings.push(Finding::pass(SELF_TEST, cause));
    }
    if let Err(error) = device.close() {
        findings.push(lost(SELF_TEST, &error, engine));
    }
    findings
}

/// What is wrong with a part, and what to do.
fn defect(result: &PartResult, engine: &EngineChoice) -> Option<Finding> {
    let defect = result.defect.as_ref()?;
    let again = format!("whorl card reset --engine {engine} --function, then whorl card selftest --engine {engine}");
    let remedy = match (result.part, defect) {
        (_, Defect::NotTested) => "See the finding of the first engine".to_owned(),
        (Part::Engine { .. }, _) => {
            format!("{again}; if it fails again, replace the card: its scores are not to be trusted")
        }
        (Part::Channel(_), _) => format!("{again}; search without --resident meanwhile, and replace the card"),
        (Part::Interrupt, _) => format!("{again}; see whether /proc/interrupts counts the card's vectors"),
        (Part::ErrorLog, _) => "See the findings before this one; docs/operations.md has what each error means".into(),
    };
    let outcome = if matches!(defect, Defect::NotTested) { Outcome::Skipped } else { Outcome::Fail };
    let check = format!("{SELF_TEST}: {}", result.part);
    Some(Finding { outcome, ..Finding::fail(check, with_causes(defect), remedy) })
}

#[cfg(test)]
#[path = "card_tests.rs"]
mod tests;
