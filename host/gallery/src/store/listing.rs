//! What importers, exporters and writers of documents ask of a store.

use super::{Store, StoreError, Thing};

impl Store {
    /// Hash of a name under the store's own secret: the same whenever the store is open, and different in every other one. A
    /// kept document that refers to a subject by it holds no name, so that the subject can be expunged while the
    /// document stays.
    pub fn name_hash(&self, name: &str) -> [u8; 16] {
        self.shared.hasher.hash("name", [name.as_bytes()])
    }

    /// Whether an operation with this request id was done, and is remembered.
    pub fn knows_request(&self, request_id: &str) -> bool {
        let hash = self.shared.hasher.hash("request", [request_id.as_bytes()]);
        self.shared.read().requests.contains_key(&hash)
    }

    /// Names of all subjects of a gallery, each with the name of one of its encounters, in the order of enrolment, sealed ones
    /// among them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the gallery has no encounters.
    pub fn encounters(&self, gallery: &str) -> Result<Vec<(String, String)>, StoreError> {
        let index = self.shared.read();
        let found = index.gallery(gallery).filter(|gallery| gallery.counts.encounters > 0);
        let gallery = found.ok_or(StoreError::NotFound(Thing::Gallery))?;
        let live = gallery.encounters.iter().filter(|row| row.sequence != 0);
        let names = live.filter_map(|row| Some((gallery.subject_name(row.subject)?.to_owned(), row.name.to_string())));
        Ok(names.collect())
    }
}
