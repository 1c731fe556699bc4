//! `modelwire jobs`

use super::remote::{Remote, print};
use super::{Failure, progress, report, search};
use crate::client::{Client, JobStatus, Watched};
use crate::error::Result;
use crate::training::Event;
use serde_json::json;

/// List training jobs, show, watch or cancel one
///
/// Example:
///     modelwire jobs list
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    pub(super) remote: Remote,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List the jobs, newest first
    ///
    /// Example:
    ///     modelwire jobs list --json
    #[command(verbatim_doc_comment)]
    List,
    /// Show a job as it is now
    ///
    /// Example:
    ///     modelwire jobs show j7
    #[command(verbatim_doc_comment)]
    Show {
        /// Its id, as `modelwire train --detach` printed it.
        id: String,
    },
    /// Print what happens to a job until it has ended
    ///
    /// Succeeds if the job does. With --json it prints one document at the end: the job and all its events.
    ///
    /// Example:
    ///     modelwire jobs watch j7
    #[command(verbatim_doc_comment)]
    Watch {
        /// Its id, as `modelwire train --detach` printed it.
        id: String,
    },
    /// Print the candidates of a search that has ended, best first
    ///
    /// Example:
    ///     modelwire jobs candidates j7
    #[command(verbatim_doc_comment)]
    Candidates {
        /// Its id, as `modelwire search --detach` printed it.
        id: String,
    },
    /// Cancel a job that waits or runs
    ///
    /// A job that has ended stays as it is.
    ///
    /// Example:
    ///     modelwire jobs cancel j7
    #[command(verbatim_doc_comment)]
    Cancel {
        /// Its id, as `modelwire train --detach` printed it.
        id: String,
    },
}

pub(super) fn run(arguments: Arguments) -> std::result::Result<(), Failure> {
    let Arguments { command, remote } = arguments;
    remote.run(async |client| match &command {
        Command::List => {
            let jobs = all(client).await?;
            remote.print(&json!({ "jobs": jobs }), || list(&jobs))
        }
        Command::Show { id } => {
            let job = client.get_job(id).await?;
            remote.print(&job, || description(&job))
        }
        Command::Watch { id } => watch(client, id, &remote).await,
        Command::Candidates { id } => {
            let found = client.search_result(id).await?;
            remote.print(&found, || search::table(&found))
        }
        Command::Cancel { id } => {
            let job = client.cancel_job(id).await?;
            remote.print(&job, || description(&job))
        }
    })
}

async fn all(client: &Client) -> Result<Vec<JobStatus>> {
    let (mut jobs, mut after) = (vec![], None);
    loop {
        let page = client.list_jobs(after.as_deref()).await?;
        jobs.extend(page.entries);
        after = page.next;
        if after.is_none() {
            return Ok(jobs);
        }
    }
}

async fn watch(client: &Client, id: &str, remote: &Remote) -> std::result::Result<(), Failure> {
    let (mut events, mut printed) = (vec![], Ok(()));
    let job = client
        .wait(id, |watched| {
            if remote.json {
                events.extend(watched.events.iter().cloned());
            } else if printed.is_ok() {
                printed = watched.events.iter().try_for_each(|event| print(&line(event)));
            }
        })
        .await?;
    printed?;
    let job = progress::succeeded(job)?;
    if remote.json { remote.print(&Watched { events, job }, String::new) } else { Ok(()) }
}

fn line(event: &Event) -> String {
    let state = event.state.name();
    format!("{} {state:9} {:>3.0} % {}", report::date(Some(event.time_ms)), event.progress * 100.0, event.message)
}

fn list(jobs: &[JobStatus]) -> String {
    let rows = jobs.iter().map(|job| {
        [
            job.id.clone(),
            job.state.name().into(),
            job.model.clone(),
            report::optional(job.version),
            report::date(Some(job.created_ms)),
            outcome(job),
        ]
    });
    report::table(&["job", "state", "model", "version", "created", "outcome"], rows, "no jobs yet")
}

/// Why it failed, or how well it fits.
fn outcome(job: &JobStatus) -> String {
    job.error.as_ref().map_or_else(|| report::metrics(&job.metrics), |error| error.message.clone())
}

fn description(job: &JobStatus) -> String {
    let mut facts = vec![
        ("job", job.id.clone()),
        ("state", format!("{}, {:.0} %", job.state.name(), job.progress * 100.0)),
        ("model", job.model.clone()),
        ("version", report::optional(job.version)),
        ("created", report::date(Some(job.created_ms))),
        ("started", report::date(job.started_ms)),
        ("finished", report::date(job.finished_ms)),
        ("metrics", report::metrics(&job.metrics)),
    ];
    if let Some(error) = &job.error {
        facts.push(("error", error.message.clone()));
        facts.push(("hint", report::optional(error.hint.as_ref())));
    }
    report::facts(facts.into_iter().filter(|(_, value)| !value.is_empty()))
}
