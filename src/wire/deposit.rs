//! What a message has paid that is arriving.
//!
//! It says how long it is long before it is there, and a claim alone must not keep memory from others. So it pays as it comes:
//! for a few times of what is there, then again when that has come.
//!
//! Who finds nothing free waits, one after the other ([`Account::in_turn`]). Messages that have all paid a part, and wait for each
//! other to get the rest, would wait for ever. So together they may hold a part of the budget only. Whose turn it is and finds
//! no more of that for long takes all that it still lacks at once, of the other part, which is held by what is paid for in full
//! and ends without needing more.

use super::memory::{Account, FREE_BYTES, Held};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

/// While little is held, a message pays for so many times of what has come: most are paid for at once.
const AHEAD_WHEN_EASY: usize = 16;
/// The same when more is held.
const AHEAD: usize = 4;

/// Whose turn it is waits so long for as much as it would be given if it had not to wait, before it takes all that it lacks: longer
/// than those who do not get on may keep what they hold.
const IN_STEPS: Duration = Duration::from_secs(6);

/// What a message is charged: its own bytes, and as many again for what they are decoded into.
pub fn price(bytes: usize) -> usize {
    if bytes > FREE_BYTES { bytes.saturating_mul(2) } else { 0 }
}

/// What is paid for a message.
#[derive(Debug)]
pub struct Deposit {
    held: Held,
    /// Bytes of the message that are paid for.
    covers: usize,
    /// While that is not all: leave to hold as much.
    begun: Option<OwnedSemaphorePermit>,
    /// While that is not all: leave for a buffer of the whole length.
    room: Option<OwnedSemaphorePermit>,
}

/// What was waited for.
#[derive(Debug)]
pub struct Payment {
    held: Held,
    /// If the message is paid for in part.
    leave: Option<OwnedSemaphorePermit>,
    covers: usize,
}

impl Deposit {
    /// Nothing yet.
    pub fn new(account: &Account) -> Self {
        Self { held: account.nothing(), covers: 0, begun: None, room: None }
    }

    /// How many bytes of the message it covers.
    pub fn covers(&self) -> usize {
        self.covers
    }

    /// Pays ahead for a message of `wanted` bytes, of which `come` are there, as far as it may without waiting. Answers
    /// whether it could.
    #[must_use]
    pub fn try_step(&mut self, come: usize, wanted: usize) -> bool {
        let is_easy = self.held.account().memory().is_easy();
        is_easy && self.try_cover(come.saturating_mul(AHEAD_WHEN_EASY), wanted)
            || self.try_cover(come.saturating_mul(AHEAD), wanted)
    }

    fn try_cover(&mut self, covers: usize, wanted: usize) -> bool {
        if covers >= wanted {
            let paid = self.held.try_grow(self.lacks(wanted));
            if paid {
                self.paid_in_full(wanted);
            }
            return paid;
        }
        let missing = self.lacks(covers);
        let Some(leave) = self.held.account().memory().begun(missing) else { return false };
        if !self.held.try_grow(missing) {
            return false;
        }
        self.paid_in_part(covers, leave);
        true
    }

    /// Waits until it can pay further for a message of `wanted` bytes, of which `come` are there; to be [added](Self::add).
    pub fn next(&self, come: usize, wanted: usize) -> impl Future<Output = Payment> + Send + use<> {
        let account = self.held.account().clone();
        let covers = come.saturating_mul(AHEAD).min(wanted);
        let (step, all) = (self.lacks(covers), self.lacks(wanted));
        let in_steps = covers < wanted && price(covers) <= account.memory().most_begun();
        async move {
            let step = async {
                let leave = account.memory().begun_later(step).await;
                Payment { held: account.take(step).await, leave, covers }
            };
            let pay = async {
                if in_steps && let Ok(payment) = timeout(IN_STEPS, step).await {
                    return payment;
                }
                Payment { held: account.take(all).await, leave: None, covers: wanted }
            };
            account.in_turn(pay).await
        }
    }

    /// Takes in the [next](Self::next) payment.
    pub fn add(&mut self, payment: Payment) {
        self.held.absorb(payment.held);
        match payment.leave {
            Some(leave) => self.paid_in_part(payment.covers, leave),
            None => self.paid_in_full(payment.covers),
        }
    }

    /// As large may a buffer be made for a message of `wanted` bytes: what is paid for, or all of it, which takes addresses
    /// and no memory until it comes, as long as there is leave for that.
    pub fn room(&mut self, wanted: usize) -> usize {
        if self.covers < wanted && self.room.is_none() {
            self.room = self.held.account().memory().room(wanted - self.covers);
        }
        if self.room.is_some() { wanted } else { self.covers }
    }

    /// What a message that is there holds; it turned out to have this many bytes.
    pub fn into_held(mut self, bytes: usize) -> Held {
        let fitting = self.held.bytes().min(price(bytes));
        let _ = self.held.try_set(fitting); // It is no more than before.
        self.held
    }

    fn lacks(&self, bytes: usize) -> usize {
        price(bytes).min(self.held.account().memory().most()).saturating_sub(self.held.bytes())
    }

    fn paid_in_part(&mut self, covers: usize, leave: OwnedSemaphorePermit) {
        self.covers = covers;
        match &mut self.begun {
            Some(begun) => begun.merge(leave),
            begun => *begun = Some(leave),
        }
    }

