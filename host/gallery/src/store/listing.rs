//! What importers, exporters and writers of documents ask of a store.

use super::snapshot::ROWS;
use super::{Store, StoreError};

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
    /// among them. What is entered or expunged meanwhile may be among them or not.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if the gallery has no encounters.
    pub fn encounters(&self, gallery: &str) -> Result<Vec<(String, String)>, StoreError> {
        self.count(Some(gallery))?;
        let mut names = Vec::new();
        for first in (0..).step_by(ROWS) {
            let index = self.shared.read(); // anew for each part, so that operations go on
            let Some(gallery) = index.gallery(gallery) else { break };
            let Some(rows) = gallery.encounters.get(first..).filter(|rows| !rows.is_empty()) else { break };
            let live = rows.iter().take(ROWS).filter(|row| row.sequence != 0);
            names.extend(
                live.filter_map(|row| Some((gallery.subject_name(row.subject)?.to_owned(), row.name.to_string()))),
            );
        }
        Ok(names)
    }
}
