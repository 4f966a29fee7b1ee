//! A card's address on the PCI bus, and what must be in place before `vfio` can open it.

use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};

use whorl_device::TransportError;

/// Address of a PCI function: domain, bus, device, function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address {
    domain: u16,
    bus: u8,
    device: u8,
    function: u8,
}

impl Address {
    /// Reads `dddd:bb:dd.f` in hexadecimal; the domain may be left out and is then 0.
    pub(crate) fn parse(text: &str) -> Result<Self, TransportError> {
        Self::parse_parts(text).ok_or_else(|| TransportError::InvalidArgument {
            what: format!("PCI address {text:?}, must read like 0000:65:00.0 or 65:00.0"),
        })
    }

    fn parse_parts(text: &str) -> Option<Self> {
        let (rest, function) = text.rsplit_once('.')?;
        let (rest, device) = rest.rsplit_once(':')?;
        let (domain, bus) = rest.rsplit_once(':').unwrap_or(("0000", rest));
        let hex = |digits: &str, count: usize, max: u16| {
            let plain = digits.len() == count && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            let value = u16::from_str_radix(digits, 16).ok().filter(|_| plain)?;
            (value <= max).then_some(value)
        };
        Some(Self {
            domain: hex(domain, 4, u16::MAX)?,
            bus: hex(bus, 2, 0xff)? as u8,
            device: hex(device, 2, 0x1f)? as u8,
            function: hex(function, 1, 7)? as u8,
        })
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04x}:{:02x}:{:02x}.{:x}", self.domain, self.bus, self.device, self.function)
    }
}

/// Where the kernel shows its devices; other folders in tests.
#[derive(Debug)]
pub(crate) struct Places {
    pub(crate) sys: PathBuf,
    pub(crate) dev: PathBuf,
}

impl Default for Places {
    fn default() -> Self {
        Self { sys: "/sys/bus/pci".into(), dev: "/dev/vfio".into() }
    }
}

impl Places {
    /// Folder of the function in sysfs.
    pub(crate) fn device(&self, address: Address) -> PathBuf {
        self.sys.join("devices").join(address.to_string())
    }

    /// Finds out what stands between us and the function, before a system call fails with less to say.
    pub(crate) fn check(&self, address: Address) -> Result<(), TransportError> {
        let device = self.device(address);
        let unavailable = |what: String, remedy: String| Err(TransportError::Unavailable { what, remedy });
        if !device.is_dir() {
            return unavailable(
                format!("There is no PCI function {address}"),
                format!(
                    "List the cards with `lspci -D -d {:04x}:{:04x}`",
                    whorl_layout::PCI_VENDOR_ID,
                    whorl_layout::PCI_DEVICE_ID
                ),
            );
        }
        let Some(group) = link_name(&device.join("iommu_group")) else {
            return unavailable(
                format!("PCI function {address} is in no IOMMU group"),
                "Turn the IOMMU on in the firmware (VT-d or AMD-Vi) and in the kernel (intel_iommu=on), then reboot"
                    .into(),
            );
        };
        match link_name(&device.join("driver")) {
            Some(driver) if driver == "vfio-pci" => {}
            bound => {
                let bound = bound.map_or_else(|| "no driver".into(), |driver| format!("the driver {driver}"));
                let folder = device.display();
                let unbind = if device.join("driver").exists() {
                    format!("echo {address} > {folder}/driver/unbind; ")
                } else {
                    String::new()
                };
                return unavailable(
                    format!("PCI function {address} is bound to {bound}, not to vfio-pci"),
                    format!(
                        "As root: modprobe vfio-pci; {unbind}echo vfio-pci > {folder}/driver_override; \
                         echo {address} > {}/drivers_probe",
                        self.sys.display()
                    ),
                );
            }
        }
        self.check_node(Path::new("vfio"), "Load the driver with `modprobe vfio-pci`")?;
        self.check_node(Path::new(&group), "Bind every function of the group to vfio-pci")
    }

    fn check_node(&self, name: &Path, if_absent: &str) -> Result<(), TransportError> {
        let node = self.dev.join(name);
        let Err(error) = OpenOptions::new().read(true).write(true).open(&node) else { return Ok(()) };
        let remedy = match error.kind() {
            io::ErrorKind::NotFound => if_absent.to_owned(),
            io::ErrorKind::PermissionDenied => {
                format!("Give this user access, as with `chown $USER {}` or a udev rule", node.display())
            }
            io::ErrorKind::ResourceBusy => "Another process has the card open: end it".to_owned(),
            _ => "Look into the kernel's log (dmesg) for the cause".to_owned(),
        };
        Err(TransportError::Unavailable { what: format!("{} cannot be opened ({error})", node.display()), remedy })
    }
}

fn link_name(link: &Path) -> Option<String> {
    Some(link.read_link().ok()?.file_name()?.to_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn addresses_are_read_with_and_without_domain() {
        let address = Address { domain: 0x1a, bus: 0x65, device: 0x1f, function: 7 };
        assert_eq!(Address::parse("001A:65:1f.7").unwrap(), address);
        assert_eq!(address.to_string(), "001a:65:1f.7");
        assert_eq!(Address::parse("65:1f.7").unwrap(), Address { domain: 0, ..address });
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "65:00",
            "65:20.0",
            "65:00.8",
            "165:00.0",
            "65:00.00",
            "10000:65:00.0",
            "+065:00.0",
            "0000:65:00.0/../..",
            "0:65:00.0",
            "0000:0000:65:00.0",
            "65:0g.0",
            "65:00.-1",
        ] {
            assert!(matches!(Address::parse(text), Err(TransportError::InvalidArgument { .. })), "{text:?}");
        }
    }

    /// A function with everything in place, in folders of its own.
    fn machine() -> (tempfile::TempDir, Places, Address) {
        let root = tempfile::tempdir().unwrap();
        let places = Places { sys: root.path().join("sys"), dev: root.path().join("dev") };
        let address = Address::parse("65:00.0").unwrap();
        fs::create_dir_all(places.device(address)).unwrap();
        fs::create_dir_all(&places.dev).unwrap();
        symlink("../../drivers/vfio-pci", places.device(address).join("driver")).unwrap();
        symlink("../../../kernel/iommu_groups/17", places.device(address).join("iommu_group")).unwrap();
        fs::write(places.dev.join("vfio"), "").unwrap();
        fs::write(places.dev.join("17"), "").unwrap();
        (root, places, address)
    }

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
}
