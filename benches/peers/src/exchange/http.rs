//! HTTP/1.1 with `Content-Length`, one request after the other.

use super::{Answer, Exchange, Expected, Judgement, MAX_ANSWER, Output, Verdict, invalid};
use std::io;
use std::sync::Arc;

pub struct Http {
    /// Head and body.
    request: Arc<[u8]>,
    expected: Expected,
    /// Answers that have come: they come in the order of the requests.
    answered: u32,
}

impl Http {
    pub fn new(request: Arc<[u8]>, expected: Expected) -> Self {
        Self { request, expected, answered: 0 }
    }
}

impl Exchange for Http {
    fn request(&mut self, _: u32, output: &mut Output) {
        output.push_request(&self.request);
    }

    fn receive(&mut self, input: &[u8], _: &mut Output, answers: &mut Vec<Answer>) -> io::Result<usize> {
        let mut taken = 0;
        while let Some(reply) = Reply::first_of(&input[taken..])? {
            let mut judgement = Judgement::default();
            judgement.piece(reply.body, &self.expected);
            let right = reply.is_ok && judgement.is_right(&self.expected);
            answers.push(Answer { id: self.answered, verdict: if right { Verdict::Right } else { Verdict::Wrong } });
            self.answered += 1;
            taken += reply.length;
        }
        Ok(taken)
    }
}

/// An answer that is all there.
pub struct Reply<'a> {
    pub is_ok: bool,
    pub body: &'a [u8],
    /// Bytes of head and body.
    length: usize,
}

impl<'a> Reply<'a> {
    pub fn first_of(input: &'a [u8]) -> io::Result<Option<Self>> {
        let Some(end) = input.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
        let head = str::from_utf8(&input[..end]).map_err(|_| invalid("the head of an answer is not text"))?;
        let body_length = content_length(head)?;
        let length = end + 4 + body_length;
        let is_ok = head.split(' ').nth(1) == Some("200");
        Ok(input.get(end + 4..length).map(|body| Self { is_ok, body, length }))
    }
}

fn content_length(head: &str) -> io::Result<usize> {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, length)| length.trim().parse().ok())
        .filter(|length| *length <= MAX_ANSWER)
        .ok_or_else(|| invalid(format!("an answer has no length that can be taken: {head:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_of_an_answer_is_judged_and_so_is_its_status() {
        let input = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nABHTTP/1.1 503 No\r\nContent-Length:2\r\n\r\nABHTTP";
        let mut answers = Vec::new();
        let mut exchange = Http::new(Arc::from(*b""), Expected::Body(Arc::from(*b"AB")));

        let taken = exchange.receive(input, &mut Output::default(), &mut answers).expect("answers");

        let verdicts: Vec<_> = answers.iter().map(|answer| (answer.id, answer.verdict)).collect();
        assert_eq!((taken, verdicts), (input.len() - 4, vec![(0, Verdict::Right), (1, Verdict::Wrong)]));
    }
}
