//! MSI-X of the function: the table in BAR2, the pending bits behind it, and the eventfds that take the interrupts.
//!
//! Who connects eventfds plays the kernel's part: as `vfio-pci` does, that enables MSI-X and unmasks the vectors. After
//! that the enable bit, the function mask and the masks of the table are honoured as the client sets them.

use std::fs::File;
use std::io::{self, Write};

use rustix::event::{PollFd, PollFlags, Timespec};

/// Vectors of the function: one per queue pair that the layout allows.
pub(crate) const VECTORS: usize = whorl_layout::QUEUE_PAIRS_MAX;
/// Bytes of BAR2.
pub(crate) const BAR2_BYTES: usize = 4096;
/// Offset of the pending bits in BAR2; the table lies at 0.
pub(crate) const PENDING_OFFSET: usize = 0x800;
/// Bytes of a table entry: address low and high, data, vector control (PCI Local Bus Specification 3.0, 6.8.2).
const ENTRY_BYTES: usize = 16;
const CONTROL_WORD: usize = 3;
const CONTROL_MASKED: u32 = 1;

#[derive(Debug)]
struct Vector {
    words: [u32; 4],
    pending: bool,
    event: Option<File>,
}

/// State of MSI-X.
#[derive(Debug)]
pub(crate) struct Msix {
    vectors: [Vector; VECTORS],
    enabled: bool,
    function_masked: bool,
    delivered: u64,
}

impl Msix {
    /// As after power-up: disabled, every vector masked and unconnected.
    pub(crate) fn new() -> Self {
        let vector = || Vector { words: [0, 0, 0, CONTROL_MASKED], pending: false, event: None };
        Self { vectors: std::array::from_fn(|_| vector()), enabled: false, function_masked: false, delivered: 0 }
    }

    /// Interrupts delivered so far.
    pub(crate) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Forgets pending interrupts, as a function reset does. Connected vectors stay connected and enabled, as
    /// `vfio-pci` restores them after it.
    pub(crate) fn reset(&mut self) {
        for vector in &mut self.vectors {
            vector.pending = false;
        }
    }

    /// The enable and function-mask bits of the capability's control word.
    pub(crate) fn control(&self) -> (bool, bool) {
        (self.enabled, self.function_masked)
    }

    /// Takes over the enable and function-mask bits, and delivers what became deliverable.
    pub(crate) fn set_control(&mut self, enabled: bool, function_masked: bool) {
        (self.enabled, self.function_masked) = (enabled, function_masked);
        self.deliver_pending();
    }

    /// Connects vectors from `first` to eventfds, enables MSI-X and unmasks them.
    pub(crate) fn connect(&mut self, first: usize, events: Vec<File>) -> io::Result<()> {
        let end = first.saturating_add(events.len());
        let places = self.vectors.get_mut(first..end).ok_or(io::ErrorKind::InvalidInput)?;
        for (vector, event) in places.iter_mut().zip(events) {
            vector.event = Some(event);
            vector.words[CONTROL_WORD] &= !CONTROL_MASKED;
        }
        self.enabled = true;
        self.deliver_pending();
        Ok(())
    }

    /// Disconnects `count` vectors from `first`; the others and the enable bit stay as they are.
    pub(crate) fn disconnect(&mut self, first: usize, count: usize) -> io::Result<()> {
        let end = first.saturating_add(count);
        for vector in self.vectors.get_mut(first..end).ok_or(io::ErrorKind::InvalidInput)? {
            vector.event = None;
        }
        Ok(())
    }

    /// Disconnects all vectors and disables MSI-X.
    pub(crate) fn disconnect_all(&mut self) {
        *self = Self { delivered: self.delivered, ..Self::new() };
    }

