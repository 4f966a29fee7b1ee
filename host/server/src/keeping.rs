//! Answers on their way to the store.
//!
//! An answer is given when its search is in the audit log; that it can be made again is not waited for. Until the store has it, it
//! is here, so a replay finds it at once. A loss of power may take the last few: they are on record and cannot be replayed.

use crate::metrics;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use whorl_gallery::{Operation, Store};

/// A document, which is made when somebody needs it.
type Document = LazyLock<Vec<u8>, Box<dyn FnOnce() -> Vec<u8> + Send>>;

/// The documents, by the ids of their searches.
#[derive(Clone, Default)]
pub struct Keeping(Arc<Mutex<HashMap<String, Arc<Document>>>>);

impl std::fmt::Debug for Keeping {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Keeping").field(&self.len()).finish()
    }
}

impl Keeping {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Document>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Documents that the store does not have yet.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// The document of a search.
    pub fn get(&self, id: &str) -> Option<Arc<Document>> {
        self.lock().get(id).cloned()
    }

    /// Gives a document of `gallery` to the store, in a task of its own: making and handing it over are not in the answer's way.
    pub fn keep(
        &self,
        store: &Arc<Store>,
        id: String,
        gallery: String,
        document: impl FnOnce() -> Vec<u8> + Send + 'static,
    ) {
        let document = Arc::new(Document::new(Box::new(document)));
        self.lock().insert(id.clone(), Arc::clone(&document));
        let (keeping, store) = (self.clone(), Arc::clone(store));
        tokio::spawn(async move {
            let (request_id, kept) = (uuid::Uuid::now_v7().to_string(), id.clone());
            let document = LazyLock::force(&document).clone();
            store.submit(Operation::Keep { request_id, id, gallery, document }, move |result| {
                if let Err(error) = result {
                    metrics::not_kept();
                    tracing::error!(%error, "an answer cannot be replayed: the store does not keep it");
                }
                keeping.lock().remove(&kept);
            });
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;
    use whorl_gallery::StoreOptions;

    #[tokio::test(flavor = "current_thread")]
    async fn an_answer_is_found_before_the_store_has_it_and_made_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::create(&folder.path().join("store"), StoreOptions::default()).expect("a store");
        let (store, keeping, made) = (Arc::new(store), Keeping::default(), Arc::<AtomicUsize>::default());
        let counted = Arc::clone(&made);
        keeping.keep(&store, "id".into(), "gallery".into(), move || {
            counted.fetch_add(1, Ordering::Relaxed);
            b"answer".to_vec()
        });
        // The only thread has not come to the task that hands it over.
        assert_eq!((keeping.len(), store.kept("id").expect("readable")), (1, None));
        assert_eq!(**keeping.get("id").expect("it is here"), b"answer".to_vec());
        while keeping.len() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(store.kept("id").expect("readable"), Some(b"answer".to_vec()));
        assert_eq!(made.load(Ordering::Relaxed), 1);
    }
}
