//! The Verilated card served as a vfio-user device.
