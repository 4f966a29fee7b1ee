//! The card on its own thread: cycles run as long as there is something to do.
//!
//! When no transfer has moved for a while, nothing is in flight and the card's status says that it is idle, the thread
//! sleeps until the next register access. Simulated time stands still then: the card's cycle counter counts cycles that
//! were simulated, not time that passed.

use std::sync::mpsc::{Receiver, Sender, SyncSender, TryRecvError, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use whorl_layout::{CHANNEL_UNIT_BYTES, csr};

use crate::card_memory::Channel;
use crate::faults::{Faults, FaultyLink, Mishap};
use crate::host::Host;
use crate::link::{Link, LinkCounts, LinkTiming};
use crate::model::{Inputs, Lane, Model, Outputs};
use crate::options::SimError;
use crate::register_port::{ALL_ONES, Access, RegisterPort};

/// Cycles of reset: more than any synchroniser or RAM clear in the card needs.
const RESET_CYCLES: u32 = 16;
/// Cycles without a transfer after which the card is asked whether it is idle. A doorbell starts a fetch within far fewer.
const QUIET_CYCLES: u32 = 512;
/// Cycles after which a card that is slowed down rests.
const REST_CYCLES: u64 = 64;
/// What the status register must say for the card to be left alone.
const IDLE: u32 = csr::STATUS_READY_MASK | csr::STATUS_DMA_IDLE_MASK;
const IDLE_MASK: u32 = IDLE | csr::STATUS_BUSY_MASK;

/// What the card has done since it was made.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CardCounts {
    pub(crate) cycles: u64,
    pub(crate) link: LinkCounts,
    /// Over all channels of card memory.
    pub(crate) memory: LinkCounts,
}

#[derive(Debug)]
enum Request {
    Access(Access, SyncSender<u32>),
    Reset(SyncSender<()>),
    Counts(SyncSender<CardCounts>),
}

/// The session's hold on the card's thread, which ends when this is dropped.
#[derive(Debug)]
pub(crate) struct CardHandle {
    requests: Option<Sender<Request>>,
    failure: Arc<Mutex<Option<String>>>,
    thread: Option<JoinHandle<()>>,
}

impl CardHandle {
    /// Starts `model` with a reset; `memory` gives its channels with their timing and their sizes in units.
    pub(crate) fn start(
        model: Model,
        timing: LinkTiming,
        memory: Vec<CardChannel>,
        host: Arc<Host>,
        faults: Faults,
    ) -> Result<Self, SimError> {
        let (requests, receiver) = channel();
        let failure = Arc::new(Mutex::new(None));
        let card = Card {
            model,
            host,
            requests: receiver,
            failure: Arc::clone(&failure),
            link: Link::new(timing, faults.clone(), FaultyLink::Host),
            memory,
            faults,
            port: RegisterPort::default(),
            waiting: None,
            inputs: Inputs::default(),
            outputs: Outputs::default(),
            cycles: 0,
            quiet_cycles: 0,
            asleep: false,
            failed: false,
            dead_lanes: Vec::new(),
        };
        let thread = std::thread::Builder::new().name("card".into()).spawn(move || card.run());
        let thread = thread.map_err(|source| SimError::Thread { source })?;
        Ok(Self { requests: Some(requests), failure, thread: Some(thread) })
    }

    fn ask<T>(&self, request: impl FnOnce(SyncSender<T>) -> Request) -> Option<T> {
        let (reply, answer) = sync_channel(1);
        self.requests.as_ref()?.send(request(reply)).ok()?;
        answer.recv().ok()
    }

    /// Makes one register access: the value read, or 0 for a write. All ones if the card is gone.
    pub(crate) fn access(&self, access: Access) -> u32 {
        self.ask(|reply| Request::Access(access, reply)).unwrap_or(ALL_ONES)
    }

    /// Resets the function. What the card had in flight is forgotten when this returns.
    pub(crate) fn reset(&self) {
        self.ask(Request::Reset);
    }

    /// What the card has done so far.
    pub(crate) fn counts(&self) -> CardCounts {
        self.ask(Request::Counts).unwrap_or_default()
    }

