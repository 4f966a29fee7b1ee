//! `cargo xtask coverage`: which lines, toggles and functional bins of the RTL the benches reach.

use crate::shell::{TaskError, output, read, root, run, tool, write};
use serde_json::json;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Folders whose lines and toggles must be covered.
const JUDGED: [&str; 2] = ["hdl/match", "hdl/queue"];
/// Share of points that must be reached, of lines and of toggles, in percent.
const WANTED: f64 = 95.0;
/// Points that need not be reached, each with a reason.
const EXCLUSIONS: &str = "testbench/coverage_exclusions.txt";
/// Where the functional bins are defined.
const BINS: &str = "/testbench/cover/";

/// Options of `cargo xtask coverage`.
#[derive(clap::Args)]
pub struct Options {
    /// Only judge what an earlier run left behind
    #[arg(long)]
    keep: bool,
    /// List every point that was not reached
    #[arg(long)]
    missing: bool,
    /// Benches to run, as `testbench/test_top_k.py`; all of them where not given
    benches: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Line,
    Toggle,
    /// A cover property: a bin of the functional coverage.
    Bin,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Point {
    kind: Kind,
    file: String,
    line: u32,
    column: u32,
    /// Signal and direction of a toggle, name of a bin.
    name: String,
}

/// A line of the file of exclusions: `file pattern: reason`.
struct Exclusion {
    file: String,
    pattern: String,
}

/// Reached and all points.
#[derive(Default, Clone, Copy)]
struct Share {
    reached: usize,
    all: usize,
}

impl Share {
    fn count(&mut self, reached: bool) {
        self.reached += usize::from(reached);
        self.all += 1;
    }

    fn percent(self) -> f64 {
        if self.all == 0 { 100.0 } else { 100.0 * self.reached as f64 / self.all as f64 }
    }
}

/// Runs the benches with coverage and judges what they reached.
pub fn run_all(options: &Options) -> Result<(), TaskError> {
    let builds = root().join("target/coverage");
    if !options.keep {
        if builds.exists() {
            fs::remove_dir_all(&builds).map_err(TaskError::file(&builds))?;
        }
        let benches = if options.benches.is_empty() { vec!["testbench".to_owned()] } else { options.benches.clone() };
        run(Command::new(tool("python"))
            .env("WHORL_BUILDS", &builds)
            .env("WHORL_VERILATOR_OPTIONS", "--coverage-line --coverage-toggle --coverage-user")
            .args(["-m", "pytest", "-q"])
            .args(benches))?;
    }
    let points = collect(&builds)?;
    judge(options, &points)
}

/// Hits of every point, over all builds.
fn collect(builds: &Path) -> Result<BTreeMap<Point, u64>, TaskError> {
    let mut points = BTreeMap::new();
    let listing = output(Command::new("find").arg(builds).args(["-name", "coverage.dat"]))?;
    for path in listing.lines().map(PathBuf::from) {
        let text = read(&path)?;
        for line in text.lines().filter(|line| line.starts_with("C '")) {
            let (point, hits) = parse(line)
                .ok_or_else(|| TaskError::Check(format!("{}: no coverage point: {line:?}", path.display())))?;
            if let Some(point) = point {
                *points.entry(point).or_insert(0) += hits;
            }
        }
    }
    if points.is_empty() {
        return Err(TaskError::Check(format!("no coverage below {}; run without --keep", builds.display())));
    }
    Ok(points)
}

/// A line of Verilator's coverage data: `C '<0x01>key<0x02>value...' hits`. `Some((None, _))`: not of hdl/.
fn parse(line: &str) -> Option<(Option<Point>, u64)> {
    let (keys, hits) = line.strip_prefix("C '")?.rsplit_once("' ")?;
    let hits = hits.parse().ok()?;
    let mut values = BTreeMap::new();
    for pair in keys.split('\x01').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('\x02')?;
        values.insert(key, value);
    }
    let page = *values.get("page")?;
    let kind = if page.starts_with("v_toggle/") {
        Kind::Toggle
    } else if page.starts_with("v_user/") {
        Kind::Bin
    } else {
        Kind::Line
    };
    let folder = if kind == Kind::Bin { BINS } else { "/hdl/" };
    let Some(at) = values.get("f")?.rfind(folder) else { return Some((None, hits)) };
    let name = match kind {
        Kind::Line => *values.get("t")?,
        Kind::Toggle => *values.get("o")?,
        Kind::Bin => bin_name(values.get("h")?)?,
    };
    // Verilator's spelling of the index of a generated bin.
    let name = name.replace("__BRA__", "[").replace("__KET__", "]").replace("__DOT__", ".");
    let point = Point {
        kind,
        file: values.get("f")?[at + 1..].to_owned(),
        line: values.get("l")?.parse().ok()?,
        column: values.get("n")?.parse().ok()?,
        name,
    };
    Some((Some(point), hits))
}

