//! Faults injected into the running card, seen through the driver: status, log, recovery, and an unharmed next search.

mod common;

use std::ops::Range;
use std::time::Duration;

use common::{Numbers, SEARCH_BOUND, Simulator, check_small_search, expected, found, gallery, load, place, request};
use whorl_device::{Device, DeviceError, ExtentRequest, GalleryBuffer, Limits, Recovery, SearchRequest};
use whorl_layout::Status;
use whorl_matcher::{GATE_DEFAULT, Probe, Record};
use whorl_sim::FaultKind;

/// Cycles within which the modelled host answers by far, and which a simulated card runs through in milliseconds.
const BUS_TIMEOUT: u32 = 4000;
/// An answer so late is given up, and comes soon after.
const LATE: u64 = 3 * BUS_TIMEOUT as u64;
const ANYWHERE: Range<u64> = 0..u64::MAX;

/// A card with a loaded probe and a gallery in four extents.
struct Bench {
    simulator: Simulator,
    device: Device,
    probe: Record,
    records: Vec<Record>,
    extents: Vec<ExtentRequest>,
    _buffer: GalleryBuffer,
}

impl Bench {
    fn new(shape: (u8, u8)) -> Self {
        let simulator = Simulator::start(shape);
        let mut device = simulator.open();
        device.set_limits(Limits { bus_timeout: BUS_TIMEOUT, watchdog: 0 }).unwrap();
        let mut numbers = Numbers::new(21);
        let probe = numbers.record(25);
        let records = gallery(&mut numbers, std::slice::from_ref(&probe), 40);
        load(&mut device, std::slice::from_ref(&probe), GATE_DEFAULT).unwrap();
        let (buffer, extents) = place(&mut device, &records, 10, 300);
        Self { simulator, device, probe, records, extents, _buffer: buffer }
    }

    fn request(&self) -> SearchRequest {
        request(1, self.extents.clone())
    }

    fn search(&mut self) -> Result<(), DeviceError> {
        let request = self.request();
        let outcome = self.device.search(&request)?;
        assert_eq!(found(&outcome, 0, &request), expected(&self.probe, GATE_DEFAULT, &self.records, 300, &request));
        Ok(())
    }

    /// Addresses of an extent.
    fn extent(&self, nth: usize) -> Range<u64> {
        let extent = self.extents[nth];
        extent.address..extent.address + u64::from(extent.lines) * 64
    }

    fn order(&self, kind: FaultKind, within: Range<u64>, after: u64) {
        self.simulator.faults.order(kind, within, after);
    }

    /// The next search is right, with the loaded probe or with one loaded anew.
    fn goes_on(&mut self) {
        assert_eq!(self.simulator.faults.outstanding(), 0, "the fault met no burst");
        load(&mut self.device, std::slice::from_ref(&self.probe), GATE_DEFAULT).unwrap();
        self.search().unwrap();
        check_small_search(&mut self.device);
    }

    fn logged(&mut self) -> (Status, u8, u64) {
        let log = self.device.error_log().unwrap().expect("an error in the log");
        assert!(self.device.error_count().unwrap() >= 1);
        (log.status, log.queue_index, log.address)
    }
}

#[test]
fn a_read_error_in_an_extent_ends_the_search_and_is_logged_with_its_address() {
    for nth in [0, 3] {
        let mut bench = Bench::new((2, 2));
        bench.order(FaultKind::ReadError, bench.extent(nth), 0);
        let error = bench.search().unwrap_err();
        assert!(matches!(error, DeviceError::Command { status: Status::DmaReadError, detail } if detail == nth as u32));
        let (status, queue, address) = bench.logged();
        assert_eq!((status, queue), (Status::DmaReadError, 1));
        assert!(bench.extent(nth).contains(&address));
        bench.goes_on();
    }
}

#[test]
fn a_flipped_bit_in_an_extent_or_an_image_is_found() {
    let mut bench = Bench::new((1, 1));
    bench.order(FaultKind::ReadFlip(130, 5), bench.extent(2), 0);
    let error = bench.search().unwrap_err();
    assert!(matches!(error, DeviceError::Command { status: Status::CrcMismatch, detail: 2 }), "{error}");
    assert_eq!(bench.logged(), (Status::CrcMismatch, 1, bench.extents[2].address));
    bench.order(FaultKind::ReadFlip(100, 0), ANYWHERE, 3);
    let error = bench.device.load_probe(0, &Probe::new(&bench.probe).unwrap().image(), GATE_DEFAULT).unwrap_err();
    assert!(matches!(error, DeviceError::Command { status: Status::CrcMismatch, .. }), "{error}");
    // The slot is empty now.
    let error = bench.search().unwrap_err();
    assert!(matches!(error, DeviceError::Command { status: Status::ProbeNotLoaded, .. }), "{error}");
    let latest = bench.device.latest_error().unwrap().map(|error| error.status);
    assert_eq!((latest, bench.device.error_count().unwrap()), (Some(Status::ProbeNotLoaded), 3));
    bench.goes_on();
}

