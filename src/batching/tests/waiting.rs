//! What a caller may rely on while it waits: its deadline, its delay, its priority, and that it can leave.

use super::scripted::{Stage, matrix, rows};
use super::*;
use std::pin::pin;

const MS: Duration = Duration::from_millis(1);

/// A thread that is busy until the stage opens.
async fn stalled<'a>(stage: &Stage, batcher: &'a Batcher, model: &Arc<LoadedModel>) -> impl Future + use<'a> {
    let (batcher, model, one) = (batcher, Arc::clone(model), matrix(rows(0, 1, 0)));
    let mut running = Box::pin(async move { batcher.submit(work(model, &one, later())).await });
    assert!((&mut running).now_or_never().is_none());
    stage.wait_for_a_batch();
    running
}

#[tokio::test]
async fn who_waits_in_vain_is_told_within_five_milliseconds_and_counts_no_more() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 8, LIMITS);
    let model = stage.model("a", 1);
    let running = stalled(&stage, &batcher, &model).await;
    // The best of several: it is the timer that is tested, not how busy the machine is.
    let mut best = Duration::MAX;
    for _ in 0..20 {
        let deadline = Instant::now() + 10 * MS;

        let late = batcher.submit(work(Arc::clone(&model), &matrix(rows(0, 5, 100)), deadline)).await;

        assert!(matches!(late, Err(Error::DeadlineExceeded)), "{late:?}");
        assert_eq!(batcher.rows_in_flight(), 1);
        best = best.min(deadline.elapsed());
    }
    assert!(best < 5 * MS, "{best:?}");
    stage.open();
    running.await;
    until_quiet(&batcher);
    assert_eq!(stage.tags(), [0], "what is late was computed");
}

#[tokio::test]
async fn who_leaves_the_queue_is_never_computed_and_counts_no_more() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 8, LIMITS);
    let model = stage.model("a", 1);
    let running = stalled(&stage, &batcher, &model).await;
    let gone = matrix(rows(0, 5, 100));
    let mut leaves = Box::pin(batcher.submit(work(Arc::clone(&model), &gone, later())));
    assert!((&mut leaves).now_or_never().is_none());
    assert_eq!((batcher.rows_in_flight(), lane(&model).waiting_rows()), (6, 5));

    drop(leaves);

    assert_eq!((batcher.rows_in_flight(), lane(&model).waiting_rows()), (1, 0));
    stage.open();
    running.await;
    assert_eq!(stage.tags(), [0]);
}

#[tokio::test]
async fn a_caller_may_leave_after_any_number_of_looks_and_the_next_one_is_answered() {
    let mut stage = Stage::closed();
    stage.open();
    let (_, batcher) = batcher(2, 8, LIMITS);
    let model = stage.model("a", 1);
    for looks in 0..200 {
        let own = matrix(rows(0, 9, 0)); // Larger than a batch: some of it is computed, some waits.
        let mut leaves = Box::pin(batcher.submit(work(Arc::clone(&model), &own, later())));
        for _ in 0..looks % 10 {
            if futures_util::poll!(&mut leaves).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(leaves);

        assert_eq!(batcher.submit(work(Arc::clone(&model), &own, later())).await.unwrap(), expected(9, 0));
    }
    until_quiet(&batcher);
}

#[tokio::test]
async fn the_higher_priority_is_answered_first() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 8, LIMITS);
    let model = stage.model("a", 1);
    let running = stalled(&stage, &batcher, &model).await;
    let ask = |priority, tag| {
        let own = Work { priority, ..work(Arc::clone(&model), &matrix(rows(0, 8, tag)), later()) };
        let mut asked = Box::pin(batcher.submit(own));
        assert!((&mut asked).now_or_never().is_none());
        asked
    };
    let waiting = [ask(0, 100), ask(-1, 200), ask(3, 300)];

    stage.open();
    running.await;
    join_all(waiting).await;

    let order: Vec<usize> = stage.tags().into_iter().step_by(8).collect();
    assert_eq!([order[0], order[1] / 100, order[2] / 100, order[3] / 100], [0, 3, 1, 2]);
}

#[tokio::test]
async fn with_a_delay_requests_wait_for_each_other_and_not_longer() {
    let mut stage = Stage::closed();
    stage.open();
    let (_, batcher) = batcher(2, 8, Limits { max_delay: 20 * MS, ..LIMITS });
    let (model, begun) = (stage.model("a", 1), Instant::now());
    let two = [0, 1].map(|tag| matrix(rows(0, 1, tag)));

    let answers = join_all(two.iter().map(|own| batcher.submit(work(Arc::clone(&model), own, later())))).await;

    assert!(answers.iter().all(Result::is_ok));
    assert!(begun.elapsed() >= 20 * MS);
    assert_eq!(stage.batches().len(), 1);
}

#[tokio::test]
async fn a_batch_closes_although_the_one_it_waited_for_has_left() {
    let mut stage = Stage::closed();
    stage.open();
    let (_, batcher) = batcher(2, 8, Limits { max_delay: 5 * MS, ..LIMITS });
    let (model, two) = (stage.model("a", 1), [0, 1].map(|tag| matrix(rows(0, 1, tag))));
    let mut leaves = Box::pin(batcher.submit(work(Arc::clone(&model), &two[0], later())));
    let mut stays = Box::pin(batcher.submit(work(model, &two[1], later())));
    assert!((&mut leaves).now_or_never().is_none() && (&mut stays).now_or_never().is_none());

    drop(leaves);

    assert_eq!(stays.await.unwrap(), expected(1, 1));
    assert_eq!(stage.tags(), [1]);
}

#[tokio::test]
async fn a_full_batch_does_not_wait_for_its_delay() {
    let mut stage = Stage::closed();
    stage.open();
    let (_, batcher) = batcher(2, 8, Limits { max_delay: Duration::from_secs(3600), ..LIMITS });
    let full = matrix(rows(0, 8, 0));

    let answer = batcher.submit(work(stage.model("a", 1), &full, later())).await;

    assert_eq!(answer.unwrap(), expected(8, 0));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_goes_before_a_delay() {
    let mut stage = Stage::closed();
    stage.open();
    let (_, batcher) = batcher(2, 8, Limits { max_delay: Duration::from_secs(3600), ..LIMITS });
    let one = matrix(rows(0, 1, 0));

    let late = pin!(batcher.submit(work(stage.model("a", 1), &one, later()))).await;

    assert!(matches!(late, Err(Error::DeadlineExceeded)), "{late:?}");
    assert_eq!((stage.tags().len(), batcher.rows_in_flight()), (0, 0));
}
