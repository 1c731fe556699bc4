//! A batch from its turn to its answer: checked, learned aside, stored, and only then shown.

use super::asked::Batch;
use super::record::{KeptBatch, Learned, Policy, Record, Shape};
use super::table::{LEARN, Place, not_found};
use super::{Current, Shared, folder, journal};
use crate::data::{Name, Reference, Selector};
use crate::datasets;
use crate::error::{Code, Error, Result};
use crate::failpoint;
use crate::model::{Learner, Lesson, Pipeline};
use crate::storage::{StoredFile, sha256};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;
use tokio::sync::oneshot;
use tokio::time::timeout_at;

const STORED: &str = "learner:stored";
const ACCEPTED: &str = "learner:accepted";
pub(super) const PUBLISHED: &str = "learner:published";
pub(super) const RECORDED: &str = "learner:recorded";

/// The steps of a batch after which a test can end the process, in their order.
pub const STEPS: [&str; 4] = [STORED, ACCEPTED, PUBLISHED, RECORDED];

/// Where a call is answered: once its batch counts, and when all is done that comes of it.
pub(super) struct Answers {
    stored: Option<oneshot::Sender<Learned>>,
    last: oneshot::Sender<Result<Learned>>,
}

/// What a call waits for.
pub(super) struct Heard {
    stored: oneshot::Receiver<Learned>,
    last: oneshot::Receiver<Result<Learned>>,
}

impl Answers {
    pub(super) fn channel() -> (Self, Heard) {
        let ((stored, stored_heard), (last, last_heard)) = (oneshot::channel(), oneshot::channel());
        (Self { stored: Some(stored), last }, Heard { stored: stored_heard, last: last_heard })
    }

    fn stored(&mut self, learned: Learned) {
        if let Some(stored) = self.stored.take() {
            let _ = stored.send(learned); // Who has gone does not want to know.
        }
    }

    pub(super) fn last(self, learned: Result<Learned>) {
        let _ = self.last.send(learned);
    }
}

impl Heard {
    /// What all came to, or by then what counts.
    pub(super) async fn learned(mut self, by: Option<Instant>) -> Result<Learned> {
        let ended = |_| Error::internal("learning from a batch ended early");
        let Some(by) = by else { return self.last.await.map_err(ended)? };
        if let Ok(last) = timeout_at(by.into(), &mut self.last).await {
            return last.map_err(ended)?;
        }
        tokio::select! {
            biased;
            last = &mut self.last => last.map_err(ended)?,
            Ok(learned) = self.stored => Ok(learned),
        }
    }
}

/// What comes of a batch, before any of it counts.
struct Prepared {
    lesson: Lesson,
    rows_sha256: String,
    /// What the caller should know beside numbers.
    notes: Vec<String>,
    /// What is stored of it: its rows, or a snapshot after it.
    bytes: Bytes,
    is_snapshot: bool,
    /// What is to be published, with the rows that it has to answer as now.
    pipeline: Option<Pipeline>,
}

