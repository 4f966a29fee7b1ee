//! Where the kernel shows its devices and processes, and what stands between this process and a card.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use whorl_device::TransportError;
use whorl_layout::{PCI_DEVICE_ID, PCI_VENDOR_ID};

use crate::address::Address;

/// The folders in which the kernel shows the machine; others in tests.
#[derive(Debug, Clone)]
pub struct Places {
    /// `/sys`.
    pub sys: PathBuf,
    /// `/dev/vfio`.
    pub dev: PathBuf,
    /// `/proc`.
    pub proc: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        Self { sys: "/sys".into(), dev: "/dev/vfio".into(), proc: "/proc".into() }
    }
}

/// Something in the way to a card, and how to remove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Obstacle {
    pub(crate) what: String,
    pub(crate) remedy: String,
    /// Whether somebody else has the thing, so that there is nothing wrong with it.
    pub(crate) busy: bool,
}

impl Places {
    /// Folder of the PCI bus in sysfs.
    pub(crate) fn pci(&self) -> PathBuf {
        self.sys.join("bus/pci")
    }

    /// Folder of the function in sysfs.
    pub(crate) fn device(&self, address: Address) -> PathBuf {
        self.pci().join("devices").join(address.to_string())
    }

    /// Addresses of all functions that name themselves Whorl cards, in order.
    pub fn cards(&self) -> Vec<Address> {
        let Ok(functions) = fs::read_dir(self.pci().join("devices")) else { return Vec::new() };
        let is_ours = |folder: &Path| {
            hexadecimal(&folder.join("vendor")) == Some(PCI_VENDOR_ID.into())
                && hexadecimal(&folder.join("device")) == Some(PCI_DEVICE_ID.into())
        };
        let ours = functions.flatten().filter(|function| is_ours(&function.path()));
        let mut cards: Vec<_> = ours.filter_map(|card| Address::parse(card.file_name().to_str()?).ok()).collect();
        cards.sort();
        cards
    }

    /// Finds out what stands between us and the function, before a system call fails with less to say.
    pub(crate) fn check(&self, address: Address) -> Result<(), TransportError> {
        let obstacle = self.absence(address).or_else(|| self.binding(address)).or_else(|| self.nodes(address));
        match obstacle {
            None => Ok(()),
            Some(Obstacle { what, remedy, .. }) => Err(TransportError::Unavailable { what, remedy }),
        }
    }

    /// Whether there is no such function, or none that the IOMMU knows.
    pub(crate) fn absence(&self, address: Address) -> Option<Obstacle> {
        if !self.device(address).is_dir() {
            return Some(Obstacle {
                what: format!("There is no PCI function {address}"),
                remedy: format!("List the cards with `lspci -D -d {PCI_VENDOR_ID:04x}:{PCI_DEVICE_ID:04x}`"),
                busy: false,
            });
        }
        if self.group(address).is_some() {
            return None;
        }
        Some(Obstacle {
            what: format!("PCI function {address} is in no IOMMU group"),
            remedy:
                "Turn the IOMMU on in the firmware (VT-d or AMD-Vi) and in the kernel (intel_iommu=on), then reboot"
                    .into(),
            busy: false,
        })
    }

    /// Whether another driver than `vfio-pci` has the function, or none.
    pub(crate) fn binding(&self, address: Address) -> Option<Obstacle> {
        let device = self.device(address);
        let driver = link_name(&device.join("driver"));
        if driver.as_deref() == Some("vfio-pci") {
            return None;
        }
        let bound = driver.map_or_else(|| "no driver".into(), |driver| format!("the driver {driver}"));
        Some(Obstacle {
            what: format!("PCI function {address} is bound to {bound}, not to vfio-pci"),
            remedy: format!("As root: modprobe vfio-pci; {}", self.bind_command(address)),
            busy: false,
        })
    }

    /// The commands that bind a function to `vfio-pci`.
    pub(crate) fn bind_command(&self, address: Address) -> String {
        let device = self.device(address);
        let folder = device.display();
        let unbind = if device.join("driver").exists() {
            format!("echo {address} > {folder}/driver/unbind; ")
        } else {
            String::new()
        };
        let bus = self.pci();
        format!("{unbind}echo vfio-pci > {folder}/driver_override; echo {address} > {}/drivers_probe", bus.display())
    }

    /// Number of the function's IOMMU group.
    pub(crate) fn group(&self, address: Address) -> Option<String> {
        link_name(&self.device(address).join("iommu_group"))
    }

    /// Whether a node of VFIO cannot be opened by this process.
    pub(crate) fn nodes(&self, address: Address) -> Option<Obstacle> {
        let group = self.group(address)?;
        self.node("vfio", "Load the driver with `modprobe vfio-pci`")
            .or_else(|| self.node(&group, "Bind every function of the group to vfio-pci"))
    }