    /// The assertion that ended the card, if one did.
    pub(crate) fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for CardHandle {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Who waits for the register access under way.
#[derive(Debug)]
enum Waiting {
    Client(SyncSender<u32>),
    IdleCheck,
}

/// A channel of card memory and the way to it.
#[derive(Debug)]
pub(crate) struct CardChannel {
    link: Link,
    channel: Channel,
    units: u32,
}

impl CardChannel {
    /// A channel of `units` times `CHANNEL_UNIT_BYTES`.
    pub(crate) fn new(timing: LinkTiming, units: u32, bad_line: Option<u64>, faults: Faults) -> Self {
        let bytes = u64::from(units) * CHANNEL_UNIT_BYTES as u64;
        Self { link: Link::new(timing, faults, FaultyLink::Memory), channel: Channel::new(bytes, bad_line), units }
    }
}

struct Card {
    model: Model,
    host: Arc<Host>,
    requests: Receiver<Request>,
    failure: Arc<Mutex<Option<String>>>,
    link: Link,
    memory: Vec<CardChannel>,
    faults: Faults,
    port: RegisterPort,
    waiting: Option<Waiting>, // while the port is busy
    inputs: Inputs,
    outputs: Outputs,
    cycles: u64,
    quiet_cycles: u32,
    asleep: bool,
    failed: bool,
    dead_lanes: Vec<Lane>,
}

impl Card {
    /// Until the handle is dropped.
    fn run(mut self) {
        self.reset();
        loop {
            if self.waiting.is_none() {
                let request = if self.asleep || self.failed {
                    self.requests.recv().map_err(|_| TryRecvError::Disconnected)
                } else {
                    self.requests.try_recv()
                };
                match request {
                    Ok(request) => self.serve(request),
                    Err(TryRecvError::Empty) => self.check_idle(),
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            if !self.asleep && !self.failed {
                self.cycle();
            }
        }
    }

    fn serve(&mut self, request: Request) {
        // The other end waits for the answer; if it is gone, nobody minds.
        match request {
            Request::Access(access, reply) if self.failed || self.faults.registers_gone() => {
                let answer = if matches!(access, Access::Read { .. }) { ALL_ONES } else { 0 };
                let _ = reply.send(answer);
            }
            Request::Access(access, reply) => self.start(access, Waiting::Client(reply)),
            Request::Reset(reply) => {
                self.reset();
                let _ = reply.send(());
            }
            Request::Counts(reply) => {
                let mut memory = LinkCounts::default();
                self.memory.iter().for_each(|channel| memory += channel.link.counts());
                let _ = reply.send(CardCounts { cycles: self.cycles, link: self.link.counts(), memory });
            }
        }
    }

    fn start(&mut self, access: Access, waiting: Waiting) {
        self.port.start(access);
        self.waiting = Some(waiting);
        self.asleep = false;
        self.quiet_cycles = 0;
    }

    fn check_idle(&mut self) {
        if self.quiet_cycles >= QUIET_CYCLES && self.links_idle() {
            self.start(Access::Read { offset: csr::STATUS as u16 }, Waiting::IdleCheck);
        }
    }

    fn links_idle(&self) -> bool {
        self.link.is_idle() && self.memory.iter().all(|channel| channel.link.is_idle())
    }

    fn reset(&mut self) {
        self.link.reset();
        self.memory.iter_mut().for_each(|channel| channel.link.reset());
        self.port.reset();
        self.waiting = None;
        self.asleep = false;
        self.quiet_cycles = 0;
        self.inputs = Inputs { rst: true, ..Inputs::default() };
        for (units, channel) in self.inputs.memory_units.iter_mut().zip(&self.memory) {
            *units = channel.units;
        }
        for _ in 0..RESET_CYCLES {
            self.step();
        }
        self.inputs.rst = false;
    }

    fn step(&mut self) {
        if self.failed {
            return;
        }
        self.cycles += 1;
        if let Err(text) = self.model.step(&self.inputs, &mut self.outputs) {
            tracing::error!(text, cycles = self.cycles, "the card failed an assertion");
            *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
            self.failed = true;
        }
    }

    /// Lets what tests ordered come over the card.
    fn suffer(&mut self) {
        for mishap in self.faults.mishaps() {
            match mishap {
                Mishap::Reset => {
                    self.answer(ALL_ONES);
                    self.reset();
                }
                Mishap::LinkStall(cycles) => self.link.stall(cycles),
                Mishap::ProbeBit([stream, probe, lane, bit]) => {
                    self.model.flip_probe_bit((stream, probe, lane), bit);
                }
                Mishap::DeadLane([stream, probe, lane]) => self.dead_lanes.push((stream, probe, lane)),
                Mishap::Repair => self.dead_lanes.clear(),
            }
        }
        for &lane in &self.dead_lanes {
            self.model.empty_lane(lane);
        }
        if self.cycles.is_multiple_of(REST_CYCLES) {
            let rest = self.faults.rest(REST_CYCLES);
            if !rest.is_zero() {
                std::thread::sleep(rest);
            }
        }
    }

    fn cycle(&mut self) {
        self.suffer();
        self.link.drive(&mut self.inputs.host, &*self.host);
        for (port, channel) in self.inputs.memory.iter_mut().zip(&mut self.memory) {
            channel.link.drive(port, &channel.channel);
        }
        self.port.drive(&mut self.inputs);
        self.inputs.msix_ready = !self.faults.interrupts_held();
        self.step();
        if self.failed {
            self.answer(ALL_ONES);
            return;
        }
        let mut moved = self.link.advance(&self.inputs.host, &self.outputs.host, &*self.host);
        let ports = self.inputs.memory.iter().zip(&self.outputs.memory);
        for ((inputs, outputs), channel) in ports.zip(&mut self.memory) {
            moved |= channel.link.advance(inputs, outputs, &channel.channel);
        }
        let raised = self.outputs.msix_valid != 0 && self.inputs.msix_ready;
        if raised && !self.faults.loses_interrupt() {
            self.host.msix().raise(self.outputs.msix_vector.into());
        }
        self.quiet_cycles = if moved || raised { 0 } else { self.quiet_cycles.saturating_add(1) };
        if let Some(value) = self.port.advance(&self.inputs, &self.outputs) {
            self.answer(value);
        }
    }

    fn answer(&mut self, value: u32) {
        match self.waiting.take() {
            Some(Waiting::Client(reply)) => {
                let _ = reply.send(value);
            }
            Some(Waiting::IdleCheck) => {
                self.asleep = value & IDLE_MASK == IDLE && self.quiet_cycles > 0 && self.links_idle();
                self.quiet_cycles = 0;
            }
            None => {}
        }
    }
}
