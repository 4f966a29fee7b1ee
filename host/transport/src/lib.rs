//! The ways to reach a card: vfio and vfio-user.
