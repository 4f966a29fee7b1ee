//! The locks and flags that threads of a pool meet at; loom's in its model.

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, Ordering};
#[cfg(loom)]
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(not(loom))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard};

use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// What time it is.
#[cfg(not(loom))]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// What time it is: always the same, so that a model takes the same course whenever it is repeated.
#[cfg(loom)]
pub(crate) fn now() -> Instant {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    *START.get_or_init(Instant::now)
}

/// The moment so long from now; some far one, where there is none.
pub(crate) fn after(time: Duration) -> Instant {
    const FAR: Duration = Duration::from_hours(24 * 365 * 100);
    now().checked_add(time).unwrap_or_else(|| now() + FAR)
}

/// The lock, also after another holder panicked: what it guards here is never half changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits for a notification, or as long as `timeout`.
#[cfg(not(loom))]
pub(crate) fn wait_timeout<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>, timeout: Duration) -> MutexGuard<'a, T> {
    condvar.wait_timeout(guard, timeout).unwrap_or_else(PoisonError::into_inner).0
}

/// Waits for a notification: time does not pass in loom's model, so what needs a timeout to go on is found.
#[cfg(loom)]
pub(crate) fn wait_timeout<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>, _: Duration) -> MutexGuard<'a, T> {
    condvar.wait(guard).unwrap_or_else(PoisonError::into_inner)
}