    /// Whether the node `name` cannot be opened.
    pub(crate) fn node(&self, name: &str, if_absent: &str) -> Option<Obstacle> {
        let node = self.dev.join(name);
        let error = OpenOptions::new().read(true).write(true).open(&node).err()?;
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => if_absent.to_owned(),
            io::ErrorKind::PermissionDenied => {
                format!("Give this user access, as with `chown $USER {}` or a udev rule", node.display())
            }
            io::ErrorKind::ResourceBusy => "Another process has the card open: end it".to_owned(),
            _ => "Look into the kernel's log (dmesg) for the cause".to_owned(),
        };
        let busy = error.kind() == io::ErrorKind::ResourceBusy;
        Some(Obstacle { what: format!("{} cannot be opened ({error})", node.display()), remedy, busy })
    }

    /// A process that has the function's group open, among those whose descriptors this user may see.
    pub(crate) fn holder(&self, address: Address) -> Option<u32> {
        let node = self.dev.join(self.group(address)?);
        let holds = |process: &Path| {
            let descriptors = fs::read_dir(process.join("fd")).ok()?;
            descriptors.flatten().find(|fd| fd.path().read_link().is_ok_and(|target| target == node))
        };
        let processes = fs::read_dir(&self.proc).ok()?.flatten();
        let mut processes =
            processes.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())));
        processes.find(|(_, folder): &(u32, PathBuf)| holds(folder).is_some()).map(|(pid, _)| pid)
    }
}

/// Last part of what a symbolic link points to, as sysfs names drivers and groups.
pub(crate) fn link_name(link: &Path) -> Option<String> {
    Some(link.read_link().ok()?.file_name()?.to_str()?.to_owned())
}

/// The trimmed contents of a file of sysfs.
pub(crate) fn text(file: &Path) -> Option<String> {
    Some(fs::read_to_string(file).ok()?.trim().to_owned())
}

/// A file of sysfs that holds a number such as `0x10ee`.
pub(crate) fn hexadecimal(file: &Path) -> Option<u32> {
    u32::from_str_radix(text(file)?.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::doctor::fake::machine;

    fn check_without(remove: impl FnOnce(&Places, &Path)) -> String {
        let (_root, places, address) = machine();
        places.check(address).unwrap();
        remove(&places, &places.device(address));
        let error = places.check(address).unwrap_err();
        assert!(matches!(error, TransportError::Unavailable { .. }), "{error:?}");
        error.to_string()
    }

    #[test]
    fn each_thing_missing_is_named_with_its_remedy() {
        let text = check_without(|_, device| fs::remove_dir_all(device).unwrap());
        assert!(text.contains("no PCI function 0000:65:00.0") && text.contains("lspci -D -d 10ee:5748"), "{text}");
        let text = check_without(|_, device| fs::remove_file(device.join("iommu_group")).unwrap());
        assert!(text.contains("no IOMMU group") && text.contains("intel_iommu=on"), "{text}");
        let text = check_without(|_, device| fs::remove_file(device.join("driver")).unwrap());
        assert!(text.contains("bound to no driver") && text.contains("driver_override"), "{text}");
        let text = check_without(|_, device| {
            fs::remove_file(device.join("driver")).unwrap();
            fs::create_dir_all(device.join("../../drivers/xdma")).unwrap();
            symlink("../../drivers/xdma", device.join("driver")).unwrap();
        });
        assert!(text.contains("the driver xdma") && text.contains("driver/unbind"), "{text}");
        let text = check_without(|places, _| fs::remove_file(places.dev.join("vfio")).unwrap());
        assert!(text.contains("modprobe vfio-pci"), "{text}");
        let text = check_without(|places, _| fs::remove_file(places.dev.join("17")).unwrap());
        assert!(text.contains("17 cannot be opened") && text.contains("every function of the group"), "{text}");
    }

    #[test]
    fn cards_are_found_by_their_identity_in_order() {
        let (_root, places, address) = machine();
        let other = Address::parse("0000:03:00.0").unwrap();
        for (function, device) in [(other, "0x5748"), (Address::parse("0000:00:02.0").unwrap(), "0x1234")] {
            fs::create_dir_all(places.device(function)).unwrap();
            fs::write(places.device(function).join("vendor"), "0x10ee\n").unwrap();
            fs::write(places.device(function).join("device"), device).unwrap();
        }
        assert_eq!(places.cards(), [other, address]);
    }

    #[test]
    fn whoever_has_the_group_open_is_found_by_its_descriptors() {
        let (_root, places, address) = machine();
        assert_eq!(places.holder(address), None);
        fs::create_dir_all(places.proc.join("4711/fd")).unwrap();
        fs::create_dir_all(places.proc.join("self/fd")).unwrap();
        symlink(places.dev.join("170"), places.proc.join("4711/fd/3")).unwrap();
        assert_eq!(places.holder(address), None);
        symlink(places.dev.join("17"), places.proc.join("4711/fd/4")).unwrap();
        assert_eq!(places.holder(address), Some(4711));
    }
}
