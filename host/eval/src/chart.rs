//! Line charts as SVG.

use std::fmt::Write;

use crate::cascade::{KEEPS, SizeReport};
use crate::rates::Point;
use crate::report::{Histogram, Report};

const WIDTH: f64 = 560.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 50.0;
const BOTTOM: f64 = 52.0;
/// Colours by line.
const COLOURS: [&str; 6] = ["#b35c00", "#1f5fa8", "#2f7d4f", "#a3195b", "#5b5b5b", "#7a4fb5"];
/// Width of a letter of the names above a chart, at most, and the gap between names.
const LETTER: f64 = 6.5;

/// One axis.
#[derive(Debug, Clone, Copy)]
struct Axis {
    title: &'static str,
    low: f64,
    high: f64,
    /// Decades instead of even steps.
    logarithmic: bool,
    /// Labels are percentages.
    percent: bool,
}

impl Axis {
    /// Where a value lies, 0..=1 from low to high; what lies outside goes to the edge.
    fn place(&self, value: f64) -> f64 {
        let scale = |v: f64| if self.logarithmic { v.log10() } else { v };
        let value = value.clamp(self.low, self.high);
        (scale(value) - scale(self.low)) / (scale(self.high) - scale(self.low))
    }

    /// Values with a label.
    fn ticks(&self) -> Vec<f64> {
        if self.logarithmic {
            let decades = self.low.log10().round() as i32..=self.high.log10().round() as i32;
            return decades.map(|decade| 10.0_f64.powi(decade)).collect();
        }
        (0..=5).map(|step| self.low + (self.high - self.low) * f64::from(step) / 5.0).collect()
    }

    fn label(&self, value: f64) -> String {
        match (self.percent, self.high - self.low) {
            (true, _) => format!("{} %", (value * 1e6).round() / 1e4),
            (false, span) if span >= 50.0 => format!("{value:.0}"),
            (false, _) => format!("{value:.1}"),
        }
    }
}

/// A named line.
struct Line {
    name: String,
    places: Vec<(f64, f64)>,
}

/// The detection error trade-off of all databases together, a line per stage and program.
pub fn det(report: &Report) -> String {
    let x = Axis { title: "false match rate", low: 1e-5, high: 1.0, logarithmic: true, percent: true };
    let y = Axis { title: "false non-match rate", low: 1e-4, high: 1.0, logarithmic: true, percent: true };
    let lines: Vec<_> =
        report.stages().into_iter().map(|(name, stage)| trade_off(name, &stage.pooled.points)).collect();
    chart("Detection error trade-off", x, y, &lines)
}

/// The open-set trade-off of identification, a line per stage and program.
pub fn open_set(report: &Report) -> String {
    let x =
        Axis { title: "false positive identification rate", low: 1e-3, high: 1.0, logarithmic: true, percent: true };
    let y =
        Axis { title: "false negative identification rate", low: 1e-3, high: 1.0, logarithmic: true, percent: true };
    let line = |(name, stage): (&str, &crate::report::StageReport)| trade_off(name, &stage.identification.points);
    chart("Open-set identification", x, y, &report.stages().into_iter().map(line).collect::<Vec<_>>())
}

/// The cumulative match characteristic, a line per stage and program.
pub fn cmc(report: &Report) -> String {
    let stages = report.stages();
    let ranks = stages.first().map_or(1, |(_, stage)| stage.identification.cmc.len());
    let least = stages.iter().map(|(_, stage)| stage.identification.rank1).fold(1.0, f64::min);
    let low = ((least * 20.0).ceil() / 20.0 - 0.05).max(0.0);
    let x = Axis { title: "rank", low: 1.0, high: ranks as f64, logarithmic: false, percent: false };
    let y = Axis {
        title: "mated searches with the mate at this rank or before",
        low,
        high: 1.0,
        logarithmic: false,
        percent: true,
    };
    let line = |(name, stage): (&str, &crate::report::StageReport)| Line {
        name: name.to_owned(),
        places: stage.identification.cmc.iter().enumerate().map(|(nth, &rate)| ((nth + 1) as f64, rate)).collect(),
    };
    chart("Cumulative match characteristic", x, y, &stages.into_iter().map(line).collect::<Vec<_>>())
}

/// Mates kept by the length of the coarse stage's list, a line per number of background fingers; empty without a study
/// of the cascade.
pub fn kept(report: &Report) -> String {
    let Some(cascade) = &report.cascade else { return String::new() };
    let places = |size: &SizeReport| size.curve.iter().map(|point| (point.keep as f64, point.kept)).collect();
    let lines: Vec<Line> = cascade
        .sizes
        .iter()
        .map(|size| Line { name: format!("{} fingers", size.fingers), places: places(size) })
        .collect();
    let least = lines.iter().flat_map(|line| &line.places).map(|&(_, kept)| kept).fold(1.0, f64::min);
    let low = ((least * 20.0).ceil() / 20.0 - 0.05).max(0.0);
    let last = KEEPS.iter().copied().max().unwrap_or(1) as f64;
    let x =
        Axis { title: "places of the coarse stage's list", low: 1.0, high: last, logarithmic: true, percent: false };
    let y = Axis { title: "mates kept", low, high: 1.0, logarithmic: false, percent: true };
    chart("Mates kept by the coarse stage", x, y, &lines)
}

