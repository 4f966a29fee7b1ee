//! How sessions end: clients that die, functions that are reset and simulators that are killed, all in mid-search.

mod common;

use std::time::{Duration, Instant};

use common::{
    Numbers, Process, SEARCH_BOUND, Simulator, Tapped, check_small_search, connect, gallery, load, options, place,
    request, role_socket,
};
use whorl_device::{Device, DeviceError, GalleryBuffer, Recovery, SearchRequest, SearchTicket, TransportError};
use whorl_matcher::GATE_DEFAULT;
use whorl_sim::{Faults, SimError, SimOptions};

/// The bound within which a simulator that ended must be noticed, by a client that waits for its interrupt.
const ENDED_BOUND: Duration = Duration::from_secs(1);
/// The bound within which a dead card must be noticed.
const LOST_BOUND: Duration = Duration::from_secs(5);

/// Starts a search that a simulated card needs many seconds for, and lets it run for a moment.
fn start_long_search(device: &mut Device) -> (SearchTicket, GalleryBuffer) {
    let mut numbers = Numbers::new(3);
    let probes = [numbers.record(48)];
    let records = gallery(&mut numbers, &probes, 20_000);
    load(device, &probes, GATE_DEFAULT).unwrap();
    let (buffer, extents) = place(device, &records, 1000, 0);
    let ticket = device.start_search(&SearchRequest { timeout: SEARCH_BOUND, ..request(1, extents) }).unwrap();
    std::thread::sleep(Duration::from_millis(100));
    assert!(device.counters().unwrap().records > 0, "the search has not started");
    (ticket, buffer)
}

/// Makes the card and serves it.
fn serve(options: &SimOptions) -> Result<(), SimError> {
    whorl_sim::Simulator::new(options, &Faults::default())?.serve()
}

#[test]
fn a_function_level_reset_in_mid_search_loses_the_search_and_not_the_card() {
    let simulator = Simulator::start((1, 1));
    let tapped = Tapped::new(simulator.connect());
    let mut device = Device::open(Box::new(tapped.clone())).unwrap();
    let (ticket, _buffer) = start_long_search(&mut device);
    tapped.with(|transport| transport.config_write(0x68, &0x8000_u16.to_le_bytes())).unwrap();
    let started = Instant::now();
    let error = device.finish_search(ticket).unwrap_err();
    assert!(matches!(error, DeviceError::CardLost { .. }), "{error}");
    assert!(started.elapsed() < LOST_BOUND);
    assert_eq!(device.reset().unwrap(), Recovery::FunctionReset);
    check_small_search(&mut device);
}

#[test]
fn a_card_reset_in_mid_search_drains_and_goes_on() {
    let simulator = Simulator::start((2, 2));
    let mut device = simulator.open();
    let (ticket, _buffer) = start_long_search(&mut device);
    assert_eq!(device.reset().unwrap(), Recovery::CardReset);
    assert!(matches!(device.finish_search(ticket), Err(DeviceError::LostInReset)));
    check_small_search(&mut device);
}

#[test]
fn a_client_that_closes_in_mid_search_leaves_a_fresh_card() {
    let simulator = Simulator::start((1, 1));
    let mut device = simulator.open();
    let (_ticket, _buffer) = start_long_search(&mut device);
    drop(device);
    let mut device = simulator.open();
    assert!(device.counters().unwrap().records == 0, "counters of the client before");
    check_small_search(&mut device);
}

