//! A card that another process models, reached over its vfio-user socket.
//!
//! The protocol client blocks until the other side answers, however long that takes, and cannot be interrupted. So it
//! lives on a thread of its own, and a call that gets no answer within [`REPLY_BOUND`] gives the card up for lost. The
//! thread then stays behind until the other process ends or answers; nothing else waits for it.

use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use ::vfio_user::{Client, Error};
use vfio_bindings::bindings::vfio::{
    VFIO_IRQ_SET_ACTION_TRIGGER, VFIO_IRQ_SET_DATA_EVENTFD, VFIO_IRQ_SET_DATA_NONE, VFIO_PCI_BAR0_REGION_INDEX,
    VFIO_PCI_CONFIG_REGION_INDEX, VFIO_PCI_MSIX_IRQ_INDEX,
};
use whorl_device::dma::DmaMemory;
use whorl_device::{Transport, TransportError};
use whorl_layout::BAR0_BYTES;

use crate::vectors::Vectors;

/// How long the other side may take to answer. A simulated card answers a register access in microseconds to
/// milliseconds; with the driver's own look every half second, a dead one is noticed within 4 s.
pub const REPLY_BOUND: Duration = Duration::from_secs(3);

type Call = Box<dyn FnOnce(&mut Client) -> Result<Vec<u8>, Error> + Send>;
type Reply = Result<Vec<u8>, Error>;

/// Connects to the card served at `socket`.
///
/// # Errors
/// `Unavailable` if nobody serves there, if what serves there does not answer (as when another client has the card),
/// or if it is no card of ours; the text says what to do.
pub fn connect(socket: &Path) -> Result<Box<dyn Transport>, TransportError> {
    let (calls, call_receiver) = channel();
    let (reply_sender, replies) = channel();
    let path = socket.to_path_buf();
    let thread = std::thread::Builder::new()
        .name("vfio-user".into())
        .spawn(move || serve_calls(&path, &call_receiver, &reply_sender))
        .map_err(|source| TransportError::System { action: "start the vfio-user thread", source })?;
    let mut transport = VfioUser {
        socket: socket.to_path_buf(),
        calls: Some(calls),
        replies,
        thread: Some(thread),
        vectors: None,
        lost: false,
    };
    transport.reply().map_err(|error| explain_connect(socket, error))?;
    Ok(Box::new(transport))
}

#[derive(Debug)]
struct VfioUser {
    socket: PathBuf,
    calls: Option<Sender<Call>>, // none: being dropped
    replies: Receiver<Reply>,
    thread: Option<JoinHandle<()>>,
    vectors: Option<Vectors>,
    lost: bool,
}

/// What the thread does: connects, then makes one call after another. Ends with the sender, or with a panic of the
/// client, which takes the other side's lengths on trust.
fn serve_calls(socket: &Path, calls: &Receiver<Call>, replies: &Sender<Reply>) {
    let connected = catch_unwind(|| Client::new(socket).and_then(|client| check_regions(&client).map(|()| client)));
    let mut client = match connected {
        Ok(Ok(client)) => client,
        Ok(Err(error)) => {
            let _ = replies.send(Err(error));
            return;
        }
        Err(_) => return,
    };
    let mut reply = Ok(Vec::new());
    while replies.send(reply).is_ok() {
        let Ok(call) = calls.recv() else { return };
        // A client that panicked is not used again: the thread ends, and with it the connection.
        let Ok(result) = catch_unwind(AssertUnwindSafe(|| call(&mut client))) else { return };
        reply = result;
    }
}

fn check_regions(client: &Client) -> Result<(), Error> {
    match client.region(VFIO_PCI_BAR0_REGION_INDEX) {
        Some(region) if region.size == BAR0_BYTES as u64 => Ok(()),
        _ => Err(Error::NotPciDevice),
    }
}

fn explain_connect(socket: &Path, error: CallError) -> TransportError {
    let unavailable = |what: String, remedy: &str| TransportError::Unavailable { what, remedy: remedy.into() };
    let at = socket.display();
    match error {
        CallError::NoReply => unavailable(
            format!("The card behind {at} does not answer"),
            "A simulated card has one client at a time: end the other client, or start another simulator",
        ),
        CallError::Failed(Error::Connect(error)) => unavailable(
            format!("No card is served at {at} ({error})"),
            "Start the simulator with this socket, or correct the path",
        ),
        CallError::Failed(Error::NotPciDevice) => unavailable(
            format!("What is served at {at} has no BAR0 of {BAR0_BYTES} bytes"),
            "Give the socket of a simulator of this release",
        ),
        CallError::Failed(error) => unavailable(
            format!("The card behind {at} ended the connection ({error})"),
            "Look into the simulator's log for the cause",
        ),
        CallError::Panicked => unavailable(
            format!("What is served at {at} does not keep to the vfio-user protocol"),
            "Give the socket of a simulator of this release",
        ),
    }
}

