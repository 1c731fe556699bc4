//! Learners from the first batch to a restart, with everything below them as it is.

mod answers;
mod ends;

use super::*;
use crate::data::{Column, Features, Reference, Table};
use crate::error::Code;
use crate::model::{StepSpec, Value};
use crate::registry;
use crate::storage::sha256;
use futures_util::future::join_all;
use std::path::Path;

async fn open_with(folder: &Path, limits: Limits) -> Learners {
    open_in(folder, limits, registry::Options::default()).await
}

async fn open_in(folder: &Path, limits: Limits, options: registry::Options) -> Learners {
    let storage = Arc::new(Storage::open(folder).unwrap());
    let coordination = Arc::new(Coordination::open(&folder.join("state.redb")).unwrap());
    let parts = registry::Parts {
        storage: Arc::clone(&storage),
        coordination: Arc::clone(&coordination),
        options,
        telemetry: Arc::default(),
    };
    let registry = Registry::open(parts).await.unwrap();
    Learners::open(Parts { storage, coordination, registry, limits }).await.unwrap()
}

/// With a log that is cut after every third batch.
async fn open(folder: &Path) -> Learners {
    open_with(folder, Limits { max_log_batches: 2, ..Limits::default() }).await
}

fn name() -> Name {
    Name::parse("model", "net").unwrap()
}

/// 20 rows of y = x0 - 2 x1, others in each batch.
fn rows(batch: u64) -> Table {
    let number = |row: u64, column: u64| (((batch * 20 + row) * 37 + column * 11) % 101) as f64 / 50.0 - 1.0;
    let column = |column: u64| (0..20).map(|row| number(row, column)).collect::<Vec<_>>();
    let y = (0..20).map(|row| number(row, 0) - 2.0 * number(row, 1)).collect();
    Table::new(vec![Column::float("x0", column(0)), Column::float("x1", column(1)), Column::float("y", y)]).unwrap()
}

fn network() -> Vec<StepSpec> {
    let parameters = [
        ("hidden_layer_sizes".to_owned(), Value::Integers(vec![5])),
        ("batch_size".to_owned(), Value::Integer(8)),
        ("learning_rate_init".to_owned(), Value::Number(0.01)),
    ];
    vec![StepSpec { algorithm: "mlp_regressor".into(), parameters: parameters.into(), columns: None }]
}

/// The first batch.
fn first() -> Batch {
    Batch { steps: Some(network()), target: Some("y".into()), seed: Some(7), publish_every: Some(0), ..next(1) }
}

fn next(batch: u64) -> Batch {
    Batch::new(name(), rows(batch))
}

fn published(batch: Batch) -> Batch {
    Batch { publish: true, ..batch }
}

/// Learns from batches up to this one; the last of them is published.
async fn teach(learners: &Learners, batches: std::ops::RangeInclusive<u64>) -> Vec<Learned> {
    let last = *batches.end();
    let mut learned = vec![];
    for number in batches {
        let batch = if number == 1 { first() } else { next(number) };
        let batch = Batch { publish: number == last, ..batch };
        learned.push(learners.partial_fit(batch).await.unwrap());
    }
    learned
}

/// SHA-256 of the model that is served, in hex.
fn served(learners: &Learners, reference: &str) -> String {
    let reference = Reference::parse("model", reference).unwrap();
    sha256(&learners.shared.parts.registry.resolve(&reference).unwrap().model.pipeline.to_bytes())
}

fn versions(learners: &Learners) -> Vec<u64> {
    learners.shared.parts.registry.statuses().into_iter().map(|it| it.version).collect()
}

fn code_of<T: std::fmt::Debug>(result: Result<T>) -> Code {
    result.unwrap_err().code()
}

