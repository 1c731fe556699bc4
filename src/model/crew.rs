//! Pieces of work that several threads share: each is done by whoever is free.

use crate::error::{Error, Result};
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::scope;
use std::time::Duration;

/// Asked now and then within a piece; its error ends the work.
pub(super) type Ask<'a> = dyn Fn() -> Result<()> + 'a;

/// How often a caller who has nothing left to do looks whether it should stop.
const PATIENCE: Duration = Duration::from_millis(50);

/// Does the pieces `0 .. n_pieces` on at most `threads` threads, of which the caller's is one, and answers them in order.
///
/// `report` is told how many are done, from the caller's thread, and asked within its own pieces; so it need not be `Sync`. If
/// it answers an error, all threads stop at the next question that their `work` asks.
///
/// # Errors
/// The first one of `report` or `work`.
pub(super) fn share_out<T: Send>(
    n_pieces: usize,
    threads: usize,
    report: &dyn Fn(usize) -> Result<()>,
    work: impl Fn(usize, &Ask<'_>) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    share_out_rest((0..n_pieces).map(|_| None).collect(), threads, report, work, &mut |_, _| Ok(()))
}

/// Does one thing on another thread, and one on the caller's, which asks `ask` within it and while it waits for the other.
///
/// # Errors
/// The first one of `ask` or of either.
pub(super) fn both<T: Send>(
    ask: &Ask<'_>,
    elsewhere: impl FnOnce(&Ask<'_>) -> Result<T> + Send,
    here: impl FnOnce(&Ask<'_>) -> Result<T>,
) -> Result<(T, T)> {
    let stopped = AtomicBool::new(false);
    let (done, finished) = sync_channel(1);
    scope(|scope| {
        let _stop = StopOnDrop(&stopped);
        let stopped = &stopped;
        scope.spawn(move || done.send(elsewhere(&|| unless(stopped))));
        let here = here(ask)?;
        loop {
            match finished.recv_timeout(PATIENCE) {
                Ok(elsewhere) => return Ok((elsewhere?, here)),
                Err(RecvTimeoutError::Timeout) => ask()?,
                Err(RecvTimeoutError::Disconnected) => return Err(ended()),
            }
        }
    })
}

fn ended() -> Error {
    Error::internal("a thread ended before its work")
}

/// Told how many pieces are done, and which.
type Each<'a, T> = dyn FnMut(usize, &mut Vec<Option<T>>) -> Result<()> + 'a;

/// The same where some pieces are done already: does the others. `each` sees all of them whenever there is one more.
///
/// # Errors
/// The first one of `report`, `work` or `each`.
pub(super) fn share_out_rest<T: Send>(
    mut results: Vec<Option<T>>,
    threads: usize,
    report: &dyn Fn(usize) -> Result<()>,
    work: impl Fn(usize, &Ask<'_>) -> Result<T> + Sync,
    each: &mut Each<'_, T>,
) -> Result<Vec<T>> {
    let n_pieces = results.len();
    let left: Vec<usize> = (0..n_pieces).filter(|piece| results[*piece].is_none()).collect();
    let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
    let take = || left.get(next.fetch_add(1, Ordering::Relaxed)).copied();
    let (done, finished) = sync_channel(n_pieces);
    scope(|scope| {
        let _stop = StopOnDrop(&stopped);
        for _ in 1..threads.min(left.len()) {
            let (done, take, work, stopped) = (done.clone(), &take, &work, &stopped);
            scope.spawn(move || {
                while let Some(piece) = take() {
                    let result = work(piece, &|| unless(stopped));
                    // Nobody listens any more once the caller has left with an error.
                    let goes_on = result.is_ok();
                    if done.send((piece, result)).is_err() || !goes_on {
                        break;
                    }
                }
            });
        }
        drop(done);
        let n_done = Cell::new(n_pieces - left.len());
        let mut keep = |piece: usize, result: Result<T>| {
            results[piece] = Some(result?);
            n_done.set(n_done.get() + 1);
            each(n_done.get(), &mut results)?;
            report(n_done.get())
        };
        while let Some(piece) = take() {
            keep(piece, work(piece, &|| report(n_done.get())))?;
            finished.try_iter().try_for_each(|(piece, result)| keep(piece, result))?;
        }
        while n_done.get() < n_pieces {
            match finished.recv_timeout(PATIENCE) {
                Ok((piece, result)) => keep(piece, result)?,
                Err(RecvTimeoutError::Timeout) => report(n_done.get())?,
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        let results: Option<Vec<T>> = results.into_iter().collect();
        results.ok_or_else(ended)
    })
}

/// Tells the others also when the caller leaves by an error or a panic.
struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn unless(stopped: &AtomicBool) -> Result<()> {
    if stopped.load(Ordering::Relaxed) { Err(Error::Cancelled { what: "the fit" }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn quiet(_: usize) -> Result<()> {
        Ok(())
    }

    #[test]
    fn pieces_come_back_in_their_order_from_any_number_of_threads() {
        let expected: Vec<usize> = (0..100).map(|piece| piece * piece).collect();

        for threads in [0, 1, 2, 7, 1_000] {
            assert_eq!(share_out(100, threads, &quiet, |piece, _| Ok(piece * piece)).unwrap(), expected);
        }
        assert!(share_out(0, 2, &quiet, |piece, _| Ok(piece)).unwrap().is_empty());
    }

    #[test]
    fn only_what_is_not_done_is_done_and_each_is_seen() {
        for threads in [1, 2, 7] {
            let begun = (0..10).map(|piece| (piece % 3 == 0).then_some(piece * 100)).collect();
            let mut seen = vec![];
            let mut each = |n_done: usize, all: &mut Vec<Option<usize>>| {
                assert_eq!(all.iter().flatten().count(), n_done);
                seen.push(n_done);
                Ok(())
            };

            let done = share_out_rest(begun, threads, &quiet, |piece, _| Ok(piece), &mut each).unwrap();

            assert_eq!(done, [0, 1, 2, 300, 4, 5, 600, 7, 8, 900]);
            assert_eq!(seen, [5, 6, 7, 8, 9, 10]);
        }
    }

    #[test]
    fn whoever_works_stops_once_the_caller_is_told_to() {
        for threads in [1, 2, 4] {
            let report = |_| Err(Error::Cancelled { what: "the job" });

            let stopped = share_out(threads, threads, &report, |_, ask| {
                loop {
                    ask()?;
                }
            }) as Result<Vec<()>>;

            assert_eq!(stopped.unwrap_err().code(), Code::Cancelled);
        }
    }

    #[test]
    fn an_error_of_one_piece_is_the_answer_to_all() {
        let refusing = |piece, _: &Ask<'_>| if piece == 3 { Err(Error::internal("three")) } else { Ok(piece) };

        for threads in [1, 3] {
            assert!(share_out(5, threads, &quiet, refusing).unwrap_err().to_string().contains("three"));
        }
    }
}
