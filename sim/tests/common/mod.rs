//! What the whole-card tests share: simulators, synthetic records, and what the matcher makes of them.
#![allow(dead_code)] // each test file uses its part

use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use whorl_device::dma::DmaMemory;
use whorl_device::{
    Candidate, Device, DeviceError, ExtentRequest, GalleryBuffer, SearchOutcome, SearchRequest, Transport,
    TransportError,
};
use whorl_matcher::{Backend, Comparator, GATE_DEFAULT, Probe, Record, RecordMinutia};
use whorl_sim::{Faults, LinkModel, MemoryModel, SimOptions};

/// Bound of one test search: a simulated card takes seconds where a card takes microseconds.
pub const SEARCH_BOUND: Duration = Duration::from_mins(5);
const START_BOUND: Duration = Duration::from_secs(20);

/// Set in the processes that a test starts from its own binary: the socket to serve, or to be a client of.
const SOCKET_VARIABLE: &str = "WHORL_SIM_TEST_SOCKET";

/// Options of a small card at `socket`.
pub fn options(socket: &Path, (streams, probes): (u8, u8)) -> SimOptions {
    SimOptions {
        socket: socket.to_path_buf(),
        streams,
        probes,
        fst: None,
        link: LinkModel::default(),
        memory: MemoryModel::default(),
    }
}

/// A simulator on a thread of this process. It serves until the process ends.
pub struct Simulator {
    folder: TempDir,
    pub faults: Faults,
}

impl Simulator {
    pub fn start(shape: (u8, u8)) -> Self {
        Self::start_with(shape, LinkModel::default(), MemoryModel::default())
    }

    pub fn start_with(shape: (u8, u8), link: LinkModel, memory: MemoryModel) -> Self {
        log();
        let folder = tempfile::tempdir().unwrap();
        let options = SimOptions { link, memory, ..options(&folder.path().join("card"), shape) };
        let faults = Faults::default();
        let simulator = whorl_sim::Simulator::new(&options, &faults).unwrap();
        std::thread::spawn(move || panic!("the simulator ended: {:?}", simulator.serve()));
        Self { folder, faults }
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.path().join("card")
    }

    pub fn connect(&self) -> Box<dyn Transport> {
        connect(&self.socket())
    }

    pub fn open(&self) -> Device {
        Device::open(self.connect()).unwrap()
    }
}

/// Shows the simulator's log where WHORL_LOG asks for it, as in `WHORL_LOG=debug`.
fn log() {
    let filter = tracing_subscriber::EnvFilter::from_env("WHORL_LOG");
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_test_writer().try_init();
}

