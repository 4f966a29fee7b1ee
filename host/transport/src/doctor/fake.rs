//! A machine of folders, with everything in place, for tests to take things away from.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use super::finding::{Finding, Outcome};
use crate::address::Address;
use crate::places::Places;

/// A machine with one card at 0000:65:00.0 in IOMMU group 17; the folder goes with its first part.
pub(crate) fn machine() -> (tempfile::TempDir, Places, Address) {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let places = Places { sys: at("sys"), dev: at("dev"), proc: at("proc") };
    let address = Address::parse("65:00.0").unwrap();
    let device = places.device(address);
    for folder in [&device.join("hwmon/hwmon3"), &places.dev, &places.proc, &places.sys.join("devices/system/node")] {
        fs::create_dir_all(folder).unwrap();
    }
    let group = places.sys.join("kernel/iommu_groups/17/devices");
    let pages = places.sys.join("kernel/mm/hugepages/hugepages-2048kB");
    fs::create_dir_all(&group).unwrap();
    fs::create_dir_all(&pages).unwrap();
    symlink(&device, group.join("0000:65:00.0")).unwrap();
    symlink("../../drivers/vfio-pci", device.join("driver")).unwrap();
    symlink("../../../kernel/iommu_groups/17", device.join("iommu_group")).unwrap();
    let mut config = [0; 64];
    config[..8].copy_from_slice(&[0xee, 0x10, 0x48, 0x57, 0x02, 0, 0x10, 0]);
    fs::write(device.join("config"), config).unwrap();
    for (file, contents) in [
        (device.join("vendor"), "0x10ee\n"),
        (device.join("device"), "0x5748\n"),
        (device.join("class"), "0x120000\n"),
        (device.join("resource"), "0x00000000fe200000 0x00000000fe20ffff 0x0000000000040200\n0x0 0x0 0x0\n"),
        (device.join("numa_node"), "1\n"),
        (device.join("current_link_speed"), "8.0 GT/s PCIe\n"),
        (device.join("max_link_speed"), "8.0 GT/s PCIe\n"),
        (device.join("current_link_width"), "16\n"),
        (device.join("max_link_width"), "16\n"),
        (device.join("hwmon/hwmon3/temp1_input"), "51000\n"),
        (device.join("hwmon/hwmon3/temp1_crit"), "100000\n"),
        (device.join("hwmon/hwmon3/temp1_label"), "FPGA\n"),
        (places.sys.join("devices/system/node/online"), "0-1\n"),
        (places.dev.join("vfio"), ""),
        (places.dev.join("17"), ""),
        (pages.join("nr_hugepages"), "1024\n"),
        (pages.join("free_hugepages"), "1024\n"),
    ] {
        fs::write(file, contents).unwrap();
    }
    (root, places, address)
}

/// Another function of the card's group.
pub(crate) fn neighbour(places: &Places, name: &str, class: &str, driver: Option<&str>) {
    let device = places.device(Address::parse(name).unwrap());
    fs::create_dir_all(&device).unwrap();
    fs::write(device.join("class"), class).unwrap();
    if let Some(driver) = driver {
        fs::create_dir_all(places.pci().join("drivers").join(driver)).unwrap();
        symlink(Path::new("../../drivers").join(driver), device.join("driver")).unwrap();
    }
    symlink(&device, places.sys.join("kernel/iommu_groups/17/devices").join(name)).unwrap();
}

/// Checks a finding's outcome and parts of its texts; an empty remedy: there is none.
#[track_caller]
pub(crate) fn assert_finding(finding: &Finding, outcome: Outcome, cause: &str, remedy: &str) {
    assert_eq!(finding.outcome, outcome, "{finding:?}");
    assert!(finding.cause.contains(cause), "{finding:?}");
    assert_eq!(finding.remedy.is_none(), remedy.is_empty(), "{finding:?}");
    assert!(finding.remedy.as_deref().unwrap_or_default().contains(remedy), "{finding:?}");
}