#[tokio::test]
async fn batches_are_counted_their_losses_fall_and_what_was_learned_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open(folder.path()).await;

    let learned = teach(&learners, 1..=40).await;

    assert_eq!(learned.iter().map(|it| it.batch).collect::<Vec<_>>(), (1..=40).collect::<Vec<_>>());
    let (first, last) = (learned[0].loss.unwrap(), learned[39].loss.unwrap());
    assert!(last < first / 2.0, "{first} and {last}");
    assert_eq!((learned[38].version, learned[39].version), (None, Some(1)));
    let model = learners.shared.parts.registry.resolve(&Reference::parse("model", "net").unwrap()).unwrap();
    let rows = model.model.matrix(Features::Matrix(ndarray::array![[0.5, 0.5]])).unwrap();
    assert_eq!(model.model.pipeline.predict(rows).n_rows(), 1);
    let status = learners.get(&name()).unwrap();
    assert_eq!((status.batches, status.samples, status.last_version), (40, 800, Some(1)));
    assert_eq!(status.recent, learned);
}

#[tokio::test]
async fn a_restart_half_way_comes_to_the_same_bytes_wherever_it_is() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let straight = open(folders[0].path()).await;
    let expected = teach(&straight, 1..=8).await;

    let mut restarted = open(folders[1].path()).await;
    let mut learned = vec![];
    for number in 1..=8 {
        let batch = if number == 1 { first() } else { next(number) };
        learned.push(restarted.partial_fit(Batch { publish: number == 8, ..batch }).await.unwrap());
        drop(restarted);
        restarted = open(folders[1].path()).await;
    }

    assert_eq!(learned, expected);
    assert_eq!(served(&restarted, "net@1"), served(&straight, "net@1"));
    assert_eq!(restarted.get(&name()).unwrap(), straight.get(&name()).unwrap());
}

#[tokio::test]
async fn the_log_is_cut_when_it_is_long_and_leaves_a_snapshot_alone() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open(folder.path()).await;
    let files = || {
        let names = std::fs::read_dir(folder.path().join("learners/net")).unwrap();
        let mut names: Vec<String> = names.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
        names.iter_mut().for_each(|it| it.truncate(it.rfind('-').unwrap()));
        names.sort();
        names
    };

    teach(&learners, 1..=3).await;
    let before = files();
    learners.partial_fit(next(4)).await.unwrap();

    assert_eq!(before, ["batch-2", "batch-3", "snapshot-1"]);
    assert_eq!(files(), ["snapshot-4"]);
}

#[tokio::test]
async fn a_repeated_key_is_answered_as_the_first_time_also_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open(folder.path()).await;
    let keyed = |batch: Batch| Batch { idempotency_key: Some("k".into()), ..batch };
    let learned = learners.partial_fit(published(keyed(first()))).await.unwrap();

    let again = learners.partial_fit(keyed(next(1))).await.unwrap();
    drop(learners);
    let learners = open(folder.path()).await;

    assert_eq!((&again, again.version), (&learned, Some(1)));
    assert_eq!(learners.partial_fit(keyed(next(1))).await.unwrap(), learned);
    assert_eq!(learners.get(&name()).unwrap().batches, 1);
}

#[tokio::test]
async fn without_room_in_memory_each_batch_goes_on_from_what_is_stored_and_comes_to_the_same_bytes() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let (straight, forgetful) = (
        open(folders[0].path()).await,
        open_with(folders[1].path(), Limits { max_log_batches: 2, max_bytes: 0, ..Limits::default() }).await,
    );

    let expected = teach(&straight, 1..=5).await;
    let learned = teach(&forgetful, 1..=5).await;

    assert_eq!(learned, expected);
    assert_eq!(served(&forgetful, "net@1"), served(&straight, "net@1"));
    assert!(forgetful.shared.parked.take(&name()).is_none() && straight.shared.parked.take(&name()).is_some());
}

#[tokio::test]
async fn another_number_than_is_expected_is_refused_with_both() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open(folder.path()).await;
    teach(&learners, 1..=2).await;

    let refused = learners.partial_fit(Batch { expected_batch: Some(2), ..next(3) }).await.unwrap_err();

    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert!(refused.to_string().contains("number 3 and not 2"), "{refused}");
    let learned = learners.partial_fit(Batch { expected_batch: Some(3), ..next(3) }).await.unwrap();
    assert_eq!(learned.batch, 3);
}

