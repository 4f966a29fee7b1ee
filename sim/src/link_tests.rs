//! The link against a card of a few lines, cycle by cycle.

use std::cell::RefCell;

use super::*;

const BASE: u64 = 0x1_0000_0000;

/// Memory of one window at `BASE`.
struct Window(RefCell<Vec<u8>>);

impl Window {
    fn new(bytes: usize) -> Self {
        Self(RefCell::new((0..bytes).map(|at| (at / 3) as u8).collect()))
    }

    fn place(&self, address: u64, bytes: usize) -> Option<std::ops::Range<usize>> {
        let start = usize::try_from(address.checked_sub(BASE)?).ok()?;
        let end = start.checked_add(bytes)?;
        (end <= self.0.borrow().len()).then_some(start..end)
    }
}

impl Memory for Window {
    fn read(&self, address: u64, data: &mut [u8]) -> bool {
        let place = self.place(address, data.len());
        if let Some(place) = place.clone() {
            data.copy_from_slice(&self.0.borrow()[place]);
        }
        place.is_some()
    }

    fn write(&self, address: u64, data: &[u8]) -> bool {
        let place = self.place(address, data.len());
        if let Some(place) = place.clone() {
            self.0.borrow_mut()[place].copy_from_slice(data);
        }
        place.is_some()
    }
}

fn link(latency: u64, bytes_per_cycle: u64, reads_in_flight: usize) -> Link {
    let timing = LinkTiming { latency, bytes_per_cycle, reads_in_flight, ..LinkTiming::default() };
    Link::new(timing, Faults::default(), FaultyLink::Host)
}

/// One cycle of a card that drives `outputs`; the inputs it saw.
fn cycle(link: &mut Link, memory: &Window, outputs: &PortOutputs) -> PortInputs {
    let mut inputs = PortInputs::default();
    link.drive(&mut inputs, memory);
    link.advance(&inputs, outputs, memory);
    inputs
}

fn read(id: u8, address: u64, beats: u8) -> PortOutputs {
    PortOutputs { arvalid: 1, arid: id, araddr: address, arlen: beats - 1, rready: 1, ..PortOutputs::default() }
}

fn waiting() -> PortOutputs {
    PortOutputs { rready: 1, bready: 1, ..PortOutputs::default() }
}

/// Beats returned within `cycles`: cycle, ID, response, last, first byte.
fn returned(link: &mut Link, memory: &Window, cycles: u64) -> Vec<(u64, u8, u8, bool, u8)> {
    let mut beats = Vec::new();
    for at in 0..cycles {
        let inputs = cycle(link, memory, &waiting());
        if inputs.rvalid {
            beats.push((at, inputs.rid, inputs.rresp, inputs.rlast, inputs.rdata[0] as u8));
        }
    }
    beats
}

#[test]
fn a_read_takes_the_latency_and_then_a_beat_a_cycle() {
    let memory = Window::new(4096);
    let mut link = link(10, 64, 4);
    cycle(&mut link, &memory, &read(3, BASE + 192, 2));
    let beats = returned(&mut link, &memory, 40);
    assert_eq!(beats, [(10, 3, 0, false, 64), (11, 3, 0, true, (256 / 3) as u8)]);
    assert!(link.is_idle());
}

#[test]
fn every_byte_of_a_beat_is_returned_in_its_lane() {
    let memory = Window::new(4096);
    let mut link = link(0, 64, 4);
    cycle(&mut link, &memory, &read(0, BASE + 64, 1));
    let inputs = cycle(&mut link, &memory, &waiting());
    let bytes: Vec<u8> = inputs.rdata.iter().flat_map(|word| word.to_le_bytes()).collect();
    assert_eq!(bytes, memory.0.borrow()[64..128]);
}

#[test]
fn the_rate_of_the_link_bounds_reads_and_writes() {
    let memory = Window::new(8192);
    let mut reading = link(0, 16, 4);
    cycle(&mut reading, &memory, &read(0, BASE, 64));
    let beats = returned(&mut reading, &memory, 1000);
    assert_eq!(beats.len(), 64);
    assert_eq!(beats[63].0 - beats[3].0, 60 * 4, "16 of 64 bytes a cycle");

    let mut writing = link(0, 16, 4);
    let data = PortOutputs { wvalid: 1, wstrb: u64::MAX, ..waiting() };
    cycle(&mut writing, &memory, &PortOutputs { awvalid: 1, awaddr: BASE, awlen: 63, ..data });
    let taken = (0..100).filter(|_| cycle(&mut writing, &memory, &data).wready).count();
    assert!((25..=26).contains(&taken), "{taken} beats in 100 cycles");
}