/// The scores of mates and non-mates, each as shares of their number.
pub fn histogram(title: &str, histogram: &Histogram) -> String {
    let shares = |counts: &[usize]| -> Vec<f64> {
        let total = counts.iter().sum::<usize>().max(1) as f64;
        counts.iter().map(|&count| count as f64 / total).collect()
    };
    let steps = |name: &str, counts: &[usize]| {
        let at = |bin: usize| histogram.start + histogram.width * bin as f64;
        let step = |(bin, share)| [(at(bin), share), (at(bin + 1), share)];
        Line { name: name.to_owned(), places: shares(counts).into_iter().enumerate().flat_map(step).collect() }
    };
    let end = histogram.start + histogram.width * histogram.genuine.len() as f64;
    let x = Axis { title: "comparison score", low: histogram.start, high: end, logarithmic: false, percent: false };
    let y = Axis { title: "share of comparisons", low: 1e-5, high: 1.0, logarithmic: true, percent: true };
    let lines = vec![steps("non-mates", &histogram.impostor), steps("mates", &histogram.genuine)];
    chart(title, x, y, &lines)
}

/// Steps from operating point to operating point.
fn trade_off(name: &str, points: &[Point]) -> Line {
    let mut places: Vec<(f64, f64)> = Vec::new();
    for point in points {
        if let Some(&(fmr, fnmr)) = places.last()
            && fmr < point.fmr
            && fnmr > point.fnmr
        {
            places.push((point.fmr, fnmr));
        }
        places.push((point.fmr, point.fnmr));
    }
    Line { name: name.to_owned(), places }
}

fn chart(title: &str, x: Axis, y: Axis, lines: &[Line]) -> String {
    let across = |value| LEFT + x.place(value) * (WIDTH - LEFT - RIGHT);
    let down = |value| HEIGHT - BOTTOM - y.place(value) * (HEIGHT - TOP - BOTTOM);
    let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    let mut svg = String::new();
    let mut put = |text: std::fmt::Arguments| writeln!(svg, "{text}").expect("a string takes text");
    put(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" \
         font-family=\"sans-serif\" font-size=\"11\">"
    ));
    put(format_args!("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>"));
    put(format_args!("<text x=\"{LEFT}\" y=\"20\" font-size=\"14\">{}</text>", escape(title)));
    for tick in x.ticks() {
        let at = across(tick);
        put(format_args!("<path d=\"M{at:.1} {TOP}V{bottom}\" stroke=\"#ddd\"/>"));
        let label = x.label(tick);
        put(format_args!("<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"middle\">{label}</text>", bottom + 16.0));
    }
    for tick in y.ticks() {
        let at = down(tick);
        put(format_args!("<path d=\"M{LEFT} {at:.1}H{right}\" stroke=\"#ddd\"/>"));
        let label = y.label(tick);
        put(format_args!("<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>", LEFT - 6.0, at + 4.0));
    }
    put(format_args!(
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
        f64::midpoint(LEFT, right),
        HEIGHT - 12.0,
        escape(x.title)
    ));
    let middle = f64::midpoint(TOP, bottom);
    put(format_args!(
        "<text x=\"16\" y=\"{middle}\" text-anchor=\"middle\" transform=\"rotate(-90 16 {middle})\">{}</text>",
        escape(y.title)
    ));
    let mut name_at = LEFT;
    for (nth, line) in lines.iter().enumerate() {
        let colour = COLOURS[nth % COLOURS.len()];
        let mut places: Vec<String> =
            line.places.iter().map(|&(a, b)| format!("{:.1},{:.1}", across(a), down(b))).collect();
        places.dedup();
        put(format_args!(
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\"/>",
            places.join(" ")
        ));
        put(format_args!("<text x=\"{name_at:.1}\" y=\"39\" fill=\"{colour}\">{}</text>", escape(&line.name)));
        name_at += LETTER * (line.name.chars().count() + 2) as f64;
    }
    svg.push_str("</svg>\n");
    svg
}

/// Text as HTML and SVG take it: marks of the languages are escaped, and characters that XML does not allow become U+FFFD.
pub fn escape(text: &str) -> String {
    let allowed = |c: char| if c < ' ' && !matches!(c, '\t' | '\n' | '\r') { char::REPLACEMENT_CHARACTER } else { c };
    let text: String = text.chars().map(allowed).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