/// Why there is no reply to use.
enum CallError {
    NoReply,
    Panicked,
    Failed(Error),
}

impl VfioUser {
    fn call(
        &mut self,
        call: impl FnOnce(&mut Client) -> Result<Vec<u8>, Error> + Send + 'static,
    ) -> Result<Vec<u8>, TransportError> {
        let lost = |reason: String| TransportError::Lost { reason };
        let sent = match &self.calls {
            Some(calls) if !self.lost => calls.send(Box::new(call)).is_ok(),
            _ => false,
        };
        if !sent {
            self.lost = true;
            return Err(lost(format!("the connection to {} has ended", self.socket.display())));
        }
        self.reply().map_err(|error| {
            let at = self.socket.display();
            match error {
                CallError::NoReply => lost(format!("no answer from {at} within {REPLY_BOUND:?}")),
                CallError::Panicked => lost(format!("{at} does not keep to the vfio-user protocol")),
                CallError::Failed(error) => lost(format!("the connection to {at} failed ({error})")),
            }
        })
    }

    /// Waits for the reply to the call just made. After anything but a reply the connection is out of step, so it is
    /// given up.
    fn reply(&mut self) -> Result<Vec<u8>, CallError> {
        let result = match self.replies.recv_timeout(REPLY_BOUND) {
            Ok(Ok(data)) => return Ok(data),
            Ok(Err(error)) => CallError::Failed(error),
            Err(RecvTimeoutError::Timeout) => CallError::NoReply,
            Err(RecvTimeoutError::Disconnected) => CallError::Panicked,
        };
        self.lost = true;
        if matches!(result, CallError::NoReply) {
            self.thread = None; // it may hang for ever: not to be joined
        }
        Err(result)
    }

    fn set_irqs(&mut self, flags: u32, fds: Vec<OwnedFd>) -> Result<(), TransportError> {
        self.call(move |client| {
            let raw: Vec<RawFd> = fds.iter().map(AsRawFd::as_raw_fd).collect();
            client.set_irqs(VFIO_PCI_MSIX_IRQ_INDEX, flags, 0, raw.len() as u32, &raw).map(|()| Vec::new())
        })?;
        Ok(())
    }
}

fn check_register(offset: u32) -> Result<u64, TransportError> {
    if offset.is_multiple_of(4) && (offset as usize) < BAR0_BYTES {
        return Ok(offset.into());
    }
    let what = format!("BAR0 offset {offset:#x}, must be a multiple of 4 below {BAR0_BYTES:#x}");
    Err(TransportError::InvalidArgument { what })
}

impl Transport for VfioUser {
    fn config_read(&mut self, offset: u16, data: &mut [u8]) -> Result<(), TransportError> {
        let bytes = data.len();
        let read = self.call(move |client| {
            let mut data = vec![0; bytes];
            client.region_read(VFIO_PCI_CONFIG_REGION_INDEX, offset.into(), &mut data).map(|()| data)
        })?;
        data.copy_from_slice(&read);
        Ok(())
    }

    fn config_write(&mut self, offset: u16, data: &[u8]) -> Result<(), TransportError> {
        let data = data.to_vec();
        self.call(move |client| {
            client.region_write(VFIO_PCI_CONFIG_REGION_INDEX, offset.into(), &data).map(|()| Vec::new())
        })?;
        Ok(())
    }

    fn bar0_read(&mut self, offset: u32) -> Result<u32, TransportError> {
        let at = check_register(offset)?;
        let read = self.call(move |client| {
            let mut data = vec![0; 4];
            client.region_read(VFIO_PCI_BAR0_REGION_INDEX, at, &mut data).map(|()| data)
        })?;
        let value = read.try_into().map_err(|_| TransportError::Lost { reason: "a short register".into() })?;
        Ok(u32::from_le_bytes(value))
    }