    /// Masks or unmasks `count` vectors from `first`.
    pub(crate) fn set_masked(&mut self, first: usize, count: usize, masked: bool) -> io::Result<()> {
        let end = first.saturating_add(count);
        for vector in self.vectors.get_mut(first..end).ok_or(io::ErrorKind::InvalidInput)? {
            vector.words[CONTROL_WORD] = u32::from(masked);
        }
        self.deliver_pending();
        Ok(())
    }

    /// The card raises a vector. One that the function does not have is ignored, as no message would be sent.
    pub(crate) fn raise(&mut self, vector: usize) {
        if let Some(vector) = self.vectors.get_mut(vector) {
            vector.pending = true;
            self.deliver_pending();
        } else {
            tracing::error!(vector, "the card raised a vector that the function does not have");
        }
    }

    fn deliver_pending(&mut self) {
        if !self.enabled || self.function_masked {
            return;
        }
        for vector in &mut self.vectors {
            if vector.pending
                && vector.words[CONTROL_WORD] & CONTROL_MASKED == 0
                && let Some(event) = &vector.event
            {
                vector.pending = false;
                self.delivered += 1;
                signal(event);
            }
        }
    }

    /// Reads the 32-bit word at `offset` of BAR2.
    pub(crate) fn read(&self, offset: usize) -> u32 {
        if let Some(vector) = self.vectors.get(offset / ENTRY_BYTES) {
            return vector.words[offset % ENTRY_BYTES / 4];
        }
        if offset == PENDING_OFFSET {
            return self.vectors.iter().rev().fold(0, |bits, vector| bits << 1 | u32::from(vector.pending));
        }
        0
    }

    /// Writes the 32-bit word at `offset` of BAR2; pending bits and reserved bits are read-only.
    pub(crate) fn write(&mut self, offset: usize, value: u32) {
        let Some(vector) = self.vectors.get_mut(offset / ENTRY_BYTES) else { return };
        let word = offset % ENTRY_BYTES / 4;
        vector.words[word] = match word {
            0 => value & !3, // addresses are of whole words
            CONTROL_WORD => value & CONTROL_MASKED,
            _ => value,
        };
        self.deliver_pending();
    }
}

