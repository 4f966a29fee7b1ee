//! Steps in which something goes wrong: the driver says what, and the next search is right.

use crate::SEARCH_UNTIL_KILLED;
use crate::bus::Card;
use crate::fixture::Fixture;
use crate::report::{Fault, Step};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use whorl_device::{
    Device, DeviceError, EXTENTS_MAX, ExtentRequest, GalleryBuffer, Memory, SearchOutcome, SearchRequest, SearchTicket,
    with_causes,
};
use whorl_layout::{LINE_BYTES, Status, csr};
use whorl_search::{Candidacy, CardEngine, Engine, EngineError, Incident, Pool, Role, Service, put_shard};

/// Bound of a search that is to run until something ends it; without that, it would take a simulated card a minute.
const LONG: Duration = Duration::from_mins(2);
/// Bound of a search that reads next to nothing.
const SHORT: Duration = Duration::from_secs(10);
/// Within this a search is seen to run.
const RUNNING_BOUND: Duration = Duration::from_secs(10);
/// Within this the driver must notice what became of its card.
const NOTICED_BOUND: Duration = Duration::from_secs(5);
/// When a search is reset: at once, and such that the driver looks at the card while the reset is under way.
const RESET_DELAYS: [Duration; 2] = [Duration::ZERO, Duration::from_millis(450)];
/// When a pool's search is reset, which takes several seconds.
const POOL_RESET_DELAY: Duration = Duration::from_millis(700);
/// How often a pool is given the fixture's probes.
const POOL_SEARCHES: usize = 6;
/// Memory of the machine that no driver has mapped: 32 MiB from its start the kernel has been unpacked, or data lie.
const PHYSICAL_ADDRESS: u64 = 32 << 20;
/// Offset of the command register, and of its bit that makes BAR0 answer (PCI Local Bus Specification 3.0, 6.2.2).
const COMMAND: u16 = 4;
const MEMORY_SPACE: u8 = 1 << 1;
/// What the killed process prints when its search runs.
const SEARCHING: &str = "searching";

/// The transport's reset takes the registers back to what they are after power-up.
pub fn reset_by_the_driver(card: &Card) -> Step {
    let mut transport = whorl_transport::vfio::open(card.address())?;
    transport.config_write(COMMAND, &[MEMORY_SPACE, 0])?;
    let before = transport.bar0_read(csr::BUS_TIMEOUT)?;
    let other = before ^ 0x55;
    transport.bar0_write(csr::BUS_TIMEOUT, other)?;
    let written = transport.bar0_read(csr::BUS_TIMEOUT)?;
    transport.reset()?;
    transport.config_write(COMMAND, &[MEMORY_SPACE, 0])?;
    let after = transport.bar0_read(csr::BUS_TIMEOUT)?;
    if (written, after) != (other, before) {
        return Err(format!("a register was {before:#x}, {written:#x} when written, {after:#x} after the reset").into());
    }
    Ok("a register has its first value again".to_owned())
}

/// What the driver has not mapped, or no longer, the card cannot read.
pub fn unmapped_memory(card: &Card, fixture: &Fixture) -> Step {
    let mut engine = card.open_engine(fixture)?;
    fixture.check(&mut engine)?;
    expect_refusal(read_at(engine.device(), PHYSICAL_ADDRESS), "physical memory")?;
    fixture.check(&mut engine)?;

    let device = engine.device();
    let buffer = device.alloc_gallery(LINE_BYTES)?;
    let _behind = device.alloc_gallery(LINE_BYTES)?;
    let address = buffer.address(0);
    // Zeros are no record: the card has read them, and says so.
    match read_at(device, address) {
        Err(DeviceError::Command { status: Status::CrcMismatch | Status::RecordFormat, .. }) => {}
        other => return Err(format!("mapped memory: {}", shown(&other)).into()),
    }
    drop(buffer);
    // The next allocation unmaps it, and is too large for the gap.
    let _larger = device.alloc_gallery(3 << 20)?;
    expect_refusal(read_at(device, address), "memory that was unmapped")?;
    fixture.check(&mut engine)?;
    Ok(format!("{PHYSICAL_ADDRESS:#x} and an unmapped window end with DmaReadError, the next search is right"))
}

/// A search over the one line at `address`.
fn read_at(device: &mut Device, address: u64) -> Result<SearchOutcome, DeviceError> {
    let (memory, crc32c, known_answer) = (Memory::Host, 0, false);
    let extent = ExtentRequest { memory, address, lines: 1, records: 1, base_index: 0, crc32c, known_answer };
    device.search(&SearchRequest { probe_mask: 1, threshold: 0, top_k: 1, extents: vec![extent], timeout: SHORT })
}

fn expect_refusal(outcome: Result<SearchOutcome, DeviceError>, what: &str) -> Result<(), Fault> {
    match outcome {
        Err(DeviceError::Command { status: Status::DmaReadError, detail: 0 }) => Ok(()),
        other => Err(format!("{what}: {}", shown(&other)).into()),
    }
}

fn shown(outcome: &Result<SearchOutcome, DeviceError>) -> String {
    outcome.as_ref().map_or_else(|error| with_causes(error), |_| "a search succeeded".to_owned())
}

