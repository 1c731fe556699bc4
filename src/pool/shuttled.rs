//! Parking under every order of events that chance finds: the file itself, over locks that `shuttle` plays.

#[path = "parking.rs"]
#[allow(clippy::duplicate_mod, reason = "the same file over other locks")]
mod parking;

/// What parking stands on here.
mod sync {
    pub(super) use shuttle::sync::atomic::{AtomicUsize, Ordering, fence};
    pub(super) use shuttle::sync::{Condvar, Mutex, MutexGuard};
    pub(super) use std::sync::PoisonError;
}

use parking::Parking;
use std::sync::Arc;
use sync::{AtomicUsize, Ordering};

const JOBS: usize = 3;

/// Threads that take jobs, and others that bring them. A wake-up that is lost is a deadlock, which shuttle reports.
fn bring_and_take() {
    let (parking, jobs) = (Arc::new(Parking::default()), Arc::new(AtomicUsize::new(0)));
    let takers: Vec<_> = (0..2)
        .map(|_| {
            let (parking, jobs) = (Arc::clone(&parking), Arc::clone(&jobs));
            shuttle::thread::spawn(move || take(&parking, &jobs))
        })
        .collect();
    for _ in 0..JOBS {
        let (parking, jobs) = (Arc::clone(&parking), Arc::clone(&jobs));
        shuttle::thread::spawn(move || {
            jobs.fetch_add(1, Ordering::SeqCst);
            parking.wake_one();
        });
    }
    let taken: usize = takers.into_iter().map(|taker| taker.join().unwrap()).sum();
    assert_eq!(taken, JOBS);
}

/// How many jobs this thread took, until the last one was: then it brings one to the other that ends it too.
fn take(parking: &Parking, jobs: &AtomicUsize) -> usize {
    const ENDED: usize = 1000;
    let mut taken = 0;
    loop {
        let seen = jobs.load(Ordering::SeqCst);
        if seen >= ENDED {
            return taken;
        }
        let all = seen >> 4;
        if seen & 15 == 0 {
            parking.sleep_unless(|| jobs.load(Ordering::SeqCst) & 15 > 0 || jobs.load(Ordering::SeqCst) >= ENDED);
        } else if jobs.compare_exchange(seen, seen - 1 + 16, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
            taken += 1;
            if all + 1 == JOBS {
                jobs.store(ENDED, Ordering::SeqCst);
                parking.wake_all();
                return taken;
            }
        }
    }
}

#[test]
fn no_wake_up_is_lost() {
    shuttle::check_random(bring_and_take, 5000);
    shuttle::check_pct(bring_and_take, 5000, 4);
}
