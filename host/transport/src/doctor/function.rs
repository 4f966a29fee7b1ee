//! One function of the PCI bus by what the kernel shows of it, without opening it.

use std::fs;
use std::path::Path;

use whorl_layout::BAR0_BYTES;

use super::finding::{Finding, Outcome};
use super::link;
use crate::address::Address;
use crate::places::{Obstacle, Places, hexadecimal, link_name, text};

/// Offset and bit of the command register that let a function read and write host memory.
const COMMAND: usize = 0x04;
const COMMAND_BUS_MASTER: u8 = 1 << 2;
/// Class of PCI bridges, which may stand in a group whoever has them.
const BRIDGE: u32 = 0x0604;
/// Where the kernel gives no limit of a sensor: what FPGA cards are throttled at.
const HOT_MILLIDEGREES: i64 = 85_000;

/// What is known of a function before it is opened.
#[derive(Debug, Clone)]
pub struct Examined {
    /// The findings, in the order in which things must be put right.
    pub findings: Vec<Finding>,
    /// Why the card cannot be opened for the checks that need its registers; none: it can.
    pub obstacle: Option<String>,
}

/// Examines the function at `address`.
pub fn examine_function(places: &Places, address: Address) -> Examined {
    let mut findings = Vec::new();
    let checked = |check: &str, obstacle: Option<Obstacle>, well: String| match obstacle {
        Some(Obstacle { what, remedy, .. }) => Finding::fail(check, what, remedy),
        None => Finding::pass(check, well),
    };
    let device = places.device(address);
    let absence = places.absence(address);
    if !device.is_dir() {
        findings.push(checked("function", absence, String::new()));
        return Examined { findings, obstacle: Some("there is no such function".into()) };
    }
    findings.push(presence(&device));
    findings.push(bar0(&device));
    let group = places.group(address).unwrap_or_default();
    findings.push(match checked("IOMMU group", absence, String::new()) {
        failed if failed.outcome == Outcome::Fail => failed,
        _ => viability(places, &group),
    });
    findings.push(checked("driver", places.binding(address), "vfio-pci".into()));
    let node = places.dev.join(&group);
    let closed = places.nodes(address);
    let user = user(places.holder(address), closed.as_ref());
    findings.push(match &user {
        Some(_) => Finding::pass("access", format!("{} is open in another process", node.display())),
        None if group.is_empty() => Finding::skipped("access", "there is no group to open"),
        None => checked("access", closed, format!("{} can be opened", node.display())),
    });
    let failed = findings.iter().find(|finding| finding.outcome == Outcome::Fail);
    let unopened = failed.map(|failed| format!("the card cannot be opened while its check of {} fails", failed.check));
    findings.push(match &user {
        Some(user) => Finding::skipped("bus mastering", user),
        None => bus_mastering(&device, address),
    });
    let obstacle = user.or(unopened);
    findings.push(link::of_function(&device));
    findings.push(numa(places, &device));
    findings.extend(temperatures(&device));
    let card = format!("vfio:{address}");
    let findings = findings.into_iter().map(|finding| finding.of(&card)).collect();
    Examined { findings, obstacle }
}

/// Who drives the card, in words; none: nobody. Processes of other users do not show their descriptors.
fn user(holder: Option<u32>, closed: Option<&Obstacle>) -> Option<String> {
    match holder {
        Some(pid) => Some(format!("the card is in use by process {pid}")),
        None => closed.filter(|obstacle| obstacle.busy).map(|_| "the card is in use by another user's process".into()),
    }
}

/// Whether the function still answers: the kernel remembers cards that have left the bus.
fn presence(device: &Path) -> Finding {
    let check = "function";
    let config = fs::read(device.join("config")).unwrap_or_default();
    match config.get(..4) {
        None => Finding::skipped(check, "configuration space cannot be read"),
        Some([0xff, 0xff, ..]) => Finding::fail(
            check,
            "configuration space reads as all ones: the card has left the bus",
            format!(
                "Power-cycle or seat the card, then as root: echo 1 > {}/remove; echo 1 > /sys/bus/pci/rescan",
                device.display()
            ),
        ),
        Some(id) => {
            let [vendor, device] = [[id[0], id[1]], [id[2], id[3]]].map(u16::from_le_bytes);
            Finding::pass(check, format!("{vendor:04x}:{device:04x}"))
        }
    }
}

/// The first line of `resource` is BAR0: first and last address, flags.
fn bar0(device: &Path) -> Finding {
    let check = "BAR0";
    let resource = text(&device.join("resource")).unwrap_or_default();
    let mut addresses = resource.lines().next().unwrap_or_default().split_whitespace();
    let mut address = || u64::from_str_radix(addresses.next()?.strip_prefix("0x")?, 16).ok();
    let (Some(first), Some(last)) = (address(), address()) else {
        return Finding::skipped(check, "the kernel does not report it");
    };
    let size = last.checked_sub(first).filter(|_| last > 0).map_or(0, |span| span + 1);
    match size {
        size if size == BAR0_BYTES as u64 => Finding::pass(check, format!("{} KiB at {first:#x}", size >> 10)),
        0 => Finding::fail(
            check,
            "the kernel gave it no address",
            "Add pci=realloc to the kernel's command line, or turn on \"above 4G decoding\" in the firmware, and reboot",
        ),
        size => Finding::fail(
            check,
            format!("it is of {size} bytes, that of a Whorl card of {BAR0_BYTES}"),
            "Load the card image of this release, then rescan the bus: echo 1 > /sys/bus/pci/rescan",
        ),
    }
}

