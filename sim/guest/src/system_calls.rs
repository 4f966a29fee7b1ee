//! How many system calls a command costs the driver, as the kernel counts them.

use crate::bus::Card;
use crate::fixture::Fixture;
use crate::report::{Fault, Step};
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::time::Duration;
use whorl_device::{Device, SearchRequest};
use whorl_matcher::{GATE_DEFAULT, Record};

/// The kernel's count of system calls by their number, of one thread.
const EVENT: &str = "/sys/kernel/tracing/events/raw_syscalls/sys_enter";
/// Commands of the two runs: what they differ by is what commands cost.
const RUNS: [u32; 2] = [20, 100];
/// Bound of one command.
const BOUND: Duration = Duration::from_secs(20);

/// A command that is alone in its queue has one interrupt, and so at most one system call, to wait for it.
pub fn one_for_a_completion(card: &Card, fixture: &Fixture) -> Step {
    let mut device = Device::open(whorl_transport::vfio::open(card.address())?)?;
    device.load_probe(0, &fixture.probe_image(), GATE_DEFAULT)?;
    let line = Record { minutiae: Vec::new() }.to_bytes();
    let mut buffer = device.alloc_gallery(line.len())?;
    let extents = vec![buffer.put(0, &line, 1)];
    let request = SearchRequest { probe_mask: 1, threshold: 0, top_k: 1, extents, timeout: BOUND };
    let mut counts = Vec::new();
    for commands in RUNS {
        let counter = Counter::start()?;
        for _ in 0..commands {
            device.search(&request)?;
        }
        counts.push(counter.stop()?);
    }
    let [few, many] = counts.as_slice() else { return Err("two runs give two counts".into()) };
    let commands = f64::from(RUNS[1] - RUNS[0]);
    let mut each = Vec::new();
    for (name, count) in many {
        let before = few.iter().find(|(other, _)| other == name).map_or(0, |(_, count)| *count);
        each.push((name, (*count as f64 - before as f64) / commands));
    }
    let total: f64 = each.iter().map(|(_, count)| count).sum();
    let mut shown = String::new();
    for (name, count) in each.iter().filter(|(_, count)| *count != 0.0) {
        write!(shown, " {name} {count:.2}")?;
    }
    // Now and then a command takes so long that the driver asks whether its card is still there.
    if total > 1.1 {
        return Err(format!("{total:.2} system calls for a command:{shown}").into());
    }
    if total < 0.1 {
        return Err(format!("the kernel counted nothing: {many:?}").into());
    }
    Ok(format!("{total:.2} system calls for a command:{shown}"))
}

/// Counts the system calls of the thread that started it.
struct Counter {
    trigger: String,
}

impl Counter {
    fn start() -> Result<Self, Fault> {
        let thread = fs::read_link("/proc/thread-self")?;
        let thread = thread.file_name().ok_or("a thread without a number")?.to_string_lossy().into_owned();
        let trigger = format!("hist:keys=id.syscall if common_pid == {thread}");
        fs::write(Path::new(EVENT).join("trigger"), &trigger)
            .map_err(|error| format!("the kernel does not count system calls: {error}"))?;
        Ok(Self { trigger })
    }

    /// Names with their counts; those of stopping are among them.
    fn stop(self) -> Result<Vec<(String, u64)>, Fault> {
        let text = fs::read_to_string(Path::new(EVENT).join("hist"))?;
        fs::write(Path::new(EVENT).join("trigger"), format!("!{}", self.trigger))?;
        Ok(text.lines().filter_map(parse).collect())
    }
}

/// Name and count of a line like `{ id: sys_read                      [  0] } hitcount:          3`.
fn parse(line: &str) -> Option<(String, u64)> {
    let (key, count) = line.trim().strip_prefix("{ id:")?.split_once("} hitcount:")?;
    Some((key.split_whitespace().next()?.to_owned(), count.trim().parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_kernels_histogram_is_read() {
        let line = "{ id: sys_epoll_pwait2                 [441] } hitcount:         80";
        assert_eq!(parse(line), Some(("sys_epoll_pwait2".into(), 80)));
        assert_eq!(parse("Totals:"), None);
        assert_eq!(parse("{ id: } hitcount: 1"), None);
    }
}
