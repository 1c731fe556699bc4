//! What a run says, as Markdown.

mod goals;
mod machine;
mod medians;

use crate::case::{CASES, Case};
use crate::load::Pace;
use crate::modelwire::{CHEAP, COSTLY, Clustering};
use crate::overload::{Overload, Step};
use crate::peer::Peer;
use crate::run::{Options, Results, Sample};
use goals::{Goal, goals};
use medians::{median, ratio, value};
use std::fmt::Write as _;

const BEGIN: &str = "<!-- peers:begin -->";
const END: &str = "<!-- peers:end -->";

/// The report between its two markers in `document`.
///
/// # Errors
/// If the document has not both, one after the other.
pub fn replaced(document: &str, report: &str) -> Result<String, String> {
    let missing = || format!("the document has no {BEGIN} with an {END} after it");
    let (before, rest) = document.split_once(BEGIN).ok_or_else(missing)?;
    let (_, after) = rest.split_once(END).ok_or_else(missing)?;
    Ok(format!("{before}{BEGIN}\n{report}{END}{after}"))
}

/// The whole report.
pub fn markdown(results: &Results, options: &Options, command: &str) -> String {
    let mut report = String::new();
    let seconds = options.time.as_secs_f64();
    let rounds =
        if options.rounds == 1 { "one round".to_owned() } else { format!("medians of {} rounds", options.rounds) };
    let _ = writeln!(report, "`{command}`: {rounds} of {seconds} s a load; {}.\n", machine::description());
    write_goals(&mut report, &goals(results));
    for case in CASES {
        write_case(&mut report, results, case);
    }
    write_overloads(&mut report, &results.overloads);
    write_left_out(&mut report, results);
    report
}

/// What is said of overload alone.
pub fn overload(overloads: &[Overload]) -> String {
    let mut report = String::new();
    write_goals(&mut report, &goals::overload(overloads));
    write_overloads(&mut report, overloads);
    report
}

fn write_goals(report: &mut String, goals: &[Goal]) {
    report.push_str("| case | measure | to reach | measured | |\n|---|---|--:|--:|---|\n");
    for goal in goals {
        let (reached, measured) = match goal.measured {
            Some(measured) if goal.bound.holds(measured) => ("reached", number(measured)),
            Some(measured) => ("missed", number(measured)),
            None => ("not measured", "-".to_owned()),
        };
        let _ = writeln!(report, "| {} | {} | {} | {measured} | {reached} |", goal.case, goal.measure, goal.bound);
    }
}

fn write_case(report: &mut String, results: &Results, case: &Case) {
    let _ = writeln!(
        report,
        "\n{}:\n\n| server | answers a second | of the bare echo's | Modelwire's to it | p50, µs | p99, µs | server CPU, µs an answer |",
        case.title
    );
    report.push_str("|---|--:|--:|--:|--:|--:|--:|\n");
    for &peer in case.peers {
        let of = |read: fn(&Sample) -> f64| text(value(results, case.key, peer, read));
        let per_second = |sample: &Sample| sample.per_second;
        let _ = writeln!(
            report,
            "| {} | {} | {} | {} | {} | {} | {} |",
            peer.name(),
            of(per_second),
            text(ratio(results, case.key, peer, Peer::BareEcho, per_second)),
            text(ratio(results, case.key, Peer::Modelwire, peer, per_second)),
            of(|sample| sample.p50_us),
            of(|sample| sample.p99_us),
            of(|sample| sample.cpu_us),
        );
    }
    if let Pace::Open { .. } = case.pace {
        let lag = |&peer: &Peer| value(results, case.key, peer, |sample| sample.lag_p99_us);
        let largest = case.peers.iter().filter_map(lag).max_by(f64::total_cmp);
        let _ = writeln!(
            report,
            "\nThe load generator itself was late by at most {} µs (p99) beside any of them.",
            text(largest)
        );
    }
}

