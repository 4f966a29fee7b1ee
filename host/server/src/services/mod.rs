//! The four services, each in a file of its own.

mod audit;
pub mod cards;
mod gallery;
mod search;

pub use audit::AuditService;
pub use cards::CardsService;
pub use gallery::GalleryService;
pub use search::SearchService;
