//! A model of the card for unit tests: registers, queues and commands as software, with a fault to order.
//!
//! It acts inside the register write that rings a doorbell, so tests need neither threads nor clocks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use whorl_layout::{
    DEVICE_MAGIC, INTERFACE_MAJOR, LANES, Opcode, PCI_DEVICE_ID, PCI_VENDOR_ID, SPEC_HASH, Status, TOP_K_MAX, csr,
};

use crate::dma::DmaMemory;
use crate::transport::{Transport, TransportError};

#[path = "mock_commands.rs"]
mod commands;

/// What the model does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Every register reads as all ones and nothing is done; configuration space answers.
    AllOnes,
    /// As `AllOnes`, and configuration space reads as all ones too.
    Unplugged,
    /// Every call of the transport fails.
    DeadTransport,
    /// Commands of I/O queues never complete but by an abort.
    Hang,
    /// Commands of I/O queues never complete, nor do aborts.
    HangAll,
    /// Commands of I/O queues never complete; aborts do, and do not help.
    HangBeyondAbort,
    /// Commands of I/O queues end with TIMEOUT, and the port stays hung until the function is reset.
    HungBus,
    /// The same, and the answer comes late.
    LateBus,
    /// As `HangAll`, and a card reset does not end.
    HangBeyondReset,
    /// The same, and a function reset does not help.
    HangBeyondAll,
    /// The same, and the kernel refuses to reset the function.
    HangWithoutReset,
    /// As `HangAll`, and the I/O queue pair is refused after a card reset.
    HangBeyondQueues,
    /// The I/O queue pair is refused.
    NoQueuePair,
    /// No interrupt is raised, though the completion is written.
    LostInterrupt,
    /// Completions carry another tag, queue index, status or head.
    WrongTag,
    WrongQueue,
    UnknownStatus,
    WrongHead,
    /// The commands end with this status and detail 7.
    Fails(Status),
}

#[derive(Debug)]
struct Ring {
    sq: u64,
    cq: u64,
    slots: u16,
    sq_head: u16,
    cq_tail: u16,
    phase: u32,
}

/// The state of the model, shared with the test that watches it.
#[derive(Debug)]
pub(crate) struct MockCard {
    pub(crate) fault: Fault,
    pub(crate) registers: BTreeMap<u32, u32>,
    pub(crate) command: u16,
    pub(crate) windows: BTreeMap<u64, DmaMemory>,
    pub(crate) vectors: u16,
    pub(crate) raised: Vec<u64>,
    pub(crate) function_resets: u32,
    pub(crate) card_resets: u32,
    pub(crate) queue_resets: u32,
    pub(crate) probes: [Option<(u8, Vec<u8>)>; 8], // gate and image
    /// What goes wrong from the moment that a command of this kind comes.
    pub(crate) then: Option<(Opcode, Fault)>,
    /// Where the card is on a bus.
    pub(crate) address: Option<String>,
    /// What is done to a result block before it is written.
    pub(crate) spoil: Option<fn(&mut [u8])>,
    /// Everything done to the transport, by name, in order.
    pub(crate) log: Vec<String>,
    rings: BTreeMap<u8, Ring>,
    pending: Vec<(u8, u16)>, // commands that hang: queue, tag
}

/// Signature that the model gives all known answers.
pub(crate) const KNOWN_SIGNATURE: u32 = 0x5eed_ca5e;
pub(crate) const STREAMS: u8 = 2;
pub(crate) const PROBES: u8 = 2;

/// Score that the model gives a record, a function of its gallery index alone.
pub(crate) fn score(index: u32) -> u16 {
    (index.wrapping_mul(40_503) >> 3) as u16
}

/// A transport over the model.
#[derive(Debug)]
pub(crate) struct Mock(Arc<Mutex<MockCard>>);