/// A group can be had when each of its functions is bound to `vfio-pci`, to nothing, or is a bridge.
fn viability(places: &Places, group: &str) -> Finding {
    let check = "IOMMU group";
    let functions = fs::read_dir(places.sys.join("kernel/iommu_groups").join(group).join("devices"));
    let functions: Vec<_> =
        functions.map_or(Vec::new(), |entries| entries.flatten().map(|entry| entry.path()).collect());
    let in_the_way = |function: &Path| {
        let driver = link_name(&function.join("driver")).filter(|driver| driver != "vfio-pci")?;
        let bridge = hexadecimal(&function.join("class")).is_some_and(|class| class >> 8 == BRIDGE);
        (!bridge).then_some((function.file_name()?.to_str()?.to_owned(), driver))
    };
    let mut others: Vec<_> = functions.iter().filter_map(|function| in_the_way(function)).collect();
    others.sort();
    if others.is_empty() {
        return Finding::pass(check, format!("{group}, {} functions, all free for vfio-pci", functions.len()));
    }
    let named: Vec<_> = others.iter().map(|(function, driver)| format!("{function} ({driver})")).collect();
    let commands: Vec<_> = others.iter().filter_map(|(function, _)| Address::parse(function).ok()).collect();
    let commands: Vec<_> = commands.into_iter().map(|function| places.bind_command(function)).collect();
    Finding::fail(
        check,
        format!("group {group} holds functions that other drivers have: {}", named.join(", ")),
        format!(
            "As root: {}; or put the card into a slot with a group of its own",
            if commands.is_empty() { "unbind them".to_owned() } else { commands.join("; ") }
        ),
    )
}

fn bus_mastering(device: &Path, address: Address) -> Finding {
    let check = "bus mastering";
    match fs::read(device.join("config")).ok().and_then(|config| config.get(COMMAND).copied()) {
        None => Finding::skipped(check, "configuration space cannot be read"),
        Some(command) if command & COMMAND_BUS_MASTER != 0 => Finding::fail(
            check,
            "on, though nobody drives the card: it may read and write host memory",
            format!(
                "As root: setpci -s {address} COMMAND=0:4, then `whorl card reset --engine vfio:{address} --function`"
            ),
        ),
        Some(_) => Finding::pass(check, "off while nobody drives the card"),
    }
}

fn numa(places: &Places, device: &Path) -> Finding {
    let check = "NUMA node";
    let online = text(&places.sys.join("devices/system/node/online")).unwrap_or_else(|| "0".into());
    let nodes = node_list(&online);
    let node = text(&device.join("numa_node")).and_then(|node| node.parse::<i64>().ok()).unwrap_or(-1);
    if nodes.len() <= 1 {
        return Finding::pass(check, "this machine has one");
    }
    match u32::try_from(node) {
        Ok(node) if nodes.contains(&node) => {
            let cause = format!("{node}; start whorl there: numactl --cpunodebind={node} --membind={node}");
            Finding::pass(check, cause)
        }
        Ok(node) => Finding::warn(
            check,
            format!("{node}, which is none of the online ones ({online})"),
            "Give that processor memory, or put the card into a slot of another",
        ),
        Err(_) => Finding::warn(
            check,
            format!("the firmware does not say which of {online} the slot belongs to"),
            "Start whorl with numactl on the node that the board's manual names for the slot",
        ),
    }
}

/// Nodes of a list such as `0-1,3`.
fn node_list(text: &str) -> Vec<u32> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.trim().parse::<u32>().ok()?..=last.trim().parse::<u32>().ok()?)
    };
    // More nodes than a kernel can have are a list that makes no sense.
    text.split(',').filter_map(range).flatten().take(1024).collect()
}

/// One finding for each sensor that the kernel knows of the function.
fn temperatures(device: &Path) -> Vec<Finding> {
    let check = "temperature";
    let chips = fs::read_dir(device.join("hwmon")).map_or(Vec::new(), |chips| chips.flatten().collect());
    let mut sensors = Vec::new();
    for chip in chips {
        let files = fs::read_dir(chip.path()).map_or(Vec::new(), |files| files.flatten().collect());
        let names = files.into_iter().filter_map(|file| file.file_name().into_string().ok());
        let mut names: Vec<_> =
            names.filter_map(|name| Some(name.strip_prefix("temp")?.strip_suffix("_input")?.to_owned())).collect();
        names.sort();
        sensors.extend(names.iter().filter_map(|name| temperature(&chip.path(), name)));
    }
    if sensors.is_empty() {
        sensors.push(Finding::skipped(check, "no sensor is reported"));
    }
    sensors
}

fn temperature(chip: &Path, sensor: &str) -> Option<Finding> {
    let value = |kind: &str| text(&chip.join(format!("temp{sensor}_{kind}")))?.parse::<i64>().ok();
    let label = text(&chip.join(format!("temp{sensor}_label"))).unwrap_or_else(|| sensor.to_owned());
    let check = format!("temperature ({label})");
    let found = value("input")?;
    let limit = value("crit").or_else(|| value("max")).unwrap_or(HOT_MILLIDEGREES);
    let cause = format!("{} C of at most {} C", found / 1000, limit / 1000);
    let remedy = "Look after fans and airflow of the slot; drain the card meanwhile";
    Some(match found {
        found if found >= limit => Finding::fail(check, cause, remedy),
        found if found >= limit - 10_000 => Finding::warn(check, cause, remedy),
        _ => Finding::pass(check, cause),
    })
}

#[cfg(test)]
#[path = "function_tests.rs"]
mod tests;
