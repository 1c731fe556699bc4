//! Real runtimes: what holds a thread holds up nothing else.

use super::Threads;
use crate::telemetry::Telemetry;
use prometheus_client::metrics::gauge::Gauge;
use std::sync::mpsc;
use std::time::Duration;

/// Beyond every wait of these tests.
const LONG: Duration = Duration::from_secs(30);

fn threads(most: usize) -> (Threads, Gauge) {
    let telemetry = Telemetry::default();
    (Threads::start(Some(most), &telemetry).unwrap(), telemetry.socket_threads)
}

#[test]
#[cfg(target_os = "linux")] // Where nothing tells what threads do, all are used.
fn one_thread_is_used_at_first() {
    let (_threads, in_use) = threads(4);

    assert_eq!(in_use.get(), 1);
}

#[test]
fn a_task_that_holds_its_thread_does_not_hold_up_the_others() {
    let (threads, _) = threads(2);
    let (done, is_done) = mpsc::channel();

    let held = threads.block_on(async {
        let holding = tokio::spawn(async move { is_done.recv_timeout(LONG) });
        let other = tokio::spawn(async move { done.send(()) });
        other.await.unwrap().unwrap();
        holding.await.unwrap()
    });

    assert_eq!(held, Ok(()));
}
