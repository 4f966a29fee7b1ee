//! The simulator: one card, one client after another.

use std::io;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use vfio_user::{Error, Server};

use crate::card::{CardChannel, CardHandle};
use crate::faults::Faults;
use crate::host::Host;
use crate::model::{CONFIGURATIONS, Model};
use crate::options::{SimError, SimOptions};
use crate::session::{self, Session};

/// Pause after a connection could not be accepted, as when descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Shapes of the card that are compiled in: streams, engines per stream.
pub fn configurations() -> &'static [(u8, u8)] {
    CONFIGURATIONS
}

/// A card at its socket, to which clients can connect.
pub struct Simulator {
    server: Server,
    card: CardHandle,
    host: Arc<Host>,
}

impl std::fmt::Debug for Simulator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Simulator").field("card", &self.card).finish_non_exhaustive()
    }
}

impl Simulator {
    /// Makes the card of `options`, in surroundings where things go wrong as `faults` is told, and its socket. Clients
    /// that connect from now on wait until [`serve`](Self::serve) has time for them.
    ///
    /// # Errors
    /// [`SimError`] if the card or its socket cannot be made.
    pub fn new(options: &SimOptions, faults: &Faults) -> Result<Self, SimError> {
        let timing = options.link.timing()?;
        let (units, memory_timing) = options.memory.channel()?;
        let (streams, probes) = (options.streams, options.probes);
        let mut model = Model::new(streams, probes).ok_or(SimError::UnknownConfiguration { streams, probes })?;
        if let Some(path) = &options.fst
            && !model.trace(path)
        {
            return Err(SimError::NoTracing);
        }
        let server = bind(&options.socket)?;
        let host = Arc::new(Host::new());
        let channel = || CardChannel::new(memory_timing, units, options.memory.bad_line, faults.clone());
        let memory = (0..streams).map(|_| channel()).collect();
        let card = CardHandle::start(model, timing, memory, Arc::clone(&host), faults.clone())?;
        tracing::info!(socket = %options.socket.display(), streams, probes, link = ?options.link, memory = ?options.memory, "card ready");
        Ok(Self { server, card, host })
    }

    /// Serves one client after another, until the process is killed.
    ///
    /// Whatever a client does or how it ends, the next finds the card as after power-up. Each session is summed up in
    /// one line of the log.
    ///
    /// # Errors
    /// [`SimError`] if an assertion in the card's RTL fails; it does not return otherwise.
    pub fn serve(&self) -> Result<(), SimError> {
        loop {
            serve_one(&self.server, &self.card, &self.host);
            if let Some(text) = self.card.failure() {
                return Err(SimError::CardFailed { text });
            }
        }
    }
}

fn bind(socket: &Path) -> Result<Server, SimError> {
    let in_use = || SimError::SocketInUse { socket: socket.to_path_buf() };
    if let Ok(metadata) = socket.symlink_metadata() {
        // Only a socket that nobody listens at is a dead simulator's.
        let stale = metadata.file_type().is_socket()
            && UnixStream::connect(socket).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
        if !stale {
            return Err(in_use());
        }
        std::fs::remove_file(socket).map_err(|_| in_use())?;
    }
    Server::new(socket, true, session::irqs(), session::regions()).map_err(|source| match source {
        Error::SocketPathExists => in_use(),
        source => SimError::Socket { socket: socket.to_path_buf(), source: Box::new(source) },
    })
}

/// Accepts a client, serves it until it ends in whatever way, and cleans up after it.
fn serve_one(server: &Server, card: &CardHandle, host: &Arc<Host>) {
    let before = card.counts();
    let interrupts_before = host.msix().delivered();
    let started = Instant::now();
    let mut session = Session::new(card, Arc::clone(host));
    // The server takes some of what a client says on trust and panics where that is wrong: the end of that client only.
    let ended = catch_unwind(AssertUnwindSafe(|| server.run(&mut session)));
    let after = card.counts();
    let windows = host.reach().memory.len();
    session.end();
    tracing::info!(
        cycles = after.cycles - before.cycles,
        reads = after.link.read_bursts - before.link.read_bursts,
        read_bytes = after.link.read_bytes - before.link.read_bytes,
        writes = after.link.write_bursts - before.link.write_bursts,
        write_bytes = after.link.write_bytes - before.link.write_bytes,
        dma_errors = after.link.errors - before.link.errors,
        memory_read_bytes = after.memory.read_bytes - before.memory.read_bytes,
        memory_write_bytes = after.memory.write_bytes - before.memory.write_bytes,
        memory_errors = after.memory.errors - before.memory.errors,
        interrupts = host.msix().delivered() - interrupts_before,
        resets = session.resets(),
        windows_left = windows,
        seconds = started.elapsed().as_secs(),
        "session ended"
    );
    match ended {
        Ok(Ok(())) => {}
        Ok(Err(Error::SocketAccept(error))) => {
            tracing::warn!(%error, "no client could be accepted");
            std::thread::sleep(ACCEPT_PAUSE);
        }
        Ok(Err(error)) => tracing::info!(%error, "the client ended without a goodbye"),
        Err(_) => tracing::warn!("the client broke the vfio-user protocol"),
    }
}