#[test]
fn a_read_that_is_answered_late_costs_its_search_alone() {
    // The descriptors are read right after the entry; then come the extents.
    for (what, within, after) in [("descriptors", None, 1), ("first extent", Some(0), 0), ("last extent", Some(3), 1)] {
        let mut bench = Bench::new((2, 2));
        let within = within.map_or(ANYWHERE, |nth| bench.extent(nth));
        bench.order(FaultKind::ReadLate(LATE), within, after);
        let error = bench.search().unwrap_err();
        assert!(matches!(error, DeviceError::BusTimeout { recovery: None }), "{what}: {error}");
        let (status, queue, _) = bench.logged();
        assert_eq!((status, queue), (Status::Timeout, 1), "{what}");
        bench.search().unwrap(); // with the probe that was loaded before
        bench.goes_on();
    }
}

#[test]
fn a_read_that_is_never_answered_costs_a_function_reset() {
    for (what, within, after) in [("descriptors", None, 1), ("extent", Some(1), 0)] {
        let mut bench = Bench::new((2, 2));
        let within = within.map_or(ANYWHERE, |nth| bench.extent(nth));
        bench.order(FaultKind::ReadLost, within, after);
        let error = bench.search().unwrap_err();
        assert!(
            matches!(error, DeviceError::BusTimeout { recovery: Some(Recovery::FunctionReset) }),
            "{what}: {error}"
        );
        bench.goes_on();
    }
}

#[test]
fn a_probe_image_that_is_not_answered_is_a_timeout_too() {
    let mut bench = Bench::new((1, 1));
    bench.order(FaultKind::ReadLate(LATE), ANYWHERE, 5);
    let error = bench.device.load_probe(0, &Probe::new(&bench.probe).unwrap().image(), GATE_DEFAULT).unwrap_err();
    assert!(matches!(error, DeviceError::BusTimeout { recovery: None }), "{error}");
    assert_eq!(bench.logged().0, Status::Timeout);
    bench.goes_on();
}

#[test]
fn an_entry_that_is_never_fetched_takes_the_queues_out_of_service_until_a_reset() {
    let mut bench = Bench::new((1, 1));
    bench.order(FaultKind::ReadLost, ANYWHERE, 0);
    // The tag stood in the entry, so the driver cannot know which command the completion is of.
    let error = bench.search().unwrap_err();
    assert!(matches!(error, DeviceError::Protocol { .. }), "{error}");
    assert_eq!(bench.logged().0, Status::Timeout);
    assert!(matches!(bench.search(), Err(DeviceError::OutOfService)));
    assert_eq!(bench.device.reset().unwrap(), Recovery::FunctionReset);
    bench.goes_on();
}

#[test]
fn results_that_are_refused_or_not_answered_end_the_search() {
    for (kind, status) in [
        (FaultKind::WriteError, Status::DmaWriteError),
        (FaultKind::WriteLate(LATE), Status::Timeout),
        (FaultKind::WriteLost, Status::Timeout),
    ] {
        for after in [0, 2] {
            let mut bench = Bench::new((2, 2));
            bench.order(kind, ANYWHERE, after);
            let error = bench.search().unwrap_err();
            match error {
                DeviceError::Command { status: found, .. } => assert_eq!(found, status),
                DeviceError::BusTimeout { recovery: None } => assert_eq!(kind, FaultKind::WriteLate(LATE)),
                DeviceError::BusTimeout { recovery: Some(Recovery::FunctionReset) } => {
                    assert_eq!(kind, FaultKind::WriteLost);
                }
                other => panic!("{kind:?}: {other}"),
            }
            if kind != FaultKind::WriteLost {
                assert_eq!(bench.logged().0, status);
            }
            bench.goes_on();
        }
    }
}

#[test]
fn a_completion_that_is_refused_is_written_again() {
    let mut bench = Bench::new((1, 1));
    bench.order(FaultKind::WriteError, ANYWHERE, 0);
    load(&mut bench.device, std::slice::from_ref(&bench.probe), GATE_DEFAULT).unwrap();
    assert_eq!(bench.device.error_log().unwrap(), None);
    bench.goes_on();
}

