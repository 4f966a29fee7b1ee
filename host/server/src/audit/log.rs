//! The log that a server writes.

use super::entry::{Entry, Event};
use super::files::{self, AuditFault, FILE_BYTES_MAX, Filter, Verified};
use crate::identity::hex;
use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{SystemTime, UNIX_EPOCH};
use whorl_gallery::{AppendFile, Lock, Storage};
use zeroize::Zeroizing;

/// Events that become durable together at most.
const GROUP_MAX: usize = 1024;
/// Bytes of the key for names.
const KEY_BYTES: usize = 32;
/// Bytes of a name's hash: enough that two names never meet.
const NAME_HASH_BYTES: usize = 16;

/// Why an event is not in the log.
#[derive(Debug, Clone, thiserror::Error)]
pub enum AuditError {
    /// The log that is there is not intact.
    #[error("the audit log is not intact: {0}; keep its folder as evidence, and begin a new log in another")]
    Fault(Arc<AuditFault>),
    /// A file cannot be made, written or read.
    #[error("the audit log cannot {doing} {}: {source}", file.display())]
    File {
        /// What was tried.
        doing: &'static str,
        /// With which file.
        file: PathBuf,
        /// What the system says.
        source: Arc<io::Error>,
    },
    /// Another process writes it.
    #[error("another process writes the audit log in {}", folder.display())]
    Locked {
        /// The folder.
        folder: PathBuf,
    },
    /// The key for names is no key.
    #[error("{} does not hold the {KEY_BYTES} bytes of a key", file.display())]
    Key {
        /// The file.
        file: PathBuf,
    },
    /// It failed before, and what the disk holds is uncertain since.
    #[error("the audit log takes no more entries until the server is started again: {why}")]
    Poisoned {
        /// The failure.
        why: String,
    },
    /// It was closed.
    #[error("the audit log is closed")]
    Closed,
}

impl From<AuditFault> for AuditError {
    fn from(fault: AuditFault) -> Self {
        Self::Fault(Arc::new(fault))
    }
}

fn failed<'a>(doing: &'static str, file: &'a Path) -> impl FnOnce(io::Error) -> AuditError + 'a {
    move |source| AuditError::File { doing, file: file.to_owned(), source: Arc::new(source) }
}

type Reply = Box<dyn FnOnce(Result<u64, AuditError>) + Send>;

/// An audit log that is open for writing; clones write the same.
#[derive(Clone)]
pub struct AuditLog(Arc<Inner>);

struct Inner {
    storage: Arc<dyn Storage>,
    folder: PathBuf,
    key: hmac::Key,
    events: Option<Sender<(Event, Reply)>>,
    thread: Option<JoinHandle<()>>,
    poisoned: Arc<AtomicBool>,
    _lock: Box<dyn Lock>,
}

impl std::fmt::Debug for AuditLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuditLog").field("folder", &self.0.folder).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    /// Writes what waits, then ends.
    fn drop(&mut self) {
        self.events = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // a panic there has been reported
        }
    }
}

impl AuditLog {
    /// Opens the log of a folder, or begins one; files are closed at about `file_bytes`. An unfinished last line is cut.
    ///
    /// # Errors
    /// [`AuditError`]: the log is not intact, or cannot be written.
    pub fn open(storage: Arc<dyn Storage>, folder: &Path, file_bytes: u64) -> Result<Self, AuditError> {
        storage.create_folder(folder).map_err(failed("make", folder))?;
        if let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
            storage.sync_folder(above).map_err(failed("sync", above))?;
        }
        let lock = folder.join("lock");
        let held = storage.lock(&lock).map_err(|error| match error.kind() {
            io::ErrorKind::WouldBlock => AuditError::Locked { folder: folder.to_owned() },
            _ => failed("lock", &lock)(error),
        })?;
        let key = key(&*storage, folder)?;
        let end = files::walk(&*storage, folder, |_| true)?;
        // Where nothing is cut as well: what a failed sync has left in memory only must reach the disk before it is built on.
        if let Some((file, bytes)) = &end.tail {
            storage.truncate(file, *bytes).map_err(failed("cut", file))?;
        }
        // As many events wait as calls have begun or ended since the last write; calls are bounded where they come in.
        let (events, received) = unbounded();
        let poisoned = Arc::new(AtomicBool::new(false));
        let mut writer = Writer {
            storage: Arc::clone(&storage),
            folder: folder.to_owned(),
            file_bytes: file_bytes.min(FILE_BYTES_MAX / 2),
            file: None,
            next_file: end.last_file + 1,
            number: end.entries,
            head: end.head,
            poisoned: None,
            is_poisoned: Arc::clone(&poisoned),
        };
        let thread = std::thread::Builder::new().name("audit".into()).spawn(move || writer.serve(&received));
        let thread = Some(thread.map_err(failed("start a thread for", folder))?);
        let folder = folder.to_owned();
        Ok(Self(Arc::new(Inner { storage, folder, key, events: Some(events), thread, poisoned, _lock: held })))
    }

    /// The log's folder.
    pub fn folder(&self) -> &Path {
        &self.0.folder
    }

    /// Whether it takes no more entries: a write has failed.
    pub fn is_poisoned(&self) -> bool {
        self.0.poisoned.load(Ordering::Acquire)
    }

    /// Hands an event over; `reply` is called with its number once it is durable.
    pub fn submit(&self, event: Event, reply: impl FnOnce(Result<u64, AuditError>) + Send + 'static) {
        let order: (Event, Reply) = (event, Box::new(reply));
        let refused = match &self.0.events {
            Some(events) => events.send(order).err().map(|error| error.0),
            None => Some(order),
        };
        if let Some((_, reply)) = refused {
            reply(Err(AuditError::Closed));
        }
    }

    /// Enters an event and waits until it is durable. Its number.
    ///
    /// # Errors
    /// [`AuditError`]: it may not be on record.
    pub async fn append(&self, event: Event) -> Result<u64, AuditError> {
        let (reply, replied) = tokio::sync::oneshot::channel();
        self.submit(event, move |result| {
            let _ = reply.send(result); // the event stays on record whether or not somebody waits
        });
        replied.await.map_err(|_| AuditError::Closed)?
    }

    /// The same, for threads.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn append_blocking(&self, event: Event) -> Result<u64, AuditError> {
        let (reply, replied) = bounded(1);
        self.submit(event, move |result| {
            let _ = reply.send(result); // as above
        });
        replied.recv().map_err(|_| AuditError::Closed)?
    }

    /// HMAC-SHA-256 of a name under the log's key, cut to 16 bytes, in hexadecimal: equal names can be found, none can be read.
    pub fn hash_name(&self, name: &str) -> String {
        if name.is_empty() {
            return String::new();
        }
        hex(&hmac::sign(&self.0.key, name.as_bytes()).as_ref()[..NAME_HASH_BYTES])
    }

    /// Entries that fit, oldest first. Reads files: not for an async thread.
    ///
    /// # Errors
    /// [`AuditFault`]: the log is not intact.
    pub fn query(&self, filter: &Filter) -> Result<Vec<Entry>, AuditFault> {
        files::query(&*self.0.storage, &self.0.folder, filter)
    }

    /// Checks every byte. Reads files: not for an async thread.
    ///
    /// # Errors
    /// [`AuditFault`]: what is wrong first.
    pub fn verify(&self) -> Result<Verified, AuditFault> {
        files::verify(&*self.0.storage, &self.0.folder)
    }
}

