//! What messages and replies may hold in memory: of one connection, and of all together.
//!
//! A large message takes its bytes here before they are read ([`super::deposit`] says how many at a time), so that a server
//! that is full stops reading, and TCP holds back the sender. What grows later, when a message is decoded or answered, takes more if
//! there is some and is refused if there is none: it cannot wait, because what it waits for may wait for it.

use super::line::Line;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What a call may hold of each kind of thing (a message, its values, its reply) without taking memory here: small calls
/// never touch the budget, which many threads share.
pub const FREE_BYTES: usize = 16 * 1024;
/// Bytes are counted by the kibibyte.
const UNIT: usize = 1024;

/// This part of the budget may be held by messages that are paid for in part.
const PART_BEGUN: usize = 4;
/// This part may be held before messages pay for less of what has not come.
const PART_EASY: usize = 8;
/// So much more than is paid for may buffers be made for, as a part of the budget.
const PART_ROOM: usize = 8;

/// The budget of the whole process.
#[derive(Clone, Debug)]
pub struct Memory(Arc<Pools>);

#[derive(Debug)]
struct Pools {
    units: usize,
    free: Semaphore,
    /// Of these, what is left for messages that are paid for in part: they cannot take all and then wait for each other.
    begun: Arc<Semaphore>,
    /// What is left of the room that buffers may have beyond what is paid for: addresses, and no memory until something comes.
    room: Arc<Semaphore>,
    /// Messages that wait for all that they lack.
    line: Arc<Line>,
}

impl Memory {
    /// A budget of this many bytes.
    pub fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT).clamp(1, u32::MAX as usize);
        let part = |part| Arc::new(Semaphore::new(units / part));
        let (begun, room) = (part(PART_BEGUN), part(PART_ROOM));
        Self(Arc::new(Pools { units, free: Semaphore::new(units), begun, room, line: Arc::default() }))
    }

    /// Bytes that there are.
    pub fn bytes(&self) -> usize {
        self.0.units * UNIT
    }

    /// Bytes that are held now.
    pub fn held(&self) -> usize {
        (self.0.units - self.0.free.available_permits().min(self.0.units)) * UNIT
    }

    /// Whether messages wait for memory.
    pub fn is_wanted(&self) -> bool {
        !self.0.line.is_empty()
    }

    /// Whether little of it is held.
    pub(super) fn is_easy(&self) -> bool {
        self.held() < self.bytes() / PART_EASY
    }

    /// The most that one message pays: what messages hold that are paid for in part may never become free before.
    pub(super) fn most(&self) -> usize {
        (self.0.units - self.0.units / PART_BEGUN) * UNIT
    }

    /// The most that messages may hold together that are paid for in part.
    pub(super) fn most_begun(&self) -> usize {
        self.0.units / PART_BEGUN * UNIT
    }

    /// Leave for a message that is paid for in part to hold so many bytes.
    pub(super) fn begun(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        some_of(&self.0.begun, bytes)
    }

    /// The same, as soon as there is some.
    pub(super) async fn begun_later(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).ok()?;
        Arc::clone(&self.0.begun).acquire_many_owned(units).await.ok()
    }

    /// Leave for a buffer to be so many bytes larger than what is paid for.
    pub(super) fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        some_of(&self.0.room, bytes)
    }

    /// An account of its own for what no peer has sent.
    pub fn account(&self) -> Account {
        self.account_of(None)
    }

    /// An account of its own for a connection of this peer; those without an address are one peer.
    pub fn account_of(&self, peer: Option<IpAddr>) -> Account {
        Account(Arc::new(Owed { memory: self.clone(), peer, used: AtomicUsize::new(0) }))
    }
}

fn some_of(pool: &Arc<Semaphore>, bytes: usize) -> Option<OwnedSemaphorePermit> {
    let units = u32::try_from(bytes.div_ceil(UNIT)).ok()?;
    Arc::clone(pool).try_acquire_many_owned(units).ok()
}

/// What one connection holds of the budget. Cloning shares it, and touches nothing that other connections touch.
#[derive(Clone, Debug)]
pub struct Account(Arc<Owed>);

#[derive(Debug)]
struct Owed {
    memory: Memory,
    peer: Option<IpAddr>,
    used: AtomicUsize,
}

impl Account {
    /// Bytes that this connection holds.
    pub fn used(&self) -> usize {
        self.0.used.load(Ordering::Relaxed) * UNIT
    }

    /// The budget that it is part of.
    pub fn memory(&self) -> &Memory {
        &self.0.memory
    }

    /// Does what may have to wait for memory when those have that came before, and by turns with other peers.
    pub(super) async fn in_turn<T>(&self, work: impl Future<Output = T>) -> T {
        self.0.memory.0.line.in_turn(self.0.peer, work).await
    }

    /// Waits until this many bytes are free, and takes them; more than there is at all is cut to all.
    pub async fn take(&self, bytes: usize) -> Held {
        let pools = &self.0.memory.0;
        let units = bytes.div_ceil(UNIT).min(pools.units);
        let held = self.nothing();
        let permits = u32::try_from(units).unwrap_or(u32::MAX);
        if let Ok(permit) = pools.free.acquire_many(permits).await {
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
        let Ok(permit) = self.account.0.memory.0.free.try_acquire_many(permits) else { return false };
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

    /// The account that it is on.
    pub(super) fn account(&self) -> &Account {
        &self.account
    }

    /// Holds from now on what `other` did, which is of the same account.
    pub(super) fn absorb(&mut self, mut other: Self) {
        *self.units.get_mut() += std::mem::take(other.units.get_mut());
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
        self.account.0.memory.0.free.add_permits(units);
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
        let held = account.take(5 * UNIT).await;
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
