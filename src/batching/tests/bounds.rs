//! What a caller is told when there is more work than may wait.

use super::scripted::{Stage, matrix, rows};
use super::*;

#[tokio::test]
async fn a_queue_ten_times_over_its_capacity_says_overloaded_and_nothing_else() {
    let mut stage = Stage::closed();
    let (pool, batcher) = batcher(2, 8, Limits { max_batch_rows: 4, max_queue_rows: 10, ..Limits::default() });
    let (model, one) = (stage.model("a", 1), matrix(rows(0, 1, 0)));
    let mut waiting = Vec::new();
    let mut refused = Vec::new();
    for caller in 0..100 {
        let own = Work { caller, ..work(Arc::clone(&model), &one, later()) };
        let mut asked = Box::pin(batcher.submit(own));
        match (&mut asked).now_or_never() {
            Some(result) => refused.push(result.unwrap_err()),
            None => waiting.push(asked),
        }
    }

    stage.open();
    let answered = join_all(waiting).await;

    assert_eq!((answered.len(), refused.len()), (10, 90));
    assert!(answered.iter().all(Result::is_ok));
    assert!(refused.iter().all(|error| (error.code(), error.executed()) == (Code::Overloaded, Some(false))));
    assert_eq!((stage.tags().len(), batcher.rows_in_flight(), pool.panics()), (10, 0, 0));
}

#[tokio::test]
async fn requests_without_rows_have_a_bound_too() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 8, Limits { max_batch_rows: 4, max_queue_rows: 1, ..Limits::default() });
    let (model, none) = (stage.model("a", 1), matrix(rows(0, 0, 0)));
    let mut first = Box::pin(batcher.submit(work(Arc::clone(&model), &none, later())));
    assert!((&mut first).now_or_never().is_none());

    let second = batcher.submit(work(model, &none, later())).await;

    assert_eq!(second.unwrap_err().code(), Code::Overloaded);
    stage.open();
    assert_eq!(first.await.unwrap(), expected(0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_storm_of_callers_on_many_threads_loses_nobody() {
    let mut stage = Stage::closed();
    stage.open();
    let (pool, batcher) = batcher(2, 2, Limits { max_batch_rows: 8, max_queue_rows: 40, ..Limits::default() });
    let models = Arc::new([("a", 1), ("a", 2), ("b", 1), ("c", 1)].map(|(name, version)| stage.model(name, version)));
    let callers = (0..16).map(|number| {
        let (batcher, models) = (batcher.clone(), Arc::clone(&models));
        tokio::spawn(async move {
            for round in 0..200 {
                let (tag, n_rows) = (number * 1000 + round, round % 6);
                let model = Arc::clone(&models[(number + round) % models.len()]);
                match batcher.submit(work(model, &matrix(rows(0, n_rows, tag)), later())).await {
                    Ok(answer) => assert_eq!(answer, expected(n_rows, tag)),
                    Err(error) => assert_eq!(error.code(), Code::Overloaded, "{error}"),
                }
            }
        })
    });

    join_all(callers.collect::<Vec<_>>()).await.into_iter().for_each(Result::unwrap);

    assert_eq!((batcher.rows_in_flight(), pool.panics()), (0, 0));
}

#[tokio::test]
async fn a_full_pool_is_overloaded_and_the_model_answers_when_there_is_room_again() {
    let mut stage = Stage::closed();
    stage.open();
    let (pool, batcher) = batcher(1, 1, LIMITS);
    let (model, one) = (stage.model("a", 1), matrix(rows(0, 1, 0)));
    let (release, released) = std::sync::mpsc::channel::<()>();
    let (begun, has_begun) = std::sync::mpsc::channel();
    pool.submit(move || {
        begun.send(()).unwrap();
        assert!(released.recv().is_err());
    })
    .unwrap();
    has_begun.recv().unwrap();
    pool.submit(|| {}).unwrap();

    let refused = batcher.submit(work(Arc::clone(&model), &one, later())).await;

    assert_eq!(refused.unwrap_err().code(), Code::Overloaded);
    drop(release);
    while pool.has_jobs() {
        std::thread::yield_now();
    }
    assert_eq!(batcher.submit(work(model, &one, later())).await.unwrap(), expected(1, 0));
}

#[tokio::test]
async fn ten_requests_of_ten_thousand_rows_stay_within_the_rows_and_the_bytes_of_a_batch() {
    // A row and its answer take 32 bytes.
    for (limits, most) in [
        (Limits { max_batch_rows: 4096, ..Limits::default() }, 4096),
        (Limits { max_batch_bytes: 32 * 1000, ..Limits::default() }, 1000),
    ] {
        let mut stage = Stage::closed();
        stage.open();
        let (_, batcher) = batcher(2, 8, limits);
        let model = stage.model("a", 1);
        let features: Vec<_> = (0..10).map(|number| matrix(rows(0, 10_000, number * 10_000))).collect();

        let answers = join_all(features.iter().map(|own| batcher.submit(work(Arc::clone(&model), own, later())))).await;

        for (number, answer) in answers.into_iter().enumerate() {
            assert_eq!(answer.unwrap(), expected(10_000, number * 10_000));
        }
        assert!(stage.batches().iter().all(|batch| batch.nrows() <= most));
        assert_eq!(stage.tags().len(), 100_000);
    }
}

#[tokio::test]
async fn work_that_cannot_be_done_in_time_is_refused_at_once_and_unread_and_other_work_is_not() {
    let mut stage = Stage::closed();
    let (_, batcher) = batcher(1, 8, LIMITS);
    let (model, one) = (stage.model("a", 1), matrix(rows(0, 1, 0)));
    lane(&model).learn(1, Duration::from_secs(1));
    let mut running = Box::pin(batcher.submit(work(Arc::clone(&model), &one, later())));
    assert!((&mut running).now_or_never().is_none());
    stage.wait_for_a_batch();

    let soon = Instant::now() + Duration::from_millis(500);
    let refused = batcher.submit(work(Arc::clone(&model), &one, soon)).now_or_never().expect("at once");

    let refused = refused.unwrap_err();
    assert_eq!((refused.code(), refused.executed()), (Code::Overloaded, Some(false)));
    assert!(refused.retry_after().is_some_and(|wait| wait > Duration::from_millis(400)), "{refused}");
    let code = |rows: Array2<f64>| {
        let answer = batcher.submit(work(Arc::clone(&model), &matrix(rows), soon)).now_or_never();
        answer.expect("at once").unwrap_err().code()
    };
    assert_eq!(code(Array2::from_elem((1, 3), f64::NAN)), Code::Overloaded);
    assert_eq!(code(Array2::zeros((1, 2))), Code::InvalidArgument);
    let mut patient = Box::pin(batcher.submit(work(Arc::clone(&model), &one, later())));
    assert!((&mut patient).now_or_never().is_none());
    stage.open();
    assert!(running.await.is_ok() && patient.await.is_ok());
}