/// How much a batch is to be prepared for.
#[derive(Clone, Copy)]
struct Plan {
    threads: usize,
    /// Batches and bytes that the log has room for; none: a snapshot is taken.
    room: Option<u64>,
    publish: Publish,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Publish {
    No,
    /// If it predicts already.
    ByPolicy,
    ByCaller,
}

impl Shared {
    pub(super) async fn partial_fit(
        self: &Arc<Self>,
        place: &Place,
        batch: Batch,
        left: &Arc<AtomicBool>,
        current: &mut Current,
        answers: &mut Answers,
    ) -> Result<Learned> {
        let (name, coordination) = (place.name(), &self.parts.coordination);
        self.go_on(left)?;
        let key_sha256 = batch.idempotency_key.as_ref().map(|key| sha256(key.as_bytes()));
        let record = place.entry().record();
        if let (Some(_), Some(key)) = (&record, &key_sha256)
            && let Some(first) = journal::batch_of_key(coordination, name, key).await?
        {
            return self.repeated(batch, first).await;
        }
        if let Some(record) = &record {
            self.load(name, record, current).await?;
            self.finish(place, current).await?;
        }
        let before = place.entry().record();
        if before.is_none() && batch.steps.is_none() {
            return Err(not_found(name, LEARN));
        }
        if before.is_none() {
            self.check_stable(name, &batch)?;
        }
        batch.check_number(before.as_ref().map_or(0, |it| it.batches) + 1)?;
        let policy = before.as_ref().map(|it| it.policy).unwrap_or_default().stated(&batch)?;
        let plan = self.plan(before.as_ref(), policy, batch.publish);
        let prepared = self.prepare(current.clone(), batch, plan, left).await?;
        self.go_on(left)?;
        let record = self.store(place, before.as_ref(), policy, &prepared, key_sha256).await?;
        let Prepared { lesson, pipeline, is_snapshot, .. } = prepared;
        let (learner, rows) = (Arc::new(lesson.learner), lesson.first_rows);
        *current = Some(Arc::clone(&learner));
        if is_snapshot {
            self.sweep(name, &record, &[]).await;
        }
        if let (Some(version), Some(pipeline)) = (record.publishing, pipeline) {
            let mut learned = self.last(place)?;
            learned.notes.push(format!(
                "version {version} is being published and was not when this was answered; get_learner says when it is"
            ));
            answers.stored(learned);
            self.publish(place, version, pipeline, rows, learner.seed()).await;
        }
        self.last(place)
    }

    /// What a key is answered that has been answered before, if its rows are the same.
    async fn repeated(&self, batch: Batch, first: KeptBatch) -> Result<Learned> {
        let (model, n_rows) = (batch.model, batch.table.n_rows());
        let table = batch.table;
        let rows_sha256 = self.compute(move || Ok(datasets::rows_sha256(&table))).await?;
        // A batch that an earlier version of this program kept has no hash.
        if first.rows_sha256.as_ref().is_none_or(|it| *it == rows_sha256) {
            return Ok(first.learned);
        }
        let Learned { batch, n_samples, .. } = first.learned;
        Err(Error::invalid(format!(
            "the idempotency key is that of batch {batch} of learner \"{model}\", which had {n_samples} rows, and the rows of this \
             call ({n_rows}) are others; send the same rows, or another key with these"
        )))
    }

    /// Nobody who asks a model that others trained is answered by a new learner because of its name alone.
    fn check_stable(&self, name: &Name, batch: &Batch) -> Result<()> {
        let newest = Reference { name: name.clone(), selector: Selector::Latest };
        if batch.move_stable.is_some() || self.parts.registry.describe(&newest).is_err() {
            return Ok(());
        }
        Err(Error::precondition(format!(
            "model \"{name}\" has versions that this learner did not publish, and its alias stable would go to what it does; say with \
             the first batch whether it shall (move_stable), or choose another name"
        )))
    }

    fn plan(&self, before: Option<&Record>, policy: Policy, asked: bool) -> Plan {
        let limits = &self.parts.limits;
        let since = before.map_or(1, |it| it.batches + 1 - it.published_batch);
        let publish = match asked {
            true => Publish::ByCaller,
            false if policy.publish_every > 0 && since >= policy.publish_every => Publish::ByPolicy,
            false => Publish::No,
        };
        let room = before.filter(|it| it.batches + 1 - it.snapshot_batch <= limits.max_log_batches);
        let room = room.map(|it| limits.max_log_bytes.saturating_sub(it.log_bytes));
        Plan { threads: limits.threads_per_batch, room, publish }
    }

