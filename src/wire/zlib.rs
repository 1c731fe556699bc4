//! Compressed payloads: inflated within two caps, because a few bytes may claim to be gigabytes.

use super::frame_header::transform_failed;
use super::limits::Limits;
use super::message::Refusal;
use crate::telemetry::Reason;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};
use std::io::Write;

/// Below this the ratio is not asked for: a small message of zeros is no bomb.
const RATIO_FREE_BYTES: usize = 64 << 10;
/// Memory is taken in steps as bytes come: this much, then as much again as there is.
const FIRST_STEP_BYTES: usize = 4 << 10;

/// Inflates a whole zlib stream.
///
/// # Errors
/// A type 8 [`Refusal`]: beyond the frame limit, beyond the ratio to `compressed`, cut short, trailed by other bytes, or
/// no zlib stream. No more than the smaller cap and one byte is ever inflated.
pub(super) fn inflate(compressed: &[u8], limits: &Limits) -> Result<Vec<u8>, Refusal> {
    let cap = limits.max_frame_bytes.min(ratio_cap(compressed, limits));
    let mut inflater = Inflater::new(compressed);
    loop {
        let more = inflater.step(cap.saturating_add(1))?;
        if inflater.inflated.len() > cap {
            return Err(too_large(compressed.len(), cap, limits));
        }
        if !more {
            break;
        }
    }
    match compressed.len() - inflater.taken() {
        0 => Ok(inflater.inflated),
        rest => Err(transform_failed(format!("the zlib stream of the payload is trailed by {rest} other bytes"))),
    }
}

/// As much of the first `size` inflated bytes as can be had.
pub(super) fn start(compressed: &[u8], size: usize) -> Vec<u8> {
    let mut inflater = Inflater::new(compressed);
    while inflater.inflated.len() < size && inflater.step(size).unwrap_or(false) {}
    inflater.inflated
}

/// Appends `message` to `out`, compressed for speed rather than size: somebody waits for the reply.
pub(super) fn deflate(message: &[u8], out: Vec<u8>) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(out, Compression::fast());
    encoder.write_all(message).and_then(|()| encoder.finish()).expect("a vector takes every byte")
}

/// Deflate itself can reach 1,032 times.
fn ratio_cap(compressed: &[u8], limits: &Limits) -> usize {
    compressed.len().saturating_mul(limits.max_inflate_ratio).max(RATIO_FREE_BYTES)
}

fn too_large(compressed: usize, cap: usize, limits: &Limits) -> Refusal {
    let (reason, advice) = if cap == limits.max_frame_bytes {
        ("the limit of a message".to_owned(), "send fewer rows or raise server.max_frame_bytes")
    } else {
        let reason = format!("{} times as many or {RATIO_FREE_BYTES}", limits.max_inflate_ratio);
        (reason, "send the message without zlib or raise server.max_inflate_ratio")
    };
    let refusal = transform_failed(format!(
        "the {compressed} bytes of the payload inflate to more than {cap} bytes, {reason}; {advice}"
    ));
    Refusal { reason: Reason::Decompressed, ..refusal }
}

/// One zlib stream, inflated step by step.
struct Inflater<'a> {
    compressed: &'a [u8],
    stream: Decompress,
    inflated: Vec<u8>,
}

impl<'a> Inflater<'a> {
    fn new(compressed: &'a [u8]) -> Self {
        Self { compressed, stream: Decompress::new(true), inflated: Vec::new() }
    }

    /// How many of the compressed bytes have been read.
    fn taken(&self) -> usize {
        usize::try_from(self.stream.total_in()).unwrap_or(usize::MAX).min(self.compressed.len())
    }

