//! Connections as they come in: so many at once, and none that keeps others out.

use crate::identity::{Identity, IdentityError};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;

/// Pause after a connection that could not be taken: mostly no file descriptor is left, and trying on at once helps nobody.
const PAUSE: Duration = Duration::from_millis(100);

/// A connection that holds one of the places.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    peer: Peer,
    _place: OwnedSemaphorePermit,
}

/// Who is at the other end, which its certificate says for all calls of a connection.
#[derive(Debug, Clone, Default)]
pub struct Peer(Arc<OnceLock<Result<Arc<Identity>, IdentityError>>>);

impl Peer {
    /// The identity of `certificate`, which this connection was made with.
    ///
    /// # Errors
    /// [`IdentityError`]: it names nobody.
    pub fn identity(&self, certificate: &[u8]) -> Result<Arc<Identity>, IdentityError> {
        self.0.get_or_init(|| Identity::from_certificate(certificate).map(Arc::new)).clone()
    }
}

/// Takes connections as long as fewer than `max` are open; the system lets the next ones wait.
pub fn connections(listener: TcpListener, max: usize) -> impl Stream<Item = io::Result<Connection>> {
    let places = Arc::new(Semaphore::new(max));
    let (sender, received) = mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            let stream = tokio::select! {
                accepted = listener.accept() => accepted,
                () = sender.closed() => return,
            };
            match stream {
                Ok((stream, _)) => {
                    // A small answer must not wait for the acknowledgement of the one before.
                    let _ = stream.set_nodelay(true); // it is only slower without
                    if sender.send(Ok(Connection { stream, peer: Peer::default(), _place: place })).await.is_err() {
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be taken");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    });
    ReceiverStream::new(received)
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        self.peer.clone()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, buffers)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
