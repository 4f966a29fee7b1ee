//! Speed and width of a card's link against what the card can do.

use std::fmt;
use std::path::Path;

use whorl_device::{Transport, TransportError};

use super::finding::Finding;
use crate::places::text;

/// Offsets and bits of PCI Local Bus Specification 3.0 (6.1, 6.7) and PCI Express Base Specification 3.1 (7.8).
const STATUS: usize = 0x06;
const STATUS_CAPABILITIES: u8 = 1 << 4;
const CAPABILITIES: usize = 0x34;
const EXPRESS_ID: u8 = 0x10;
const LINK_CAPABILITIES: usize = 0x0c;
const LINK_STATUS: usize = 0x12;
/// Capabilities begin on words of four bytes between 0x40 and 0xff, so there are no more than these.
const CAPABILITIES_MAX: usize = 48;
/// Tenths of GT/s by the code of a speed, which counts from 1.
const SPEEDS: [u32; 6] = [25, 50, 80, 160, 320, 640];

const CHECK: &str = "link";
const NOT_REPORTED: &str = "not reported";

/// A link as it is, or as it could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Link {
    speed: u32, // in tenths of GT/s
    width: u32, // lanes
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} GT/s x{}", self.speed / 10, self.speed % 10, self.width)
    }
}

fn judge(current: Link, capable: Link) -> Finding {
    if current.speed >= capable.speed && current.width >= capable.width {
        return Finding::pass(CHECK, current.to_string());
    }
    Finding::warn(
        CHECK,
        format!("{current}, and the card can do {capable}"),
        "Put the card into a slot of that width and generation, seat it anew, and look for a limit in the firmware",
    )
}

/// The link of a function as sysfs shows it.
pub(super) fn of_function(device: &Path) -> Finding {
    let link = |prefix: &str| {
        let speed = text(&device.join(format!("{prefix}_link_speed")))?; // such as "8.0 GT/s PCIe"
        let speed: f64 = speed.split_whitespace().next()?.parse().ok()?;
        let width: u32 = text(&device.join(format!("{prefix}_link_width")))?.parse().ok()?;
        (width > 0).then_some(Link { speed: (speed * 10.0).round() as u32, width })
    };
    match (link("current"), link("max")) {
        (Some(current), Some(capable)) => judge(current, capable),
        _ => Finding::skipped(CHECK, NOT_REPORTED),
    }
}

/// The link of the card behind `transport`, from its PCI Express capability.
///
/// # Errors
/// What the transport says of reading configuration space.
pub fn link_of(transport: &mut dyn Transport) -> Result<Finding, TransportError> {
    let mut config = [0; 256];
    transport.config_read(0, &mut config)?;
    Ok(match links(&config) {
        Some((current, capable)) => judge(current, capable),
        None => Finding::skipped(CHECK, NOT_REPORTED),
    })
}

fn links(config: &[u8; 256]) -> Option<(Link, Link)> {
    if config[STATUS] & STATUS_CAPABILITIES == 0 {
        return None;
    }
    let mut at = usize::from(config[CAPABILITIES] & !3);
    for _ in 0..CAPABILITIES_MAX {
        if at < 0x40 {
            return None;
        }
        if config[at] == EXPRESS_ID {
            let link = |offset: usize| {
                let word = u32::from(*config.get(at + offset)?) | u32::from(*config.get(at + offset + 1)?) << 8;
                let speed = *SPEEDS.get((word as usize & 0xf).checked_sub(1)?)?;
                Some(Link { speed, width: word >> 4 & 0x3f })
            };
            return Some((link(LINK_STATUS)?, link(LINK_CAPABILITIES)?));
        }
        at = usize::from(config.get(at + 1)? & !3);
    }
    None
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::fake::{assert_finding, machine};
    use super::*;
    use crate::doctor::Outcome::{Pass, Skipped, Warn};

    /// Power management, then PCI Express at 0x60.
    fn config(capabilities: u16, status: u16) -> [u8; 256] {
        let mut config = [0; 256];
        config[STATUS] = STATUS_CAPABILITIES;
        config[CAPABILITIES] = 0x40;
        config[0x40..0x42].copy_from_slice(&[1, 0x60]);
        config[0x60] = EXPRESS_ID;
        config[0x6c..0x6e].copy_from_slice(&capabilities.to_le_bytes());
        config[0x72..0x74].copy_from_slice(&status.to_le_bytes());
        config
    }

    #[test]
    fn the_express_capability_gives_both_links() {
        let full = Link { speed: 80, width: 16 };
        assert_eq!(links(&config(0x103, 0x103)), Some((full, full)));
        assert_eq!(links(&config(0x103, 0x1041)), Some((Link { speed: 25, width: 4 }, full)));
    }

    #[test]
    fn a_list_of_capabilities_that_leads_nowhere_is_no_link() {
        let mut circle = config(0x103, 0x103);
        circle[0x41] = 0x40;
        let mut off = config(0x103, 0x103);
        off[STATUS] = 0;
        let mut at_the_end = config(0x103, 0x103);
        at_the_end[0x41] = 0xfc;
        at_the_end[0xfc] = EXPRESS_ID;
        for config in [circle, off, at_the_end, config(0x10f, 0x103), config(0x103, 0x100), [0xff; 256]] {
            assert_eq!(links(&config), None);
        }
    }

    #[test]
    fn a_link_below_what_the_card_can_do_warns() {
        let (_root, places, address) = machine();
        let device = places.device(address);
        assert_finding(&of_function(&device), Pass, "8.0 GT/s x16", "");
        fs::write(device.join("current_link_width"), "4\n").unwrap();
        assert_finding(&of_function(&device), Warn, "8.0 GT/s x4, and the card can do 8.0 GT/s x16", "seat it anew");
        fs::write(device.join("current_link_width"), "16\n").unwrap();
        fs::write(device.join("current_link_speed"), "2.5 GT/s PCIe\n").unwrap();
        assert_finding(&of_function(&device), Warn, "2.5 GT/s x16", "slot");
        for unknown in ["Unknown\n", ""] {
            fs::write(device.join("current_link_speed"), unknown).unwrap();
            assert_finding(&of_function(&device), Skipped, "not reported", "");
        }
    }
}
