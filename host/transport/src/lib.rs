//! The ways to reach a card, each a [`Transport`](whorl_device::Transport) of the driver.
//!
//! # Layout
//! - [`vfio`]: a card under the kernel's `vfio-pci`. `bar`: its mapped BAR0. `address`: its address on the bus.
//!   `places`: where the kernel shows it, and what must be in place before it can be opened.
//! - [`vfio_user`]: a card modelled by another process, behind a socket.
//! - [`doctor`]: what the kernel shows of the machine and its cards, judged.
//! - `vectors`: MSI-X vectors as eventfds, for both.
//!
//! `unsafe` stands in `vfio` and `bar` alone.

mod address;
mod bar;
pub mod doctor;
mod places;
mod vectors;
pub mod vfio;
pub mod vfio_user;

pub use address::Address;
pub use places::Places;
