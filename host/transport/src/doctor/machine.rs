//! What every card needs of the machine: an IOMMU, VFIO, memory that may be pinned.

use std::fs;

use whorl_device::POOL_BYTES;
use whorl_device::dma::HUGE_PAGE_BYTES;

use super::finding::Finding;
use crate::places::{Places, text};

/// Bit of `CapEff` that frees a process from the limit of locked memory.
const CAP_IPC_LOCK: u32 = 14;
const MIB: u64 = 1 << 20;

/// What a search will ask of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Demand {
    /// Bytes of locked memory that this process may have; none: no limit.
    pub lock_limit: Option<u64>,
    /// Bytes of the gallery that will be searched, 0 where that is not known.
    pub gallery_bytes: u64,
}

/// Bytes of memory that this process may lock; none: no limit.
pub fn memory_lock_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Memlock).current
}

/// Examines the machine.
pub fn examine_machine(places: &Places, demand: Demand) -> Vec<Finding> {
    vec![iommu(places), vfio(places), locked_memory(places, demand), huge_pages(places, demand)]
}

fn iommu(places: &Places) -> Finding {
    let groups = fs::read_dir(places.sys.join("kernel/iommu_groups")).map_or(0, Iterator::count);
    match groups {
        0 => Finding::fail(
            "IOMMU",
            "the kernel has no IOMMU groups: the IOMMU is off",
            "Turn it on in the firmware (VT-d or AMD-Vi), add intel_iommu=on iommu=pt to the kernel's command line on \
             Intel machines, and reboot",
        ),
        groups => Finding::pass("IOMMU", format!("on, {groups} groups")),
    }
}

fn vfio(places: &Places) -> Finding {
    match places.node(
        "vfio",
        "Load the driver: `modprobe vfio-pci`; at every boot: a line vfio-pci in /etc/modules-load.d/whorl.conf",
    ) {
        Some(obstacle) => Finding::fail("VFIO", obstacle.what, obstacle.remedy),
        None => Finding::pass("VFIO", format!("{} can be opened", places.dev.join("vfio").display())),
    }
}

/// Compares what the driver pins with what this process may lock.
fn locked_memory(places: &Places, demand: Demand) -> Finding {
    let check = "locked memory";
    let Some(limit) = demand.lock_limit else { return Finding::pass(check, "no limit") };
    if has_ipc_lock(places) {
        return Finding::pass(check, "no limit for this user (CAP_IPC_LOCK)");
    }
    let remedy = "Raise it: LimitMEMLOCK=infinity in the service's unit, or a line `USER - memlock unlimited` in \
                  /etc/security/limits.d/whorl.conf and a new login";
    let pool = POOL_BYTES as u64;
    let needed = pool + demand.gallery_bytes;
    let (limit_mib, needed_mib) = (limit / MIB, needed.div_ceil(MIB));
    if limit < needed {
        let cause = format!("this user may lock {limit_mib} MiB, and the driver pins {needed_mib} MiB");
        return Finding::fail(check, cause, remedy);
    }
    if demand.gallery_bytes > 0 {
        return Finding::pass(check, format!("{limit_mib} MiB may be locked, {needed_mib} MiB are needed"));
    }
    let cause = format!(
        "{limit_mib} MiB may be locked, which leaves {} MiB for galleries; --gallery-mib says whether that is enough",
        (limit - pool) / MIB
    );
    Finding::warn(check, cause, remedy)
}

fn has_ipc_lock(places: &Places) -> bool {
    let effective = || {
        let status = text(&places.proc.join("self/status"))?;
        let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"))?;
        u64::from_str_radix(line.trim(), 16).ok()
    };
    effective().is_some_and(|capabilities| capabilities >> CAP_IPC_LOCK & 1 == 1)
}

