//! The report as one HTML page that needs nothing else.

use std::fmt::Write;

use crate::cascade::{Rates, SizeReport};
use crate::chart::{cmc, det, escape, histogram, kept, open_set};
use crate::report::{Report, Sizes, Spread, StageReport, Verification};
use crate::subjects::SubjectFigures;

const STYLE: &str = "body{font:15px/1.5 sans-serif;max-width:75em;margin:2em auto;padding:0 1em}\
table{border-collapse:collapse;margin:1em 0}th,td{padding:.2em .8em;border-bottom:1px solid #ddd;text-align:right}\
th:first-child,td:first-child,td:nth-child(2){text-align:left}small{color:#666;display:block}";

/// Writes the page. `title` names what was evaluated.
pub fn html(report: &Report, title: &str) -> String {
    let title = escape(title);
    let histograms =
        report.stages().into_iter().map(|(name, stage)| histogram(&format!("Scores: {name}"), &stage.pooled.histogram));
    let method = &report.method;
    let method = [method.comparisons, method.rates, method.intervals, method.searches, method.matchers];
    [
        format!(
            "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title><style>{STYLE}</style>\n\
             <h1>{title}</h1>\n<p>A comparison score is a lead for an examiner, never a verdict.</p>\n"
        ),
        comparisons(report),
        identification(report),
        fusion(report),
        cascade(report),
        [det(report), cmc(report), open_set(report)].concat(),
        histograms.collect(),
        sizes(report),
        speed(report),
        method.map(|text| format!("<p>{}</p>\n", escape(text))).concat(),
        report.training.described().into_iter().map(|text| "<p>".to_owned() + &escape(&text) + "</p>\n").collect(),
        "</html>\n".into(),
    ]
    .concat()
}

/// A fraction and its interval as percentages.
fn cell(rate: f64, [low, high]: [f64; 2]) -> String {
    format!("<td>{:.2}<small>{:.2} to {:.2}</small></td>", 100.0 * rate, 100.0 * low, 100.0 * high)
}

fn comparisons(report: &Report) -> String {
    let mut table = String::from(
        "<h2>Verification, percent</h2>\n<table><tr><th>database<th>stage<th>EER<th>FMR100<th>FMR1000<th>FMR10000<th>ZeroFMR\
         <th>mated<th>non-mated</tr>\n",
    );
    let mut row = |database: &str, stage: &str, found: &Verification| {
        let cells: String = found
            .figures
            .list()
            .iter()
            .zip(found.ci95.list())
            .map(|(&&rate, &interval)| cell(rate, interval))
            .collect();
        let counts = found.counts;
        writeln!(
            table,
            "<tr><td>{}<td>{stage}{cells}<td>{}<td>{}</tr>",
            escape(database),
            counts.genuine,
            counts.impostor
        )
        .expect("a string takes text");
    };
    let stages = report.stages();
    for &(name, stage) in &stages {
        row("all", name, &stage.pooled);
    }
    for database in report.figures.databases.keys() {
        for &(name, stage) in &stages {
            row(database, name, &stage.databases[database].verification);
        }
    }
    table + "</table>\n"
}

fn identification(report: &Report) -> String {
    let row = |(name, stage): (&str, &StageReport)| {
        let found = &stage.identification;
        let (at, ci) = (found.fnir_at_fpir, &found.ci95);
        format!(
            "<tr><td>all<td>{name}{}{}{}<td>{}<td>{}</tr>\n",
            cell(found.rank1, ci.rank1),
            cell(at.percent, ci.fnir_at_fpir.percent),
            cell(at.per_thousand, ci.fnir_at_fpir.per_thousand),
            found.mated_searches,
            found.nonmated_searches
        )
    };
    let rows: String = report.stages().into_iter().map(row).collect();
    format!(
        "<h2>Identification, percent</h2>\n<table><tr><th>database<th>stage<th>rank 1<th>FNIR at FPIR 1 %<th>FNIR at FPIR 0.1 %\
         <th>mated searches<th>non-mated searches</tr>\n{rows}</table>\n"
    )
}

