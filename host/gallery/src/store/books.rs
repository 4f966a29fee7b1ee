//! Manifest and keys of an open store, and how they are replaced on the disk.

use super::error::StoreError;
use super::keyring::{KEYS_BYTES_MAX, KEYS_FILE, Keyring};
use super::limits::SEGMENTS_MAX;
use super::manifest::{MANIFEST_FILE, Manifest, Row};
use super::segment::{self, Segment};
use super::storage::{AppendFile, Storage};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Ending of a file that is about to replace another.
pub(crate) const NEW_SUFFIX: &str = ".new";

/// Manifest and keys, as they are on the disk.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) folder: PathBuf,
    pub(crate) storage: Arc<dyn Storage>,
    pub(crate) keyring: Keyring,
    pub(crate) manifest: Manifest,
}

/// A segment that is being written.
#[derive(Debug)]
pub(crate) struct Growing {
    pub(crate) file: Box<dyn AppendFile>,
    pub(crate) segment: Arc<Segment>,
    pub(crate) bytes: u64,
}

impl Books {
    /// Starts a new segment's file; the manifest does not name it yet. Its header is on the disk.
    ///
    /// # Errors
    /// [`StoreError`] of the file layer; the file may be left behind, for the next opening to remove.
    pub(crate) fn start_segment(&mut self) -> Result<Growing, StoreError> {
        if self.manifest.rows.len() >= SEGMENTS_MAX {
            return Err(StoreError::too_many_segments());
        }
        let id = self.manifest.next_segment;
        self.manifest.next_segment = id.checked_add(1).ok_or_else(StoreError::too_many_segments)?;
        self.keyring.make(id)?;
        if self.keyring.encrypted() {
            self.save_keys()?;
        }
        let path = self.folder.join(segment::file_name(id));
        let (header, _) = segment::begin(self.keyring.store(), id, self.keyring.get(id))?;
        let mut file = self.storage.create(&path).map_err(|e| StoreError::io("creating", &path, e))?;
        file.append(&header).map_err(|e| StoreError::io("writing", &path, e))?;
        file.sync().map_err(|e| StoreError::io("syncing", &path, e))?;
        self.storage.sync_folder(&self.folder).map_err(|e| StoreError::io("syncing", &self.folder, e))?;
        let opened = self.open_segment(id)?;
        Ok(Growing { file, segment: Arc::new(opened), bytes: segment::SEGMENT_HEADER_BYTES as u64 })
    }

    pub(crate) fn open_segment(&self, id: u32) -> Result<Segment, StoreError> {
        let key = self.keyring.get(id);
        if key.is_none() && self.keyring.encrypted() {
            return Err(StoreError::damaged(&self.folder.join(KEYS_FILE), 0, format!("it has no key of segment {id}")));
        }
        Segment::open(&*self.storage, &self.folder, self.keyring.store(), id, key)
    }

    /// Puts other rows into the manifest.
    ///
    /// # Errors
    /// [`StoreError`] of the file layer: which manifest the disk has then is uncertain.
    pub(crate) fn save_manifest(&mut self, rows: Vec<Row>) -> Result<(), StoreError> {
        self.manifest.rows = rows;
        let bytes = self.manifest.encode(&self.keyring.hasher());
        replace(&*self.storage, &self.folder, MANIFEST_FILE, &bytes)
    }

    /// Writes the keys.
    ///
    /// # Errors
    /// [`StoreError`] of the file layer: which keys the disk has then is uncertain.
    pub(crate) fn save_keys(&self) -> Result<(), StoreError> {
        replace(&*self.storage, &self.folder, KEYS_FILE, &self.keyring.encode()?)
    }

    /// Reads the whole of a small file.
    ///
    /// # Errors
    /// [`StoreError::NoStore`] if there is none, [`StoreError::Damaged`] if it is longer than it may be.
    pub(crate) fn read_file(
        storage: &dyn Storage,
        folder: &Path,
        name: &str,
        max: usize,
    ) -> Result<Vec<u8>, StoreError> {
        let path = folder.join(name);
        let file = storage.open(&path).map_err(|e| match e.kind() {
            std::io::ErrorKind::NotFound => StoreError::NoStore { folder: folder.into() },
            _ => StoreError::io("opening", &path, e),
        })?;
        let bytes = file.bytes().map_err(|e| StoreError::io("reading", &path, e))?;
        if bytes > max as u64 {
            return Err(StoreError::damaged(&path, max as u64, "it is longer than such a file can be"));
        }
        let mut contents = vec![0; bytes as usize];
        file.read_at(0, &mut contents).map_err(|e| StoreError::io("reading", &path, e))?;
        Ok(contents)
    }

