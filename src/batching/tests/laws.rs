//! What holds for any mix of callers.

use super::scripted::{Stage, answers, matrix, poison, rows};
use super::*;
use crate::error::{Code, Result};
use crate::model::LoadedModel;
use futures_util::FutureExt;
use futures_util::future::join_all;
use ndarray::Array2;
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::BTreeSet;

const MODELS: [(&str, u64); 3] = [("a", 1), ("a", 2), ("b", 1)];
/// Rows of one caller are tagged from its number times this.
const TAGS: usize = 100;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Stays,
    LeavesBeforeItAsks,
    LeavesBeforeTheFirstBatch,
    LeavesDuringTheFirstBatch,
    SendsAnotherWidth,
    SendsNan,
    ComesTooLate,
    SendsPoison,
}

#[derive(Clone, Debug)]
struct Caller {
    model: usize,
    n_rows: usize,
    fate: Fate,
}

impl Caller {
    fn rows(&self, number: usize) -> Array2<f64> {
        match self.fate {
            Fate::SendsPoison => poison(self.model, self.n_rows, number * TAGS),
            Fate::SendsAnotherWidth => Array2::zeros((self.n_rows, 2)),
            Fate::SendsNan => rows(self.model, self.n_rows, number * TAGS) * f64::NAN,
            _ => rows(self.model, self.n_rows, number * TAGS),
        }
    }

    /// What it would get if it were alone.
    fn expected(&self, number: usize) -> std::result::Result<Vec<u64>, Code> {
        match self.fate {
            Fate::SendsPoison => Err(Code::Internal),
            Fate::SendsAnotherWidth | Fate::SendsNan => Err(Code::InvalidArgument),
            Fate::ComesTooLate => Err(Code::DeadlineExceeded),
            _ => Ok(bits(&Predictions::Values(answers(self.rows(number).view())))),
        }
    }
}

fn any_caller() -> impl Strategy<Value = Caller> {
    let fate = prop_oneof![
        8 => Just(Fate::Stays),
        1 => Just(Fate::LeavesBeforeItAsks),
        2 => Just(Fate::LeavesBeforeTheFirstBatch),
        2 => Just(Fate::LeavesDuringTheFirstBatch),
        1 => Just(Fate::SendsAnotherWidth),
        1 => Just(Fate::SendsNan),
        2 => Just(Fate::ComesTooLate),
        2 => Just(Fate::SendsPoison),
    ];
    (0..MODELS.len(), 0..13usize, fate).prop_map(|(model, n_rows, fate)| {
        let n_rows = if matches!(fate, Fate::SendsNan | Fate::SendsPoison) { n_rows.max(1) } else { n_rows };
        Caller { model, n_rows, fate }
    })
}

/// Bits of an answer, or the code of its error.
fn outcome(result: Result<Predictions>) -> std::result::Result<Vec<u64>, Code> {
    result.map(|answer| bits(&answer)).map_err(|error| error.code())
}

/// Plays the callers, and answers what those who stayed got.
async fn play(
    callers: &[Caller],
    batcher: &Batcher,
    stage: &mut Stage,
    models: &[Arc<LoadedModel>],
) -> Vec<(usize, Result<Predictions>)> {
    let features: Vec<Features> = callers.iter().enumerate().map(|(at, caller)| matrix(caller.rows(at))).collect();
    let ask = |at: usize, caller: &Caller| {
        let deadline = if caller.fate == Fate::ComesTooLate { Instant::now() } else { later() };
        Box::pin(batcher.submit(work(Arc::clone(&models[caller.model]), &features[at], deadline)))
    };
    let mut waiting = Vec::new();
    let mut answered = Vec::new();
    for (at, caller) in callers.iter().enumerate() {
        let mut future = ask(at, caller);
        if caller.fate == Fate::LeavesBeforeItAsks {
            continue;
        }
        match (&mut future).now_or_never() {
            Some(result) => answered.push((at, result)),
            None => waiting.push((at, future)),
        }
    }
    waiting.retain(|(at, _)| callers[*at].fate != Fate::LeavesBeforeTheFirstBatch);
    if waiting.iter().any(|(at, _)| callers[*at].fate != Fate::ComesTooLate) {
        stage.wait_for_a_batch();
    }
    waiting.retain(|(at, _)| callers[*at].fate != Fate::LeavesDuringTheFirstBatch);
    stage.open();
    answered.extend(join_all(waiting.into_iter().map(|(at, future)| future.map(move |it| (at, it)))).await);
    answered
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_caller_gets_exactly_what_it_would_get_alone(callers in vec(any_caller(), 1..30), threads in 1..4usize) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let mut stage = Stage::closed();
            let (pool, batcher) = batcher(threads, 64, LIMITS);
            let models = MODELS.map(|(name, version)| stage.model(name, version));

            for (at, result) in play(&callers, &batcher, &mut stage, &models).await {
                assert_eq!(outcome(result), callers[at].expected(at), "caller {at}: {:?}", callers[at]);
            }

            // Every model still answers.
            for (number, model) in models.iter().enumerate() {
                let last = batcher.submit(work(Arc::clone(model), &matrix(rows(number, 1, 99_999)), later())).await;
                assert_eq!(bits(&last.unwrap()), bits(&Predictions::Values(answers(rows(number, 1, 99_999).view()))));
            }
            until_quiet(&batcher);
            assert_eq!(pool.panics(), 0);
            check_batches(&stage, &callers);
        });
    }
}

fn check_batches(stage: &Stage, callers: &[Caller]) {
    for batch in stage.batches() {
        let of_models: BTreeSet<usize> = batch.column(0).iter().map(|model| *model as usize).collect();
        assert!(of_models.len() <= 1, "models share a batch: {batch}");
        assert!(batch.nrows() <= LIMITS.max_batch_rows, "a batch is too large: {batch}");
    }
    let computed: BTreeSet<usize> = stage.tags().iter().map(|tag| tag / TAGS).collect();
    for (at, caller) in callers.iter().enumerate() {
        let never = matches!(caller.fate, Fate::ComesTooLate | Fate::LeavesBeforeItAsks);
        assert!(!never || !computed.contains(&at), "caller {at} was computed: {caller:?}");
    }
}
