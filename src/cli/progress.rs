//! What moves on a terminal while a command waits: a bar for a job, a line for a measurement.

use super::Failure;
use crate::client::{Client, JobStatus, Watched};
use crate::error::{Code, Error};
use crate::training::State;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::IsTerminal;

/// What the bar counts to.
const WHOLE: u64 = 1000;

/// Waits until a job has ended well.
///
/// # Errors
/// Why it failed, or that somebody cancelled it.
pub(super) async fn wait(client: &Client, id: &str) -> Result<JobStatus, Failure> {
    let bar = bar();
    let job = client.wait(id, |watched| show(&bar, watched)).await;
    bar.finish_and_clear();
    succeeded(job.map_err(|error| lost_sight(&error, id))?)
}

/// Only the watching went wrong.
fn lost_sight(error: &Error, id: &str) -> Error {
    Error::Remote {
        code: error.code(),
        what: error.to_string(),
        hint: Some(format!("job {id} does not depend on this; \"modelwire jobs watch {id}\" goes on watching")),
        executed: Some(true),
        request_id: id.to_owned(),
    }
}

/// A bar on standard error if that is a terminal, else one that is not seen.
pub(super) fn bar() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:30} {percent:>3} % {msg}");
    ProgressBar::new(WHOLE).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A line on standard error that changes, if that is a terminal.
pub(super) fn line() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {msg}");
    ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

fn show(bar: &ProgressBar, watched: &Watched) {
    if let Some(event) = watched.events.last() {
        bar.set_message(event.message.clone());
    }
    set(bar, watched.job.progress);
}

/// Moves the bar to a fraction from 0 to 1.
pub(super) fn set(bar: &ProgressBar, fraction: f64) {
    bar.set_position((fraction.clamp(0.0, 1.0) * WHOLE as f64) as u64);
}

/// A job that has ended, if it ended well.
pub(super) fn succeeded(job: JobStatus) -> Result<JobStatus, Failure> {
    match (job.state, job.error) {
        (State::Failed, Some(failure)) => Err(Failure::Error(Error::Remote {
            code: failure.code,
            what: format!("job {} failed: {}", job.id, failure.message),
            hint: failure.hint,
            executed: Some(true),
            request_id: job.id,
        })),
        (State::Failed, None) => Err(Failure::Failed(format!("job {} failed", job.id))),
        (State::Cancelled, _) => Err(Failure::Error(Error::Remote {
            code: Code::Cancelled,
            what: format!("job {} was cancelled", job.id),
            hint: None,
            executed: Some(true),
            request_id: job.id,
        })),
        (_, error) => Ok(JobStatus { error, ..job }),
    }
}
