//! Gallery shards: packed records in the format that the card consumes, cut into extents.
//!
//! A shard is written once, by [`ShardBuilder`], and read by every engine: the card streams its extents, the CPU
//! walks the same bytes.

mod directory;
mod shard;

pub use directory::{Directory, Enrolled, Entry, ListedDirectory};
pub use shard::{Extent, Shard, ShardBuilder, ShardError};
