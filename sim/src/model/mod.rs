//! One clock cycle of the card: what goes into its ports and what comes out of them.

mod ffi;

pub(crate) use ffi::Model;

/// A lane: its stream, its probe slot, and which of the engine's.
pub(crate) type Lane = (u8, u8, u8);

/// Configurations of the card that are compiled in: streams, engines per stream.
pub(crate) const CONFIGURATIONS: &[(u8, u8)] = &[
    (1, 1),
    (2, 2),
    #[cfg(feature = "wide")]
    (4, 4),
    #[cfg(feature = "wide")]
    (1, 8),
];
/// Channels of card memory that the structs have room for: one for each stream.
pub(crate) const CHANNELS_MAX: usize = 4;

/// Values of the card's inputs on one AXI4 port during one cycle. Names are the ports'.
///
/// The layout is that of `PortInputs` in `card.cpp`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PortInputs {
    pub(crate) rdata: [u32; 16],
    pub(crate) awready: bool,
    pub(crate) wready: bool,
    pub(crate) bvalid: bool,
    pub(crate) bid: u8,
    pub(crate) bresp: u8,
    pub(crate) arready: bool,
    pub(crate) rvalid: bool,
    pub(crate) rid: u8,
    pub(crate) rresp: u8,
    pub(crate) rlast: bool,
}

/// Values of the card's outputs on one AXI4 port. Data and strobes are those of the latest valid beat.
///
/// The layout is that of `PortOutputs` in `card.cpp`; flags are bytes of 0 or 1.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PortOutputs {
    pub(crate) wdata: [u32; 16],
    pub(crate) wstrb: u64,
    pub(crate) awaddr: u64,
    pub(crate) araddr: u64,
    pub(crate) awvalid: u8,
    pub(crate) awid: u8,
    pub(crate) awlen: u8,
    pub(crate) wvalid: u8,
    pub(crate) wlast: u8,
    pub(crate) bready: u8,
    pub(crate) arvalid: u8,
    pub(crate) arid: u8,
    pub(crate) arlen: u8,
    pub(crate) rready: u8,
}

/// Values of the card's input ports during one cycle. Names are the ports'.
///
/// The layout is that of `Inputs` in `card.cpp`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Inputs {
    pub(crate) host: PortInputs,
    pub(crate) memory: [PortInputs; CHANNELS_MAX],
    pub(crate) memory_units: [u32; CHANNELS_MAX],
    pub(crate) axil_wdata: u32,
    pub(crate) axil_awaddr: u16,
    pub(crate) axil_araddr: u16,
    pub(crate) rst: bool,
    pub(crate) axil_awvalid: bool,
    pub(crate) axil_wvalid: bool,
    pub(crate) axil_wstrb: u8,
    pub(crate) axil_bready: bool,
    pub(crate) axil_arvalid: bool,
    pub(crate) axil_rready: bool,
    pub(crate) msix_ready: bool,
}

/// Values of the card's output ports just before the rising edge that ends a cycle. Whatever is valid and ready then has
/// been transferred by it.
///
/// The layout is that of `Outputs` in `card.cpp`; flags are bytes of 0 or 1.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Outputs {
    pub(crate) host: PortOutputs,
    pub(crate) memory: [PortOutputs; CHANNELS_MAX],
    pub(crate) axil_rdata: u32,
    pub(crate) axil_awready: u8,
    pub(crate) axil_wready: u8,
    pub(crate) axil_bvalid: u8,
    pub(crate) axil_bresp: u8,
    pub(crate) axil_arready: u8,
    pub(crate) axil_rvalid: u8,
    pub(crate) axil_rresp: u8,
    pub(crate) msix_valid: u8,
    pub(crate) msix_vector: u8,
}