#[test]
fn a_completion_that_is_answered_late_halts_its_pair_until_a_queue_reset() {
    let mut bench = Bench::new((1, 1));
    bench.order(FaultKind::WriteLate(LATE), ANYWHERE, 0);
    // The entry is in memory, though the card never learns of it in time.
    load(&mut bench.device, std::slice::from_ref(&bench.probe), GATE_DEFAULT).unwrap();
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(bench.logged().0, Status::Timeout);
    let request = SearchRequest { timeout: Duration::from_millis(300), ..bench.request() };
    let error = bench.device.search(&request).unwrap_err();
    assert!(matches!(error, DeviceError::Timeout { recovery: Recovery::QueueReset, .. }), "{error}");
    bench.search().unwrap(); // with the probe that was loaded before
    bench.goes_on();
}

#[test]
fn a_completion_that_is_never_answered_ends_in_a_function_reset() {
    let mut bench = Bench::new((1, 1));
    bench.order(FaultKind::WriteLost, ANYWHERE, 0);
    load(&mut bench.device, std::slice::from_ref(&bench.probe), GATE_DEFAULT).unwrap();
    let request = SearchRequest { timeout: Duration::from_millis(300), ..bench.request() };
    let error = bench.device.search(&request).unwrap_err();
    assert!(matches!(error, DeviceError::Timeout { recovery: Recovery::FunctionReset, .. }), "{error}");
    bench.goes_on();
}

#[test]
fn interrupts_that_are_stuck_cost_time_and_survive_no_reset() {
    let mut bench = Bench::new((1, 1));
    bench.simulator.faults.hold_interrupts(true);
    bench.search().unwrap();
    assert_eq!(bench.device.reset().unwrap(), Recovery::CardReset);
    load(&mut bench.device, std::slice::from_ref(&bench.probe), GATE_DEFAULT).unwrap();
    bench.search().unwrap();
    bench.simulator.faults.hold_interrupts(false);
    bench.goes_on();
}

#[test]
fn the_watchdog_ends_a_search_that_outlasts_it() {
    let mut bench = Bench::new((1, 1));
    let mut numbers = Numbers::new(5);
    let records = gallery(&mut numbers, std::slice::from_ref(&bench.probe), 2000);
    let (_buffer, extents) = place(&mut bench.device, &records, 100, 0);
    bench.device.set_limits(Limits { bus_timeout: BUS_TIMEOUT, watchdog: 10 }).unwrap();
    let error = bench.device.search(&request(1, extents.clone())).unwrap_err();
    assert!(matches!(error, DeviceError::Command { status: Status::Watchdog, .. }), "{error}");
    assert_eq!(bench.logged().0, Status::Watchdog);
    bench.search().unwrap();
    bench.device.set_limits(Limits { bus_timeout: BUS_TIMEOUT, watchdog: 0 }).unwrap();
    let request = request(1, extents);
    let outcome = bench.device.search(&request).unwrap();
    assert_eq!(found(&outcome, 0, &request), expected(&bench.probe, GATE_DEFAULT, &records, 0, &request));
    bench.goes_on();
}

#[test]
fn the_first_error_stays_and_the_latest_moves_on() {
    let mut bench = Bench::new((1, 1));
    bench.order(FaultKind::ReadError, bench.extent(1), 0);
    bench.search().unwrap_err();
    let first = bench.device.error_log().unwrap();
    bench.order(FaultKind::ReadFlip(0, 0), bench.extent(2), 0);
    bench.search().unwrap_err();
    assert_eq!(bench.device.error_log().unwrap(), first);
    let latest = bench.device.latest_error().unwrap().unwrap();
    assert_eq!((latest.status, latest.address), (Status::CrcMismatch, bench.extents[2].address));
    assert_eq!(bench.device.error_count().unwrap(), 2);
    bench.goes_on();
}

#[test]
fn resets_at_any_moment_lose_the_search_and_nothing_else() {
    let mut bench = Bench::new((2, 2));
    let mut numbers = Numbers::new(77);
    for _ in 0..40 {
        load(&mut bench.device, std::slice::from_ref(&bench.probe), GATE_DEFAULT).unwrap();
        let ticket = bench.device.start_search(&SearchRequest { timeout: SEARCH_BOUND, ..bench.request() }).unwrap();
        std::thread::sleep(Duration::from_micros(numbers.below(20_000)));
        assert_eq!(bench.device.reset().unwrap(), Recovery::CardReset);
        assert!(matches!(bench.device.finish_search(ticket), Err(DeviceError::LostInReset)));
        load(&mut bench.device, std::slice::from_ref(&bench.probe), GATE_DEFAULT).unwrap();
        bench.search().unwrap();
    }
}
