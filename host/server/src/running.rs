//! Searches under way, by the ids that callers know.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use whorl_search::service::CancelHandle;

/// Who started a search, and how it is ended.
struct Entry {
    owner: String,
    cancel: CancelHandle,
}

/// Searches that wait or run.
#[derive(Clone, Default)]
pub struct Running(Arc<Mutex<HashMap<String, Entry>>>);

impl std::fmt::Debug for Running {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Running").field(&self.len()).finish()
    }
}

/// Takes the search off the list when it ends, however it ends.
#[derive(Debug)]
pub struct Listed {
    running: Running,
    id: String,
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.running.lock().remove(&self.id);
    }
}

impl Running {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Searches that wait or run.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Lists a search of `owner`; `None` if one of that id is listed.
    pub fn list(&self, id: &str, owner: &str, cancel: CancelHandle) -> Option<Listed> {
        match self.lock().entry(id.to_owned()) {
            std::collections::hash_map::Entry::Occupied(_) => None,
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(Entry { owner: owner.to_owned(), cancel });
                Some(Listed { running: self.clone(), id: id.to_owned() })
            }
        }
    }

    /// Ends a search of `owner`. `false`: there is none of that id, or it is somebody else's, which is not told.
    pub fn cancel(&self, id: &str, owner: &str) -> bool {
        let cancel = self.lock().get(id).filter(|entry| entry.owner == owner).map(|entry| entry.cancel.clone());
        cancel.as_ref().inspect(|cancel| cancel.cancel()).is_some()
    }
}