#[tokio::test]
async fn a_first_batch_that_is_refused_makes_no_learner_and_a_later_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open_with(folder.path(), Limits { max_learners: 1, ..Limits::default() }).await;
    let nan = Table::new(vec![
        Column::float("x0", vec![f64::NAN]),
        Column::float("x1", vec![1.0]),
        Column::float("y", vec![1.0]),
    ]);
    let bad = Batch::new(name(), nan.unwrap());

    assert_eq!(code_of(learners.partial_fit(next(1)).await), Code::NotFound);
    let begun = Batch { steps: first().steps, target: first().target, ..bad.clone() };
    assert_eq!(code_of(learners.partial_fit(begun).await), Code::InvalidArgument);
    assert_eq!(code_of(learners.get(&name()).map(drop)), Code::NotFound);
    teach(&learners, 1..=2).await;
    let before = learners.get(&name()).unwrap();
    assert_eq!(code_of(learners.partial_fit(bad).await), Code::InvalidArgument);

    assert_eq!(learners.get(&name()).unwrap(), before);
    let learned = learners.partial_fit(published(next(3))).await.unwrap();
    let other = tempfile::tempdir().unwrap();
    let straight = open(other.path()).await;
    let expected = teach(&straight, 1..=3).await;
    assert_eq!((learned.batch, learned.loss), (expected[2].batch, expected[2].loss));
    assert_eq!(served(&learners, "net@latest"), served(&straight, "net@latest"));
    let full = Batch { model: Name::parse("model", "other").unwrap(), ..first() };
    assert_eq!(code_of(learners.partial_fit(full).await), Code::Overloaded);
}

#[tokio::test]
async fn what_is_stated_otherwise_than_before_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open(folder.path()).await;
    teach(&learners, 1..=1).await;
    let mut steps = network();
    steps[0].parameters.insert("alpha".into(), Value::Number(0.5));

    let alpha = learners.partial_fit(Batch { steps: Some(steps), ..next(2) }).await.unwrap_err().to_string();
    let seed = learners.partial_fit(Batch { seed: Some(8), ..next(2) }).await.unwrap_err().to_string();
    let target = learners.partial_fit(Batch { target: Some("x0".into()), ..next(2) }).await.unwrap_err().to_string();

    assert!(alpha.contains("parameter alpha of mlp_regressor") && alpha.contains("is 0.0001 and not 0.5"), "{alpha}");
    assert!(seed.contains("seed") && seed.contains("7 and not 8"), "{seed}");
    assert!(target.contains("target") && target.contains("\"x0\""), "{target}");
    assert_eq!(learners.partial_fit(Batch { publish: false, ..first() }).await.unwrap().batch, 2);
}

#[tokio::test]
async fn calls_at_once_are_put_in_an_order_and_too_many_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open_with(folder.path(), Limits { max_waiting: 5, ..Limits::default() }).await;
    teach(&learners, 1..=1).await;

    let answers = join_all((0..8).map(|_| learners.partial_fit(next(2)))).await;

    let mut numbers: Vec<u64> = answers.iter().filter_map(|it| it.as_ref().ok()).map(|it| it.batch).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 3, 4, 5, 6]);
    let refused = answers.into_iter().filter_map(Result::err);
    assert!(refused.map(|it| (it.code(), it.executed())).eq([(Code::Overloaded, Some(false)); 3]));
    assert_eq!(learners.get(&name()).unwrap().batches, 6);
}

