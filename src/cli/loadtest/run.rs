//! Runs a load, with a line on the terminal that says how it goes.

use super::super::{Failure, progress};
use super::summary::Subject;
use super::{Arguments, plot};
use crate::client::Client;
use crate::client::load::{Load, Prepared, Report};
use crate::error::Error;
use indicatif::ProgressBar;
use std::io;
use std::pin::Pin;
use std::time::Duration;
use tokio::signal::ctrl_c;
use tokio::time::sleep;

/// From one state of the line to the next.
const LIVE_EVERY: Duration = Duration::from_millis(250);

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    InTime,
    /// By Ctrl-C.
    Early,
}

/// Runs loads of the same calls, one after the other.
pub(super) struct Conductor<'a> {
    client: &'a Client,
    prepared: &'a Prepared,
    live: ProgressBar,
    /// Waits for Ctrl-C.
    interrupt: Pin<Box<dyn Future<Output = io::Result<()>>>>,
}

impl<'a> Conductor<'a> {
    pub(super) fn new(client: &'a Client, prepared: &'a Prepared) -> Self {
        Self { client, prepared, live: progress::line(), interrupt: Box::pin(ctrl_c()) }
    }

    /// Runs a load to its end, or until Ctrl-C, after which nothing may be run any more.
    ///
    /// # Errors
    /// If its connections do not open.
    pub(super) async fn run(&mut self, load: &Load) -> Result<(Report, Ended), Error> {
        let mut run = self.client.start_load(self.prepared, load).await?;
        let ended = loop {
            tokio::select! {
                () = run.ended() => break Ended::InTime,
                _ = &mut self.interrupt => {
                    run.stop().await;
                    break Ended::Early;
                }
                () = sleep(LIVE_EVERY) => self.live.set_message(so_far(&run.report())),
            }
        };
        self.live.set_message("");
        Ok((run.report(), ended))
    }

    /// Takes the line away.
    pub(super) fn finish(self) {
        self.live.finish_and_clear();
    }
}

/// One load.
pub(super) async fn once(arguments: &Arguments, subject: Subject, mut conductor: Conductor<'_>) -> Result<(), Failure> {
    let (report, _) = conductor.run(&arguments.load(arguments.rate)).await?;
    conductor.finish();
    arguments.remote.print(&subject.document(&report), || subject.text(&report))?;
    arguments.write_plot(|| plot::latency(&subject.title(), &report))
}

fn so_far(report: &Report) -> String {
    let Report { seconds, goodput_per_second, errors, .. } = report;
    let errors: u64 = errors.values().sum();
    let p99 = report.answered_ms.map_or_else(String::new, |latency| format!(", p99 {:.3} ms", latency.p99));
    let rate = report.offered_per_second.map_or_else(String::new, |rate| format!(" of {rate:.0}"));
    format!("{seconds:.0} s: {goodput_per_second:.0}{rate} calls/s answered{p99}, {errors} errors")
}
