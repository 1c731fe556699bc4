//! The jobs in memory: how each is, what happened to it, and who is next. No clock and no disk.

use super::job::{Event, Job, State, number_of};
use crate::data::{Name, Page};
use crate::error::{Error, Result, quotable};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// Events of a job that are kept; older ones leave a gap in the sequence.
const MAX_EVENTS: usize = 256;

#[derive(Default)]
pub(super) struct JobTable {
    /// By number, oldest first.
    entries: BTreeMap<u64, Entry>,
    /// Numbers of the jobs that wait, oldest first.
    queue: VecDeque<u64>,
}

struct Entry {
    job: Job,
    events: VecDeque<Event>,
    changed: watch::Sender<()>,
    cancel: Arc<AtomicBool>,
}

/// What a watcher finds.
pub(super) struct Seen {
    pub(super) events: Vec<Event>,
    pub(super) job: Job,
    /// Changes with the next event; closes when the job is forgotten.
    pub(super) changed: watch::Receiver<()>,
}

impl JobTable {
    /// Adds a job; one that waits goes to the end of the queue, and one that has ended has its last event.
    pub(super) fn add(&mut self, job: Job) {
        if job.state == State::Queued {
            self.queue.push_back(job.number());
        }
        let (events, changed, cancel) = (job.end().into_iter().collect(), watch::Sender::new(()), Arc::default());
        self.entries.insert(job.number(), Entry { job, events, changed, cancel });
    }

    /// # Errors
    /// [`Error::TooMany`] if `limit` jobs wait.
    pub(super) fn check_room(&self, limit: usize) -> Result<()> {
        let count = self.queue.len();
        if count < limit { Ok(()) } else { Err(Error::TooMany { what: "jobs", count, limit }) }
    }

    pub(super) fn get(&self, id: &str) -> Result<&Job> {
        self.entry(id).map(|entry| &entry.job)
    }

    fn entry(&self, id: &str) -> Result<&Entry> {
        number_of(id).and_then(|number| self.entries.get(&number)).ok_or_else(|| not_found(id))
    }

    /// Newest first.
    pub(super) fn list(
        &self,
        older_than: Option<&str>,
        limit: usize,
        shown: impl Fn(&Name) -> bool,
    ) -> Result<Page<Job>> {
        let before = match older_than {
            Some(id) => number_of(id).ok_or_else(|| not_found(id))?,
            None => u64::MAX,
        };
        let jobs = self.entries.range(..before).rev().map(|(_, entry)| &entry.job).filter(|job| shown(&job.model));
        Page::first(jobs.map(|job| (job.id.as_str(), job.clone())), limit)
    }

    /// Jobs that wait or run.
    pub(super) fn in_flight(&self) -> usize {
        self.entries.values().filter(|entry| !entry.job.state.has_ended()).count()
    }

    /// The events of a job after a sequence number.
    pub(super) fn events(&self, id: &str, after: u64) -> Result<Seen> {
        let Entry { job, events, changed, .. } = self.entry(id)?;
        let events = events.iter().filter(|event| event.sequence > after).cloned().collect();
        Ok(Seen { events, job: job.clone(), changed: changed.subscribe() })
    }

    /// Lets every watcher look again.
    pub(super) fn wake_watchers(&self) {
        self.entries.values().for_each(|entry| entry.changed.send_replace(()));
    }

    /// Takes the job that has waited longest from the queue, with the flag that cancels it.
    pub(super) fn pop(&mut self) -> Option<(Job, Arc<AtomicBool>)> {
        let entry = self.entries.get(&self.queue.pop_front()?)?;
        Some((entry.job.clone(), Arc::clone(&entry.cancel)))
    }

    /// Shows how a job is now, with the event that made it so and has the job's sequence number.
    pub(super) fn show(&mut self, job: Job, message: &str, time_ms: i64) {
        let Job { sequence, state, progress, .. } = job;
        self.show_event(job, Event { sequence, time_ms, state, message: message.to_owned(), progress });
    }

    /// Shows a job that has ended.
    pub(super) fn show_end(&mut self, job: Job) {
        if let Some(end) = job.end() {
            self.show_event(job, end);
        }
    }

    fn show_event(&mut self, job: Job, event: Event) {
        let Some(entry) = self.entries.get_mut(&job.number()) else { return };
        entry.events.push_back(event);
        if entry.events.len() > MAX_EVENTS {
            entry.events.pop_front();
        }
        entry.job = job;
        entry.changed.send_replace(());
    }

    /// Shows how far a job is, unless that is less than a hundredth further with the same words: an algorithm tells of
    /// each of its iterations, so that it can be stopped.
    pub(super) fn progress(&mut self, id: &str, message: &str, progress: f64, time_ms: i64) {
        let Ok(job) = self.get(id).cloned() else { return };
        let last = self.entries.get(&job.number()).and_then(|entry| entry.events.back());
        if last.is_some_and(|last| last.message == message && progress - last.progress < 0.01) {
            return;
        }
        self.show(Job { progress, sequence: job.sequence + 1, ..job }, message, time_ms);
    }