/// A model and its transport.
pub(crate) fn mock() -> (Mock, Arc<Mutex<MockCard>>) {
    let sizes = u32::from(STREAMS) | u32::from(PROBES) << 8 | 4 << 16 | (LANES as u32) << 24;
    let card = MockCard {
        fault: Fault::None,
        registers: BTreeMap::from([
            (csr::ID_MAGIC, DEVICE_MAGIC),
            (csr::ID_VERSION, (INTERFACE_MAJOR as u32) << 16),
            (csr::ID_SPEC_HASH, SPEC_HASH),
            (csr::ID_BUILD, 0x0b11_1d00),
            (csr::CAPABILITY0, sizes),
            (csr::CAPABILITY1, TOP_K_MAX as u32 | 10 << 16),
            (csr::STATUS, csr::STATUS_READY_MASK),
        ]),
        command: 0,
        windows: BTreeMap::new(),
        vectors: 0,
        raised: Vec::new(),
        function_resets: 0,
        card_resets: 0,
        queue_resets: 0,
        probes: Default::default(),
        then: None,
        address: None,
        spoil: None,
        log: Vec::new(),
        rings: BTreeMap::new(),
        pending: Vec::new(),
    };
    let card = Arc::new(Mutex::new(card));
    (Mock(Arc::clone(&card)), card)
}

impl MockCard {
    fn window(&self, address: u64, bytes: usize) -> Option<(&DmaMemory, usize)> {
        assert!(self.command & 4 != 0, "DMA at {address:#x} with bus mastering off");
        let (start, memory) = self.windows.range(..=address).next_back()?;
        let offset = (address - start) as usize;
        (offset + bytes <= memory.bytes()).then_some((memory, offset))
    }

    fn fetch(&self, address: u64, bytes: usize) -> Option<Vec<u8>> {
        let (memory, offset) = self.window(address, bytes)?;
        let mut data = vec![0; bytes];
        memory.read(offset, &mut data);
        Some(data)
    }

    fn store(&self, address: u64, data: &[u8]) {
        let (memory, offset) = self.window(address, data.len()).expect("the model writes to mapped memory");
        memory.write(offset, data);
    }

    fn is_silent(&self) -> bool {
        matches!(self.fault, Fault::AllOnes | Fault::Unplugged)
    }

    fn pair(&self, lo: u32, hi: u32) -> u64 {
        let word = |offset| u64::from(self.registers.get(&offset).copied().unwrap_or(0));
        word(hi) << 32 | word(lo)
    }

    fn control(&mut self, value: u32) {
        if value & csr::CONTROL_RESET_MASK != 0 {
            self.card_resets += 1;
            self.stop();
            self.probes = Default::default();
            let stuck = [Fault::HangBeyondReset, Fault::HangBeyondAll, Fault::HangWithoutReset].contains(&self.fault);
            let ready = u32::from(!stuck);
            let hung = if self.fault == Fault::HungBus { csr::STATUS_HUNG_MASK } else { 0 };
            self.registers.insert(csr::STATUS, ready | hung);
        }
        if value & csr::CONTROL_ENABLE_MASK == 0 {
            self.stop();
        } else if self.rings.is_empty() {
            let slots = 1 << self.registers[&csr::ADMIN_QUEUE];
            let sq = self.pair(csr::ADMIN_SQ_BASE_LO, csr::ADMIN_SQ_BASE_HI);
            let cq = self.pair(csr::ADMIN_CQ_BASE_LO, csr::ADMIN_CQ_BASE_HI);
            self.rings.insert(0, Ring { sq, cq, slots, sq_head: 0, cq_tail: 0, phase: 1 });
        }
    }

    /// A function reset by somebody who restores configuration space after it, as the kernel does.
    pub(crate) fn reset_by_somebody_else(&mut self) {
        self.registers.insert(csr::CONTROL, 0);
        self.probes = Default::default();
        self.stop();
    }

    fn stop(&mut self) {
        self.rings.clear();
        self.pending.clear();
    }
}

impl Mock {
    fn card(&self) -> Result<MutexGuard<'_, MockCard>, TransportError> {
        let card = self.0.lock().unwrap();
        if card.fault == Fault::DeadTransport {
            return Err(TransportError::Lost { reason: "the model is dead".into() });
        }
        Ok(card)
    }
}

