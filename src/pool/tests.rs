//! What a pool does with its jobs, and that no job is left lying while a thread sleeps.

use super::*;
use std::sync::mpsc;

fn pool(threads: usize, capacity: usize) -> Pool {
    Pool::start("test", threads, capacity, PoolMetrics::default()).unwrap()
}

#[test]
fn a_job_that_panics_leaves_its_thread_to_the_next() {
    let pool = pool(1, 4);
    let (sender, receiver) = mpsc::channel();

    pool.submit(|| panic!("on purpose")).unwrap();
    pool.submit(move || sender.send("done").unwrap()).unwrap();

    assert_eq!(receiver.recv(), Ok("done"));
    assert_eq!(pool.panics(), 1);
}

#[test]
fn a_full_queue_refuses_at_once() {
    let pool = pool(1, 1);
    let (started, has_started) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    pool.submit(move || {
        started.send(()).unwrap();
        let _ = released.recv();
    })
    .unwrap();
    has_started.recv().unwrap();
    pool.submit(|| {}).unwrap();

    let refused = pool.submit(|| {});

    assert_eq!(refused, Err(Full { capacity: 1 }));
    drop(release);
}

#[test]
fn a_pool_that_is_dropped_finishes_what_it_took() {
    let pool = pool(2, 100);
    let (done, is_done) = mpsc::channel();
    for number in 0..50 {
        let done = done.clone();
        pool.submit(move || done.send(number).unwrap()).unwrap();
    }
    drop((pool, done));

    assert_eq!(is_done.iter().sum::<i32>(), 1225);
}

#[test]
fn dropping_a_pool_does_not_wait_for_a_job_that_runs() {
    let pool = pool(1, 1);
    let (release, released) = mpsc::channel::<()>();
    let (ended, has_ended) = mpsc::channel();
    pool.submit(move || ended.send(released.recv()).unwrap()).unwrap();

    drop(pool);

    release.send(()).unwrap();
    assert_eq!(has_ended.recv().unwrap(), Ok(()));
}

#[test]
fn a_job_may_hold_the_last_handle_of_its_own_pool() {
    let pool = Arc::new(pool(2, 1));
    let panics = pool.shared.metrics.panics.clone();
    let (release, released) = mpsc::channel::<()>();
    let handle = Arc::clone(&pool);
    let (ended, has_ended) = mpsc::channel();
    let job = move || {
        released.recv().unwrap();
        drop(handle);
        ended.send(()).unwrap();
    };
    pool.submit(job).unwrap();
    drop(pool);

    release.send(()).unwrap();

    assert_eq!(has_ended.recv(), Ok(()));
    assert_eq!(panics.get(), 0);
}

#[test]
fn a_thread_that_is_idle_takes_what_stands_behind_a_long_job() {
    let pool = pool(2, 100);
    let (release, released) = mpsc::channel::<()>();
    pool.submit(move || assert!(released.recv().is_err())).unwrap();
    let (done, is_done) = mpsc::channel();

    for number in 0..50 {
        let done = done.clone();
        pool.submit(move || done.send(number).unwrap()).unwrap();
    }
    drop(done);

    assert_eq!(is_done.iter().sum::<i32>(), 1225);
    drop(release);
}

#[test]
fn threads_without_work_sleep_and_one_is_woken_for_each_job() {
    let pool = pool(2, 100);
    let all_sleep = || {
        while pool.idle() < 2 {
            std::thread::yield_now();
        }
    };
    for _ in 0..1000 {
        let (done, is_done) = mpsc::channel();
        pool.submit(move || done.send(()).unwrap()).unwrap();
        is_done.recv().unwrap();
    }
    all_sleep();
    let (done, is_done) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();

    pool.submit(move || {
        done.send(()).unwrap();
        let _ = released.recv();
    })
    .unwrap();
    is_done.recv().unwrap();

    assert_eq!(pool.idle(), 1);
    drop(release);
    all_sleep();
}