    /// Reads keys and manifest of a store.
    ///
    /// # Errors
    /// [`StoreError`] of any kind that a file can give.
    pub(crate) fn load(
        storage: Arc<dyn Storage>,
        folder: &Path,
        master: Option<super::key::MasterKey>,
    ) -> Result<Self, StoreError> {
        let manifest_bytes = Self::read_file(&*storage, folder, MANIFEST_FILE, super::manifest::MANIFEST_BYTES_MAX)?;
        let keys_path = folder.join(KEYS_FILE);
        let keys_bytes =
            Self::read_file(&*storage, folder, KEYS_FILE, KEYS_BYTES_MAX).map_err(|error| match error {
                StoreError::NoStore { .. } => StoreError::damaged(&keys_path, 0, "it is missing"),
                other => other,
            })?;
        let keyring = Keyring::decode(&keys_bytes, &keys_path, master)?;
        let path = folder.join(MANIFEST_FILE);
        let manifest = Manifest::decode(&manifest_bytes, &path, Some(&keyring.hasher()))?;
        if manifest.store != keyring.store() || manifest.encrypted != keyring.encrypted() {
            return Err(StoreError::damaged(&path, 0, "it belongs to another store than the keys"));
        }
        Ok(Self { folder: folder.into(), storage, keyring, manifest })
    }
}

/// Puts a file in place of another of that name, so that the one or the other is whole at any moment.
pub(crate) fn replace(storage: &dyn Storage, folder: &Path, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let (new, path) = (folder.join(format!("{name}{NEW_SUFFIX}")), folder.join(name));
    let mut file = match storage.create(&new) {
        // What an earlier attempt has left.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            storage.remove(&new).map_err(|e| StoreError::io("removing", &new, e))?;
            storage.create(&new)
        }
        created => created,
    }
    .map_err(|e| StoreError::io("creating", &new, e))?;
    file.append(bytes).map_err(|e| StoreError::io("writing", &new, e))?;
    file.sync().map_err(|e| StoreError::io("syncing", &new, e))?;
    drop(file);
    storage.rename(&new, &path).map_err(|e| StoreError::io("renaming", &new, e))?;
    storage.sync_folder(folder).map_err(|e| StoreError::io("syncing", folder, e))
}

/// Makes a folder, with those above it, and returns when it survives a loss of power.
pub(crate) fn create_folder(storage: &dyn Storage, folder: &Path) -> Result<(), StoreError> {
    let is_missing = |folder: &Path| storage.list(folder).is_err_and(|e| e.kind() == std::io::ErrorKind::NotFound);
    let parents = parents_of_new(folder, is_missing);
    storage.create_folder(folder).map_err(|e| StoreError::io("creating", folder, e))?;
    parents.iter().try_for_each(|parent| storage.sync_folder(parent).map_err(|e| StoreError::io("syncing", parent, e)))
}

/// The folders that get a new name when a folder is made. Its own parent is among them even if it is there: an attempt that was
/// interrupted may have made it.
fn parents_of_new(folder: &Path, is_missing: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    let named = folder.ancestors().take_while(|folder| !folder.as_os_str().is_empty());
    let new = named.enumerate().take_while(|(above, folder)| *above == 0 || is_missing(folder));
    let parents = new.filter_map(|(_, folder)| folder.parent());
    parents.map(|parent| if parent.as_os_str().is_empty() { Path::new(".") } else { parent }.into()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_that_gets_a_new_name_is_known() {
        let parents = |folder: &str, missing: &[&str]| {
            let parents =
                parents_of_new(Path::new(folder), |folder| missing.iter().any(|name| Path::new(name) == folder));
            parents.iter().map(|parent| parent.to_string_lossy().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!(parents("/a/b/c", &["/a/b/c", "/a/b"]), ["/a/b", "/a"]);
        assert_eq!(parents("/a/b/c", &[]), ["/a/b"]);
        assert_eq!(parents("a/b", &["a/b", "a"]), ["a", "."]);
        assert_eq!(parents("store", &["store"]), ["."]);
        assert_eq!(parents("/", &[]), Vec::<String>::new());
    }
}