    /// Sets the flag that cancels a job. One that waits is taken from the queue and is the caller's to end.
    pub(super) fn cancel(&mut self, id: &str) -> Result<Option<Job>> {
        let entry = self.entry(id)?;
        entry.cancel.store(true, Ordering::SeqCst);
        let job = entry.job.clone();
        let place = self.queue.iter().position(|waiting| *waiting == job.number());
        Ok(place.and_then(|place| self.queue.remove(place)).map(|_| job))
    }

    /// The oldest jobs that have ended, beyond the newest `limit` ones.
    pub(super) fn excess(&self, limit: usize) -> Vec<Job> {
        let ended: Vec<&Job> =
            self.entries.values().map(|entry| &entry.job).filter(|job| job.state.has_ended()).collect();
        let excess = ended.len().saturating_sub(limit);
        ended.into_iter().take(excess).cloned().collect()
    }

    pub(super) fn remove(&mut self, job: &Job) {
        self.entries.remove(&job.number());
    }
}

fn not_found(id: &str) -> Error {
    Error::JobNotFound { id: quotable(id) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::training::tests::job;

    fn table(numbers: std::ops::RangeInclusive<u64>) -> JobTable {
        let mut table = JobTable::default();
        numbers.for_each(|number| table.add(job(number, State::Queued)));
        table
    }

    fn popped(table: &mut JobTable) -> Option<String> {
        table.pop().map(|(job, _)| job.id)
    }

    #[test]
    fn jobs_are_run_in_the_order_of_acceptance_and_a_cancelled_one_is_not() {
        let mut table = table(1..=3);

        assert_eq!(table.cancel("j2").unwrap().unwrap().id, "j2");

        assert_eq!(
            (popped(&mut table), popped(&mut table), popped(&mut table)),
            (Some("j1".into()), Some("j3".into()), None)
        );
    }

    #[test]
    fn a_job_that_was_taken_to_be_run_is_told_to_stop_instead_of_being_ended() {
        let mut table = table(1..=1);
        let (_, cancel) = table.pop().unwrap();

        assert!(table.cancel("j1").unwrap().is_none());

        assert!(cancel.load(Ordering::SeqCst));
    }

    #[test]
    fn jobs_that_run_or_have_ended_take_no_room_in_the_queue() {
        let mut table = table(1..=2);
        table.add(job(3, State::Succeeded));
        assert_eq!(table.check_room(2).unwrap_err().to_string(), "2 jobs are open and the limit is 2");

        table.pop();

        assert!(table.check_room(2).is_ok());
        assert_eq!(table.in_flight(), 2);
    }

    #[test]
    fn a_job_that_tells_of_each_iteration_shows_a_hundred_of_them() {
        let mut table = table(1..=1);

        (0..=100_000u32).for_each(|at| table.progress("j1", "fitting", f64::from(at) / 1e5, 0));

        let shown = table.get("j1").unwrap().sequence;
        assert!((90..=101).contains(&shown), "{shown}");
    }

    #[test]
    fn a_watcher_sees_each_event_once_in_order_and_learns_of_the_next() {
        let mut table = table(1..=1);
        (1..=3).for_each(|step| table.progress("j1", &format!("step {step}"), 0.1, step));

        let Seen { events, job, changed } = table.events("j1", 1).unwrap();

        assert_eq!(events.iter().map(|event| event.sequence).collect::<Vec<_>>(), [2, 3]);
        assert_eq!((job.sequence, events[1].message.as_str(), events[1].time_ms), (3, "step 3", 3));
        assert!(!changed.has_changed().unwrap());
        table.progress("j1", "step 4", 0.2, 4);
        assert!(changed.has_changed().unwrap());
        table.remove(&job);
        assert!(changed.has_changed().is_err());
    }

    #[test]
    fn the_oldest_of_too_many_events_leave_a_gap_in_the_sequence() {
        let mut table = table(1..=1);
        (1..=300).for_each(|step| table.progress("j1", &format!("step {step}"), 0.5, 0));

        let events = table.events("j1", 0).unwrap().events;

        assert_eq!((events.len(), events[0].sequence, events[255].sequence), (256, 45, 300));
    }

    #[test]
    fn the_oldest_of_those_that_have_ended_are_too_many() {
        let mut table = table(1..=1);
        (2..=5).for_each(|number| table.add(job(number, State::Failed)));

        let ids: Vec<String> = table.excess(2).into_iter().map(|job| job.id).collect();

        assert_eq!(ids, ["j2", "j3"]);
    }

    #[test]
    fn an_id_that_is_none_is_not_found() {
        let mut table = table(1..=1);

        for id in ["", "j", "j2", "1", "j-1", "j99999999999999999999", &"j".repeat(1000)] {
            assert!(matches!(table.get(id), Err(Error::JobNotFound { .. })), "{id:?}");
            assert!(matches!(table.cancel(id), Err(Error::JobNotFound { .. })), "{id:?}");
            assert!(matches!(table.events(id, 0), Err(Error::JobNotFound { .. })), "{id:?}");
        }
    }
}
