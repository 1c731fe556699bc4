//! Many requests in one call, beside the load: their answers are the same to the bit however much else is answered.

use super::traffic::Seen;
use crate::stock::{Input, Output, code, framed_binary};
use modelwire::wire::inference::{
    InferenceSyncClient, PredictItem, PredictManyRequest, PredictOutcome, TInferenceSyncClient,
};
use modelwire::wire::types::RequestContext;
use modelwire::wire::{convert, empty};
use ndarray::Array2;
use std::time::{Duration, Instant};

const ITEMS: usize = 100;
const DEADLINE: Duration = Duration::from_millis(50);
/// From the beginning of a call to that of the next one.
const EVERY: Duration = Duration::from_millis(50);

pub struct Items {
    client: InferenceSyncClient<Input, Output>,
    items: Vec<PredictItem>,
    /// What is answered while nothing else is.
    expected: Vec<PredictOutcome>,
}

impl Items {
    /// Items of both models, and what they are answered now.
    pub fn of(address: &str) -> Self {
        let (input, output) = framed_binary(address);
        let mut client = InferenceSyncClient::new(input, output);
        let items: Vec<_> = (0..ITEMS).map(item).collect();
        let request = PredictManyRequest { context: None, items: Some(items.clone()) };
        let expected = client.predict_many(request).unwrap().outcomes.unwrap();
        assert!(expected.iter().all(|outcome| outcome.response.is_some()), "{expected:?}");
        Self { client, items, expected }
    }

    /// Asks until then, at the same pace whatever the server does.
    pub fn ask_until(&mut self, end: Instant) -> Seen {
        let (what, errors) = (format!("{ITEMS} items"), String::new());
        let zero = Duration::ZERO;
        let mut seen = Seen { what, deadline: DEADLINE, waited: zero, calls: 0, answered: 0, errors, sent_late: zero };
        let mut due = Instant::now();
        while due < end {
            std::thread::park_timeout(due.saturating_duration_since(Instant::now()));
            self.ask(due, &mut seen);
            due += EVERY;
        }
        seen
    }

    fn ask(&mut self, due: Instant, seen: &mut Seen) {
        let deadline_ms = i64::try_from(DEADLINE.as_millis()).ok();
        let context = Some(RequestContext { deadline_ms, ..empty() });
        let request = PredictManyRequest { context, items: Some(self.items.clone()) };
        let sent = Instant::now();
        let reply = self.client.predict_many(request);
        seen.waited = seen.waited.max(sent.elapsed());
        seen.sent_late = seen.sent_late.max(sent.saturating_duration_since(due));
        seen.calls += 1;
        match reply {
            Ok(reply) => {
                let outcomes = reply.outcomes.unwrap();
                let refused = outcomes.iter().filter(|outcome| outcome.error.is_some()).count();
                let same =
                    outcomes.iter().zip(&self.expected).all(|(it, expected)| it.error.is_some() || it == expected);
                assert!(same && outcomes.len() == ITEMS, "an item was answered as it is not alone");
                seen.answered += u64::from(refused == 0);
            }
            refused => seen.errors = code(refused),
        }
    }
}

fn item(at: usize) -> PredictItem {
    let (model, features) = if at.is_multiple_of(4) { ("centres", 128) } else { ("plane", 16) };
    let rows =
        Array2::from_shape_fn((1 + at % 3, features), |(row, column)| (at + row * 31 + column * 7) as f64 / 64.0);
    PredictItem { model: Some(model.into()), matrix: Some(convert::matrix_to(rows.view())), ..empty() }
}
