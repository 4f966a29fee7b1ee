//! The throughput model of docs/performance.md: what limits a stream, and the cycles that a record then takes.

use super::workload::Workload;
use crate::engine::SimChoice;
use serde_json::{Value, json};

/// Lines that a stream may have asked for and not yet taken (`Depth` of hdl/queue/extent_feed.sv).
const LINES_UNDER_WAY: f64 = 256.0;
/// Lines of a read burst at most (`BURST_LINES_MAX` of hdl/pkg/dma_pkg.sv).
const BURST_LINES: f64 = 16.0;
/// Read bursts that the card has under way at most (`READS_IN_FLIGHT_MAX` there).
const READS_IN_FLIGHT: u16 = 32;
const LINE_BYTES: f64 = whorl_layout::LINE_BYTES as f64;

/// Cycles per record and stream under each limit alone.
#[derive(Debug, Clone, Copy)]
pub struct Prediction {
    /// One gallery minutia per cycle.
    pub compute: f64,
    /// The streams share the link's bytes.
    pub link: f64,
    /// Lines under way against the latency of each.
    pub latency: f64,
}

impl Prediction {
    /// The prediction for a simulated card.
    pub fn of(choice: &SimChoice, workload: &Workload) -> Self {
        let link = choice.link_model();
        let streams = f64::from(choice.streams);
        let lines = workload.bytes / LINE_BYTES;
        let latency = (link.latency_ns * whorl_sim::CLOCK_MHZ) as f64 / 1000.0;
        let bytes_per_cycle = (link.bytes_per_cycle as f64).min(LINE_BYTES);
        let asked = (f64::from(link.reads_in_flight.min(READS_IN_FLIGHT)) * BURST_LINES / streams).min(LINES_UNDER_WAY);
        Self {
            compute: workload.cycles_bound,
            link: streams * workload.bytes / bytes_per_cycle,
            // A burst is asked for when there is room for all of it, so one burst's room is lost.
            latency: lines * (latency + BURST_LINES * LINE_BYTES / bytes_per_cycle) / asked,
        }
    }

    /// Cycles per record and stream: the largest of the three.
    pub fn cycles(&self) -> f64 {
        self.compute.max(self.link).max(self.latency)
    }

    /// What limits.
    pub fn regime(&self) -> &'static str {
        if self.cycles() <= self.compute {
            "compute"
        } else if self.cycles() <= self.link {
            "link"
        } else {
            "latency"
        }
    }

    /// For the report.
    pub fn to_json(self) -> Value {
        json!({
            "compute": self.compute,
            "link": self.link,
            "latency": self.latency,
            "cycles_per_record": self.cycles(),
            "regime": self.regime(),
        })
    }
}