/// A bin's place below the instance that `bins.sv` bound: the same wherever in a design that is. None where copies
/// were counted as one (`*`), so that one would speak for all.
fn bin_name(place: &str) -> Option<&str> {
    let bound = &place[place.find(".cover_")? + 1..];
    (!bound.contains('*')).then_some(bound)
}

fn exclusions() -> Result<Vec<Exclusion>, TaskError> {
    let text = read(&root().join(EXCLUSIONS))?;
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let parsed = line.split_once(": ").and_then(|(place, reason)| {
                let (file, pattern) = place.split_once(' ')?;
                (!reason.is_empty()).then(|| Exclusion { file: file.to_owned(), pattern: pattern.to_owned() })
            });
            parsed.ok_or_else(|| TaskError::Check(format!("{EXCLUSIONS}: not `file pattern: reason`: {line}")))
        })
        .collect()
}

/// Whether a name begins with `pattern`, in which `[5:0]` stands for any index of 5 to 0.
fn begins(name: &str, pattern: &str) -> bool {
    let Some((before, (range, after))) = pattern.split_once('[').and_then(|(b, r)| Some((b, r.split_once(']')?)))
    else {
        return name.starts_with(pattern);
    };
    let (high, low) = range.split_once(':').unwrap_or((range, range));
    let indexed = name.strip_prefix(before).and_then(|rest| rest.strip_prefix('[')?.split_once(']'));
    match (indexed.map(|(index, rest)| (index.parse(), rest)), low.parse::<u32>(), high.parse::<u32>()) {
        (Some((Ok(index), rest)), Ok(low), Ok(high)) => (low..=high).contains(&index) && begins(rest, after),
        _ => false,
    }
}

/// Whether a pattern is part of the text of the point's line, or the beginning of its name.
fn excluded(point: &Point, source: &str, exclusions: &[Exclusion]) -> bool {
    exclusions.iter().any(|exclusion| {
        exclusion.file == point.file
            && match point.kind {
                Kind::Line => source.contains(exclusion.pattern.as_str()),
                _ => begins(&point.name, &exclusion.pattern),
            }
    })
}

fn judge(options: &Options, points: &BTreeMap<Point, u64>) -> Result<(), TaskError> {
    let exclusions = exclusions()?;
    let mut sources: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut files: BTreeMap<&str, [Share; 2]> = BTreeMap::new();
    let mut bins: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut left_out = 0;
    for (point, &hits) in points {
        if !sources.contains_key(point.file.as_str()) {
            let text = read(&root().join(&point.file))?;
            sources.insert(&point.file, text.lines().map(str::to_owned).collect());
        }
        let source = &sources[point.file.as_str()];
        let line = source.get(point.line as usize - 1).map_or("", String::as_str);
        if hits == 0 && excluded(point, line, &exclusions) {
            left_out += 1;
            continue;
        }
        match point.kind {
            Kind::Bin => *bins.entry((&point.file, &point.name)).or_insert(0) += hits,
            Kind::Line | Kind::Toggle => {
                files.entry(&point.file).or_default()[usize::from(point.kind == Kind::Toggle)].count(hits > 0);
                if options.missing && hits == 0 && JUDGED.iter().any(|folder| point.file.starts_with(folder)) {
                    println!("{}:{}: {}  |{}", point.file, point.line, point.name, line.trim_end());
                }
            }
        }
    }
    report(&files, &bins, left_out)
}

