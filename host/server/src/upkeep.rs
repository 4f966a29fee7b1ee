//! What an appliance does by itself, now and then.

use crate::appliance::Appliance;
use crate::metrics;
use crate::proto::gallery_server::GalleryServer;
use crate::proto::search_server::SearchServer;
use crate::services::{GalleryService, SearchService};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use tonic::server::NamedService;
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;
use tracing::{info, warn};
use whorl_gallery::{StoreError, StoreStats};
use whorl_search::Service as InService;

/// How often levels are measured, and the store is looked at.
const LOOK: Duration = Duration::from_secs(2);
/// What was expunged leaves the files after this at the latest,
const REMOVE_AFTER: Duration = Duration::from_hours(24);
/// and so long after a start, as nobody knows then since when it waits.
const REMOVE_AFTER_START: Duration = Duration::from_hours(1);
/// A kept answer stays in the files so long beyond its time: they are not rewritten for each.
const EXPIRED_MAX: Duration = Duration::from_hours(24);
/// Dead bytes that are worth a compaction, where they are more than those alive.
const DEAD_BYTES: u64 = 64 << 20;
/// After a compaction that failed the next one waits: mostly the disk is full, and each try closes a segment.
const RETRY_AFTER: Duration = Duration::from_hours(1);

/// What `grpc.health.v1` tells.
#[derive(Debug, Clone)]
pub struct Health(pub HealthReporter);

impl Health {
    /// Tells whether calls are of use.
    pub async fn tell(&self, serving: bool) {
        let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
        for service in ["", SearchServer::<SearchService>::NAME, GalleryServer::<GalleryService>::NAME] {
            self.0.set_service_status(service, status).await;
        }
    }
}

/// When the store is compacted.
#[derive(Debug)]
struct Compactions {
    /// Since when something expunged is in the files.
    dead_since: Option<Instant>,
    /// Not before.
    next: Instant,
    keep_for: Duration,
    started: Instant,
}

impl Compactions {
    fn new(keep_for: Duration, now: Instant) -> Self {
        Self { dead_since: None, next: now, keep_for, started: now }
    }

    /// Whether it is time for one.
    fn is_due(&mut self, stats: &StoreStats, now: Instant, unix_ms: u64) -> bool {
        if stats.dead_bytes == 0 {
            self.dead_since = None;
        } else if self.dead_since.is_none() {
            self.dead_since = Some(now);
        }
        // What is dead at the first look was so before the start.
        let removal = match self.dead_since {
            Some(since) if since - self.started < 2 * LOOK => now - since >= REMOVE_AFTER_START,
            Some(since) => now - since >= REMOVE_AFTER,
            None => false,
        };
        let expired = stats.oldest_document_unix_ms.is_some_and(|kept| {
            let age = Duration::from_millis(unix_ms.saturating_sub(kept));
            age >= self.keep_for + EXPIRED_MAX
        });
        let much = stats.dead_bytes > stats.live_bytes.max(DEAD_BYTES);
        now >= self.next && (removal || expired || much)
    }

    fn done(&mut self) {
        self.dead_since = None;
    }

    fn failed(&mut self, now: Instant) {
        self.next = now + RETRY_AFTER;
    }
}

/// Whether changes and searches can be done.
fn is_healthy(appliance: &Appliance, stats: &StoreStats) -> bool {
    let status = appliance.service.status();
    let engine = status.engines.iter().any(|member| member.service == InService::InService);
    status.alive && engine && stats.poisoned.is_none() && !appliance.audit.is_poisoned()
}

/// Measures levels, tells the health, forgets idle callers, and compacts the store when it is time.
pub async fn look_after(
    appliance: Arc<Appliance>,
    health: Health,
    keep_for: Duration,
    mut stopping: watch::Receiver<bool>,
) {
    let mut compactions = Compactions::new(keep_for, Instant::now());
    let mut healthy = true;
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            _ = look.tick() => {}
            _ = stopping.wait_for(|stopping| *stopping) => return,
        }
        let (stats, status) = (appliance.store.stats(), appliance.service.status());
        metrics::levels(status.queued, status.running, &status.engines, &stats, &appliance.store.partitions());
        appliance.guard.forget_idle();
        let now_healthy = is_healthy(&appliance, &stats);
        if now_healthy != healthy {
            healthy = now_healthy;
            warn!(healthy, store = stats.poisoned, "the health has changed");
            if *stopping.borrow() {
                return; // whoever ends the server tells that it does
            }
            health.tell(healthy).await;
        }
        let unix_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64);
        if compactions.is_due(&stats, Instant::now(), unix_ms) {
            let store = Arc::clone(&appliance.store);
            match tokio::task::spawn_blocking(move || store.compact(&|_| {})).await {
                Ok(Ok(done)) => {
                    info!(bytes_before = done.bytes_before, bytes_after = done.bytes_after, "compacted");
                    compactions.done();
                }
                Ok(Err(StoreError::Compacting)) => {} // somebody else does it
                Ok(Err(error)) => {
                    warn!(%error, "the store is not compacted; the next try is in an hour");
                    compactions.failed(Instant::now());
                }
                Err(error) => {
                    warn!(%error, "the compaction failed");
                    compactions.failed(Instant::now());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_hours(24);
    const HOUR: Duration = Duration::from_hours(1);
    /// Milliseconds since 1970.
    const NOW: u64 = 1_800_000_000_000;

    fn stats(dead_bytes: u64, live_bytes: u64) -> StoreStats {
        StoreStats { dead_bytes, live_bytes, ..StoreStats::default() }
    }

    #[test]
    fn what_is_expunged_goes_within_a_day_and_after_a_start_within_an_hour() {
        let start = Instant::now();
        let mut from_before = Compactions::new(30 * DAY, start);
        assert!(!from_before.is_due(&stats(1, 1000), start, NOW));
        assert!(!from_before.is_due(&stats(1, 1000), start + HOUR.saturating_sub(LOOK), NOW));
        assert!(from_before.is_due(&stats(1, 1000), start + HOUR, NOW));
        let mut later = Compactions::new(30 * DAY, start);
        assert!(!later.is_due(&stats(0, 1000), start + HOUR, NOW));
        assert!(!later.is_due(&stats(1, 1000), start + 2 * HOUR, NOW));
        assert!(!later.is_due(&stats(1, 1000), start + DAY, NOW));
        assert!(later.is_due(&stats(1, 1000), start + DAY + 2 * HOUR, NOW));
    }

    #[test]
    fn much_that_is_dead_goes_at_once_and_a_failure_waits() {
        let start = Instant::now();
        let mut compactions = Compactions::new(30 * DAY, start);
        assert!(!compactions.is_due(&stats(DEAD_BYTES, 0), start, NOW));
        assert!(compactions.is_due(&stats(DEAD_BYTES + 1, 0), start, NOW));
        compactions.failed(start);
        assert!(!compactions.is_due(&stats(DEAD_BYTES + 1, 0), start + HOUR.saturating_sub(LOOK), NOW));
        assert!(compactions.is_due(&stats(DEAD_BYTES + 1, 0), start + HOUR, NOW));
    }

    #[test]
    fn answers_go_when_they_are_a_day_too_old() {
        let start = Instant::now();
        let mut compactions = Compactions::new(30 * DAY, start);
        let kept = |days: u32| StoreStats {
            oldest_document_unix_ms: Some(NOW - (DAY * days).as_millis() as u64),
            ..StoreStats::default()
        };
        assert!(!compactions.is_due(&kept(30), start, NOW));
        assert!(compactions.is_due(&kept(31), start, NOW));
    }
}
