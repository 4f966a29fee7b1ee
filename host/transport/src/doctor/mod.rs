//! What `whorl doctor` finds out without opening a card: of the machine, and of the functions on its PCI bus.
//!
//! # Layout
//! - `finding`: what a check comes to. `machine`: IOMMU, VFIO, locked memory, huge pages.
//! - `function`: one function by what sysfs shows of it. `link`: speed and width of its link.

#[cfg(test)]
pub(crate) mod fake;
mod finding;
mod function;
mod link;
mod machine;

pub use finding::{Finding, Outcome};
pub use function::{Examined, examine_function};
pub use link::link_of;
pub use machine::{Demand, examine_machine, memory_lock_limit};