    fn paid_in_full(&mut self, wanted: usize) {
        self.covers = wanted;
        (self.begun, self.room) = (None, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Memory;
    use futures_util::FutureExt;
    use futures_util::future::join_all;

    const KIB: usize = 1024;
    const MIB: usize = 1024 * KIB;

    /// A message of 16 MiB of which 16 KiB have come.
    fn claim(memory: &Memory) -> Deposit {
        let mut deposit = Deposit::new(&memory.account());
        assert!(deposit.try_step(16 * KIB, 16 * MIB));
        deposit
    }

    #[tokio::test]
    async fn a_claim_holds_a_few_times_of_what_has_come_and_less_when_more_is_held() {
        let memory = Memory::new(64 * MIB);
        assert_eq!(claim(&memory).covers(), 256 * KIB);
        let _busy = memory.account().take(8 * MIB).await;

        let deposit = claim(&memory);

        assert_eq!((deposit.covers(), memory.held()), (64 * KIB, 8 * MIB + 128 * KIB));
    }

    #[test]
    fn a_message_that_comes_pays_for_more_each_time_until_all_is_paid_and_then_holds_twice_its_bytes() {
        let memory = Memory::new(64 * MIB);
        let mut deposit = claim(&memory);

        assert!(deposit.try_step(256 * KIB, 16 * MIB));
        assert_eq!((deposit.covers(), memory.held()), (4 * MIB, 8 * MIB));
        assert!(deposit.try_step(4 * MIB, 16 * MIB));
        assert_eq!((deposit.covers(), memory.held()), (16 * MIB, 32 * MIB));

        drop(deposit);
        assert_eq!(memory.held(), 0);
        assert!(memory.begun(16 * MIB).is_some(), "the leave to be paid in part has come back");
    }

    #[test]
    fn a_message_up_to_sixteen_times_of_what_has_come_is_paid_for_at_once() {
        let memory = Memory::new(64 * MIB);
        let mut deposit = Deposit::new(&memory.account());

        assert!(deposit.try_step(16 * KIB, 256 * KIB));

        assert_eq!((deposit.covers(), memory.held()), (256 * KIB, 512 * KIB));
    }

    #[test]
    fn a_message_that_turns_out_shorter_gives_back_what_it_paid_for_more() {
        let memory = Memory::new(64 * MIB);

        let held = claim(&memory).into_held(100 * KIB);

        assert_eq!((held.bytes(), memory.held()), (200 * KIB, 200 * KIB));
    }

    /// As many claims as are paid for in part.
    fn claims(memory: &Memory) -> Vec<Deposit> {
        std::iter::from_fn(|| {
            let mut deposit = Deposit::new(&memory.account());
            deposit.try_step(16 * KIB, 16 * MIB).then_some(deposit)
        })
        .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn messages_that_have_all_paid_a_part_get_the_rest_one_after_the_other() {
        let memory = Memory::new(64 * MIB);
        let claims = claims(&memory);
        assert!((15 * MIB..=16 * MIB).contains(&memory.held()), "{} claims hold {}", claims.len(), memory.held());

        let rest = claims.into_iter().map(|mut claim| async move {
            while claim.covers() < 16 * MIB {
                let payment = claim.next(claim.covers(), 16 * MIB).await;
                claim.add(payment); // As much comes at once.
            }
        });
        let ended = join_all(rest).await;

        assert!(ended.len() > 32, "none waits for another that waits");
        assert_eq!(memory.held(), 0);
    }

    #[tokio::test]
    async fn who_waits_gets_as_much_as_if_it_had_not_when_others_leave_and_not_all_that_it_claims() {
        let memory = Memory::new(64 * MIB);
        let mut claims = claims(&memory);
        let mut late = Deposit::new(&memory.account());
        let mut next = Box::pin(late.next(16 * KIB, 16 * MIB));
        assert!((&mut next).now_or_never().is_none());
        assert!(memory.is_wanted());

        claims.pop();
        let payment = next.await;
        late.add(payment);

        assert_eq!(late.covers(), 64 * KIB);
        assert!(!memory.is_wanted() && memory.held() <= 16 * MIB);
    }

    #[tokio::test]
    async fn a_message_that_costs_more_than_there_is_can_be_paid_for_beside_others_that_are_paid_for_in_part() {
        let memory = Memory::new(MIB);
        let (mut large, _other) = (claim(&memory), claim(&memory));

        let payment = large.next(64 * KIB, 16 * MIB).now_or_never().expect("what it is cut to can be had");
        large.add(payment);

        assert_eq!(large.covers(), 16 * MIB);
    }

    #[test]
    fn buffers_are_made_for_the_whole_length_as_long_as_there_is_leave_for_that() {
        let memory = Memory::new(256 * MIB);
        let mut claims: Vec<Deposit> = (0..3).map(|_| claim(&memory)).collect();

        let room: Vec<usize> = claims.iter_mut().map(|claim| claim.room(16 * MIB)).collect();

        assert_eq!(room, [16 * MIB, 16 * MIB, 256 * KIB]);
        claims.swap_remove(0);
        assert_eq!(claims[0].room(16 * MIB), 16 * MIB);
    }
}
