//! The cards on the bus, as sysfs shows them.

use crate::fixture::Fixture;
use crate::report::Fault;
use std::fs;
use std::path::{Path, PathBuf};
use whorl_device::Device;
use whorl_layout::{PCI_DEVICE_ID, PCI_VENDOR_ID};
use whorl_search::{CardEngine, Engine};

const BUS: &str = "/sys/bus/pci";
const DRIVER: &str = "vfio-pci";
/// Cards of the machine.
const CARDS: usize = 2;

/// A card under `vfio-pci`.
#[derive(Debug)]
pub struct Card {
    address: String,
    group: String,
}

impl Card {
    /// What `--engine` must say.
    pub fn engine(&self) -> String {
        format!("vfio:{}", self.address)
    }

    /// Its address on the bus.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The node that opens its IOMMU group.
    pub fn node(&self) -> PathBuf {
        Path::new("/dev/vfio").join(&self.group)
    }

    /// A file that sysfs has of it.
    pub fn file(&self, name: &str) -> PathBuf {
        Path::new(BUS).join("devices").join(&self.address).join(name)
    }

    /// Opens it and loads the gallery.
    pub fn open_engine(&self, fixture: &Fixture) -> Result<CardEngine, Fault> {
        let device = Device::open(whorl_transport::vfio::open(&self.address)?)?;
        let mut engine = CardEngine::new(device, self.engine());
        engine.load(fixture.shard())?;
        Ok(engine)
    }

    /// Whether it may read and write memory, as its command register has it.
    pub fn is_bus_master(&self) -> Result<bool, Fault> {
        let config = fs::read(self.file("config"))?;
        Ok(config.get(4).ok_or("configuration space has no command register")? & 1 << 2 != 0)
    }
}

/// Finds the cards and binds them to `vfio-pci`. Each must be in an IOMMU group of its own whose memory is translated.
pub fn bind_all() -> Result<Vec<Card>, Fault> {
    let mut cards = Vec::new();
    for entry in fs::read_dir(Path::new(BUS).join("devices"))? {
        let folder = entry?.path();
        if (number(&folder.join("vendor"))?, number(&folder.join("device"))?) == (PCI_VENDOR_ID, PCI_DEVICE_ID) {
            cards.push(bind(&folder)?);
        }
    }
    cards.sort_by(|a, b| a.address.cmp(&b.address));
    if cards.len() != CARDS {
        return Err(format!("{} cards on the bus, not {CARDS}", cards.len()).into());
    }
    if cards[0].group == cards[1].group {
        return Err(format!("both cards are in IOMMU group {}", cards[0].group).into());
    }
    Ok(cards)
}

fn bind(folder: &Path) -> Result<Card, Fault> {
    let address = name(folder)?;
    let group = name(&fs::read_link(folder.join("iommu_group")).map_err(|error| format!("no IOMMU group: {error}"))?)?;
    let kind = fs::read_to_string(folder.join("iommu_group/type"))?;
    if !kind.starts_with("DMA") {
        return Err(format!("the memory of IOMMU group {group} is not translated: {}", kind.trim()).into());
    }
    fs::write(folder.join("driver_override"), DRIVER)?;
    fs::write(Path::new(BUS).join("drivers_probe"), &address)?;
    let driver =
        name(&fs::read_link(folder.join("driver")).map_err(|error| format!("no driver took {address}: {error}"))?)?;
    if driver != DRIVER {
        return Err(format!("{address} is bound to {driver}").into());
    }
    Ok(Card { address, group })
}

/// The cards in words.
pub fn shown(cards: &[Card]) -> String {
    let one = |card: &Card| format!("{} in group {}", card.address, card.group);
    cards.iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Has the kernel reserve so many huge pages; none frees those that nobody uses.
pub fn reserve_huge_pages(wanted: usize) -> Result<(), Fault> {
    let place = "/proc/sys/vm/nr_hugepages";
    fs::write(place, wanted.to_string())?;
    let had: usize = fs::read_to_string(place)?.trim().parse()?;
    if had == wanted { Ok(()) } else { Err(format!("{had} huge pages instead of {wanted}").into()) }
}

fn number(file: &Path) -> Result<u16, Fault> {
    let text = fs::read_to_string(file)?;
    Ok(u16::from_str_radix(text.trim().trim_start_matches("0x"), 16)?)
}

fn name(path: &Path) -> Result<String, Fault> {
    Ok(path.file_name().ok_or("a path without a name")?.to_string_lossy().into_owned())
}
