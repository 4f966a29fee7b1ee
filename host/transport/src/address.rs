//! A card's address on the PCI bus.

use whorl_device::TransportError;

/// Address of a PCI function: domain, bus, device, function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Address {
    domain: u16,
    bus: u8,
    device: u8,
    function: u8,
}

impl Address {
    /// Reads `dddd:bb:dd.f` in hexadecimal; the domain may be left out and is then 0.
    ///
    /// # Errors
    /// `InvalidArgument` if it reads otherwise.
    pub fn parse(text: &str) -> Result<Self, TransportError> {
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

#[cfg(test)]
mod tests {
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
}