/// Connects as soon as there is somebody to connect to.
pub fn connect(socket: &Path) -> Box<dyn Transport> {
    let deadline = Instant::now() + START_BOUND;
    loop {
        match whorl_transport::vfio_user::connect(socket) {
            Ok(transport) => return transport,
            Err(error) if Instant::now() > deadline => panic!("{error}"),
            Err(_) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// A process that ends, at the latest, with the test that started it.
pub struct Process(Child);

impl Process {
    /// Runs the ignored test `role` of this binary as a process of its own, with `socket` for [`role_socket`].
    pub fn start(role: &str, socket: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--ignored", "--exact", role]).env(SOCKET_VARIABLE, socket);
        Self(command.spawn().unwrap())
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.0.try_wait().unwrap().is_none()
    }

    /// Stops it where it stands, as a hang would.
    pub fn freeze(&self) {
        let process = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(process, rustix::process::Signal::STOP).unwrap();
    }

    /// Ends it with SIGKILL, and returns when it is gone.
    pub fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The socket that [`Process::start`] gave to this process; none if it was started otherwise.
pub fn role_socket() -> Option<PathBuf> {
    std::env::var_os(SOCKET_VARIABLE).map(PathBuf::from)
}

/// A transport that the test keeps a hand on while the driver uses it.
#[derive(Debug, Clone)]
pub struct Tapped(Arc<Mutex<Box<dyn Transport>>>);

impl Tapped {
    pub fn new(transport: Box<dyn Transport>) -> Self {
        Self(Arc::new(Mutex::new(transport)))
    }

    pub fn with<T>(&self, act: impl FnOnce(&mut dyn Transport) -> T) -> T {
        act(self.0.lock().unwrap().as_mut())
    }
}

impl Transport for Tapped {
    fn config_read(&mut self, offset: u16, data: &mut [u8]) -> Result<(), TransportError> {
        self.with(|transport| transport.config_read(offset, data))
    }
    fn config_write(&mut self, offset: u16, data: &[u8]) -> Result<(), TransportError> {
        self.with(|transport| transport.config_write(offset, data))
    }
    fn bar0_read(&mut self, offset: u32) -> Result<u32, TransportError> {
        self.with(|transport| transport.bar0_read(offset))
    }
    fn bar0_write(&mut self, offset: u32, value: u32) -> Result<(), TransportError> {
        self.with(|transport| transport.bar0_write(offset, value))
    }
    fn dma_map(&mut self, iova: u64, memory: &DmaMemory) -> Result<(), TransportError> {
        self.with(|transport| transport.dma_map(iova, memory))
    }
    fn dma_unmap(&mut self, iova: u64, bytes: u64) -> Result<(), TransportError> {
        self.with(|transport| transport.dma_unmap(iova, bytes))
    }
    fn irq_enable(&mut self, vectors: u16) -> Result<(), TransportError> {
        self.with(|transport| transport.irq_enable(vectors))
    }
    fn irq_disable(&mut self) -> Result<(), TransportError> {
        self.with(|transport| transport.irq_disable())
    }
    fn irq_wait(&mut self, vector: u16, timeout: Duration) -> Result<bool, TransportError> {
        self.with(|transport| transport.irq_wait(vector, timeout))
    }
    fn reset(&mut self) -> Result<(), TransportError> {
        self.with(|transport| transport.reset())
    }
}

/// Numbers that look random and are the same each time (splitmix64).
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    fn minutia(&mut self) -> RecordMinutia {
        let mut descriptor = [0; 16];
        descriptor[..8].copy_from_slice(&self.next().to_le_bytes());
        descriptor[8..].copy_from_slice(&self.next().to_le_bytes());
        RecordMinutia {
            x: self.below(400) as i16 - 200,
            y: self.below(400) as i16 - 200,
            angle: self.next() as u8,
            descriptor,
            quality: 2 * self.below(51) as u8,
            kind: self.below(3) as u8,
        }
    }

    /// A finger of `count` minutiae.
    pub fn record(&mut self, count: usize) -> Record {
        Record { minutiae: (0..count).map(|_| self.minutia()).collect() }
    }

    /// Another impression of a finger: most minutiae come back, moved a little, with a few bits of their descriptors
    /// changed, among others that are new.
    pub fn mate(&mut self, of: &Record, count: usize) -> Record {
        let mut mate = self.record(count);
        let kept = of.minutiae.len().min(count * 3 / 4);
        for (place, minutia) in mate.minutiae.iter_mut().zip(&of.minutiae[..kept]) {
            *place = *minutia;
            place.x += self.below(9) as i16 - 4;
            place.y += self.below(9) as i16 - 4;
            place.angle = place.angle.wrapping_add(self.below(9) as u8);
            for _ in 0..self.below(12) {
                let bit = self.below(128) as usize;
                place.descriptor[bit / 8] ^= 1 << (bit % 8);
            }
        }
        mate
    }
}

/// A gallery of `count` records of 0 to 96 minutiae, every 16th a mate of one of `probes`.
pub fn gallery(numbers: &mut Numbers, probes: &[Record], count: usize) -> Vec<Record> {
    let record = |nth: usize| match nth % 16 {
        7 => {
            let minutiae = 20 + numbers.below(77) as usize;
            numbers.mate(&probes[nth / 16 % probes.len()], minutiae)
        }
        // Sizes at the edges of lines and records come often.
        3 => numbers.record([0, 1, 2, 3, 4, 47, 48, 49, 95, 96][nth / 16 % 10]),
        _ => {
            let minutiae = 5 + numbers.below(60) as usize;
            numbers.record(minutiae)
        }
    };
    (0..count).map(record).collect()
}

/// Copies `records` to the card's reach, in extents of `per_extent`, the first of gallery index `base_index`.
pub fn place(
    device: &mut Device,
    records: &[Record],
    per_extent: usize,
    base_index: u32,
) -> (GalleryBuffer, Vec<ExtentRequest>) {
    let packed: Vec<Vec<u8>> =
        records.chunks(per_extent).map(|part| part.iter().flat_map(Record::to_bytes).collect()).collect();
    let mut buffer = device.alloc_gallery(packed.iter().map(Vec::len).sum()).unwrap();
    let (mut offset, mut index) = (0, base_index);
    let mut extents = Vec::new();
    for (lines, part) in packed.iter().zip(records.chunks(per_extent)) {
        extents.push(ExtentRequest { base_index: index, ..buffer.put(offset, lines, part.len() as u32) });
        offset += lines.len();
        index += part.len() as u32;
    }
    (buffer, extents)
}

/// A search of everything in `extents` against the first `probes` slots.
pub fn request(probes: u8, extents: Vec<ExtentRequest>) -> SearchRequest {
    SearchRequest { probe_mask: (1 << probes) - 1, threshold: 0, top_k: 16, extents, timeout: SEARCH_BOUND }
}

/// What a search must come to for one probe, all streams together.
#[derive(Debug, PartialEq, Eq)]
pub struct Expected {
    pub comparisons: u32,
    pub passed: u32,
    pub histogram: Vec<u32>,
    pub candidates: Vec<Candidate>,
}

/// What the matcher makes of it; `gate` as the probe was loaded with.
pub fn expected(probe: &Record, gate: u8, records: &[Record], base_index: u32, request: &SearchRequest) -> Expected {
    let probe = Probe::new(probe).unwrap();
    let comparator = Comparator::new(Backend::Portable);
    let mut histogram = vec![0; 512];
    let mut candidates = Vec::new();
    for (index, record) in (base_index..).zip(records) {
        let score = comparator.score(&probe, &record.to_bytes(), gate).unwrap().score;
        histogram[usize::from(score >> 5).min(511)] += 1;
        if score >= request.threshold {
            candidates.push(Candidate { index, score });
        }
    }
    let passed = candidates.len() as u32;
    Expected { comparisons: records.len() as u32, passed, histogram, candidates: best(candidates, request.top_k) }
}

/// What the card made of it for one probe, all streams together.
pub fn found(outcome: &SearchOutcome, probe_slot: u8, request: &SearchRequest) -> Expected {
    let blocks: Vec<_> = outcome.blocks.iter().filter(|block| block.probe_slot == probe_slot).collect();
    let histogram = (0..512).map(|bin| blocks.iter().map(|block| block.histogram[bin]).sum()).collect();
    let candidates = blocks.iter().flat_map(|block| block.candidates.iter().copied()).collect();
    Expected {
        comparisons: blocks.iter().map(|block| block.comparisons).sum(),
        passed: blocks.iter().map(|block| block.passed).sum(),
        histogram,
        candidates: best(candidates, request.top_k),
    }
}

fn best(mut candidates: Vec<Candidate>, top_k: u16) -> Vec<Candidate> {
    candidates.sort_by_key(|candidate| (std::cmp::Reverse(candidate.score), candidate.index));
    candidates.truncate(top_k.into());
    candidates
}

/// Loads `probes` into their slots, all with one gate.
pub fn load(device: &mut Device, probes: &[Record], gate: u8) -> Result<(), DeviceError> {
    for (slot, probe) in (0..).zip(probes) {
        device.load_probe(slot, &Probe::new(probe).unwrap().image(), gate)?;
    }
    Ok(())
}

/// A search small enough to be run often, checked against the matcher to the last number.
pub fn check_small_search(device: &mut Device) {
    let mut numbers = Numbers::new(11);
    let probes = [numbers.record(30)];
    let records = gallery(&mut numbers, &probes, 24);
    load(device, &probes, GATE_DEFAULT).unwrap();
    let (_buffer, extents) = place(device, &records, 10, 500);
    let request = request(1, extents);
    let outcome = device.search(&request).unwrap();
    assert_eq!(found(&outcome, 0, &request), expected(&probes[0], GATE_DEFAULT, &records, 500, &request));
}
