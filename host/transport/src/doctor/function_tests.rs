//! Every way in which a function can be unfit, on a machine of folders.

use std::os::unix::fs::symlink;

use super::super::fake::{assert_finding, machine, neighbour};
use super::*;
use crate::doctor::Outcome::{Fail, Pass, Skipped, Warn};

/// The finding of one check after `change`, and the obstacle.
fn after(check: &str, change: impl FnOnce(&Places, &Path)) -> (Finding, Option<String>) {
    let (_root, places, address) = machine();
    change(&places, &places.device(address));
    let examined = examine_function(&places, address);
    let finding = examined.findings.into_iter().find(|finding| finding.check.starts_with(check)).unwrap();
    assert_eq!(finding.card.as_deref(), Some("vfio:0000:65:00.0"));
    (finding, examined.obstacle)
}

#[test]
fn a_card_that_is_in_order_passes_every_check_and_can_be_opened() {
    let (_root, places, address) = machine();
    let examined = examine_function(&places, address);
    assert_eq!(examined.obstacle, None);
    assert!(examined.findings.iter().all(|finding| finding.outcome == Pass), "{examined:?}");
    let checks: Vec<_> = examined.findings.iter().map(|finding| finding.check.as_str()).collect();
    let expected = [
        "function",
        "BAR0",
        "IOMMU group",
        "driver",
        "access",
        "bus mastering",
        "link",
        "NUMA node",
        "temperature (FPGA)",
    ];
    assert_eq!(checks, expected);
}

#[test]
fn a_function_that_is_not_there_is_the_only_finding() {
    let (_root, places, _) = machine();
    let examined = examine_function(&places, Address::parse("66:00.0").unwrap());
    assert_eq!(examined.findings.len(), 1);
    assert_finding(&examined.findings[0], Fail, "no PCI function 0000:66:00.0", "lspci -D -d 10ee:5748");
    assert_eq!(examined.obstacle.as_deref(), Some("there is no such function"));
}

#[test]
fn a_card_that_left_the_bus_fails_with_the_rescan() {
    let gone = |_: &Places, device: &Path| fs::write(device.join("config"), [0xff; 64]).unwrap();
    let (finding, obstacle) = after("function", gone);
    assert_finding(&finding, Fail, "left the bus", "/sys/bus/pci/rescan");
    assert!(obstacle.unwrap().contains("its check of function"));
    let (finding, _) = after("function", |_, device| fs::remove_file(device.join("config")).unwrap());
    assert_finding(&finding, Skipped, "cannot be read", "");
}

#[test]
fn a_bar_of_another_size_or_no_address_fails() {
    let bar = |resource: &'static str| {
        after("BAR0", move |_, device| fs::write(device.join("resource"), resource).unwrap()).0
    };
    assert_finding(&bar("0x0 0x0 0x0\n"), Fail, "no address", "pci=realloc");
    assert_finding(&bar("0xfe200000 0xfe200fff 0x40200\n"), Fail, "4096 bytes", "card image of this release");
    assert_finding(&bar("0xfe200000 0xfe20ffff 0x40200\n"), Pass, "64 KiB at 0xfe200000", "");
    assert_finding(&bar("nonsense"), Skipped, "does not report", "");
}

#[test]
fn a_group_with_a_function_of_another_driver_fails_and_names_it() {
    let (finding, obstacle) = after("IOMMU group", |places, _| {
        neighbour(places, "0000:65:00.1", "0x040300\n", Some("snd_hda_intel"));
        neighbour(places, "0000:65:00.2", "0x020000\n", None);
        neighbour(places, "0000:64:00.0", "0x060400\n", Some("pcieport"));
    });
    assert_finding(&finding, Fail, "other drivers have: 0000:65:00.1 (snd_hda_intel)", "driver_override");
    assert!(finding.remedy.as_deref().unwrap().contains("echo 0000:65:00.1 > "), "{finding:?}");
    assert!(!finding.cause.contains("65:00.2") && !finding.cause.contains("64:00.0"), "{finding:?}");
    assert!(obstacle.is_some());
    let (finding, _) =
        after("IOMMU group", |places, _| neighbour(places, "0000:65:00.2", "0x020000\n", Some("vfio-pci")));
    assert_finding(&finding, Pass, "17, 2 functions", "");
    let (finding, _) = after("IOMMU group", |_, device| fs::remove_file(device.join("iommu_group")).unwrap());
    assert_finding(&finding, Fail, "in no IOMMU group", "intel_iommu=on");
    let (finding, _) = after("access", |_, device| fs::remove_file(device.join("iommu_group")).unwrap());
    assert_finding(&finding, Skipped, "no group", "");
}