impl Transport for Mock {
    fn config_read(&mut self, offset: u16, data: &mut [u8]) -> Result<(), TransportError> {
        let card = self.card()?;
        let [vendor, device] = [PCI_VENDOR_ID, PCI_DEVICE_ID].map(u16::to_le_bytes);
        match (offset, data.len()) {
            _ if card.fault == Fault::Unplugged => data.fill(0xff),
            (0, 4) => data.copy_from_slice(&[vendor, device].concat()),
            (4, 2) => data.copy_from_slice(&card.command.to_le_bytes()),
            other => panic!("configuration space at {other:?}"),
        }
        Ok(())
    }

    fn config_write(&mut self, offset: u16, data: &[u8]) -> Result<(), TransportError> {
        assert_eq!(offset, 4);
        let mut card = self.card()?;
        card.command = u16::from_le_bytes(data.try_into().unwrap());
        let entry = format!("command {:#x}", card.command);
        card.log.push(entry);
        Ok(())
    }

    fn bar0_read(&mut self, offset: u32) -> Result<u32, TransportError> {
        let card = self.card()?;
        if card.is_silent() {
            return Ok(u32::MAX);
        }
        assert!(card.command & 2 != 0, "BAR0 is read with memory space off");
        Ok(card.registers.get(&offset).copied().unwrap_or(0))
    }

    fn bar0_write(&mut self, offset: u32, value: u32) -> Result<(), TransportError> {
        let mut card = self.card()?;
        card.registers.insert(offset, value);
        let group = offset.wrapping_sub(csr::QUEUE_PAIR_SQ_TAIL);
        if card.is_silent() {
        } else if offset == csr::CONTROL {
            card.log.push(format!("control {value:#x}"));
            card.control(value);
        } else if group < csr::QUEUE_PAIR_COUNT * csr::QUEUE_PAIR_STRIDE && group.is_multiple_of(csr::QUEUE_PAIR_STRIDE)
        {
            card.doorbell((group / csr::QUEUE_PAIR_STRIDE) as u8, value as u16);
        }
        Ok(())
    }

    fn dma_map(&mut self, iova: u64, memory: &DmaMemory) -> Result<(), TransportError> {
        let mut card = self.card()?;
        card.log.push("map".into());
        card.windows.insert(iova, memory.share().unwrap());
        Ok(())
    }

    fn dma_unmap(&mut self, iova: u64, bytes: u64) -> Result<(), TransportError> {
        let mut card = self.card()?;
        card.log.push("unmap".into());
        let window = card.windows.remove(&iova).expect("a window that was mapped");
        assert_eq!(window.bytes() as u64, bytes);
        Ok(())
    }

    fn irq_enable(&mut self, vectors: u16) -> Result<(), TransportError> {
        let mut card = self.card()?;
        card.log.push("vectors on".into());
        card.vectors = vectors;
        card.raised = vec![0; vectors.into()];
        Ok(())
    }

    fn irq_disable(&mut self) -> Result<(), TransportError> {
        let mut card = self.card()?;
        card.log.push("vectors off".into());
        card.vectors = 0;
        Ok(())
    }

    fn irq_wait(&mut self, vector: u16, timeout: Duration) -> Result<bool, TransportError> {
        let raised = std::mem::take(&mut self.card()?.raised[usize::from(vector)]) > 0;
        if !raised {
            std::thread::sleep(timeout.min(Duration::from_millis(20))); // a test need not wait for the whole of it
        }
        Ok(raised)
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        let mut card = self.card()?;
        if card.fault == Fault::HangWithoutReset {
            let source = std::io::ErrorKind::Unsupported.into();
            return Err(TransportError::System { action: "reset the function", source });
        }
        card.function_resets += 1;
        card.command = 0;
        if !card.is_silent() && card.fault != Fault::HangBeyondAll {
            card.fault = Fault::None;
        }
        card.stop();
        card.registers.insert(csr::STATUS, csr::STATUS_READY_MASK);
        Ok(())
    }

    fn address(&self) -> Option<String> {
        self.0.lock().unwrap().address.clone()
    }
}