/// Huge pages spare the IOMMU translations; the driver takes ordinary pages where there are none.
fn huge_pages(places: &Places, demand: Demand) -> Finding {
    let check = "huge pages";
    let folder = places.sys.join("kernel/mm/hugepages/hugepages-2048kB");
    let count = |name: &str| text(&folder.join(name))?.parse::<u64>().ok();
    let (Some(reserved), Some(free)) = (count("nr_hugepages"), count("free_hugepages")) else {
        return Finding::skipped(check, "this kernel has no huge pages of 2 MiB");
    };
    let needed = (POOL_BYTES as u64 + demand.gallery_bytes).div_ceil(HUGE_PAGE_BYTES as u64);
    if free >= needed {
        return Finding::pass(check, format!("{free} of {reserved} pages of 2 MiB are free, {needed} are needed"));
    }
    let cause = format!("{free} of {reserved} pages of 2 MiB are free, {needed} are needed: transfers may be slower");
    let wanted = reserved + needed - free;
    Finding::warn(
        check,
        cause,
        format!("As root: sysctl -w vm.nr_hugepages={wanted}; for good in /etc/sysctl.d/whorl.conf"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::fake::{assert_finding, machine};
    use super::*;
    use crate::doctor::Outcome::{Fail, Pass, Skipped, Warn};

    const GIB: u64 = 1 << 30;

    #[test]
    fn a_machine_that_is_in_order_passes() {
        let (_root, places, _) = machine();
        let demand = Demand { lock_limit: Some(4 * GIB), gallery_bytes: GIB };
        let findings = examine_machine(&places, demand);
        assert!(findings.iter().all(|finding| finding.outcome == Pass && finding.remedy.is_none()), "{findings:?}");
        assert_eq!(findings.len(), 4);
    }

    #[test]
    fn an_iommu_that_is_off_fails_with_the_kernels_argument() {
        let (_root, places, _) = machine();
        fs::remove_dir_all(places.sys.join("kernel/iommu_groups")).unwrap();
        assert_finding(&iommu(&places), Fail, "no IOMMU groups", "intel_iommu=on");
        fs::create_dir_all(places.sys.join("kernel/iommu_groups")).unwrap();
        assert_finding(&iommu(&places), Fail, "no IOMMU groups", "intel_iommu=on");
    }

    #[test]
    fn vfio_that_is_not_loaded_fails_with_the_command_that_loads_it() {
        let (_root, places, _) = machine();
        fs::remove_file(places.dev.join("vfio")).unwrap();
        assert_finding(&vfio(&places), Fail, "vfio cannot be opened", "modprobe vfio-pci");
    }

    #[test]
    fn locked_memory_is_compared_with_pool_and_gallery() {
        let (_root, places, _) = machine();
        let judged = |limit, gallery_bytes| locked_memory(&places, Demand { lock_limit: limit, gallery_bytes });
        assert_finding(&judged(None, GIB), Pass, "no limit", "");
        assert_finding(&judged(Some(8 << 20), 0), Fail, "may lock 8 MiB, and the driver pins 16 MiB", "LimitMEMLOCK");
        assert_finding(&judged(Some((16 << 20) - 1), 0), Fail, "pins 16 MiB", "LimitMEMLOCK");
        assert_finding(&judged(Some(GIB), 0), Warn, "leaves 1008 MiB for galleries", "memlock unlimited");
        assert_finding(
            &judged(Some(GIB), GIB),
            Fail,
            "may lock 1024 MiB, and the driver pins 1040 MiB",
            "LimitMEMLOCK",
        );
        assert_finding(&judged(Some(GIB + (16 << 20)), GIB), Pass, "1040 MiB are needed", "");
        // The kernel holds nobody to it who may lock what he likes.
        fs::create_dir_all(places.proc.join("self")).unwrap();
        fs::write(places.proc.join("self/status"), "Name:\twhorl\nCapEff:\t0000000000004000\n").unwrap();
        assert_finding(&judged(Some(0), GIB), Pass, "CAP_IPC_LOCK", "");
        fs::write(places.proc.join("self/status"), "CapEff:\tfffffffffffbfff\n").unwrap();
        assert_eq!(judged(Some(0), GIB).outcome, Fail);
    }

    #[test]
    fn huge_pages_that_are_missing_warn_with_the_sysctl() {
        let (_root, places, _) = machine();
        let folder = places.sys.join("kernel/mm/hugepages/hugepages-2048kB");
        let judged = |reserved: &str, free: &str, gallery_bytes| {
            fs::write(folder.join("nr_hugepages"), reserved).unwrap();
            fs::write(folder.join("free_hugepages"), free).unwrap();
            huge_pages(&places, Demand { lock_limit: None, gallery_bytes })
        };
        assert_finding(&judged("0\n", "0\n", 0), Warn, "0 of 0 pages", "sysctl -w vm.nr_hugepages=8;");
        assert_finding(&judged("100", "7", 0), Warn, "7 of 100 pages", "vm.nr_hugepages=101;");
        assert_finding(&judged("100", "8", 0), Pass, "8 of 100", "");
        assert_finding(&judged("100", "100", GIB), Warn, "520 are needed", "vm.nr_hugepages=520;");
        fs::remove_dir_all(&folder).unwrap();
        assert_finding(&huge_pages(&places, Demand::default()), Skipped, "no huge pages of 2 MiB", "");
    }

    #[test]
    fn the_limit_of_this_process_is_the_kernels() {
        let limits = fs::read_to_string("/proc/self/limits").unwrap();
        let line = limits.lines().find_map(|line| line.strip_prefix("Max locked memory")).unwrap();
        let soft = line.split_whitespace().next().unwrap();
        assert_eq!(memory_lock_limit(), soft.parse().ok(), "none where it is {soft}");
    }
}
