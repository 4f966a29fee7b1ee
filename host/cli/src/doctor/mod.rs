//! `whorl doctor`: what keeps this machine and its cards from searching, and what to do about it.
//!
//! `card`: the checks that need a card's registers. `report`: how findings are printed.

mod card;
mod report;

use crate::engine::{self, EngineChoice};
use crate::error::CliError;
use crate::telemetry;
use whorl_layout::{PCI_DEVICE_ID, PCI_VENDOR_ID};
use whorl_transport::doctor::{
    Demand, Examined, Finding, Outcome, examine_function, examine_machine, memory_lock_limit,
};
use whorl_transport::{Address, Places};

/// Options of `whorl doctor`.
#[derive(clap::Args)]
#[command(after_help = "\
Without --engine: the machine, and every Whorl card on its PCI bus. With it: those cards, and the machine if one of \
them is on the bus. A card that nobody drives is opened, which resets it, and tested; one that is in use is left alone, \
and its checks are skipped.

Each line is pass, warn, fail or skipped, with the cause, and the remedy behind an arrow.

Exit codes:
  0 nothing failed   7 a check failed   else as `whorl --help` says

Examples:
  whorl doctor
  whorl doctor --engine vfio:0000:3b:00.0 --gallery-mib 4096
  whorl doctor --engine unix:/run/whorl/card.sock --json")]
pub struct Options {
    #[arg(long, value_name = "ENGINE", help = engine::HELP)]
    engine: Vec<EngineChoice>,
    /// Size of the gallery that will be searched, for the limits of locked memory and huge pages
    #[arg(long, value_name = "MIB", default_value_t = 0)]
    gallery_mib: u32,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), CliError> {
    let demand = Demand { lock_limit: memory_lock_limit(), gallery_bytes: u64::from(options.gallery_mib) << 20 };
    let findings = examine(&Places::default(), demand, &options.engine)?;
    report::print(&mut std::io::stdout().lock(), &findings, options.json)?;
    match findings.iter().filter(|finding| finding.outcome == Outcome::Fail).count() {
        0 => Ok(()),
        failed => Err(CliError::Unfit(failed)),
    }
}

/// All findings: of the machine, then of each card.
fn examine(places: &Places, demand: Demand, engines: &[EngineChoice]) -> Result<Vec<Finding>, CliError> {
    let on_bus = engines.is_empty() || engines.iter().any(|engine| matches!(engine, EngineChoice::Vfio(_)));
    let mut findings = if on_bus { examine_machine(places, demand) } else { Vec::new() };
    let found: Vec<_> = places.cards().iter().map(|card| EngineChoice::Vfio(card.to_string())).collect();
    if engines.is_empty() && found.is_empty() {
        findings.push(Finding::warn(
            "cards",
            format!("no Whorl card ({PCI_VENDOR_ID:04x}:{PCI_DEVICE_ID:04x}) is on the PCI bus"),
            "Seat the card, load its image, then as root: echo 1 > /sys/bus/pci/rescan; a simulated card is named with \
             --engine unix:SOCKET",
        ));
    }
    for engine in if engines.is_empty() { &found } else { engines } {
        findings.extend(examine_card(places, engine)?);
    }
    Ok(findings)
}

fn examine_card(places: &Places, engine: &EngineChoice) -> Result<Vec<Finding>, CliError> {
    let Examined { mut findings, mut obstacle } = match engine {
        EngineChoice::Cpu => return Err(CliError::Usage("the CPU is no card; name one with --engine".into())),
        EngineChoice::Vfio(bdf) => {
            let address = Address::parse(bdf).map_err(|error| CliError::Usage(error.to_string()))?;
            examine_function(places, address)
        }
        EngineChoice::Unix(_) | EngineChoice::Sim(_) => Examined { findings: Vec::new(), obstacle: None },
    };
    let name = engine.to_string();
    if let Some(snapshot) = telemetry::read(&name)? {
        obstacle = Some(format!("the card is in use by process {}", snapshot.pid));
    }
    findings.extend(match obstacle {
        Some(obstacle) => card::skipped(&obstacle),
        None => card::examine(engine),
    });
    Ok(findings.into_iter().map(|finding| finding.of(&name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn empty_machine() -> (tempfile::TempDir, Places) {
        let root = tempfile::tempdir().expect("a temporary folder can be made");
        let at = |name: &str| root.path().join(name);
        let places = Places { sys: at("sys"), dev: at("dev"), proc: at("proc") };
        (root, places)
    }

    fn outcomes(findings: &[Finding]) -> Vec<(&str, Option<&str>, Outcome)> {
        findings.iter().map(|finding| (finding.check.as_str(), finding.card.as_deref(), finding.outcome)).collect()
    }

    #[test]
    fn a_machine_without_cards_is_examined_and_the_cards_are_missed() {
        let (_root, places) = empty_machine();
        let findings = examine(&places, Demand::default(), &[]).expect("nothing is opened");
        let expected = [
            ("IOMMU", None, Outcome::Fail),
            ("VFIO", None, Outcome::Fail),
            ("locked memory", None, Outcome::Pass),
            ("huge pages", None, Outcome::Skipped),
            ("cards", None, Outcome::Warn),
        ];
        assert_eq!(outcomes(&findings), expected);
        assert!(findings.last().and_then(|f| f.remedy.as_deref()).is_some_and(|remedy| remedy.contains("rescan")));
    }

    #[test]
    fn a_card_on_the_bus_is_found_and_not_opened_while_it_cannot_be() {
        let (_root, places) = empty_machine();
        let device = places.sys.join("bus/pci/devices/0000:3b:00.0");
        fs::create_dir_all(&device).expect("a folder");
        fs::write(device.join("vendor"), "0x10ee\n").expect("a file");
        fs::write(device.join("device"), "0x5748\n").expect("a file");
        let findings = examine(&places, Demand::default(), &[]).expect("nothing is opened");
        let card = Some("vfio:0000:3b:00.0");
        let of_card: Vec<_> = outcomes(&findings).into_iter().filter(|finding| finding.1 == card).collect();
        assert!(of_card.contains(&("IOMMU group", card, Outcome::Fail)), "{of_card:?}");
        assert!(of_card.contains(&("driver", card, Outcome::Fail)), "{of_card:?}");
        for check in card::CHECKS {
            assert!(of_card.contains(&(check, card, Outcome::Skipped)), "{check} in {of_card:?}");
        }
        let why = findings.iter().find(|finding| finding.check == "self test").map(|finding| finding.cause.as_str());
        assert!(why.is_some_and(|why| why.contains("while its check of IOMMU group fails")), "{why:?}");
    }

    #[test]
    fn what_is_no_card_is_wrong_usage() {
        let (_root, places) = empty_machine();
        for engine in [EngineChoice::Cpu, EngineChoice::Vfio("65".into())] {
            let refused = examine(&places, Demand::default(), &[engine]);
            assert_eq!(refused.map_err(|error| error.exit_code()), Err(2));
        }
    }
}
