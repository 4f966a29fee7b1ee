//! One card, open: probes go in, searches run, candidates come out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use whorl_layout::{EXTENT_BYTES, GATE_MAX, Opcode, PROBE_IMAGE_BYTES, SQE_BYTES, SqeLoadProbe, Status};
use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{IntoBytes, transmute};

use crate::bringup::{self, DeviceInfo, Queues};
use crate::command::Completion;
use crate::counters::{Activity, Counters};
use crate::dma::DmaMemory;
use crate::error::{DeviceError, Recovery};
use crate::gallery::GalleryBuffer;
use crate::limits::Limits;
use crate::memory::CardMemory;
use crate::monitor::Monitor;
use crate::pool::{DmaBuffer, DmaPool, Ranges};
use crate::recovery::{self, Ladder, Rescued, StepTaken};
use crate::registers::Registers;
use crate::results::{self, SearchOutcome};
use crate::search::SearchRequest;
use crate::transport::Transport;

/// Shared memory for rings, probe images, extent lists and result blocks: enough for every slot of the I/O queue on
/// the largest card.
pub const POOL_BYTES: usize = 16 << 20;
/// Bound of loading one probe: 13 KB over a link that moves gigabytes a second.
const LOAD_BOUND: Duration = Duration::from_secs(5);

/// An open card. Dropping it stops the card as [`close`](Self::close) does, without a word on errors.
#[derive(Debug)]
pub struct Device {
    info: DeviceInfo,
    pub(crate) queues: Option<Queues>, // none: out of service
    searches: BTreeMap<u16, RunningSearch>,
    pub(crate) epoch: u64, // grows with every restart, so that tickets from before are known
    pub(crate) pool: DmaPool,
    pub(crate) card_memory: CardMemory,
    iova: Ranges,
    windows: Vec<Window>,
    pub(crate) registers: Registers,
    pub(crate) limits: Limits,
    pub(crate) steps: Vec<StepTaken>, // of the last time that the reset ladder was needed
    monitor: Option<Monitor>,
    closed: bool,
}

/// A window of host memory that the card may reach. The list of them holds the memory: it outlives the mapping.
#[derive(Debug)]
struct Window {
    iova: u64,
    memory: Arc<DmaMemory>,
}

/// What a search in flight reads and writes.
#[derive(Debug)]
struct RunningSearch {
    request: SearchRequest,
    deadline: Instant,
    results: DmaBuffer,
    _extents: DmaBuffer,
}

/// A search in flight; [`Device::finish_search`] redeems it. One that is dropped holds its queue slot until a reset.
#[derive(Debug)]
#[must_use = "a search in flight holds a queue slot until it is finished"]
pub struct SearchTicket {
    tag: u16,
    epoch: u64,
}

impl Device {
    /// Identifies the card behind `transport`, resets it and starts its queues.
    ///
    /// # Errors
    /// [`DeviceError`] of any kind but `Command`; the card is left without DMA.
    pub fn open(transport: Box<dyn Transport>) -> Result<Self, DeviceError> {
        let mut registers = Registers::new(transport);
        registers.disable_bus_master()?;
        registers.enable_memory_space()?;
        let info = bringup::identify(&mut registers)?;
        let limits = Limits::default();
        bringup::reset_card(&mut registers, limits)?;

        let memory = new_memory(POOL_BYTES)?;
        let mut iova = Ranges::iova_space();
        let window = map(&mut registers, &mut iova, memory)?;
        let pool = DmaPool::new(Arc::clone(&window.memory), window.iova);
        let mut device = Self {
            info,
            queues: None,
            searches: BTreeMap::new(),
            epoch: 0,
            pool,
            card_memory: CardMemory::new(&info),
            iova,
            windows: vec![window],
            registers,
            limits,
            steps: Vec::new(),
            monitor: None,
            closed: false,
        };
        // From here on dropping `device` takes back what was done.
        device.registers.transport().irq_enable(info.queue_pairs.into())?;
        device.queues = Some(bringup::start_queues(&mut device.registers, &device.pool)?);
        Ok(device)
    }

    /// What the card says of itself.
    pub fn info(&self) -> &DeviceInfo {
        &self.info
    }

    /// Whether the card has queues: an error that leaves its state unknown takes them away, a reset gives them back.
    pub fn is_in_service(&self) -> bool {
        self.queues.is_some()
    }

