//! Frames: a length of four bytes, highest first, and that many bytes. In each stands a number of four bytes, which the
//! answer has at the same place: a Thrift message's sequence number.

use super::{Answer, Exchange, Expected, Judgement, MAX_ANSWER, Output, Verdict, invalid};
use std::io;
use std::sync::Arc;

pub struct Framed {
    /// A whole frame with its length.
    request: Arc<[u8]>,
    /// Where its number stands, counted from the length.
    number_at: usize,
    expected: Expected,
}

impl Framed {
    pub fn new(request: Arc<[u8]>, number_at: usize, expected: Expected) -> Self {
        Self { request, number_at, expected }
    }

    fn answer(&self, frame: &[u8]) -> io::Result<Answer> {
        let number: [u8; 4] = frame
            .get(self.number_at..self.number_at + 4)
            .and_then(|number| number.try_into().ok())
            .ok_or_else(|| invalid(format!("an answer of {} bytes is too short", frame.len())))?;
        let body = &frame[self.number_at + 4..];
        let mut judgement = Judgement::default();
        judgement.piece(body, &self.expected);
        let verdict = if judgement.is_right(&self.expected) { Verdict::Right } else { refusal(body) };
        Ok(Answer { id: u32::from_be_bytes(number), verdict })
    }
}

impl Exchange for Framed {
    fn request(&mut self, id: u32, output: &mut Output) {
        output.push_request(&self.request)[self.number_at..self.number_at + 4].copy_from_slice(&id.to_be_bytes());
    }

    fn receive(&mut self, input: &[u8], _: &mut Output, answers: &mut Vec<Answer>) -> io::Result<usize> {
        let mut taken = 0;
        while let Some(frame) = whole_frame(&input[taken..])? {
            answers.push(self.answer(frame)?);
            taken += frame.len();
        }
        Ok(taken)
    }
}

/// The first frame of `input` with its length, once it is all there.
fn whole_frame(input: &[u8]) -> io::Result<Option<&[u8]>> {
    let Some(length) = input.first_chunk().map(|length| u32::from_be_bytes(*length) as usize) else { return Ok(None) };
    if length > MAX_ANSWER {
        return Err(invalid(format!("an answer of {length} bytes is too long")));
    }
    Ok(input.get(..4 + length))
}

/// What an answer in Thrift's binary protocol that is not right says: its exception is field 1, the code of it field 1 too.
fn refusal(body: &[u8]) -> Verdict {
    const CODE_FOLLOWS: [u8; 6] = [12, 0, 1, 8, 0, 1];
    match body.strip_prefix(&CODE_FOLLOWS).and_then(|code| code.first_chunk()).map(|code| i32::from_be_bytes(*code)) {
        Some(5) => Verdict::Refused,
        Some(6) => Verdict::Expired,
        _ => Verdict::Wrong,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchange() -> Framed {
        Framed::new(Arc::from(*b"\0\0\0\x06....ab"), 4, Expected::Body(Arc::from(*b"AB")))
    }

    #[test]
    fn a_request_carries_its_number() {
        let mut output = Output::default();

        exchange().request(7, &mut output);
        exchange().request(8, &mut output);

        assert_eq!(output.unwritten(), b"\0\0\0\x06\0\0\0\x07ab\0\0\0\x06\0\0\0\x08ab");
    }

    #[test]
    fn an_answer_counts_once_it_is_whole() {
        let input = b"\0\0\0\x06\0\0\0\x07AB\0\0\0\x06\0\0\0\x08A";
        let mut answers = Vec::new();

        let taken = exchange().receive(input, &mut Output::default(), &mut answers).expect("frames");

        assert_eq!((taken, answers), (10, vec![Answer { id: 7, verdict: Verdict::Right }]));
    }

    #[test]
    fn another_value_or_another_length_is_wrong() {
        for wrong in [&b"\0\0\0\x06\0\0\0\x07Ab"[..], b"\0\0\0\x05\0\0\0\x07A", b"\0\0\0\x07\0\0\0\x07ABC"] {
            let mut answers = Vec::new();

            exchange().receive(wrong, &mut Output::default(), &mut answers).expect("frames");

            assert_eq!(answers, [Answer { id: 7, verdict: Verdict::Wrong }]);
        }
    }

    #[test]
    fn a_refusal_is_told_from_a_deadline_that_passed() {
        let of_code = |code| refusal(&[12, 0, 1, 8, 0, 1, 0, 0, 0, code]);

        assert_eq!([of_code(5), of_code(6), of_code(11)], [Verdict::Refused, Verdict::Expired, Verdict::Wrong]);
    }
}