/// Somebody resets the function while a search runs: the driver notices, and starts the card anew.
pub fn reset_in_mid_search(card: &Card, fixture: &Fixture) -> Step {
    let mut engine = card.open_engine(fixture)?;
    fixture.check(&mut engine)?;
    let mut noticed = Vec::new();
    for delay in RESET_DELAYS {
        let (ticket, _buffer) = start_long_search(engine.device(), fixture)?;
        let file = card.file("reset");
        let reset = std::thread::spawn(move || {
            std::thread::sleep(delay);
            let begun = Instant::now();
            fs::write(file, "1").map(|()| begun)
        });
        let outcome = engine.device().finish_search(ticket);
        let ended = Instant::now();
        let begun = reset.join().map_err(|_| "the thread that resets panicked")??;
        if !matches!(outcome, Err(DeviceError::ForeignReset)) {
            return Err(format!("reset after {delay:?}: {}", shown(&outcome)).into());
        }
        let took = ended.saturating_duration_since(begun);
        if took > NOTICED_BOUND {
            return Err(format!("noticed only after {took:?}").into());
        }
        noticed.push(took.as_millis());
        fixture.check(&mut engine)?;
    }
    let method = fs::read_to_string(card.file("reset_method"))?;
    Ok(format!("{}, noticed after {noticed:?} ms, the next searches are right", method.trim()))
}

/// The same under a pool: the card is given its work again, and stays in service.
pub fn reset_under_a_pool(card: &Card, fixture: &Fixture) -> Step {
    let engine = Some(Box::new(card.open_engine(fixture)?) as Box<dyn Engine>);
    let reopen = || Err(EngineError::Request { what: "nobody has drained it".into() });
    let candidacy = Candidacy { name: card.engine(), role: Role::Worker, engine, open: Box::new(reopen) };
    let mut pool = Pool::new(vec![candidacy])?;
    pool.load(fixture.shard())?;
    let file = card.file("reset");
    let reset = std::thread::spawn(move || {
        std::thread::sleep(POOL_RESET_DELAY);
        fs::write(file, "1")
    });
    let answers = pool.search(&fixture.search(POOL_SEARCHES))?;
    reset.join().map_err(|_| "the thread that resets panicked")??;
    fixture.expect(&answers, POOL_SEARCHES)?;
    let incidents: Vec<_> = answers.iter().flat_map(|answer| &answer.incidents).collect();
    let foreign = |incident: &&Incident| incident.what.contains("somebody else") && !incident.left_service;
    if incidents.is_empty() || !incidents.iter().all(foreign) {
        return Err(format!("the reset came to {incidents:?}").into());
    }
    if pool.status().iter().any(|member| member.service != Service::InService) {
        return Err(format!("the card left service: {:?}", pool.status()).into());
    }
    Ok(format!("{} answers are right, the card did the lost work again and is in service", answers.len()))
}

/// The driver is killed while a search runs: its card can no longer reach memory, and the next driver finds it well.
pub fn kill_in_mid_search(card: &Card, fixture: &Fixture) -> Step {
    let program = std::env::current_exe()?;
    let mut child = Command::new(program).args([SEARCH_UNTIL_KILLED, card.address()]).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    let output = child.stdout.take().ok_or("no pipe to the process")?;
    BufReader::new(output).read_line(&mut line)?;
    let was_master = card.is_bus_master()?;
    child.kill()?;
    child.wait()?;
    if line.trim() != SEARCHING || !was_master {
        return Err(format!("the process did not search: {:?}, bus mastering {was_master}", line.trim()).into());
    }
    if card.is_bus_master()? {
        return Err("bus mastering is still on after the death of the driver".into());
    }
    let started = Instant::now();
    let mut engine = card.open_engine(fixture)?;
    let opened = started.elapsed();
    fixture.check(&mut engine)?;
    Ok(format!("bus mastering is off, opened again in {} ms, the next search is right", opened.as_millis()))
}

/// The process that is to be killed.
pub fn search_until_killed(address: &str) -> Result<(), Fault> {
    let fixture = Fixture::read()?;
    let device = Device::open(whorl_transport::vfio::open(address)?)?;
    let mut engine = CardEngine::new(device, address.to_owned());
    let (ticket, _buffer) = start_long_search(engine.device(), &fixture)?;
    println!("{SEARCHING}");
    let outcome = engine.device().finish_search(ticket);
    Err(format!("nobody killed this process: {}", shown(&outcome)).into())
}

/// Starts a search of the gallery over and over, and waits until the card has compared something.
fn start_long_search(device: &mut Device, fixture: &Fixture) -> Result<(SearchTicket, GalleryBuffer), Fault> {
    device.load_probe(0, &fixture.probe_image(), whorl_matcher::GATE_DEFAULT)?;
    let shard = fixture.shard();
    let mut buffer = device.alloc_gallery(shard.bytes().len())?;
    let extents = put_shard(&mut buffer, &shard).into_iter().cycle().take(EXTENTS_MAX).collect();
    let request = SearchRequest { probe_mask: 1, threshold: 0, top_k: 1, extents, timeout: LONG };
    let before = device.counters()?.records;
    let ticket = device.start_search(&request)?;
    let deadline = Instant::now() + RUNNING_BOUND;
    while device.counters()?.records == before {
        if Instant::now() > deadline {
            return Err("the search does not start".into());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok((ticket, buffer))
}