    /// Loads a probe image into `slot` of every stream. Its comparisons take pairs of minutiae whose angles differ by at
    /// most `gate`, in 1/256 turn, 0 to 127.
    ///
    /// # Errors
    /// `InvalidRequest` if the card has no such slot, the image is not of 13,312 bytes or the gate is out of range; else
    /// any. After an error from the card the slot must be taken to be empty.
    pub fn load_probe(&mut self, slot: u8, image: &[u8], gate: u8) -> Result<(), DeviceError> {
        if slot >= self.info.probes || image.len() != PROBE_IMAGE_BYTES {
            let what = format!("{} bytes for probe slot {slot} of {}", image.len(), self.info.probes);
            return Err(DeviceError::InvalidRequest { what });
        }
        if usize::from(gate) > GATE_MAX {
            return Err(DeviceError::InvalidRequest { what: format!("gate {gate}, must be 0 to {GATE_MAX}") });
        }
        let mut buffer = self.pool.take(PROBE_IMAGE_BYTES)?;
        buffer.write(0, image);
        let tag = self.submit(|tag| load_probe_entry(tag, slot, gate, &buffer, crc32c::crc32c(image)))?;
        let completion = self.wait(tag, Instant::now() + LOAD_BOUND, LOAD_BOUND)?;
        completion.success()?;
        Ok(())
    }

    /// Makes and maps memory of at least `bytes` for gallery records.
    ///
    /// # Errors
    /// `OutOfMemory`, or what the transport says of mapping it.
    pub fn alloc_gallery(&mut self, bytes: usize) -> Result<GalleryBuffer, DeviceError> {
        self.unmap_dropped_galleries()?;
        let window = map(&mut self.registers, &mut self.iova, new_memory(bytes)?)?;
        let buffer = GalleryBuffer::new(Arc::clone(&window.memory), window.iova);
        self.windows.push(window);
        Ok(buffer)
    }

    /// Runs one search to its end.
    ///
    /// # Errors
    /// As [`start_search`](Self::start_search) and [`finish_search`](Self::finish_search).
    pub fn search(&mut self, request: &SearchRequest) -> Result<SearchOutcome, DeviceError> {
        let ticket = self.start_search(request)?;
        self.finish_search(ticket)
    }

    /// Hands a search to the card and returns at once, so that the next can be queued behind it.
    ///
    /// # Errors
    /// `InvalidRequest` and `QueueFull`: nothing was sent. Else any.
    pub fn start_search(&mut self, request: &SearchRequest) -> Result<SearchTicket, DeviceError> {
        request.check(&self.info)?;
        let mut extents = self.pool.take(request.extents.len() * EXTENT_BYTES)?;
        for (nth, extent) in request.extents.iter().enumerate() {
            extents.write(nth * EXTENT_BYTES, extent.to_wire().as_bytes());
        }
        let blocks = usize::from(self.info.streams) * usize::from(self.info.probes);
        let results = self.pool.take(blocks * request.result_stride())?;
        let tag = self.submit(|tag| request.to_wire(tag, extents.iova(), results.iova()))?;
        let deadline = Instant::now() + request.timeout;
        self.searches.insert(tag, RunningSearch { request: request.clone(), deadline, results, _extents: extents });
        Ok(SearchTicket { tag, epoch: self.epoch })
    }

    /// Waits for the end of a search and takes its results.
    ///
    /// # Errors
    /// `Timeout` if its time is up; the error says what was lost with it. `LostInReset` if an earlier recovery ended
    /// it. `Command` if the card refused or aborted it. `Protocol` if its results contradict the request. Else any.
    pub fn finish_search(&mut self, ticket: SearchTicket) -> Result<SearchOutcome, DeviceError> {
        self.finish_search_unless(ticket, &|| false)
    }