/// Adds to an eventfd. The descriptor is the client's: it may be of any kind, full or closed, and must not stop us.
fn signal(event: &File) {
    let mut poll = [PollFd::new(event, PollFlags::OUT)];
    match rustix::event::poll(&mut poll, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
        Ok(1) => {
            if let Err(error) = (&*event).write_all(&1_u64.to_ne_bytes()) {
                tracing::debug!(%error, "an interrupt could not be delivered");
            }
        }
        // A full eventfd is raised already.
        Ok(_) => {}
        Err(error) => tracing::debug!(%error, "an interrupt could not be delivered"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream;

    use rustix::event::EventfdFlags;

    use super::*;

    fn event() -> File {
        File::from(rustix::event::eventfd(0, EventfdFlags::NONBLOCK).unwrap())
    }

    fn taken(mut event: &File) -> u64 {
        let mut count = [0; 8];
        event.read(&mut count).map_or(0, |_| u64::from_ne_bytes(count))
    }

    /// Two connected vectors, 1 and 2.
    fn connected() -> (Msix, File, File) {
        let (first, second) = (event(), event());
        let mut msix = Msix::new();
        msix.connect(1, vec![first.try_clone().unwrap(), second.try_clone().unwrap()]).unwrap();
        (msix, first, second)
    }

    #[test]
    fn a_vector_reaches_its_own_eventfd() {
        let (mut msix, first, second) = connected();
        msix.raise(2);
        msix.raise(2);
        assert_eq!((taken(&first), taken(&second)), (0, 2));
        assert_eq!(msix.delivered(), 2);
    }

    #[test]
    fn whatever_masks_it_keeps_an_interrupt_pending_until_it_is_gone() {
        type Change = fn(&mut Msix);
        let pairs: [(&str, Change, Change); 4] = [
            ("enable", |m| m.set_control(false, false), |m| m.set_control(true, false)),
            ("function mask", |m| m.set_control(true, true), |m| m.set_control(true, false)),
            ("table", |m| m.write(16 + 12, 1), |m| m.write(16 + 12, 0)),
            ("set_irqs", |m| m.set_masked(1, 1, true).unwrap(), |m| m.set_masked(1, 1, false).unwrap()),
        ];
        for (what, mask, unmask) in pairs {
            let (mut msix, first, _) = connected();
            mask(&mut msix);
            msix.raise(1);
            msix.raise(1);
            assert_eq!((taken(&first), msix.read(PENDING_OFFSET)), (0, 2), "{what}");
            unmask(&mut msix);
            assert_eq!((taken(&first), msix.read(PENDING_OFFSET)), (1, 0), "{what}");
        }
    }

    #[test]
    fn a_vector_raised_before_it_is_connected_is_delivered_then() {
        let mut msix = Msix::new();
        msix.raise(0);
        let first = event();
        msix.connect(0, vec![first.try_clone().unwrap()]).unwrap();
        assert_eq!(taken(&first), 1);
    }

    #[test]
    fn the_table_keeps_what_may_be_written() {
        let mut msix = Msix::new();
        assert_eq!(msix.read(12), 1, "masked at first");
        for word in 0..4 {
            msix.write(7 * 16 + word * 4, u32::MAX);
        }
        assert_eq!([0, 4, 8, 12].map(|at| msix.read(7 * 16 + at)), [u32::MAX - 3, u32::MAX, u32::MAX, 1]);
        msix.write(PENDING_OFFSET, u32::MAX);
        assert_eq!((msix.read(PENDING_OFFSET), msix.read(VECTORS * 16)), (0, 0));
    }

    #[test]
    fn vectors_beyond_the_last_are_refused() {
        let mut msix = Msix::new();
        assert!(msix.connect(VECTORS, vec![event()]).is_err());
        assert!(msix.connect(usize::MAX, vec![event()]).is_err());
        assert!(msix.set_masked(VECTORS - 1, 2, true).is_err());
        msix.raise(VECTORS);
        assert_eq!(msix.read(PENDING_OFFSET), 0);
    }

    #[test]
    fn disconnecting_and_resetting_forget_what_they_should() {
        let (mut msix, first, _) = connected();
        msix.set_control(true, true);
        msix.raise(1);
        msix.reset();
        msix.set_control(true, false);
        assert_eq!(taken(&first), 0, "a reset forgets what is pending");
        msix.raise(1);
        assert_eq!(taken(&first), 1, "and leaves vectors connected");
        msix.disconnect_all();
        msix.raise(1);
        assert_eq!((taken(&first), msix.control()), (0, (false, false)));
    }

    #[test]
    fn one_vector_is_disconnected_and_the_others_stay() {
        let (mut msix, first, second) = connected();
        msix.disconnect(1, 1).unwrap();
        msix.raise(1);
        msix.raise(2);
        assert_eq!((taken(&first), taken(&second)), (0, 1));
        msix.connect(1, vec![first.try_clone().unwrap()]).unwrap();
        assert_eq!(taken(&first), 1, "pending until then");
        assert!(msix.disconnect(VECTORS, 1).is_err());
    }

    #[test]
    fn a_descriptor_that_would_block_does_not() {
        let mut msix = Msix::new();
        let (ours, _theirs) = UnixStream::pair().unwrap();
        let full = File::from(rustix::event::eventfd(u32::MAX, EventfdFlags::empty()).unwrap());
        (&full).write_all(&(u64::MAX - 1 - u64::from(u32::MAX)).to_ne_bytes()).unwrap();
        msix.connect(0, vec![full, File::from(std::os::fd::OwnedFd::from(ours))]).unwrap();
        msix.raise(0);
        for _ in 0..1 << 17 {
            msix.raise(1); // eight bytes each, to a socket that nobody reads
        }
        assert_eq!(msix.delivered(), 1 + (1 << 17));
    }
}