    /// Learns on a thread of learners. Dropping the future does not stop the thread; `left` does.
    async fn prepare(
        self: &Arc<Self>,
        current: Option<Arc<Learner>>,
        batch: Batch,
        plan: Plan,
        left: &Arc<AtomicBool>,
    ) -> Result<Prepared> {
        let (shared, left) = (Arc::clone(self), Arc::clone(left));
        self.compute(move || {
            let go_on = |_: &str, _: f64| shared.go_on(&left);
            let learner = match current {
                Some(learner) => {
                    batch.check_same(&learner)?;
                    learner
                }
                None => Arc::new(Learner::begin(&batch.spec(), batch.classes.clone(), &batch.table)?),
            };
            let lesson = learner.partial_fit(&batch.table, plan.threads, &go_on)?;
            let pipeline = match (plan.publish, lesson.learner.pipeline()) {
                (Publish::No, _) => None,
                (Publish::ByPolicy, Err(error)) if error.code() == Code::FailedPrecondition => None,
                (_, pipeline) => Some(pipeline?),
            };
            let rows = datasets::encode(&batch.table)?;
            let is_snapshot = plan.room.is_none_or(|room| rows.len() as u64 > room);
            let bytes = if is_snapshot { lesson.learner.to_bytes().into() } else { rows };
            let rows_sha256 = datasets::rows_sha256(&batch.table);
            let notes = batch.passed_over(lesson.learner.schema());
            Ok(Prepared { lesson, rows_sha256, notes, bytes, is_snapshot, pipeline })
        })
        .await
    }

    /// Makes a batch count.
    async fn store(
        &self,
        place: &Place,
        before: Option<&Record>,
        policy: Policy,
        prepared: &Prepared,
        key_sha256: Option<String>,
    ) -> Result<Record> {
        let (name, Self { parts, .. }) = (place.name(), self);
        let learner = &prepared.lesson.learner;
        let number = learner.batches();
        let what = if prepared.is_snapshot { "snapshot" } else { "batch" };
        // The name says what is in it: what a crash leaves behind is in nobody's way.
        let hash = sha256(&prepared.bytes);
        let file = StoredFile::of(format!("{what}-{number}-{}", &hash[..16]), &prepared.bytes);
        let publishing = match &prepared.pipeline {
            Some(_) => Some(parts.registry.reserve_version(name).await?),
            None => None,
        };
        parts.storage.create(&format!("{}/{}", folder(name), file.path), prepared.bytes.clone()).await?;
        failpoint::reach(STORED);
        let n_samples = learner.samples() - before.map_or(0, |it| it.samples);
        let notes = prepared.notes.clone();
        let learned = Learned { batch: number, n_samples, loss: prepared.lesson.loss, version: None, notes };
        let data = format!("{}{}", before.map_or("", |it| &it.data_sha256), prepared.rows_sha256);
        let record = Record {
            policy,
            batches: number,
            samples: learner.samples(),
            data_sha256: sha256(data.as_bytes()),
            snapshot_batch: before.filter(|_| !prepared.is_snapshot).map_or(number, |it| it.snapshot_batch),
            log_bytes: before.filter(|_| !prepared.is_snapshot).map_or(0, |it| it.log_bytes + file.size),
            snapshot: before.filter(|_| !prepared.is_snapshot).map_or_else(|| file.clone(), |it| it.snapshot.clone()),
            publishing,
            published_batch: before.map_or(0, |it| it.published_batch),
            last_version: before.and_then(|it| it.last_version),
            versions: before.map(|it| it.versions.clone()).unwrap_or_default(),
        };
        let rows_sha256 = Some(prepared.rows_sha256.clone());
        let kept = KeptBatch { learned, key_sha256, rows_sha256, file: (!prepared.is_snapshot).then_some(file) };
        let shape = Shape::of(learner);
        match before {
            Some(_) => journal::learn(&parts.coordination, name, &record, &kept).await?,
            None => journal::begin(&parts.coordination, name, &shape, &record, &kept).await?,
        }
        failpoint::reach(ACCEPTED);
        place.entry().show(&shape, record.clone());
        place.entry().show_batch(kept.learned);
        Ok(record)
    }

    /// What came of the last batch.
    pub(super) fn last(&self, place: &Place) -> Result<Learned> {
        let recent = place.entry().status(place.name())?.recent;
        recent.last().cloned().ok_or_else(|| Error::internal("a learner has no batch"))
    }
}
