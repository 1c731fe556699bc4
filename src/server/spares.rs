//! Buffers of large messages, for the next large messages.
//!
//! The allocator gives memory of that size back to the system, so that each message would take fresh pages, which cost as
//! much as copying into them.

use bytes::{Bytes, BytesMut};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A smaller message does not need one.
const LEAST_BYTES: usize = 64 * 1024;
/// So many are looked through.
const MOST: usize = 16;

/// Buffers that were read into. Some may still be in use, by the calls that they brought.
#[derive(Debug)]
pub(super) struct Spares {
    /// The last one is the warmest.
    buffers: Mutex<Vec<Spare>>,
    most_bytes: usize,
}

#[derive(Debug)]
struct Spare {
    bytes: Bytes,
    /// As much fits in, from its beginning.
    capacity: usize,
}

impl Spares {
    /// None yet, and never more than this many bytes of them.
    pub(super) fn new(most_bytes: usize) -> Self {
        Self { buffers: Mutex::default(), most_bytes }
    }

    /// An empty buffer for this many bytes, and hardly more: its owner has not paid for more.
    pub(super) fn take(&self, wanted: usize) -> BytesMut {
        let spare = if wanted < LEAST_BYTES { None } else { self.remove(wanted) };
        let capacity = spare.as_ref().map_or(wanted, |spare| spare.capacity);
        let mut buffer = spare.and_then(|spare| spare.bytes.try_into_mut().ok()).unwrap_or_default();
        buffer.clear();
        buffer.reserve(capacity); // From its beginning: the body of a message stands behind a head.
        buffer
    }

    fn remove(&self, wanted: usize) -> Option<Spare> {
        let mut buffers = self.lock();
        let fits = |spare: &Spare| (wanted..=wanted + wanted / 16).contains(&spare.capacity) && spare.bytes.is_unique();
        let place = buffers.iter().rposition(fits)?;
        Some(buffers.remove(place))
    }

    /// Keeps a buffer of this capacity, from which the `body` of a message was cut, until it is taken or has to give way to
    /// later ones.
    pub(super) fn keep(&self, body: &Bytes, capacity: usize) {
        if !(LEAST_BYTES..=self.most_bytes).contains(&capacity) {
            return;
        }
        let mut buffers = self.lock();
        buffers.push(Spare { bytes: body.clone(), capacity });
        while buffers.len() > MOST || buffers.iter().map(|spare| spare.capacity).sum::<usize>() > self.most_bytes {
            buffers.remove(0);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Spare>> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1 << 20;

    /// A message that was read into a buffer of `spares`; where it stands.
    fn message(spares: &Spares, bytes: usize) -> (Bytes, *const u8) {
        let mut buffer = spares.take(bytes);
        buffer.resize(bytes, 7);
        let capacity = buffer.capacity();
        let body = buffer.split_to(bytes).freeze().slice(4..);
        spares.keep(&body, capacity);
        let place = body.as_ptr();
        (body, place)
    }

    #[test]
    fn a_message_is_read_into_the_buffer_of_the_last_one_that_is_done() {
        let spares = Spares::new(8 * MIB);
        let (first, first_place) = message(&spares, MIB);
        let (second, second_place) = message(&spares, MIB);
        assert_ne!(first_place, second_place, "the first one is still in use");

        drop(first);
        let (_third, third_place) = message(&spares, MIB);

        assert_eq!(third_place, first_place);
        assert!(second.iter().all(|byte| *byte == 7));
    }

    #[test]
    fn nobody_gets_a_buffer_much_larger_than_was_paid_for() {
        let spares = Spares::new(8 * MIB);
        drop(message(&spares, 4 * MIB));

        assert!(spares.take(MIB).capacity() < MIB + MIB / 8);
        assert!(spares.take(100).capacity() < 200);
    }

    #[test]
    fn a_buffer_does_not_pass_for_a_smaller_one_however_often_it_is_used() {
        let spares = Spares::new(8 * MIB);
        for step in 0..100 {
            let wanted = MIB - step * 1_000;
            let capacity = spares.take(wanted).capacity();
            assert!((wanted..=wanted + wanted / 16).contains(&capacity), "{capacity} bytes for {wanted}");

            drop(message(&spares, wanted));

            let kept = spares.lock().last().map(|spare| spare.capacity).unwrap();
            assert!((wanted..=wanted + wanted / 16).contains(&kept), "{kept} bytes kept of {wanted}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes_and_in_number() {
        let spares = Spares::new(8 * MIB);

        for bytes in [9 * MIB, 3 * MIB, 3 * MIB, 3 * MIB, 7 * MIB, 100] {
            message(&spares, bytes);
        }

        let kept = |spares: &Spares| spares.lock().iter().map(|spare| spare.capacity).collect::<Vec<_>>();
        assert_eq!(kept(&spares), [7 * MIB]);
        let in_use: Vec<_> = (0..2 * MOST).map(|_| message(&spares, LEAST_BYTES)).collect();
        assert_eq!(kept(&spares).len(), MOST);
        drop(in_use);
    }
}