#[test]
fn a_rate_that_divides_no_beat_is_kept_on_average() {
    let memory = Window::new(8192);
    let mut reading = link(0, 50, 4);
    cycle(&mut reading, &memory, &read(0, BASE, 64));
    let beats = returned(&mut reading, &memory, 1000);
    // 60 beats of 64 bytes at 50 bytes a cycle are 76.8 cycles.
    assert!((76..=78).contains(&(beats[63].0 - beats[3].0)), "{} cycles", beats[63].0 - beats[3].0);

    let mut writing = link(0, 50, 4);
    let data = PortOutputs { wvalid: 1, wstrb: u64::MAX, ..waiting() };
    cycle(&mut writing, &memory, &PortOutputs { awvalid: 1, awaddr: BASE, awlen: 63, ..data });
    let taken = (0..64).filter(|_| cycle(&mut writing, &memory, &data).wready).count();
    assert!((50..=51).contains(&taken), "{taken} beats in 64 cycles");
}

#[test]
fn reads_come_back_in_order_and_no_more_than_allowed_are_in_flight() {
    let memory = Window::new(8192);
    let mut link = link(50, 64, 3);
    let mut accepted = 0_u8;
    for _ in 0..20 {
        let inputs = cycle(&mut link, &memory, &read(accepted, BASE + 64 * u64::from(accepted), 1));
        accepted += u8::from(inputs.arready);
    }
    assert_eq!(accepted, 3);
    let ids: Vec<u8> = returned(&mut link, &memory, 100).iter().map(|beat| beat.1).collect();
    assert_eq!(ids, [0, 1, 2]);
}

#[test]
fn a_card_that_is_not_ready_loses_no_beat() {
    let memory = Window::new(4096);
    let mut link = link(0, 64, 4);
    cycle(&mut link, &memory, &read(0, BASE, 2));
    let deaf = PortOutputs::default();
    let seen: Vec<u32> = (0..5).map(|_| cycle(&mut link, &memory, &deaf).rdata[0]).collect();
    assert_eq!(seen, [seen[0]; 5]);
    assert_eq!(returned(&mut link, &memory, 10).len(), 2);
}

#[test]
fn memory_that_refuses_is_an_error_on_every_beat() {
    let memory = Window::new(4096);
    let mut link = link(0, 64, 8);
    // Outside, and half outside.
    for address in [0, BASE + 4096, BASE + 4032] {
        cycle(&mut link, &memory, &read(0, address, 2));
        let beats = returned(&mut link, &memory, 10);
        assert_eq!(
            beats.iter().map(|beat| (beat.2, beat.3, beat.4)).collect::<Vec<_>>(),
            [(2, false, 0), (2, true, 0)]
        );
    }
    assert_eq!(link.counts().errors, 3);
}

#[test]
fn bursts_against_the_rules_are_refused() {
    let memory = Window::new(16384);
    for (address, beats) in [(BASE + 32, 1), (BASE + 4032, 2), (BASE, 65)] {
        let mut link = link(0, 64, 8);
        cycle(&mut link, &memory, &read(0, address, beats));
        let beats = returned(&mut link, &memory, 200);
        assert!(beats.iter().all(|beat| beat.2 == SLVERR), "{address:#x}");
        assert!(beats.last().unwrap().3);
    }
}

#[test]
fn a_write_changes_the_bytes_of_its_strobes_with_its_last_beat() {
    let memory = Window::new(4096);
    let before = memory.0.borrow().clone();
    let mut link = link(5, 64, 4);
    let strobes = 0x8000_0000_0000_f00f;
    let beat = PortOutputs { wvalid: 1, wdata: [0xeeee_eeee; 16], wstrb: strobes, ..waiting() };
    cycle(&mut link, &memory, &PortOutputs { awvalid: 1, awid: 9, awaddr: BASE + 64, awlen: 1, ..beat });
    cycle(&mut link, &memory, &beat);
    assert_eq!(*memory.0.borrow(), before, "posted before the last beat");
    cycle(&mut link, &memory, &PortOutputs { wlast: 1, wstrb: 0, ..beat });
    let mut expected = before;
    for lane in (0..64).filter(|lane| strobes >> lane & 1 == 1) {
        expected[64 + lane] = 0xee;
    }
    assert_eq!(*memory.0.borrow(), expected);
    let answers: Vec<_> = (0..20).map(|_| cycle(&mut link, &memory, &waiting())).collect();
    let at: Vec<usize> = (0..20).filter(|&at| answers[at].bvalid).collect();
    assert_eq!(at, [5]);
    assert_eq!((answers[5].bid, answers[5].bresp), (9, OKAY));
    assert!(link.is_idle());
}