#[test]
fn another_driver_fails_with_the_commands_that_bind_vfio_pci() {
    let (finding, obstacle) = after("driver", |_, device| fs::remove_file(device.join("driver")).unwrap());
    assert_finding(&finding, Fail, "no driver", "echo vfio-pci > ");
    assert!(obstacle.unwrap().contains("its check of driver"));
}

#[test]
fn a_node_that_cannot_be_opened_fails() {
    let (finding, obstacle) = after("access", |places, _| fs::remove_file(places.dev.join("17")).unwrap());
    assert_finding(&finding, Fail, "17 cannot be opened", "every function of the group");
    assert!(obstacle.unwrap().contains("its check of access"));
}

#[test]
fn a_card_in_use_is_not_opened_and_its_bus_mastering_not_judged() {
    let in_use = |places: &Places, device: &Path| {
        fs::create_dir_all(places.proc.join("99/fd")).unwrap();
        symlink(places.dev.join("17"), places.proc.join("99/fd/5")).unwrap();
        fs::write(device.join("config"), [0xee, 0x10, 0x48, 0x57, 6, 0]).unwrap();
    };
    let (finding, obstacle) = after("bus mastering", in_use);
    assert_finding(&finding, Skipped, "in use by process 99", "");
    assert_eq!(obstacle.as_deref(), Some("the card is in use by process 99"));
    assert_eq!(after("access", in_use).0.outcome, Pass);
}

#[test]
fn bus_mastering_of_a_card_that_nobody_drives_fails() {
    let on = |_: &Places, device: &Path| fs::write(device.join("config"), [0xee, 0x10, 0x48, 0x57, 6, 0]).unwrap();
    let (finding, obstacle) = after("bus mastering", on);
    assert_finding(&finding, Fail, "nobody drives the card", "setpci -s 0000:65:00.0 COMMAND=0:4");
    assert_eq!(obstacle, None, "it can be opened, which turns it off");
}

#[test]
fn a_node_that_is_not_online_warns() {
    let node = |node: &'static str, online: &'static str| {
        after("NUMA node", move |places, device| {
            fs::write(device.join("numa_node"), node).unwrap();
            fs::write(places.sys.join("devices/system/node/online"), online).unwrap();
        })
        .0
    };
    assert_finding(&node("1\n", "0-1\n"), Pass, "--cpunodebind=1", "");
    assert_finding(&node("2\n", "0-1,3\n"), Warn, "2, which is none of the online ones (0-1,3)", "slot of another");
    assert_finding(&node("-1\n", "0-1\n"), Warn, "does not say which of 0-1", "numactl");
    assert_finding(&node("-1\n", "0\n"), Pass, "has one", "");
    assert_eq!(node_list("0-1,3,x,5-"), [0, 1, 3]);
}

#[test]
fn temperatures_are_judged_by_their_own_limit() {
    let at = |millidegrees: &'static str| {
        after("temperature", move |_, device| {
            fs::write(device.join("hwmon/hwmon3/temp1_input"), millidegrees).unwrap();
        })
        .0
    };
    assert_finding(&at("51000\n"), Pass, "51 C of at most 100 C", "");
    assert_finding(&at("90000\n"), Warn, "90 C", "airflow");
    assert_finding(&at("100000\n"), Fail, "100 C", "drain the card");
    let (finding, _) = after("temperature", |_, device| {
        fs::remove_file(device.join("hwmon/hwmon3/temp1_crit")).unwrap();
        fs::write(device.join("hwmon/hwmon3/temp1_input"), "86000").unwrap();
    });
    assert_finding(&finding, Fail, "of at most 85 C", "airflow");
    let (finding, _) = after("temperature", |_, device| fs::remove_dir_all(device.join("hwmon")).unwrap());
    assert_finding(&finding, Skipped, "no sensor", "");
}

#[test]
fn a_node_that_is_busy_is_in_use_and_one_that_is_closed_is_not() {
    let closed = |busy| Obstacle { what: String::new(), remedy: String::new(), busy };
    assert_eq!(user(Some(7), None).as_deref(), Some("the card is in use by process 7"));
    assert_eq!(user(None, Some(&closed(true))).as_deref(), Some("the card is in use by another user's process"));
    assert_eq!(user(None, Some(&closed(false))), None);
    assert_eq!(user(None, None), None);
}
