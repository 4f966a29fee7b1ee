//! What importers and exporters ask of a store.

use super::{Store, StoreError, Thing};

impl Store {
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