    /// [`finish_search`](Self::finish_search) that ends the search as soon as `stopped` says so, which is asked twice a
    /// second at least.
    ///
    /// # Errors
    /// `Stopped` if it was; else as `finish_search`.
    #[allow(clippy::needless_pass_by_value)] // a ticket is good once: it must not be left to the caller
    pub fn finish_search_unless(
        &mut self,
        ticket: SearchTicket,
        stopped: &dyn Fn() -> bool,
    ) -> Result<SearchOutcome, DeviceError> {
        let tag = ticket.tag;
        if ticket.epoch != self.epoch {
            return Err(DeviceError::LostInReset);
        }
        let Some(search) = self.searches.get(&tag) else { return Err(DeviceError::LostInReset) };
        let (deadline, timeout) = (search.deadline, search.request.timeout);
        let outcome = self.wait_unless(tag, deadline, timeout, stopped);
        // Whatever came of it, the card no longer writes to the buffers: it completed the command, was reset, or has
        // lost its bus mastering.
        let search = self.searches.remove(&tag);
        let completion = outcome?.success()?;
        let search = search.ok_or(DeviceError::LostInReset)?;
        let mut copy = vec![0; search.results.bytes()];
        search.results.read(0, &mut copy);
        let blocks =
            results::parse(&search.request, &self.info, &copy).inspect_err(|error| self.put_out_of_service(error))?;
        Ok(SearchOutcome { blocks, cycles: completion.cycles })
    }

    /// Reads the card's counters.
    ///
    /// # Errors
    /// `CardLost` or `Transport`.
    pub fn counters(&mut self) -> Result<Counters, DeviceError> {
        Counters::read(&mut self.registers)
    }

    /// Reads all counters, those of each stream included.
    ///
    /// # Errors
    /// `CardLost` or `Transport`.
    pub fn activity(&mut self) -> Result<Activity, DeviceError> {
        Activity::read(&mut self.registers, self.info.streams)
    }

    /// Has `watch` called with the counters at most once per `interval`, while the device waits for the card.
    ///
    /// A search that ends sooner than the driver's liveness interval of 500 ms is seen at its end only.
    pub fn watch(&mut self, interval: Duration, watch: impl FnMut(&Activity) + Send + 'static) {
        self.monitor = Some(Monitor::new(interval, self.info.streams, Box::new(watch)));
    }

    /// Has the card keep other bounds from now on, over resets too.
    ///
    /// # Errors
    /// `CardLost` or `Transport`.
    pub fn set_limits(&mut self, limits: Limits) -> Result<(), DeviceError> {
        self.limits = limits;
        limits.write(&mut self.registers)
    }

    /// Stops the card: bus mastering off, queues off, vectors off, windows unmapped.
    ///
    /// # Errors
    /// The first failure; the rest is done all the same.
    pub fn close(mut self) -> Result<(), DeviceError> {
        self.shut_down()
    }

    pub(crate) fn submit(&mut self, entry: impl FnOnce(u16) -> [u8; SQE_BYTES]) -> Result<u16, DeviceError> {
        let queues = self.queues.as_mut().ok_or(DeviceError::OutOfService)?;
        queues.io.submit(&mut self.registers, entry).inspect_err(|error| self.put_out_of_service(error))
    }

    /// Waits for `tag`; at `deadline` ends it, and reports that it took longer than `after`.
    pub(crate) fn wait(&mut self, tag: u16, deadline: Instant, after: Duration) -> Result<Completion, DeviceError> {
        self.wait_unless(tag, deadline, after, &|| false)
    }

    /// [`wait`](Self::wait) that also ends the command where `stopped` says so, and then reports that.
    fn wait_unless(
        &mut self,
        tag: u16,
        deadline: Instant,
        after: Duration,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Completion, DeviceError> {
        let queues = self.queues.as_mut().ok_or(DeviceError::OutOfService)?;
        let waited = queues.io.wait_watched(&mut self.registers, tag, deadline, self.monitor.as_mut(), stopped);
        let overdue = Instant::now() >= deadline;
        let rescued = match waited {
            Ok(Some(completion)) if completion.status == Status::Timeout => return Err(self.end_hang()),
            Ok(Some(completion)) => return Ok(completion),
            Err(DeviceError::ForeignReset) => return Err(self.start_anew()),
            Ok(None) => {
                let ladder = Ladder::new(&mut self.registers, &self.pool, self.limits, &mut self.steps);
                ladder.end_command(queues, tag)
            }
            Err(error) => Err(error),
        };
        let ended = |recovery| {
            if overdue { DeviceError::Timeout { after, recovery } } else { DeviceError::Stopped { recovery } }
        };
        match rescued.inspect_err(|error| self.put_out_of_service(error))? {
            Rescued::Completed(Completion { status: Status::Aborted, .. }) => Err(ended(Recovery::Abort)),
            Rescued::Completed(Completion { status: Status::Timeout, .. }) => Err(self.end_hang()),
            Rescued::Completed(completion) => Ok(completion),
            Rescued::QueueReset => {
                self.lose_searches();
                Err(ended(Recovery::QueueReset))
            }
            Rescued::Restarted(recovery, queues) => {
                self.queues = Some(*queues);
                self.lose_searches();
                Err(ended(recovery))
            }
        }
    }

    pub(crate) fn ladder(&mut self) -> Ladder<'_> {
        Ladder::new(&mut self.registers, &self.pool, self.limits, &mut self.steps)
    }