    fn bar0_write(&mut self, offset: u32, value: u32) -> Result<(), TransportError> {
        let at = check_register(offset)?;
        self.call(move |client| {
            client.region_write(VFIO_PCI_BAR0_REGION_INDEX, at, &value.to_le_bytes()).map(|()| Vec::new())
        })?;
        Ok(())
    }

    fn dma_map(&mut self, iova: u64, memory: &DmaMemory) -> Result<(), TransportError> {
        let bytes = memory.bytes() as u64;
        let fd = memory.fd().try_clone_to_owned();
        let fd = fd.map_err(|source| TransportError::System { action: "duplicate a descriptor", source })?;
        // The client library does not look at the reply: a window that was refused shows as a DMA error later.
        self.call(move |client| client.dma_map(0, iova, bytes, fd.as_raw_fd()).map(|()| Vec::new()))?;
        Ok(())
    }

    fn dma_unmap(&mut self, iova: u64, bytes: u64) -> Result<(), TransportError> {
        self.call(move |client| client.dma_unmap(iova, bytes).map(|()| Vec::new()))?;
        Ok(())
    }

    fn irq_enable(&mut self, vectors: u16) -> Result<(), TransportError> {
        let vectors = Vectors::new(vectors)?;
        let fds = vectors.fds().map(|fd| fd.try_clone_to_owned()).collect::<Result<_, _>>();
        let fds = fds.map_err(|source| TransportError::System { action: "duplicate a descriptor", source })?;
        self.set_irqs(VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, fds)?;
        self.vectors = Some(vectors);
        Ok(())
    }

    fn irq_disable(&mut self) -> Result<(), TransportError> {
        if self.vectors.take().is_some() {
            self.set_irqs(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, Vec::new())?;
        }
        Ok(())
    }

    fn irq_wait(&mut self, vector: u16, timeout: Duration) -> Result<bool, TransportError> {
        let Some(vectors) = self.vectors.take() else { return Vectors::default().wait(vector, timeout) };
        // A socket that closes raises nothing: only a call notices.
        let present =
            || self.call(|client| client.get_irq_info(VFIO_PCI_MSIX_IRQ_INDEX).map(|_| Vec::new())).map(|_| ());
        let raised = vectors.wait_present(vector, timeout, present);
        self.vectors = Some(vectors);
        raised
    }

    fn reset(&mut self) -> Result<(), TransportError> {
        self.call(|client| client.reset().map(|()| Vec::new()))?;
        Ok(())
    }
}

impl Drop for VfioUser {
    fn drop(&mut self) {
        self.calls = None; // ends the thread, which closes the socket
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;
    use std::time::Instant;

    use super::*;

    fn text(result: Result<Box<dyn Transport>, TransportError>) -> String {
        let error = result.unwrap_err();
        assert!(matches!(error, TransportError::Unavailable { .. }), "{error:?}");
        error.to_string()
    }

    #[test]
    fn nobody_at_the_socket_is_said_with_the_remedy() {
        let folder = tempfile::tempdir().unwrap();
        let text = text(connect(&folder.path().join("none")));
        assert!(text.contains("No card is served at") && text.contains("Start the simulator"), "{text}");
    }

    #[test]
    fn a_server_that_does_not_answer_is_given_up_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("silent");
        let _listener = UnixListener::bind(&path).unwrap();
        let started = Instant::now();
        let text = text(connect(&path));
        assert!(text.contains("one client at a time"), "{text}");
        assert!((REPLY_BOUND..Duration::from_secs(5)).contains(&started.elapsed()));
    }

    #[test]
    fn a_server_that_hangs_up_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rude");
        let listener = UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || drop(listener.accept().unwrap()));
        let text = text(connect(&path));
        server.join().unwrap();
        assert!(text.contains("ended the connection"), "{text}");
    }

    #[test]
    fn a_server_that_talks_nonsense_is_no_panic() {
        use std::io::{Read, Write};
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nonsense");
        let listener = UnixListener::bind(&path).unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 256]).unwrap();
            stream.write_all(&[0; 20]).unwrap(); // a version reply with a size of 0
        });
        let text = text(connect(&path));
        server.join().unwrap();
        assert!(text.contains("does not keep to the vfio-user protocol"), "{text}");
    }

    #[test]
    fn only_registers_of_bar0_are_accessed() {
        assert_eq!(check_register(0xfffc).unwrap(), 0xfffc);
        for offset in [2, 0x1_0000, u32::MAX - 3] {
            assert!(matches!(check_register(offset), Err(TransportError::InvalidArgument { .. })), "{offset:#x}");
        }
    }
}