fn write_overloads(report: &mut String, overloads: &[Overload]) {
    for clustering in [COSTLY, CHEAP] {
        let of_it: Vec<_> = overloads.iter().filter(|overload| overload.clustering == clustering).collect();
        write_overload(report, clustering, &of_it);
    }
}

fn write_overload(report: &mut String, clustering: Clustering, overloads: &[&Overload]) {
    let of = |read: &dyn Fn(&Overload) -> f64| median(overloads.iter().map(|overload| read(overload)).collect());
    let (best, closed) = (of(&|o| o.best_per_second), of(&|o| o.closed_per_second));
    let (Some(best), Some(closed), Some(deadline)) = (best, closed, of(&|o| o.deadline_ms as f64)) else { return };
    let Clustering { name, centres, features } = clustering;
    let _ = writeln!(
        report,
        "\nOverload of {name} calls, open loop over 256 connections, a clustering of {centres} centres in {features} dimensions, \
         1 row a call; the best is {} a second, of which 99 % come within 20 ms (closed loops reach {}); at 100 % and 200 % \
         each call has {} ms, within which {} a second come at the most:\n",
        number(best),
        number(closed),
        number(deadline),
        text(of(&Overload::best))
    );
    report.push_str(
        "| load | offered a second | right in time a second | right but late | p50 of both, ms | p99, ms | refused a second | refused within (p50), ms | \
         (p99), ms | expired a second | generator late by (p99), ms |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for (at, load) in ["80 %", "100 %", "200 %"].iter().enumerate() {
        let of = |read: fn(&Step) -> f64| text(of(&|overload| read(overload.steps()[at])));
        let _ = writeln!(
            report,
            "| {load} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            of(|step| step.offered_per_second),
            of(|step| step.goodput),
            of(|step| step.late_per_second),
            of(|step| step.p50_us / 1e3),
            of(|step| step.p99_us / 1e3),
            of(|step| step.refused_per_second),
            of(|step| step.refusal_p50_us / 1e3),
            of(|step| step.refusal_p99_us / 1e3),
            of(|step| step.expired_per_second),
            of(|step| step.lag_p99_us / 1e3),
        );
    }
}

/// Nothing is left out in silence.
fn write_left_out(report: &mut String, results: &Results) {
    for (peer, why) in &results.left_out {
        let _ = writeln!(report, "\nLeft out: {}: {}.", peer.name(), why.trim_end_matches('.'));
    }
    let not_right: u64 = results.samples.iter().map(|sample| sample.not_right).sum();
    let wrong: u64 = results.overloads.iter().flat_map(Overload::steps).map(|step| step.wrong).sum();
    let _ = match not_right + wrong {
        0 => writeln!(report, "\nEvery answer was right, but for the refusals under overload."),
        count => writeln!(report, "\n{count} answers were not right or did not come; the JSON of the run says whose."),
    };
}

fn text(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), number)
}

/// Three digits that count, and commas in thousands.
fn number(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => with_commas(value.round() as i64),
    }
}

fn with_commas(value: i64) -> String {
    let digits = value.to_string();
    let first = digits.len() % 3;
    let mut groups: Vec<&str> = if first > 0 { vec![&digits[..first]] } else { Vec::new() };
    groups.extend((first..digits.len()).step_by(3).map(|at| &digits[at..at + 3]));
    groups.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_takes_the_place_of_the_one_before() {
        let document = format!("a\n{BEGIN}\nold\n{END}\nb\n");

        let replaced = replaced(&document, "new\n");

        assert_eq!(replaced, Ok(format!("a\n{BEGIN}\nnew\n{END}\nb\n")));
    }

    #[test]
    fn a_document_without_the_markers_is_left_as_it_is() {
        assert!(replaced(&format!("{END} {BEGIN}"), "new\n").is_err());
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([0.356, 8.94, 99.0, 563.4, 1_300_000.2].map(number), ["0.36", "8.94", "99.0", "563", "1,300,000"]);
    }
}