    /// Has the card back that somebody else reset.
    fn start_anew(&mut self) -> DeviceError {
        tracing::warn!("the card was reset by somebody else");
        match self.ladder().restart() {
            Ok((_, queues)) => {
                self.queues = Some(queues);
                self.lose_searches();
                DeviceError::ForeignReset
            }
            Err(error) => {
                self.put_out_of_service(&error);
                error
            }
        }
    }

    /// Deals with a command that ended because host memory did not answer, and says how that went.
    fn end_hang(&mut self) -> DeviceError {
        match self.ladder().end_hang() {
            Ok(None) => DeviceError::BusTimeout { recovery: None },
            Ok(Some((recovery, queues))) => {
                self.queues = Some(queues);
                self.lose_searches();
                DeviceError::BusTimeout { recovery: Some(recovery) }
            }
            Err(error) => {
                self.put_out_of_service(&error);
                error
            }
        }
    }

    /// Forgets the searches in flight: the card no longer knows them.
    pub(crate) fn lose_searches(&mut self) {
        self.epoch += 1;
        self.searches.clear();
    }

    /// Takes the queues away after an error that leaves the card's state unknown, DMA first.
    fn put_out_of_service(&mut self, error: &DeviceError) {
        let survivable = matches!(error, DeviceError::QueueFull | DeviceError::Command { .. });
        if !survivable && self.queues.take().is_some() {
            tracing::warn!(%error, "card taken out of service");
            self.epoch += 1;
            if let Err(error) = self.registers.disable_bus_master() {
                tracing::debug!(%error, "bus mastering could not be turned off");
            }
        }
    }

    fn unmap_dropped_galleries(&mut self) -> Result<(), DeviceError> {
        if !self.searches.is_empty() {
            return Ok(()); // one of them may still read a dropped buffer
        }
        let mut nth = 0;
        while let Some(window) = self.windows.get(nth) {
            // The pool's window is held by the pool as well.
            if Arc::strong_count(&window.memory) > 1 {
                nth += 1;
                continue;
            }
            self.registers.transport().dma_unmap(window.iova, window.memory.bytes() as u64)?;
            self.iova.give(window.iova, window.memory.bytes() as u64);
            self.windows.swap_remove(nth);
        }
        Ok(())
    }

    fn shut_down(&mut self) -> Result<(), DeviceError> {
        if std::mem::replace(&mut self.closed, true) {
            return Ok(());
        }
        let mut result = recovery::quiesce(&mut self.registers);
        for window in &self.windows {
            let unmapped = self.registers.transport().dma_unmap(window.iova, window.memory.bytes() as u64);
            result = result.and(unmapped.map_err(DeviceError::from));
        }
        result
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        if let Err(error) = self.shut_down() {
            tracing::debug!(%error, "card not stopped in order");
        }
    }
}

fn new_memory(bytes: usize) -> Result<Arc<DmaMemory>, DeviceError> {
    let memory = DmaMemory::new(bytes).map_err(|source| DeviceError::OutOfMemory { bytes, source: Some(source) })?;
    Ok(Arc::new(memory))
}

fn map(registers: &mut Registers, iova: &mut Ranges, memory: Arc<DmaMemory>) -> Result<Window, DeviceError> {
    let bytes = memory.bytes();
    let start = iova.take(bytes as u64).ok_or(DeviceError::OutOfMemory { bytes, source: None })?;
    match registers.transport().dma_map(start, &memory) {
        Ok(()) => Ok(Window { iova: start, memory }),
        Err(error) => {
            iova.give(start, bytes as u64);
            Err(error.into())
        }
    }
}

fn load_probe_entry(tag: u16, slot: u8, gate: u8, image: &DmaBuffer, crc: u32) -> [u8; SQE_BYTES] {
    transmute!(SqeLoadProbe {
        opcode: Opcode::LoadProbe as u8,
        tag: U16::new(tag),
        probe_slot: slot,
        gate,
        image_address: U64::new(image.iova()),
        crc32c: U32::new(crc),
        ..SqeLoadProbe::default()
    })
}