fn report(
    files: &BTreeMap<&str, [Share; 2]>,
    bins: &BTreeMap<(&str, &str), u64>,
    left_out: usize,
) -> Result<(), TaskError> {
    let mut totals: BTreeMap<&str, [Share; 2]> = BTreeMap::new();
    println!("{:<36} {:>8} {:>8}", "file", "lines", "toggles");
    for (file, shares) in files {
        println!("{file:<36} {:>6.1} % {:>6.1} %", shares[0].percent(), shares[1].percent());
        let folder = file.rsplit_once('/').map_or("", |f| f.0);
        let total = totals.entry(folder).or_default();
        for (sum, share) in total.iter_mut().zip(shares) {
            sum.reached += share.reached;
            sum.all += share.all;
        }
    }
    for (folder, shares) in &totals {
        println!("{folder:<36} {:>6.1} % {:>6.1} %", shares[0].percent(), shares[1].percent());
    }
    let unreached: Vec<_> = bins.iter().filter(|(_, hits)| **hits == 0).map(|((f, n), _)| format!("{f} {n}")).collect();
    println!("functional bins: {} of {} reached; {left_out} points excluded", bins.len() - unreached.len(), bins.len());
    for bin in &unreached {
        println!("not reached: {bin}");
    }
    let shares =
        |shares: &[Share; 2]| json!({"line_percent": shares[0].percent(), "toggle_percent": shares[1].percent()});
    let value = json!({
        "files": files.iter().map(|(f, s)| ((*f).to_owned(), shares(s))).collect::<serde_json::Map<_, _>>(),
        "folders": totals.iter().map(|(f, s)| ((*f).to_owned(), shares(s))).collect::<serde_json::Map<_, _>>(),
        "bins": bins.iter().map(|((f, n), hits)| (format!("{f} {n}"), json!(hits))).collect::<serde_json::Map<_, _>>(),
        "excluded_points": left_out,
    });
    write(&root().join("target/coverage/report.json"), &format!("{value:#}\n"))?;

    let low = JUDGED.iter().filter(|folder| {
        totals.get(**folder).is_some_and(|shares| shares.iter().any(|share| share.percent() < WANTED))
    });
    let mut faults: Vec<_> = low.map(|folder| format!("{folder} is below {WANTED} %")).collect();
    if bins.is_empty() {
        faults.push(format!("no functional bins: the benches were not built with {BINS}"));
    }
    if !unreached.is_empty() {
        faults.push(format!("{} functional bins were not reached", unreached.len()));
    }
    if faults.is_empty() { Ok(()) } else { Err(TaskError::Check(faults.join("; "))) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOGGLE: &str = "C '\u{1}f\u{2}/a/hdl/match/slots.sv\u{1}l\u{2}10\u{1}n\u{2}28\u{1}t\u{2}toggle\u{1}page\u{2}v_toggle/slots\u{1}o\u{2}clk_i:0->1\u{1}h\u{2}slots' 20362";

    #[test]
    fn a_point_is_read_with_its_place_kind_and_hits() {
        let (point, hits) = parse(TOGGLE).unwrap();
        let point = point.unwrap();
        assert_eq!((point.file.as_str(), point.line, point.column, hits), ("hdl/match/slots.sv", 10, 28, 20362));
        assert!(point.kind == Kind::Toggle && point.name == "clk_i:0->1");
        assert!(parse(&TOGGLE.replace("/hdl/", "/testbench/")).unwrap().0.is_none());
        assert!(parse(&TOGGLE.replace("/hdl/match/", "/testbench/cover/")).unwrap().0.is_none());
        assert!(parse("C '\u{1}f\u{2}x' many").is_none());
        assert!(parse("C 'x' 1").is_none());
    }

    #[test]
    fn a_bin_is_named_by_its_bound_instance_wherever_that_is() {
        let read = |place: &str| {
            let head = "C '\u{1}f\u{2}/a/testbench/cover/range_cover.sv\u{1}l\u{2}15\u{1}n\u{2}11\u{1}t\u{2}user";
            let line = format!("{head}\u{1}page\u{2}v_user/range_cover\u{1}o\u{2}Seen\u{1}h\u{2}{place}' 3");
            parse(&line).map(|(point, _)| point.unwrap())
        };
        let bin = |place: &str| read(place).unwrap();
        let core = bin("whorl_core.i_match.i_reader.cover_length.gen_value__BRA__7__KET____DOT__Seen");
        assert!(core.kind == Kind::Bin && core.name == "cover_length.gen_value[7].Seen");
        assert!(core == bin("record_reader.cover_length.gen_value__BRA__7__KET____DOT__Seen"));
        assert!(core != bin("record_reader.cover_length.gen_value__BRA__8__KET____DOT__Seen"));
        assert!(read("record_reader.cover_length.gen_value__BRA__*__KET____DOT__Seen").is_none());
    }

    #[test]
    fn an_exclusion_names_a_file_and_the_beginning_of_a_signal_or_the_text_of_a_line() {
        let point =
            |kind, name: &str| Point { kind, file: "hdl/match/a.sv".into(), line: 1, column: 1, name: name.into() };
        let of = |file: &str, pattern: &str| vec![Exclusion { file: file.into(), pattern: pattern.into() }];
        assert!(excluded(&point(Kind::Toggle, "address[3]:0->1"), "", &of("hdl/match/a.sv", "address[")));
        assert!(!excluded(&point(Kind::Toggle, "address[3]:0->1"), "", &of("hdl/match/b.sv", "address[")));
        assert!(!excluded(&point(Kind::Toggle, "my_address[3]:0->1"), "", &of("hdl/match/a.sv", "address[")));
        let of_burst =
            |name: &str, pattern: &str| excluded(&point(Kind::Toggle, name), "", &of("hdl/match/a.sv", pattern));
        assert!(of_burst("burst[2].address[0]:1->0", "burst[2:0].address[5:0]"));
        assert!(of_burst("burst[2].address[5]:1->0", "burst[2].address[5:0]"));
        for pattern in ["[1:0].address[9:0]", "[2].address[5:0]", "[2].lines[9:0]", "[2].address[x:0]"] {
            assert!(!of_burst("burst[2].address[6]:1->0", &format!("burst{pattern}")), "{pattern}");
        }
        assert!(excluded(&point(Kind::Line, "line"), "  default: x", &of("hdl/match/a.sv", "default: x")));
    }
}
