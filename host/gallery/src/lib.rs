//! The gallery of record, and its shards: packed records in the format that the card consumes, cut into extents.
//!
//! A shard is written once, by [`ShardBuilder`], and read by every engine: the card streams its extents, the CPU
//! walks the same bytes. [`Store`] keeps the log of record and a projection of it as shards.

mod directory;
mod shard;
mod store;

pub use directory::{Directory, Enrolled, Entry, ListedDirectory};
pub use shard::{Extent, Shard, ShardBuilder, ShardError};
pub use store::*;
