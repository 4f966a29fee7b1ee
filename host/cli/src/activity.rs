//! The counters of a stretch of time as figures: efficiency of each stream, and where the rest of its cycles went.

use serde_json::{Value, json};
use std::io::{self, Write};
use whorl_device::{Activity, StreamCounters};
use whorl_layout::LINE_BYTES;

/// `part` of `whole`, 0 where there is no whole.
pub fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

/// The figures as JSON; `activity` is a difference.
pub fn to_json(activity: &Activity) -> Value {
    let card = &activity.card;
    let streams: Vec<_> = activity.streams.iter().map(stream_json).collect();
    json!({
        "cycles": card.cycles,
        "busy": ratio(card.busy_cycles, card.cycles),
        "records": card.records,
        "comparisons": card.comparisons,
        "candidates": card.candidates,
        "commands": card.commands,
        "read_bytes_per_busy_cycle": ratio(card.read_beats * LINE_BYTES as u64, card.busy_cycles),
        "write_bytes_per_busy_cycle": ratio(card.write_beats * LINE_BYTES as u64, card.busy_cycles),
        "read_wait": ratio(card.read_wait, card.busy_cycles),
        "read_hold": ratio(card.read_hold, card.busy_cycles),
        "read_errors": card.read_errors,
        "write_errors": card.write_errors,
        "streams": streams,
    })
}

fn stream_json(stream: &StreamCounters) -> Value {
    json!({
        "active": stream.active,
        "records": stream.records,
        "minutiae": stream.minutiae,
        "efficiency": ratio(stream.minutiae, stream.active),
        "starved": ratio(stream.starved, stream.active),
        "stall_engine": ratio(stream.stall_engine, stream.active),
        "stall_collect": ratio(stream.stall_collect, stream.active),
        "cycles_per_record": ratio(stream.active, stream.records),
        "bytes_per_cycle": ratio(stream.lines * LINE_BYTES as u64, stream.active),
    })
}

/// The figures as a table.
pub fn write_table(out: &mut impl Write, activity: &Activity) -> io::Result<()> {
    let card = &activity.card;
    writeln!(
        out,
        "card    {} cycles, {:.1} % busy, {} commands; {} comparisons, {} candidates",
        card.cycles,
        100.0 * ratio(card.busy_cycles, card.cycles),
        card.commands,
        card.comparisons,
        card.candidates
    )?;
    writeln!(
        out,
        "link    {:.1} B/cycle in, {:.1} out while busy; no data although asked {:.1} % of it, request not taken {:.1} %",
        ratio(card.read_beats * LINE_BYTES as u64, card.busy_cycles),
        ratio(card.write_beats * LINE_BYTES as u64, card.busy_cycles),
        100.0 * ratio(card.read_wait, card.busy_cycles),
        100.0 * ratio(card.read_hold, card.busy_cycles)
    )?;
    writeln!(out, "stream  efficiency  no line  consistency  collecting  cycles/record  B/cycle     records")?;
    for (nth, stream) in activity.streams.iter().enumerate() {
        writeln!(
            out,
            "{nth:>6}  {:>8.2} %  {:>5.2} %  {:>9.2} %  {:>8.2} %  {:>13.2}  {:>7.2}  {:>10}",
            100.0 * ratio(stream.minutiae, stream.active),
            100.0 * ratio(stream.starved, stream.active),
            100.0 * ratio(stream.stall_engine, stream.active),
            100.0 * ratio(stream.stall_collect, stream.active),
            ratio(stream.active, stream.records),
            ratio(stream.lines * LINE_BYTES as u64, stream.active),
            stream.records
        )?;
    }
    Ok(())
}
