//! Prints a Markdown table of what synthetic impressions look like beside real templates.
//!
//! `cargo run --release -p whorl-synth --example statistics`; `docs/synthetic.md` holds its output.

mod comparisons;
mod sets;
mod spread;

use comparisons::Comparisons;
use sets::Set;
use spread::{DISTANCES_PX, Spread, mean, quantile};
use std::process::ExitCode;
use whorl_synth::Distortion;
use whorl_template::MinutiaKind;

/// One set and everything measured on it.
struct Column {
    name: &'static str,
    spread: Spread,
    comparisons: Comparisons,
    templates: usize,
}

impl Column {
    fn measure(name: &'static str, set: &Set) -> Result<Self, Box<dyn std::error::Error>> {
        Ok(Self {
            name,
            spread: Spread::of(&set.templates),
            comparisons: Comparisons::of(&set.templates, &set.owners)?,
            templates: set.templates.len(),
        })
    }
}

fn columns() -> Result<Vec<Column>, Box<dyn std::error::Error>> {
    let mut columns = Vec::new();
    for (name, distortion) in [("synthetic default", Distortion::default()), ("synthetic hard", Distortion::hard())] {
        columns.push(Column::measure(name, &sets::synthetic(120, distortion)?)?);
    }
    let data = sets::data_folder();
    for extractor in ["leader", "secugen", "mindtct"] {
        match sets::fvc(&data, extractor) {
            Some(set) => columns.push(Column::measure(extractor, &set)?),
            None => eprintln!("skipped {extractor}: no FVC templates under {} (set WHORL_DATA)", data.display()),
        }
    }
    Ok(columns)
}

fn quantiles(sorted: &[f64], shares: &[f64], decimals: usize) -> String {
    let values: Vec<String> = shares.iter().map(|&share| format!("{:.decimals$}", quantile(sorted, share))).collect();
    values.join(" / ")
}

fn row(name: &str, columns: &[Column], cell: impl Fn(&Column) -> String) {
    let cells: Vec<String> = columns.iter().map(cell).collect();
    println!("| {name} | {} |", cells.join(" | "));
}

fn print(columns: &[Column]) {
    const FIVE: [f64; 5] = [0.05, 0.25, 0.5, 0.75, 0.95];
    row("", columns, |c| c.name.into());
    println!("|---|{}", "---|".repeat(columns.len()));
    row("templates", columns, |c| c.templates.to_string());
    row("minutiae, mean", columns, |c| format!("{:.1}", mean(&c.spread.counts)));
    row("minutiae, 5 / 25 / 50 / 75 / 95 %", columns, |c| quantiles(&c.spread.counts, &FIVE, 0));
    row("nearest neighbour, px, 5 / 25 / 50 / 75 / 95 %", columns, |c| quantiles(&c.spread.nearest_px, &FIVE, 1));
    row("bounding box, px, medians", columns, |c| {
        format!("{:.0} x {:.0}", quantile(&c.spread.widths_px, 0.5), quantile(&c.spread.heights_px, 0.5))
    });
    row("convex hull, 1000 px², 5 / 50 / 95 %", columns, |c| {
        let thousands: Vec<f64> = c.spread.hulls_px2.iter().map(|area| area / 1000.0).collect();
        quantiles(&thousands, &[0.05, 0.5, 0.95], 0)
    });
    row("minutiae per mm² of hull, 5 / 50 / 95 %", columns, |c| {
        quantiles(&c.spread.densities_per_mm2, &[0.05, 0.5, 0.95], 2)
    });
    let mut begin = 10.0;
    for (class, end) in DISTANCES_PX.into_iter().enumerate() {
        row(&format!("alignment, opposite share at {begin} to {end} px"), columns, |c| {
            let neighbours = c.spread.neighbours[class];
            format!("{:.2}, {:.2}", neighbours.alignment(), neighbours.opposite())
        });
        begin = end;
    }
    row("endings / bifurcations / other, %", columns, |c| {
        let kinds = [MinutiaKind::Ending, MinutiaKind::Bifurcation, MinutiaKind::Other];
        kinds.map(|kind| format!("{:.0}", 100.0 * c.spread.share(kind))).join(" / ")
    });
    row("minutia quality, 5 / 25 / 50 / 75 / 95 %", columns, |c| quantiles(&c.spread.qualities, &FIVE, 0));
    row("mated score16, 1 / 5 / 25 / 50 / 75 / 95 %", columns, |c| {
        quantiles(&c.comparisons.mated, &[0.01, 0.05, 0.25, 0.5, 0.75, 0.95], 0)
    });
    row("non-mated score16, 50 / 90 / 99 / 99.9 / 99.99 %", columns, |c| {
        quantiles(&c.comparisons.non_mated, &[0.5, 0.9, 0.99, 0.999, 0.9999], 0)
    });
    row("FNMR at FMR 1 / 0.1 / 0.01 %, %", columns, |c| {
        [0.01, 0.001, 0.0001].map(|fmr| format!("{:.2}", 100.0 * c.comparisons.fnmr_at_fmr(fmr))).join(" / ")
    });
    row("equal error rate, %", columns, |c| format!("{:.2}", 100.0 * c.comparisons.equal_error_rate()));
    row("rank 1, %", columns, |c| format!("{:.1}", 100.0 * c.comparisons.rank_one()));
}

fn main() -> ExitCode {
    match columns() {
        Ok(columns) => {
            print(&columns);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