/// The key for names; made at first use.
fn key(storage: &dyn Storage, folder: &Path) -> Result<hmac::Key, AuditError> {
    let file = folder.join("names.key");
    let mut key = Zeroizing::new(vec![0; KEY_BYTES]);
    match storage.open(&file) {
        Ok(open) => {
            if open.bytes().map_err(failed("read", &file))? != KEY_BYTES as u64 {
                return Err(AuditError::Key { file });
            }
            open.read_at(0, &mut key).map_err(failed("read", &file))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let random = SystemRandom::new().fill(&mut key).map_err(|_| io::Error::other("the system gives none"));
            random.map_err(failed("get random bytes for", &file))?;
            // Whole under another name first: a key that is cut short would shut the log.
            let whole = folder.join("names.key.new");
            let _ = storage.remove(&whole); // of an interrupted attempt
            let mut new = storage.create(&whole).map_err(failed("make", &whole))?;
            new.append(&key).and_then(|()| new.sync()).map_err(failed("write", &whole))?;
            storage.rename(&whole, &file).map_err(failed("make", &file))?;
            storage.sync_folder(folder).map_err(failed("sync", folder))?;
        }
        Err(error) => return Err(failed("read", &file)(error)),
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &key))
}

/// The thread's side.
struct Writer {
    storage: Arc<dyn Storage>,
    folder: PathBuf,
    file_bytes: u64,
    file: Option<(PathBuf, Box<dyn AppendFile>, u64)>,
    next_file: u64,
    number: u64,
    head: String,
    poisoned: Option<String>,
    is_poisoned: Arc<AtomicBool>,
}

impl Writer {
    fn serve(&mut self, events: &Receiver<(Event, Reply)>) {
        while let Ok(first) = events.recv() {
            let group: Vec<_> = std::iter::once(first).chain(events.try_iter().take(GROUP_MAX - 1)).collect();
            let (events, replies): (Vec<_>, Vec<_>) = group.into_iter().unzip();
            let written = self.write(events);
            if let Err(error) = &written
                && self.poisoned.is_none()
            {
                self.poisoned = Some(error.to_string());
                self.is_poisoned.store(true, Ordering::Release);
            }
            for (nth, reply) in replies.into_iter().enumerate() {
                reply(written.clone().map(|first| first + nth as u64));
            }
        }
    }

    /// Writes entries and waits until they are durable; the number of the first.
    fn write(&mut self, events: Vec<Event>) -> Result<u64, AuditError> {
        if let Some(why) = &self.poisoned {
            return Err(AuditError::Poisoned { why: why.clone() });
        }
        let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        let first = self.number + 1;
        let mut lines = String::new();
        for event in events {
            let entry = Entry::new(self.number + 1, unix_ms, event, &self.head);
            lines += &entry.line();
            (self.number, self.head) = (entry.number, entry.hash);
        }
        let (path, file, bytes) = self.file()?;
        file.append(lines.as_bytes()).map_err(failed("write", path))?;
        file.sync().map_err(failed("sync", path))?;
        *bytes += lines.len() as u64;
        Ok(first)
    }

    /// The file to write to, a new one where the last is full.
    fn file(&mut self) -> Result<(&Path, &mut dyn AppendFile, &mut u64), AuditError> {
        if self.file.as_ref().is_some_and(|(_, _, bytes)| *bytes >= self.file_bytes) {
            self.file = None;
        }
        if self.file.is_none() {
            let path = self.folder.join(files::name(self.next_file));
            let file = self.storage.create(&path).map_err(failed("make", &path))?;
            self.storage.sync_folder(&self.folder).map_err(failed("sync", &self.folder))?;
            self.next_file += 1;
            self.file = Some((path, file, 0));
        }
        let Some((path, file, bytes)) = &mut self.file else { return Err(AuditError::Closed) };
        Ok((path, &mut **file, bytes))
    }
}
