//! Jobs that search for hyper-parameters: a table of candidates, and the best one published if asked for.

use super::end::Published;
use super::job::{Job, JobSpec};
use super::jobs::{Jobs, Shared};
use super::journal;
use super::run::{Fit, Read, fit_rows};
use crate::error::{Error, Result};
use crate::model::search::{Candidate, SearchSpec, Searched, search};
use crate::model::{Progress, Spec, Within};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How much of a job is the search, where the best candidate is fitted on all rows after it.
const SEARCH: f64 = 0.9;

/// What is asked of a search.
#[derive(Clone, Debug)]
pub struct SearchJob {
    /// The model, the pipeline whose other parameters stand as they are, and the rows.
    pub job: JobSpec,
    /// What to try, and how to measure it.
    pub search: SearchSpec,
    /// Whether the best candidate is fitted on all rows and published.
    pub publish: Publish,
}

/// What comes of the best candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Publish {
    /// A version of the model.
    Best,
    /// Its place in the table.
    #[default]
    Nothing,
}

/// What a job searches; kept with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sought {
    /// What to try.
    pub spec: SearchSpec,
    /// What comes of the best candidate.
    pub publish: Publish,
}

impl Jobs {
    /// Accepts a search, as [`Jobs::submit`] accepts what trains one model.
    ///
    /// # Errors
    /// What [`SearchSpec::check`] says, and as there.
    pub async fn search(&self, asked: SearchJob) -> Result<Job> {
        let SearchJob { job, search: spec, publish } = asked;
        self.shared.submit(job, Some(Arc::new(Sought { spec, publish }))).await
    }

    /// The table of a search that has ended.
    ///
    /// # Errors
    /// [`Error::JobNotFound`]; [`Error::FailedPrecondition`] if the job is no search or has no table.
    pub async fn search_result(&self, id: &str) -> Result<Searched> {
        let job = self.get(id)?;
        if job.search.is_none() {
            return Err(Error::precondition(format!(
                "job {id} trains one pipeline and has no table of candidates; \"search\" makes one"
            )));
        }
        let found = match job.state.has_ended() {
            true => journal::search_result(&self.shared.parts.coordination, id).await?,
            false => None,
        };
        found.ok_or_else(|| {
            let advice = if job.state.has_ended() { "search again" } else { "watch_job tells when it has ended" };
            Error::precondition(format!(
                "search {id} is {} and has no table of all candidates; {advice}",
                job.state.name()
            ))
        })
    }
}

impl Shared {
    /// Keeps the table of a search; `None` if the job is none.
    pub(super) async fn keep(&self, id: &str, found: Option<&Searched>) -> Result<()> {
        match found {
            Some(found) => journal::keep_search_result(&self.parts.coordination, id, found).await,
            None => Ok(()),
        }
    }
}

/// Searches, and fits the best candidate on all rows if it is to be published.
pub(super) fn search_rows(
    job: &Job,
    sought: &Sought,
    rows: Read,
    threads: usize,
    progress: &dyn Progress,
) -> Result<Fit> {
    let table = rows.table()?;
    let publishes = sought.publish == Publish::Best;
    let share = if publishes { SEARCH } else { 1.0 };
    let report = |message: &str, fraction: f64| progress.report(message, fraction * share);
    let first = Within { whole: progress, report };
    let found = search(threads, &job.pipeline, &sought.spec, &table, &first)?;
    if let (Some(_), Some(why)) = (&found.best, first_failure(&found)) {
        let (n_failed, n, where_all_are) =
            (count(&found, |it| it.error.is_some()), count(&found, |_| true), where_all_are(job));
        first.report(&format!("{n_failed} of {n} candidates failed; the first says: {why} ({where_all_are})"), 1.0)?;
    }
    let learned = match (&found.best, publishes) {
        (None, _) => Err(all_failed(job, &found)),
        (Some(_), false) => Ok(None),
        (Some(best), true) => {
            let report = |message: &str, fraction: f64| progress.report(message, SEARCH + fraction * (1.0 - SEARCH));
            let then = Within { whole: progress, report };
            refitted(best, &found, &table, threads, &then).map(Some).map_err(|error| of_the_best(job, error))
        }
    };
    Ok(Fit { searched: Some(found), learned })
}

fn refitted(
    best: &Spec,
    found: &Searched,
    table: &crate::data::Table,
    threads: usize,
    progress: &dyn Progress,
) -> Result<super::run::Learned> {
    let mut learned = fit_rows(best, table, threads, progress)?;
    learned.0.metrics.extend(scores(found));
    Ok(learned)
}

/// How many candidates there are of which this holds; a halving measures one of them several times.
fn count(found: &Searched, holds: impl Fn(&Candidate) -> bool) -> usize {
    found.candidates.iter().filter(|it| holds(it)).map(|it| it.number).collect::<BTreeSet<_>>().len()
}

fn first_failure(found: &Searched) -> Option<&str> {
    found.candidates.iter().find_map(|it| it.error.as_deref())
}

fn all_failed(job: &Job, found: &Searched) -> Error {
    Error::invalid(format!(
        "none of {} candidates could be fitted and measured; the first says: {} ({})",
        count(found, |_| true),
        first_failure(found).unwrap_or_default(),
        where_all_are(job)
    ))
}

/// What does not suit all rows may have suited those of each fold.
fn of_the_best(job: &Job, error: Error) -> Error {
    let of = |what: &str| {
        format!("the best candidate was found and could not be fitted on all rows: {what} ({})", where_all_are(job))
    };
    match &error {
        Error::InvalidArgument { what } => Error::invalid(of(what)),
        Error::FailedPrecondition { what } => Error::precondition(of(what)),
        _ => error,
    }
}

fn where_all_are(job: &Job) -> String {
    format!("get_search_result answers the table of all; on the command line \"modelwire jobs candidates {}\"", job.id)
}

/// What is said of a search that publishes nothing.
pub(super) fn without_version(found: Option<&Searched>) -> Published {
    Published { version: None, metrics: found.map(scores).unwrap_or_default() }
}

/// Those of the best candidate, by scikit-learn's names.
fn scores(found: &Searched) -> BTreeMap<String, f64> {
    let best = found.candidates.first();
    let scores = [
        ("mean_test_score", best.and_then(|it| it.mean_test_score)),
        ("std_test_score", best.and_then(|it| it.std_test_score)),
    ];
    scores.into_iter().filter_map(|(name, score)| Some((name.to_owned(), score?))).collect()
}