fn fusion(report: &Report) -> String {
    let Some(fusion) = &report.fusion else { return String::new() };
    let row = |found: &SubjectFigures| {
        let plain = |rate: f64| format!("<td>{:.2}", 100.0 * rate);
        format!(
            "<tr><td>{}<td>{}{}{}{}{}<td>{}</tr>\n",
            found.fingers,
            found.searches,
            cell(found.fnir_at_fpir.percent, found.ci95.percent),
            cell(found.fnir_at_fpir.per_thousand, found.ci95.per_thousand),
            plain(found.all_searched.fnir_at_fpir.per_thousand),
            plain(found.two_searched.fnir_at_fpir.per_thousand),
            found.disjoint_subjects
        )
    };
    let rows: String = fusion.subjects.iter().map(row).collect();
    format!(
        "<h2>Several fingers fused, percent</h2>\n<table><tr><th>fingers<th>searches<th>FNIR at FPIR 1 %<th>FNIR at FPIR 0.1 %\
         <th>with the coarse stage's losses<th>two fingers searched first<th>disjoint subjects</tr>\n{rows}</table>\n<p>{}</p>\n",
        escape(fusion.method)
    )
}

fn cascade(report: &Report) -> String {
    let Some(found) = &report.cascade else { return String::new() };
    let row = |size: &SizeReport, name: &str, rates: &Rates| {
        let (at, ci) = (rates.fnir_at_fpir, &rates.ci95.fnir_at_fpir);
        format!(
            "<tr><td>{}<td>{name}{}{}{}</tr>\n",
            size.fingers,
            cell(rates.rank1, rates.ci95.rank1),
            cell(at.percent, ci.percent),
            cell(at.per_thousand, ci.per_thousand)
        )
    };
    let rates = |size: &SizeReport| {
        let both = format!("both, {} kept", found.keep);
        row(size, "coarse", &size.coarse)
            + &row(size, &both, &size.cascade)
            + &row(size, "fine, nothing lost", &size.fine)
    };
    let point = |size: &SizeReport| -> String {
        let line = |at: &crate::cascade::KeepPoint| {
            format!(
                "<tr><td>{}<td>{}{}{}<td>{}<td>{:.2}</tr>\n",
                size.fingers,
                at.keep,
                cell(at.kept, at.kept_ci95),
                cell(at.loss, at.loss_ci95),
                at.lost,
                100.0 * at.fine_share
            )
        };
        size.curve.iter().map(line).collect()
    };
    format!(
        "<h2>Cascade among made fingers, percent</h2>\n<table><tr><th>background fingers<th>stages<th>rank 1<th>FNIR at FPIR 1 %\
         <th>FNIR at FPIR 0.1 %</tr>\n{}</table>\n<table><tr><th>background fingers<th>places<th>mates kept<th>loss<th>mates lost\
         <th>fine stage's share of the time</tr>\n{}</table>\n{}<p>{}</p>\n",
        found.sizes.iter().map(rates).collect::<String>(),
        found.sizes.iter().map(point).collect::<String>(),
        kept(report),
        escape(found.method)
    )
}

fn sizes(report: &Report) -> String {
    let row = |database: &str, sizes: &Sizes| {
        let cell = |s: &Spread| format!("<td>{}<td>{:.1}<td>{}", s.min, s.mean, s.max);
        format!(
            "<tr><td>{}<td>{}<td>{}{}{}{}</tr>\n",
            escape(database),
            sizes.fingers,
            sizes.impressions,
            cell(&sizes.file_bytes),
            cell(&sizes.record_bytes),
            cell(&sizes.minutiae)
        )
    };
    let databases: String = report.figures.databases.iter().map(|(name, found)| row(name, &found.samples)).collect();
    format!(
        "<h2>Sizes</h2>\n<table><tr><th>database<th>fingers<th>impressions<th colspan=3>file, bytes: least, mean, most\
         <th colspan=3>reference record, bytes<th colspan=3>minutiae in the file</tr>\n{}{databases}</table>\n",
        row("all", &report.samples.sizes)
    )
}

fn speed(report: &Report) -> String {
    let speed = &report.speed;
    let row = |what: &str, us: f64| format!("<tr><td>{}<td>{us:.2}<td>{:.0}</tr>\n", escape(what), 1e6 / us);
    let mut rows = row("encode a template", speed.encode_us) + &row("coarse comparison", speed.coarse_us);
    rows += &speed.fine_us.map_or(String::new(), |us| row("fine comparison, with the coarse slots it starts from", us));
    for (name, peer) in &report.matchers {
        let whole = 1e6 / peer.speed.comparisons_per_second;
        rows += &row(&format!("{name}, whole program"), whole);
        rows += &peer.speed.comparison_us.map_or(String::new(), |us| row(&format!("{name}, by its own clock"), us));
    }
    format!("<h2>Speed, one thread</h2>\n<table><tr><th>what<th>&#181;s each<th>per second</tr>\n{rows}</table>\n")
}
