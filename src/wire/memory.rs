//! What messages and replies may hold in memory: of one connection, and of all together.
//!
//! A large message takes its bytes here before they are read, so that a server that is full stops reading, and TCP holds
//! back the sender. What grows later, when a message is decoded or answered, takes more if there is some and is refused if
//! there is none: it cannot wait, because what it waits for may wait for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// What a call may hold of each kind of thing (a message, its values, its reply) without taking memory here: small calls
/// never touch the budget, which many threads share.
pub const FREE_BYTES: usize = 16 * 1024;
/// Bytes are counted by the kibibyte.
const UNIT: usize = 1024;

/// The budget of the whole process.
#[derive(Clone, Debug)]
pub struct Memory {
    free: Arc<Semaphore>,
    units: usize,
}

impl Memory {
    /// A budget of this many bytes.
    pub fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT).clamp(1, u32::MAX as usize);
        Self { free: Arc::new(Semaphore::new(units)), units }
    }

    /// Bytes that there are.
    pub fn bytes(&self) -> usize {
        self.units * UNIT
    }

    /// Bytes that are held now.
    pub fn held(&self) -> usize {
        (self.units - self.free.available_permits().min(self.units)) * UNIT
    }

    /// An account of its own for a connection.
    pub fn account(&self) -> Account {
        Account(Arc::new(Owed { memory: self.clone(), used: AtomicUsize::new(0) }))
    }
}

/// What one connection holds of the budget. Cloning shares it, and touches nothing that other connections touch.
#[derive(Clone, Debug)]
pub struct Account(Arc<Owed>);

#[derive(Debug)]
struct Owed {
    memory: Memory,
    used: AtomicUsize,
}

impl Account {
    /// Bytes that this connection holds.
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed) * UNIT
    }

    /// Waits until this many bytes are free, and takes them; more than there is at all is cut to all.
    pub async fn take(self, bytes: usize) -> Held {
        let units = bytes.div_ceil(UNIT).min(self.0.memory.units);
        let held = Held { account: self, units: AtomicUsize::new(0) };
        let permits = u32::try_from(units).unwrap_or(u32::MAX);
        if let Ok(permit) = held.account.0.memory.free.acquire_many(permits).await {
            permit.forget();
            held.add(units);
        }
        held
    }

    /// Nothing yet; it can grow.
    pub fn nothing(&self) -> Held {
        Held { account: self.clone(), units: AtomicUsize::new(0) }
    }
}

/// Bytes that are held until this is dropped.
#[derive(Debug)]
pub struct Held {
    account: Account,
    units: AtomicUsize,
}

impl Held {
    /// Holds this many bytes more, if they are free.
    #[must_use]
    pub fn try_grow(&self, bytes: usize) -> bool {
        let units = bytes.div_ceil(UNIT);
        let Ok(permits) = u32::try_from(units) else { return false };
        let Ok(permit) = self.account.0.memory.free.try_acquire_many(permits) else { return false };
        permit.forget();
        self.add(units);
        true
    }

    /// Holds at least this many bytes, but for what is free of charge; if they are free.
    #[must_use]
    pub fn try_cover(&self, bytes: usize) -> bool {
        let missing = bytes.saturating_sub(self.bytes().max(FREE_BYTES));
        missing == 0 || self.try_grow(missing)
    }

    /// Holds so many bytes from now on: takes what is missing, if that is free, or gives back what is more.
    #[must_use]
    pub fn try_set(&mut self, bytes: usize) -> bool {
        let missing = bytes.saturating_sub(self.bytes());
        if missing > 0 {
            return self.try_grow(missing);
        }
        let units = *self.units.get_mut();
        self.give_back(units - bytes.div_ceil(UNIT));
        true
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> usize {
        self.units.load(Ordering::Relaxed) * UNIT
    }

    fn add(&self, units: usize) {
        self.units.fetch_add(units, Ordering::Relaxed);
        self.account.0.used.fetch_add(units, Ordering::Relaxed);
    }

    fn give_back(&mut self, units: usize) {
        if units == 0 {
            return;
        }
        *self.units.get_mut() -= units;
        self.account.0.used.fetch_sub(units, Ordering::Relaxed);
        self.account.0.memory.free.add_permits(units);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let units = *self.units.get_mut();
        self.give_back(units);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn what_is_dropped_is_free_again() {
        let memory = Memory::new(8 * UNIT);
        let account = memory.account();
        let held = account.clone().take(5 * UNIT).await;
        assert!(held.try_grow(3 * UNIT) && !held.try_grow(1));
        assert_eq!((memory.held(), account.used(), held.bytes()), (8 * UNIT, 8 * UNIT, 8 * UNIT));

        drop(held);

        assert_eq!((memory.held(), account.used()), (0, 0));
    }

    #[tokio::test]
    async fn what_turns_out_to_be_less_is_given_back_and_more_is_taken_if_it_is_free() {
        let memory = Memory::new(8 * UNIT);
        let mut held = memory.account().take(5 * UNIT).await;

        assert!(held.try_set(UNIT + 1));
        assert_eq!((memory.held(), held.bytes()), (2 * UNIT, 2 * UNIT));
        assert!(held.try_set(7 * UNIT) && !held.try_set(9 * UNIT));
        assert_eq!((memory.held(), held.bytes()), (7 * UNIT, 7 * UNIT));
    }

    #[tokio::test]
    async fn who_wants_more_than_is_free_waits_and_who_gives_up_takes_nothing() {
        let memory = Memory::new(8 * UNIT);
        let held = memory.account().take(6 * UNIT).await;

        assert!(memory.account().take(3 * UNIT).now_or_never().is_none());
        drop(held);

        assert_eq!(memory.held(), 0);
        assert!(memory.account().take(3 * UNIT).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_wish_above_the_whole_budget_is_cut_to_it_so_that_it_can_be_met() {
        let memory = Memory::new(8 * UNIT);

        let held = memory.account().take(100 * UNIT).await;

        assert_eq!(held.bytes(), 8 * UNIT);
    }
}