#[tokio::test]
async fn versions_come_by_the_policy_stable_follows_and_old_ones_go_unless_an_alias_names_them() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open(folder.path()).await;
    let policy = Batch { publish_every: Some(2), keep_versions: Some(2), ..first() };
    let stable = Reference::parse("model", "net").unwrap();
    learners.partial_fit(policy).await.unwrap();
    assert_eq!(learners.partial_fit(next(2)).await.unwrap().version, Some(1));
    let (canary, registry) = (Name::parse("alias", "canary").unwrap(), learners.shared.parts.registry.clone());
    registry.set_alias(&name(), &canary, Some(1), None).await.unwrap();

    for number in 3..=10 {
        learners.partial_fit(next(number)).await.unwrap();
    }

    assert_eq!(versions(&learners), [1, 4, 5]);
    assert_eq!(registry.resolve(&stable).unwrap().model.version, 5);
    let still = Batch { move_stable: Some(false), ..published(next(11)) };
    assert_eq!(learners.partial_fit(still).await.unwrap().version, Some(6));
    assert_eq!(registry.resolve(&stable).unwrap().model.version, 5);
}

#[tokio::test]
async fn a_batch_whose_caller_leaves_before_its_turn_is_not_learned() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open(folder.path()).await;
    teach(&learners, 1..=1).await;

    // On one thread nobody works it off before it is left.
    let answered = tokio::select! {
        biased;
        _ = learners.partial_fit(next(2)) => true,
        () = std::future::ready(()) => false,
    };

    assert!(!answered);
    assert_eq!(learners.partial_fit(next(3)).await.unwrap().batch, 2);
}

#[tokio::test]
async fn a_deleted_learner_leaves_its_versions_and_another_one_begins_with_batch_1() {
    let folder = tempfile::tempdir().unwrap();
    let learners = open(folder.path()).await;
    let keyed = |batch: Batch| Batch { idempotency_key: Some("k".into()), ..batch };
    teach(&learners, 1..=2).await;
    learners.partial_fit(keyed(next(3))).await.unwrap();

    learners.delete(&name()).await.unwrap();

    assert_eq!(code_of(learners.get(&name()).map(drop)), Code::NotFound);
    assert_eq!(code_of(learners.delete(&name()).await), Code::NotFound);
    assert!(!folder.path().join("learners/net").exists());
    assert_eq!(versions(&learners), [1]);
    drop(learners);
    let learners = open(folder.path()).await;
    assert_eq!(code_of(learners.partial_fit(keyed(published(first()))).await), Code::FailedPrecondition);
    let beside = Batch { move_stable: Some(false), ..published(first()) };
    assert_eq!(learners.partial_fit(keyed(beside)).await.unwrap().version, Some(2));
    assert_eq!(learners.get(&name()).unwrap().batches, 1);
}

/// Dies at every step of a batch, and goes on as if nothing had been.
#[cfg(feature = "failpoints")]
mod crashes {
    use super::*;
    use crate::failpoint::testing::{die_at, folder};

    #[tokio::test]
    #[ignore = "dies, in a process of its own"]
    async fn learns_three_batches_and_dies() {
        let Some(folder) = folder() else { return };
        teach(&open(&folder).await, 1..=3).await;
    }

    #[tokio::test]
    async fn killed_at_any_step_it_goes_on_to_the_same_bytes() {
        let straight_folder = tempfile::tempdir().unwrap();
        let straight = open(straight_folder.path()).await;
        teach(&straight, 1..=6).await;
        for step in STEPS {
            let data = tempfile::tempdir().unwrap();
            die_at(step, "training::learners::tests::crashes::learns_three_batches_and_dies", data.path());

            let learners = open(data.path()).await;
            let done = learners.get(&name()).map_or(0, |it| it.batches);
            let pending = learners.get(&name()).ok().and_then(|it| it.last_version);
            teach(&learners, done + 1..=6).await;

            let [ours, theirs] = [&learners, &straight].map(|it| served(it, "net"));
            assert_eq!(ours, theirs, "{step}");
            assert_eq!(pending.is_some(), done == 3, "{step}: {done}");
            assert_eq!(learners.get(&name()).unwrap().batches, 6, "{step}");
        }
    }
}
