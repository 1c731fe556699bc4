//! The search for the knee of the curve.

use super::super::{Failure, report};
use super::run::{Conductor, Ended};
use super::summary::{Subject, errors};
use super::{Arguments, plot};
use crate::client::load::{Judgement, Report, Search, judge};
use serde::Serialize;

/// A rate that was tried.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Step {
    pub(super) rate: f64,
    pub(super) judgement: Judgement,
    #[serde(flatten)]
    pub(super) report: Report,
}

/// A search, for programs.
#[derive(Serialize)]
pub(super) struct Found {
    #[serde(flatten)]
    pub(super) subject: Subject,
    pub(super) max_p99_ms: f64,
    /// The highest rate that was sustained; `None` if none was.
    pub(super) knee_per_second: Option<f64>,
    /// By rate; tries of the same rate in their order.
    pub(super) steps: Vec<Step>,
}

/// Looks for the highest rate that the server sustains, and prints what it found.
pub(super) async fn find(arguments: &Arguments, subject: Subject, mut conductor: Conductor<'_>) -> Result<(), Failure> {
    let (mut search, mut steps) = (Search::new(arguments.first_rate()), vec![]);
    while let Some(rate) = search.next_rate() {
        let (report, ended) = conductor.run(&arguments.load(Some(rate))).await?;
        if ended == Ended::Early {
            break; // Half a run is no judgement.
        }
        let judgement = judge(&report, arguments.max_p99);
        search.learn(rate, judgement);
        steps.push(Step { rate, judgement, report });
    }
    conductor.finish();
    steps.sort_by(|a, b| a.rate.total_cmp(&b.rate));
    let max_p99_ms = arguments.max_p99.as_secs_f64() * 1e3;
    let found = Found { subject, max_p99_ms, knee_per_second: search.knee(), steps };
    arguments.remote.print(&found, || found.text())?;
    arguments.write_plot(|| plot::knee(&found.subject.title(), &found))
}

impl Found {
    fn text(&self) -> String {
        let headings = ["offered/s", "goodput/s", "p50 ms", "p99 ms", "max ms", "not sent", "errors", ""];
        let table = report::table(&headings, self.steps.iter().map(Step::row), "no rate was tried to the end");
        format!("{}\n\n{table}\n\n{}", report::facts(self.subject.facts()), self.conclusion())
    }

    fn conclusion(&self) -> String {
        let terms = format!("95 % answered without an error, 99 % of these within {} ms", self.max_p99_ms);
        match self.knee_per_second {
            Some(knee) => {
                let rows = knee * f64::from(self.subject.batch_rows);
                format!("The highest rate that was sustained is {knee:.1} calls/s, {rows:.1} rows/s: {terms}.")
            }
            None => format!("No rate that was tried was sustained: {terms}."),
        }
    }
}

impl Step {
    /// The last try of each rate.
    pub(super) fn last_of_each(steps: &[Self]) -> impl Iterator<Item = &Self> + Clone {
        steps.chunk_by(|a, b| a.rate == b.rate).filter_map(<[Self]>::last)
    }

    fn row(&self) -> Vec<String> {
        let Report { goodput_per_second, unsent, .. } = &self.report;
        let time = |time: Option<f64>| time.map_or_else(String::new, |time| format!("{time:.3}"));
        let latency = self.report.answered_ms;
        let judgement = match self.judgement {
            Judgement::Sustained => "sustained",
            Judgement::FellBehind => "fell behind",
            Judgement::TooSlow => "too slow",
        };
        vec![
            format!("{:.1}", self.rate),
            format!("{goodput_per_second:.1}"),
            time(latency.map(|it| it.p50)),
            time(latency.map(|it| it.p99)),
            time(latency.map(|it| it.max)),
            unsent.to_string(),
            errors(&self.report.errors),
            judgement.into(),
        ]
    }
}