#[test]
fn a_write_that_memory_refuses_or_that_is_malformed_is_answered_with_an_error() {
    let memory = Window::new(4096);
    let before = memory.0.borrow().clone();
    for (address, beats, last_at) in [(0, 1, 1), (BASE + 4032, 2, 2), (BASE, 2, 1)] {
        let mut link = link(0, 64, 4);
        let beat = PortOutputs { wvalid: 1, wstrb: u64::MAX, ..waiting() };
        cycle(&mut link, &memory, &PortOutputs { awvalid: 1, awaddr: address, awlen: beats - 1, ..waiting() });
        for nth in 1..=last_at {
            cycle(&mut link, &memory, &PortOutputs { wlast: u8::from(nth == last_at), ..beat });
        }
        let answer = cycle(&mut link, &memory, &waiting());
        assert_eq!((answer.bvalid, answer.bresp), (true, SLVERR), "{address:#x}");
    }
    assert_eq!(*memory.0.borrow(), before);
}

#[test]
fn a_reset_forgets_what_is_in_flight() {
    let memory = Window::new(4096);
    let mut link = link(5, 64, 4);
    cycle(&mut link, &memory, &read(0, BASE, 1));
    cycle(&mut link, &memory, &PortOutputs { awvalid: 1, awaddr: BASE, ..waiting() });
    assert!(!link.is_idle());
    link.reset();
    assert!(link.is_idle());
    assert_eq!(returned(&mut link, &memory, 20), []);
}

#[test]
fn strobes_split_into_runs() {
    let split = |strobes| runs(strobes).collect::<Vec<_>>();
    assert_eq!(split(0), []);
    assert_eq!(split(u64::MAX), [(0, 64)]);
    assert_eq!(split(0x8000_0000_0000_0001), [(0, 1), (63, 64)]);
    assert_eq!(split(0xf0f0), [(4, 8), (12, 16)]);
}

/// A link on whose ports reads and writes never end: beats read and written in `cycles`.
fn both_ways(timing: LinkTiming, reads: bool, writes: bool, cycles: u64) -> (u64, u64) {
    let memory = Window::new(4096);
    let mut link = Link::new(timing, Faults::default(), FaultyLink::Host);
    let write = PortOutputs { awvalid: 1, awaddr: BASE, wvalid: 1, wlast: 1, ..waiting() };
    let card =
        PortOutputs { arvalid: u8::from(reads), araddr: BASE, arlen: 15, ..if writes { write } else { waiting() } };
    for _ in 0..cycles {
        cycle(&mut link, &memory, &card);
    }
    (link.counts().read_bytes / 64, link.counts().write_bytes / 64)
}

#[test]
fn a_half_duplex_link_shares_its_rate() {
    let timing = LinkTiming { latency: 0, bytes_per_cycle: 64, reads_in_flight: 4, ..LinkTiming::default() };
    let (reads, writes) = both_ways(timing, true, true, 1000);
    assert!(reads > 950 && writes > 950, "{reads} and {writes}");
    let (reads, writes) = both_ways(LinkTiming { half_duplex: true, ..timing }, true, true, 1000);
    assert!((950..=1010).contains(&(reads + writes)), "{reads} and {writes}");
    assert!(reads > 300 && writes > 300, "{reads} and {writes}");
}

#[test]
fn refresh_takes_its_share() {
    let timing = LinkTiming {
        latency: 0,
        bytes_per_cycle: 64,
        reads_in_flight: 4,
        refresh_every: 100,
        refresh: 20,
        ..LinkTiming::default()
    };
    let (reads, _) = both_ways(timing, true, false, 10_000);
    assert!((7900..=8110).contains(&reads), "{reads}");
}
