//! Drawings of what was measured.

mod axis;
mod panel;
mod svg;

use super::knee::{Found, Step};
use crate::client::Latency;
use crate::client::load::Report;
use axis::Axis;
use panel::{Line, Panel};
use svg::document;

/// Points of a curve for each nine.
const POINTS_PER_NINE: u32 = 20;

/// The latency that each share of the calls did not pass; each nine is as wide as the others.
pub(super) fn latency(title: &str, report: &Report) -> String {
    let calls = report.times.count();
    let x = Axis::nines("share of the calls that took no longer", calls);
    let points: Vec<_> = if calls == 0 { vec![] } else { curve(report, x.high()) };
    let y = Axis::around("latency (ms)", points.iter().map(|point| point.1));
    let rate = report.offered_per_second.map_or_else(String::new, |rate| format!(" of {rate:.0} offered"));
    let name = format!("{calls} answers, {:.0}{rate} a second", report.goodput_per_second);
    document(title, &[Panel { x, y, lines: vec![Line { name, look: "blue", points }] }])
}

/// Latency at the share that one of `1` to `last` calls lies above.
fn curve(report: &Report, last: f64) -> Vec<(f64, f64)> {
    let points = (last.log10() * f64::from(POINTS_PER_NINE)).ceil() as u32;
    let one_of = (0..=points).map(|point| 10_f64.powf(f64::from(point) / f64::from(POINTS_PER_NINE)).min(last));
    one_of.map(|one_of| (one_of, report.times.quantile(1.0 - 1.0 / one_of).as_secs_f64() * 1e3)).collect()
}

/// Latency above, goodput below, over the rate that was offered.
pub(super) fn knee(title: &str, found: &Found) -> String {
    let steps = || Step::last_of_each(&found.steps);
    let rates = || steps().map(|step| step.rate);
    let x = || Axis::around("offered (calls/s)", rates());
    let ends = [rates().fold(f64::INFINITY, f64::min), rates().fold(0.0, f64::max)];
    let of = |name: &str, look, value: fn(Latency) -> f64| {
        let point = |step: &Step| Some((step.rate, value(step.report.answered_ms?)));
        Line { name: name.into(), look, points: steps().filter_map(point).collect() }
    };
    let bound = ends.map(|rate| (rate, found.max_p99_ms)).to_vec();
    let bound = Line { name: format!("bound of p99, {} ms", found.max_p99_ms), look: "grey dashed", points: bound };
    let mut above = vec![of("p50", "blue", |it| it.p50), of("p99", "red", |it| it.p99), bound];
    let goodput = steps().map(|step| (step.rate, step.report.goodput_per_second)).collect();
    let mut below = vec![
        Line { name: "goodput".into(), look: "blue", points: goodput },
        Line { name: "offered".into(), look: "grey dashed", points: rates().map(|rate| (rate, rate)).collect() },
    ];
    let values = |lines: &[Line]| lines.iter().flat_map(|line| &line.points).map(|point| point.1).collect::<Vec<_>>();
    let (latencies, goodputs) = (values(&above), values(&below));
    let latency = Axis::around("latency (ms)", latencies.into_iter());
    let answered = Axis::around("answered (calls/s)", goodputs.into_iter());
    if let Some(knee) = found.knee_per_second {
        for (lines, axis) in [(&mut above, &latency), (&mut below, &answered)] {
            let points = vec![(knee, 0.0), (knee, axis.high())];
            lines.push(Line { name: format!("knee, {knee:.0} calls/s"), look: "red dashed", points });
        }
    }
    document(title, &[Panel { x: x(), y: latency, lines: above }, Panel { x: x(), y: answered, lines: below }])
}
