//! A file layer that fails as it is told, over the real one: what a loss of power or a full disk leaves behind.
//!
//! Until a file is synced, what was appended to it may be lost from any byte on; until a folder is synced, so may what was
//! made, renamed and removed in it, in that order. After the fault the layer answers everything with an error, as if
//! the process were gone, and the files are as a machine that starts again would find them.

use super::storage::{AppendFile, ChangeFile, Lock, OsStorage, ReadFile, Storage, cut_and_sync};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Power is lost before the operation.
    Kill,
    /// Power is lost within the operation: of an append, a part may be there.
    TornWrite,
    /// The disk is full from the operation on; nothing else fails.
    NoSpace,
    /// Syncing fails, once, and what was not synced may be lost; then power is lost.
    SyncError,
    /// Syncing fails, once, and nothing else: what was not synced can be read, and counts as synced to the system, but is gone
    /// with the power unless it is written again.
    SyncLost,
}

/// When something goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// What.
    pub fault: Fault,
    /// At which operation that changes something, counted from 0; faults of syncing wait for the next sync.
    pub at: u64,
    /// Decides what of unsynced data survives.
    pub seed: u64,
}

/// The failing file layer.
#[derive(Debug, Clone)]
pub struct FaultyStorage {
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    plan: Option<Plan>,
    operations: u64,
    random: u64,
    dead: bool,
    full: bool,
    sync_fault: Option<Fault>,
    unsynced: HashMap<PathBuf, Lengths>,
    /// Changes of names that no folder sync has made last, the oldest first.
    names: VecDeque<Change>,
}

#[derive(Debug, Clone, Copy)]
struct Lengths {
    synced: u64,
    written: u64,
    /// Bytes of those that the system takes for synced, from the first to behind the last; empty if there are none.
    lost: (u64, u64),
}

impl Lengths {
    const NONE: Self = Self { synced: 0, written: 0, lost: (0, 0) };

    /// Up to where the bytes survive at best.
    fn reachable(&self) -> u64 {
        if self.lost.0 < self.lost.1 { self.lost.0 } else { self.written }
    }

    fn lose(&mut self) {
        self.lost = (self.synced, self.written);
    }

    /// Bytes are written, the same ones or others: they are not lost any more, and unsure until the next sync.
    fn write(&mut self, offset: u64, bytes: u64) {
        let end = offset + bytes;
        self.written = self.written.max(end);
        self.synced = self.synced.min(offset);
        if offset <= self.lost.0 {
            self.lost.0 = self.lost.0.max(end);
        }
    }

    fn cut(&mut self, bytes: u64) {
        let Self { synced, written, lost: (from, to) } = *self;
        *self = Self { synced: synced.min(bytes), written: written.min(bytes), lost: (from, to.min(bytes)) };
    }
}

/// A change of a folder, with what takes it back.
#[derive(Debug)]
enum Change {
    Created(PathBuf),
    Renamed { from: PathBuf, to: PathBuf, replaced: Option<Vec<u8>> },
    Removed { path: PathBuf, contents: Vec<u8> },
}

impl FaultyStorage {
    /// A layer that fails by plan, or never.
    pub fn new(plan: Option<Plan>) -> Self {
        let random = plan.map_or(1, |plan| plan.seed | 1);
        Self {
            state: Arc::new(Mutex::new(State {
                plan,
                operations: 0,
                random,
                dead: false,
                full: false,
                sync_fault: None,
                unsynced: HashMap::new(),
                names: VecDeque::new(),
            })),
        }
    }

    /// How many operations changed something so far.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Whether the fault has happened.
    pub fn has_failed(&self) -> bool {
        let state = self.state();
        state.dead || state.full
    }

    /// Loses power now.
    pub fn kill(&self) {
        self.state().die();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alive(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.dead { Err(gone()) } else { Ok(state) }
    }

    /// Counts an operation that changes something, and lets the fault happen if it is its turn.
    fn change(&self, part: impl FnOnce(&mut State)) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.alive()?;
        let number = state.operations;
        state.operations += 1;
        if let Some(plan) = state.plan.filter(|plan| plan.at == number) {
            match plan.fault {
                Fault::NoSpace => state.full = true,
                Fault::SyncError | Fault::SyncLost => state.sync_fault = Some(plan.fault),
                Fault::Kill => {
                    state.die();
                    return Err(gone());
                }
                Fault::TornWrite => {
                    part(&mut state);
                    state.die();
                    return Err(gone());
                }
            }
        }
        Ok(state)
    }
}

impl State {
    /// A number below `below`, which is not 0 (xorshift64).
    fn next(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }

    fn append(&mut self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        use std::io::Write;
        std::fs::OpenOptions::new().append(true).open(path)?.write_all(bytes)?;
        if let Some(lengths) = self.unsynced.get_mut(path) {
            lengths.written += bytes.len() as u64;
        }
        Ok(())
    }

    /// Lets a sync fail if it is to.
    fn sync(&mut self, path: Option<&Path>) -> io::Result<()> {
        match self.sync_fault.take() {
            None => return Ok(()),
            Some(Fault::SyncLost) => {
                if let Some(lengths) = path.and_then(|path| self.unsynced.get_mut(path)) {
                    lengths.lose();
                }
            }
            Some(_) => self.die(),
        }
        Err(io::Error::other("the disk does not answer"))
    }

