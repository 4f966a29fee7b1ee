//! What the simulator can do. Prints figures and judges none: `cargo test -p whorl-sim --test figures -- --ignored --nocapture`.

mod common;

use std::time::Instant;

use common::{Numbers, Simulator, gallery, load, place, request};
use whorl_device::{SearchRequest, Transport};
use whorl_layout::csr;
use whorl_matcher::GATE_DEFAULT;

#[test]
#[ignore = "prints figures of this machine"]
fn figures() {
    for &shape in whorl_sim::configurations() {
        let simulator = Simulator::start(shape);
        println!("{} streams x {} probes", shape.0, shape.1);
        register_latency(simulator.connect());
        search_speed(&simulator, shape.1);
    }
}

fn register_latency(mut transport: Box<dyn Transport>) {
    transport.config_write(4, &[2, 0]).unwrap();
    let before = transport.bar0_read(csr::CYCLES_LO).unwrap();
    let started = Instant::now();
    let count = 3000;
    for _ in 0..count {
        transport.bar0_read(csr::ID_MAGIC).unwrap();
    }
    let each = started.elapsed() / count;
    let cycles = (transport.bar0_read(csr::CYCLES_LO).unwrap() - before) / count;
    println!("  BAR0 read {each:?}, {cycles} cycles of an idle card each");
    let rate = f64::from(cycles) / each.as_secs_f64() / 1e3;
    println!("  at most {rate:.0} thousand cycles/s idle, register accesses included");
}

fn search_speed(simulator: &Simulator, probes: u8) {
    let mut device = simulator.open();
    let mut numbers = Numbers::new(1);
    let probe_records: Vec<_> = (0..probes).map(|_| numbers.record(48)).collect();
    let records = gallery(&mut numbers, &probe_records, 4000);
    load(&mut device, &probe_records, GATE_DEFAULT).unwrap();
    let (_buffer, extents) = place(&mut device, &records, 250, 0);
    let request = SearchRequest { top_k: 256, ..request(probes, extents) };
    let before = device.counters().unwrap();
    let started = Instant::now();
    let outcome = device.search(&request).unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let after = device.counters().unwrap();
    let cycles = (after.cycles - before.cycles) as f64;
    println!(
        "  searching: {:.0} thousand cycles/s, {seconds:.2} s for {} records",
        cycles / seconds / 1e3,
        records.len()
    );
    let minutiae = (after.minutiae - before.minutiae) as f64;
    let busy = f64::from(outcome.cycles);
    println!("  {:.3} minutiae a cycle and stream; {busy} cycles", minutiae / busy / f64::from(device.info().streams));
    for block in outcome.blocks.iter().filter(|block| block.probe_slot == 0) {
        println!("  stream {}: {:?}", block.stream, block.statistics);
    }
}
