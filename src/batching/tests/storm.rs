//! Callers of every kind on many threads, more than the queue takes: each gets its own answer or its own error.

use super::scripted::{Stage, matrix, poison, rows};
use super::*;
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};
use std::time::Duration;

/// What a caller does, and what it may be answered.
#[derive(Clone, Copy, Debug)]
enum Caller {
    Usual,
    Huge,
    Poisonous,
    SendsNan,
    IsLate,
    Leaves,
}

const KINDS: [Caller; 8] = [
    Caller::Usual,
    Caller::Usual,
    Caller::Usual,
    Caller::Huge,
    Caller::Poisonous,
    Caller::SendsNan,
    Caller::IsLate,
    Caller::Leaves,
];

async fn ask(batcher: &Batcher, model: Arc<LoadedModel>, caller: Caller, tag: usize, random: u64) {
    let n_rows = if matches!(caller, Caller::Huge) { 100 } else { 1 + random as usize % 6 };
    let features = match caller {
        Caller::Poisonous => poison(0, n_rows, tag),
        Caller::SendsNan => rows(0, n_rows, tag) * f64::NAN,
        _ => rows(0, n_rows, tag),
    };
    let deadline = match caller {
        Caller::IsLate => Instant::now() + Duration::from_micros(random % 2000),
        _ => later(),
    };
    let mut asked = Box::pin(batcher.submit(work(model, &matrix(features), deadline)));
    if matches!(caller, Caller::Leaves) {
        let _ = (&mut asked).now_or_never();
        return;
    }
    let code = match asked.await {
        Ok(answer) => return assert_eq!(bits(&answer), bits(&expected(n_rows, tag)), "{caller:?}"),
        Err(error) => error.code(),
    };
    let is_its_own = match caller {
        Caller::Poisonous => code == Code::Internal,
        Caller::SendsNan => code == Code::InvalidArgument,
        Caller::IsLate => code == Code::DeadlineExceeded,
        Caller::Usual | Caller::Huge | Caller::Leaves => false,
    };
    assert!(is_its_own || code == Code::Overloaded, "{caller:?} got {code:?}");
}

#[test]
fn whatever_others_do_each_caller_gets_its_own_answer_or_its_own_error() {
    let seed = std::env::var("MODELWIRE_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(27);
    println!("seed {seed}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_time().build().unwrap();
    runtime.block_on(async {
        let mut stage = Stage::closed();
        stage.open();
        let (pool, batcher) = batcher(2, 8, Limits { max_queue_rows: 110, ..LIMITS });
        let models = Arc::new(["a", "b", "c"].map(|name| stage.model(name, 1)));
        let callers = (0..64).map(|number| {
            let (batcher, models) = (batcher.clone(), Arc::clone(&models));
            let mut random = Xoshiro256PlusPlus::seed_from_u64(seed + number);
            tokio::spawn(async move {
                for round in 0..100 {
                    let (model, kind) =
                        (random.next_u64() as usize % models.len(), random.next_u64() as usize % KINDS.len());
                    let tag = number as usize * 100_000 + round * 1000;
                    ask(&batcher, Arc::clone(&models[model]), KINDS[kind], tag, random.next_u64()).await;
                }
            })
        });

        join_all(callers.collect::<Vec<_>>()).await.into_iter().for_each(Result::unwrap);

        until_quiet(&batcher);
        assert_eq!(pool.panics(), 0);
        assert!(models.iter().all(|model| lane(model).waiting_rows() == 0));
        assert!(stage.batches().iter().all(|batch| batch.nrows() <= LIMITS.max_batch_rows));
    });
}