    /// Takes back a part of what was not made to last, as a loss of power does.
    fn die(&mut self) {
        self.dead = true;
        let mut unsynced: Vec<_> = self.unsynced.drain().collect();
        unsynced.sort_by(|a, b| a.0.cmp(&b.0));
        for (path, lengths) in unsynced {
            let survives = lengths.synced + self.next(lengths.reachable() - lengths.synced + 1);
            if let Ok(file) = std::fs::OpenOptions::new().write(true).open(&path) {
                let _ = file.set_len(survives); // a file that is gone has nothing to lose
            }
        }
        let survive = self.next(self.names.len() as u64 + 1) as usize;
        for change in self.names.drain(survive..).rev() {
            // Each takes back what the fault's own layer did a moment before; a failure here would show in the checks.
            let _ = match change {
                Change::Created(path) => std::fs::remove_file(path),
                Change::Removed { path, contents } => std::fs::write(path, contents),
                Change::Renamed { from, to, replaced } => std::fs::rename(&to, from)
                    .and_then(|()| replaced.map_or(Ok(()), |contents| std::fs::write(&to, contents))),
            };
        }
    }
}

fn gone() -> io::Error {
    io::Error::other("the machine is gone")
}

fn full() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

/// A file of the failing layer.
#[derive(Debug)]
struct FaultyFile {
    storage: FaultyStorage,
    path: PathBuf,
}

impl AppendFile for FaultyFile {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let path = self.path.clone();
        let torn = |state: &mut State| {
            let part = state.next(bytes.len() as u64 + 1) as usize;
            let _ = state.append(&path, &bytes[..part]); // the fault itself
        };
        let mut state = self.storage.change(torn)?;
        if state.full {
            let part = state.next(bytes.len() as u64 + 1) as usize;
            state.append(&self.path, &bytes[..part])?;
            return Err(full());
        }
        state.append(&self.path, bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.storage.change(|_| {})?;
        state.sync(Some(&self.path))?;
        // A file that was renamed meanwhile was synced before: nothing of it is open here.
        state.unsynced.entry(self.path.clone()).and_modify(|lengths| lengths.synced = lengths.reachable());
        Ok(())
    }
}

/// A file of the failing layer whose end is changed, all in one operation.
#[derive(Debug)]
struct ChangedFile {
    file: std::fs::File,
    path: PathBuf,
    storage: FaultyStorage,
}

impl ReadFile for ChangedFile {
    fn bytes(&self) -> io::Result<u64> {
        ReadFile::bytes(&self.file)
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        ReadFile::read_at(&self.file, offset, buffer)
    }
}

impl ChangeFile for ChangedFile {
    fn cut(&self, bytes: u64) -> io::Result<()> {
        if let Some(lengths) = self.storage.alive()?.unsynced.get_mut(&self.path) {
            lengths.cut(bytes);
        }
        self.file.cut(bytes)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if let Some(lengths) = self.storage.alive()?.unsynced.get_mut(&self.path) {
            lengths.write(offset, bytes.len() as u64);
        }
        self.file.write_at(offset, bytes)
    }

    fn sync_all(&self) -> io::Result<()> {
        let mut state = self.storage.alive()?;
        state.sync(Some(&self.path))?;
        state.unsynced.entry(self.path.clone()).and_modify(|lengths| lengths.synced = lengths.reachable());
        Ok(())
    }
}

impl Storage for FaultyStorage {
    fn create_folder(&self, folder: &Path) -> io::Result<()> {
        let _alive = self.alive()?;
        OsStorage.create_folder(folder)
    }

    fn create(&self, file: &Path) -> io::Result<Box<dyn AppendFile>> {
        let mut state = self.change(|_| {})?;
        if state.full {
            return Err(full());
        }
        OsStorage.create(file)?;
        state.unsynced.insert(file.into(), Lengths::NONE);
        state.names.push_back(Change::Created(file.into()));
        Ok(Box::new(FaultyFile { storage: self.clone(), path: file.into() }))
    }

    fn open(&self, file: &Path) -> io::Result<Arc<dyn ReadFile>> {
        let _alive = self.alive()?;
        OsStorage.open(file)
    }

    fn truncate(&self, file: &Path, bytes: u64) -> io::Result<()> {
        drop(self.change(|_| {})?);
        let opened = std::fs::OpenOptions::new().read(true).write(true).open(file)?;
        cut_and_sync(&ChangedFile { file: opened, path: file.into(), storage: self.clone() }, bytes)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.change(|_| {})?;
        let replaced = std::fs::read(to).ok();
        OsStorage.rename(from, to)?;
        if let Some(lengths) = state.unsynced.remove(from) {
            state.unsynced.insert(to.into(), lengths);
        }
        state.names.push_back(Change::Renamed { from: from.into(), to: to.into(), replaced });
        Ok(())
    }

    fn remove(&self, file: &Path) -> io::Result<()> {
        let mut state = self.change(|_| {})?;
        let contents = std::fs::read(file)?;
        OsStorage.remove(file)?;
        state.unsynced.remove(file);
        state.names.push_back(Change::Removed { path: file.into(), contents });
        Ok(())
    }

    fn list(&self, folder: &Path) -> io::Result<Vec<String>> {
        let _alive = self.alive()?;
        OsStorage.list(folder)
    }

    fn sync_folder(&self, _folder: &Path) -> io::Result<()> {
        let mut state = self.change(|_| {})?;
        state.sync(None)?;
        state.names.clear();
        Ok(())
    }

    fn lock(&self, file: &Path) -> io::Result<Box<dyn Lock>> {
        let _alive = self.alive()?;
        OsStorage.lock(file)
    }

    fn available_bytes(&self, folder: &Path) -> io::Result<u64> {
        let _alive = self.alive()?;
        OsStorage.available_bytes(folder) // does not see it coming, so that writes fail half-way
    }
}