#[test]
fn a_client_that_is_killed_in_mid_search_leaves_a_fresh_card() {
    let simulator = Simulator::start((1, 1));
    drop(simulator.connect()); // it is there
    for _ in 0..2 {
        let ready = simulator.socket().with_extension("ready");
        let _ = std::fs::remove_file(&ready);
        let mut client = Process::start("client_process", &simulator.socket());
        let deadline = Instant::now() + SEARCH_BOUND;
        while !ready.exists() {
            assert!(Instant::now() < deadline && client.runs(), "the client did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        client.kill();
        let mut device = simulator.open();
        assert_eq!(device.counters().unwrap().records, 0, "counters of the client before");
        check_small_search(&mut device);
    }
}

#[test]
#[ignore = "started by another test as a process of its own"]
fn client_process() {
    let Some(socket) = role_socket() else { return };
    let mut device = Device::open(connect(&socket)).unwrap();
    let (ticket, _buffer) = start_long_search(&mut device);
    std::fs::write(socket.with_extension("ready"), "").unwrap();
    let outcome = device.finish_search(ticket);
    panic!("the client should have been killed by now: {outcome:?}");
}

#[test]
fn a_simulator_that_is_killed_is_noticed_in_time_even_by_a_client_that_waits() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("card");
    let mut simulator = Process::start("simulator_process", &socket);
    let mut device = Device::open(connect(&socket)).unwrap();
    let (ticket, _buffer) = start_long_search(&mut device);
    let killer = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        simulator.kill();
        Instant::now()
    });
    let error = device.finish_search(ticket).unwrap_err();
    let noticed = Instant::now();
    let killed = killer.join().unwrap();
    assert!(matches!(error, DeviceError::CardLost { .. }), "{error}");
    let after = noticed.saturating_duration_since(killed);
    assert!(after < ENDED_BOUND, "{after:?}");
    assert!(matches!(device.counters(), Err(DeviceError::CardLost { .. })));

    // The socket that it left behind is taken over by the next.
    let _simulator = Process::start("simulator_process", &socket);
    check_small_search(&mut Device::open(connect(&socket)).unwrap());
}

#[test]
fn a_simulator_that_ends_ends_every_wait_for_an_interrupt() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("card");
    let mut simulator = Process::start("simulator_process", &socket);
    let mut transport = connect(&socket);
    transport.irq_enable(1).unwrap();
    simulator.kill();
    let killed = Instant::now();
    // However long the driver would wait: nobody else looks meanwhile.
    let ended = transport.irq_wait(0, SEARCH_BOUND);
    assert!(matches!(ended, Err(TransportError::Lost { .. })), "{ended:?}");
    assert!(killed.elapsed() < ENDED_BOUND, "{:?}", killed.elapsed());
}

#[test]
fn a_simulator_that_hangs_is_noticed_in_time() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("card");
    let simulator = Process::start("simulator_process", &socket);
    let mut device = Device::open(connect(&socket)).unwrap();
    let (ticket, _buffer) = start_long_search(&mut device);
    simulator.freeze();
    let stopped = Instant::now();
    let error = device.finish_search(ticket).unwrap_err();
    assert!(matches!(error, DeviceError::CardLost { .. }), "{error}");
    assert!(stopped.elapsed() < LOST_BOUND, "{:?}", stopped.elapsed());
}

#[test]
#[ignore = "started by other tests as a process of its own"]
fn simulator_process() {
    let Some(socket) = role_socket() else { return };
    panic!("the simulator ended: {:?}", serve(&options(&socket, (1, 1))));
}

#[test]
fn a_socket_in_use_is_left_alone() {
    let simulator = Simulator::start((1, 1));
    drop(simulator.connect());
    let error = serve(&options(&simulator.socket(), (1, 1))).unwrap_err();
    assert!(matches!(error, whorl_sim::SimError::SocketInUse { .. }), "{error}");
    let file = simulator.socket().with_extension("file");
    std::fs::write(&file, "precious").unwrap();
    assert!(matches!(serve(&options(&file, (1, 1))), Err(whorl_sim::SimError::SocketInUse { .. })));
    assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    check_small_search(&mut simulator.open());
}

#[test]
fn waves_are_refused_by_a_build_that_cannot_write_them() {
    let folder = tempfile::tempdir().unwrap();
    let waves = folder.path().join("card.fst");
    let asked = whorl_sim::SimOptions { fst: Some(waves), ..options(&folder.path().join("card"), (1, 1)) };
    if cfg!(feature = "trace") {
        return;
    }
    assert!(matches!(serve(&asked), Err(whorl_sim::SimError::NoTracing)));
}