    /// Inflates a step further, towards `most` bytes in all; whether there is more to come.
    fn step(&mut self, most: usize) -> Result<bool, Refusal> {
        let before = (self.taken(), self.inflated.len());
        let room = before.1.max(FIRST_STEP_BYTES).min(most.saturating_sub(before.1));
        self.inflated.reserve_exact(room);
        let rest = &self.compressed[before.0..];
        let status = self.stream.decompress_vec(rest, &mut self.inflated, FlushDecompress::None);
        match status.map_err(|_| transform_failed("the payload is not a zlib stream, or a damaged one"))? {
            Status::StreamEnd => Ok(false),
            _ if before == (self.taken(), self.inflated.len()) => Err(transform_failed(format!(
                "the zlib stream of the payload is cut short after {} bytes",
                self.compressed.len()
            ))),
            _ => Ok(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn limits(max_frame_bytes: usize) -> Limits {
        Limits { max_frame_bytes, ..Limits::default() }
    }

    fn bomb() -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![0; 16 << 20]).and_then(|()| encoder.finish()).unwrap()
    }

    proptest! {
        #[test]
        fn what_is_deflated_is_inflated_again(message in vec(any::<u8>(), 0..20_000), times in 1usize..20) {
            let message = message.repeat(times);

            let inflated = inflate(&deflate(&message, vec![]), &Limits::default()).unwrap();

            prop_assert_eq!(inflated, message);
        }

        #[test]
        fn no_bytes_panic(bytes in vec(any::<u8>(), 0..200)) {
            let _ = inflate(&bytes, &Limits::default());
            let _ = inflate(&[b"\x78\x9c", &bytes[..]].concat(), &Limits::default());
        }
    }

    #[test]
    fn a_bomb_of_16_kb_is_refused_by_its_ratio_before_it_is_inflated() {
        let bomb = bomb();
        assert!(bomb.len() < 17_000, "{}", bomb.len());

        let refusal = inflate(&bomb, &limits(1 << 30)).unwrap_err();

        assert_eq!(refusal.kind, thrift::ApplicationErrorKind::InvalidTransform);
        assert!(refusal.message.contains(&(bomb.len() * 200).to_string()), "{}", refusal.message);
    }

    #[test]
    fn no_more_memory_than_the_cap_and_one_byte_is_ever_taken() {
        let (bomb, most) = (bomb(), 100_001);
        let mut inflater = Inflater::new(&bomb);

        while inflater.inflated.len() < most {
            assert!(inflater.step(most).unwrap());
            assert!(inflater.inflated.capacity() <= most, "{}", inflater.inflated.capacity());
        }
    }

    #[test]
    fn a_payload_inflates_to_the_frame_limit_and_one_byte_more_is_refused_by_name() {
        let payload = deflate(&[7; 50_000], vec![]);

        assert_eq!(inflate(&payload, &limits(50_000)).unwrap().len(), 50_000);
        let refusal = inflate(&payload, &limits(49_999)).unwrap_err();

        assert!(refusal.message.contains("49999") && refusal.message.contains("server.max_frame_bytes"));
    }

    #[test]
    fn a_small_payload_may_have_any_ratio() {
        let payload = deflate(&vec![0; RATIO_FREE_BYTES], vec![]);
        assert!(payload.len() * Limits::default().max_inflate_ratio < RATIO_FREE_BYTES, "{}", payload.len());

        assert_eq!(inflate(&payload, &Limits::default()).unwrap().len(), RATIO_FREE_BYTES);
    }

    #[test]
    fn a_stream_cut_at_any_byte_is_refused() {
        let payload = deflate(b"a message that is cut short, a message that is cut short", vec![]);

        for end in 0..payload.len() {
            let refusal = inflate(&payload[..end], &Limits::default()).unwrap_err();

            assert!(refusal.message.contains("cut short"), "{end}: {}", refusal.message);
        }
    }

    #[test]
    fn a_stream_that_is_trailed_by_data_or_damaged_is_refused() {
        let payload = deflate(b"a message", vec![]);
        let mut damaged = payload.clone();
        *damaged.last_mut().unwrap() ^= 1;

        let trailed = inflate(&[&payload[..], b"data"].concat(), &Limits::default()).unwrap_err();

        assert!(trailed.message.contains("4 other bytes"), "{}", trailed.message);
        assert!(inflate(&damaged, &Limits::default()).is_err());
        assert!(inflate(b"not zlib", &Limits::default()).is_err());
    }

    #[test]
    fn the_start_of_a_stream_is_had_even_if_the_rest_is_damaged() {
        let payload = deflate(&b"0123456789".repeat(100), vec![]);

        assert_eq!(start(&payload, 10), b"0123456789");
        assert_eq!(start(&payload[..payload.len() - 1], 10), b"0123456789");
        assert_eq!(start(b"not zlib", 10), b"");
    }
}
