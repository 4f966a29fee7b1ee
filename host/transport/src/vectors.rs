//! MSI-X vectors as eventfds: whoever raises a vector adds to its counter, and the driver waits for that.
//!
//! Counters are never read. Each has an edge-triggered epoll of its own, which tells once of any number of additions since it
//! was asked last; so an interrupt costs one system call.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{EventfdFlags, Timespec, epoll};
use rustix::io::Errno;
use whorl_device::TransportError;

/// How long an interrupt is waited for before somebody asks whether the card is still there.
const PRESENCE_INTERVAL: Duration = Duration::from_millis(100);

/// One eventfd for each connected vector, from vector 0.
#[derive(Debug, Default)]
pub(crate) struct Vectors {
    vectors: Vec<Vector>,
}

#[derive(Debug)]
struct Vector {
    counter: OwnedFd,
    edges: OwnedFd, // the epoll
}

impl Vector {
    fn new() -> rustix::io::Result<Self> {
        let counter = rustix::event::eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        let edges = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&edges, &counter, epoll::EventData::new_u64(0), epoll::EventFlags::IN | epoll::EventFlags::ET)?;
        Ok(Self { counter, edges })
    }
}

impl Vectors {
    /// Makes `count` vectors, none raised.
    pub(crate) fn new(count: u16) -> Result<Self, TransportError> {
        let vectors = (0..count).map(|_| Vector::new()).collect::<Result<_, _>>();
        let vectors =
            vectors.map_err(|error| TransportError::System { action: "make an eventfd", source: error.into() })?;
        Ok(Self { vectors })
    }

    /// The eventfds, by vector.
    pub(crate) fn fds(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.vectors.iter().map(|vector| vector.counter.as_fd())
    }

    /// [`wait`](Self::wait) that asks `present` every 100 ms, and ends with its error.
    pub(crate) fn wait_present(
        &self,
        vector: u16,
        timeout: Duration,
        mut present: impl FnMut() -> Result<(), TransportError>,
    ) -> Result<bool, TransportError> {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let raised = self.wait(vector, left.min(PRESENCE_INTERVAL))?;
            if raised || left <= PRESENCE_INTERVAL {
                return Ok(raised);
            }
            present()?;
        }
    }

    /// Waits until `vector` was raised since it was last waited for (`true`), or until `timeout` has passed (`false`).
    pub(crate) fn wait(&self, vector: u16, timeout: Duration) -> Result<bool, TransportError> {
        let edges = &self.vectors.get(usize::from(vector)).ok_or_else(|| TransportError::InvalidArgument {
            what: format!("vector {vector}, {} are connected", self.vectors.len()),
        })?;
        let failed = |error: Errno| TransportError::System { action: "wait for an interrupt", source: error.into() };
        let deadline = Instant::now() + timeout;
        let mut events = [epoll::Event { flags: epoll::EventFlags::empty(), data: epoll::EventData::new_u64(0) }];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = Timespec::try_from(left).map_err(|_| failed(Errno::INVAL))?;
            match epoll::wait(&edges.edges, &mut events, Some(&timeout)) {
                Ok(raised) => return Ok(raised > 0),
                Err(Errno::INTR) => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raise(vectors: &Vectors, vector: usize) {
        rustix::io::write(vectors.fds().nth(vector).unwrap(), &1_u64.to_ne_bytes()).unwrap();
    }

    #[test]
    fn a_raised_vector_is_taken_once() {
        let vectors = Vectors::new(2).unwrap();
        raise(&vectors, 1);
        raise(&vectors, 1);
        assert!(!vectors.wait(0, Duration::ZERO).unwrap());
        assert!(vectors.wait(1, Duration::ZERO).unwrap());
        assert!(!vectors.wait(1, Duration::ZERO).unwrap());
        raise(&vectors, 1);
        assert!(vectors.wait(1, Duration::ZERO).unwrap(), "the next is told of though no counter is ever read");
    }

    #[test]
    fn waiting_ends_with_the_interrupt_or_the_timeout() {
        let vectors = Vectors::new(1).unwrap();
        let started = Instant::now();
        assert!(!vectors.wait(0, Duration::from_millis(30)).unwrap());
        assert!(started.elapsed() >= Duration::from_millis(30));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(30));
                raise(&vectors, 0);
            });
            assert!(vectors.wait(0, Duration::from_mins(1)).unwrap());
        });
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_vector_that_is_not_connected_is_refused() {
        let vectors = Vectors::new(1).unwrap();
        assert!(matches!(vectors.wait(1, Duration::ZERO), Err(TransportError::InvalidArgument { .. })));
    }

    #[test]
    fn a_card_that_goes_while_an_interrupt_is_waited_for_ends_the_wait() {
        let vectors = Vectors::new(1).unwrap();
        let lost = || Err(TransportError::Lost { reason: "gone".into() });
        let started = Instant::now();
        let mut looks = 0;
        let ended = vectors.wait_present(0, Duration::from_mins(1), || {
            looks += 1;
            if looks < 3 { Ok(()) } else { lost() }
        });
        assert!(matches!(ended, Err(TransportError::Lost { .. })), "{ended:?}");
        assert!((3 * PRESENCE_INTERVAL..Duration::from_secs(2)).contains(&started.elapsed()));
        // Of a card that stays, interrupt and timeout are as ever; a short wait asks nobody.
        assert!(!vectors.wait_present(0, PRESENCE_INTERVAL, lost).unwrap());
        assert!(!vectors.wait_present(0, 2 * PRESENCE_INTERVAL, || Ok(())).unwrap());
        rustix::io::write(vectors.fds().next().unwrap(), &1_u64.to_ne_bytes()).unwrap();
        assert!(vectors.wait_present(0, Duration::from_mins(1), lost).unwrap());
    }
}
