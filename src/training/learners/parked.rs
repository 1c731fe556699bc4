//! What learners have learned, in memory between their batches, as long as there is room: all of it is durable.

use super::Current;
use crate::data::Name;
use crate::model::Learner;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// States of learners that nobody works on; of too many those go first that were used the longest ago.
pub(super) struct Parked {
    max_bytes: u64,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    states: BTreeMap<Name, State>,
    bytes: u64,
    /// Counts what was parked.
    clock: u64,
}

struct State {
    learner: Arc<Learner>,
    since: u64,
}

impl Parked {
    pub(super) fn new(max_bytes: u64) -> Self {
        Self { max_bytes, inner: Mutex::default() }
    }

    /// Takes a state, to go on from it; `None` if it has to be read again.
    pub(super) fn take(&self, name: &Name) -> Current {
        self.inner().remove(name)
    }

    /// Keeps a state until it is taken or there is no room.
    pub(super) fn park(&self, name: &Name, current: Current) {
        let mut inner = self.inner();
        inner.remove(name);
        let Some(learner) = current else { return };
        inner.clock += 1;
        inner.bytes += learner.bytes();
        let since = inner.clock;
        inner.states.insert(name.clone(), State { learner, since });
        while inner.bytes > self.max_bytes {
            let oldest = inner.states.iter().min_by_key(|(_, state)| state.since).map(|(name, _)| name.clone());
            let Some(oldest) = oldest else { return };
            inner.remove(&oldest);
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn remove(&mut self, name: &Name) -> Current {
        let State { learner, .. } = self.states.remove(name)?;
        self.bytes -= learner.bytes();
        Some(learner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Column, Table};
    use crate::model::{Spec, StepSpec};

    fn learner() -> Current {
        let table = Table::new(vec![Column::float("x", vec![1.0]), Column::float("y", vec![2.0])]).unwrap();
        let steps = vec![StepSpec { algorithm: "sgd_regressor".into(), ..StepSpec::default() }];
        let spec = Spec { steps, target: Some("y".into()), ..Spec::default() };
        let begun = Learner::begin(&spec, None, &table).unwrap();
        Some(Arc::new(begun.partial_fit(&table, 1, &|_: &str, _| Ok(())).unwrap().learner))
    }

    fn names() -> [Name; 3] {
        ["a", "b", "c"].map(|name| Name::parse("model", name).unwrap())
    }

    #[test]
    fn of_too_many_states_the_one_that_was_used_the_longest_ago_goes() {
        let bytes = learner().unwrap().bytes();
        let (parked, [a, b, c]) = (Parked::new(2 * bytes), names());
        [&a, &b].iter().for_each(|name| parked.park(name, learner()));

        let again = parked.take(&a);
        parked.park(&a, again);
        parked.park(&c, learner());

        assert!(bytes > 0 && parked.take(&b).is_none());
        assert!(parked.take(&a).is_some() && parked.take(&c).is_some() && parked.take(&c).is_none());
        assert_eq!(parked.inner().bytes, 0);
    }

    #[test]
    fn a_state_that_is_larger_than_the_room_is_not_kept() {
        let (parked, [a, ..]) = (Parked::new(1), names());

        parked.park(&a, learner());

        assert!(parked.take(&a).is_none());
    }
}
