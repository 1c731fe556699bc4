//! Finds the end of an unframed JSON message: the bracket that closes its first one.

use super::cursor::{is_space, quote_or_escape};
use crate::telemetry::Reason;
use crate::wire::{Limits, Refusal};

/// The place in a message that is still arriving; each byte is looked at once, however they arrive.
///
/// Brackets are counted, not matched: whether the message is one is up to who reads it.
pub(in crate::wire) struct JsonScanner {
    limits: Limits,
    at: usize,
    /// Brackets that are open.
    depth: usize,
    within: Within,
}

enum Within {
    Structure,
    Text,
    Escape,
}

impl JsonScanner {
    pub(in crate::wire) fn new(limits: Limits) -> Self {
        Self { limits, at: 0, depth: 0, within: Within::Structure }
    }

    /// Goes on as far as `bytes`, the message so far, reaches. Answers its length once its end is there.
    ///
    /// # Errors
    /// A message that is too large, too deep or is no array.
    pub(in crate::wire) fn scan(&mut self, bytes: &[u8]) -> Result<Option<usize>, Refusal> {
        let allowed = &bytes[..bytes.len().min(self.limits.max_frame_bytes)];
        while self.at < allowed.len() {
            if self.step(&allowed[self.at..])? {
                return Ok(Some(self.at));
            }
        }
        if bytes.len() > allowed.len() {
            return Err(Refusal::too_large(bytes.len(), self.limits.max_frame_bytes));
        }
        Ok(None)
    }

    /// Moves on in `rest`, which is not empty; true at the end of the message.
    fn step(&mut self, rest: &[u8]) -> Result<bool, Refusal> {
        match self.within {
            Within::Structure => {
                let ended = self.structure(rest[0])?;
                self.at += 1;
                return Ok(ended);
            }
            Within::Text => match quote_or_escape(rest) {
                None => self.at += rest.len(),
                Some(end) => {
                    self.at += end + 1;
                    self.within = if rest[end] == b'"' { Within::Structure } else { Within::Escape };
                }
            },
            Within::Escape => {
                self.at += 1;
                self.within = Within::Text;
            }
        }
        Ok(false)
    }

    fn structure(&mut self, byte: u8) -> Result<bool, Refusal> {
        match byte {
            _ if self.depth == 0 && byte != b'[' && !is_space(byte) => {
                return Err(Refusal::malformed("a JSON message starts with \"[\""));
            }
            b'"' => self.within = Within::Text,
            b'[' | b'{' => return self.deeper().map(|()| false),
            b']' | b'}' => {
                self.depth -= 1;
                return Ok(self.depth == 0);
            }
            _ => {}
        }
        Ok(false)
    }

    /// A struct and its field have a bracket each, and so have a map and its pairs; the message has one.
    fn deeper(&mut self) -> Result<(), Refusal> {
        if self.depth > self.limits.max_depth.saturating_mul(2) {
            let message = format!("the message is nested deeper than {} levels", self.limits.max_depth);
            return Err(Refusal::beyond(Reason::Depth, message));
        }
        self.depth += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(limits: Limits, bytes: &[u8]) -> Result<Option<usize>, String> {
        JsonScanner::new(limits).scan(bytes).map_err(|refusal| refusal.message)
    }

    #[test]
    fn brackets_and_quotes_in_texts_do_not_count() {
        let message = br#" [1,"]}\"]\\",{"\\\"[":"]"}]"#;

        assert_eq!(scan(Limits::default(), &[message, &b"]["[..]].concat()), Ok(Some(message.len())));
    }

    #[test]
    fn the_largest_message_is_taken_and_one_byte_more_is_refused() {
        let limits = Limits { max_frame_bytes: 100, ..Limits::default() };
        let text = |size: usize| [b"[\"", &vec![b'x'; size - 4][..], b"\"]"].concat();

        assert_eq!(scan(limits, &[text(100), text(100)].concat()), Ok(Some(100)));
        let refused = scan(limits, &text(101)).unwrap_err();
        assert!(refused.contains("101 bytes or more exceeds the limit of 100"), "{refused}");
    }

    #[test]
    fn what_does_not_start_with_a_bracket_is_refused_at_once() {
        for start in ["{", "]", "\"", "1", "\0", " x"] {
            assert!(scan(Limits::default(), start.as_bytes()).unwrap_err().contains("starts with"), "{start:?}");
        }
        assert_eq!(scan(Limits::default(), b" \r\n\t"), Ok(None));
    }

    #[test]
    fn what_is_refused_stays_refused_when_more_arrives() {
        let limits = Limits { max_depth: 1, ..Limits::default() };
        let mut scanner = JsonScanner::new(limits);

        let refusals = [&b"[[[["[..], b"[[[[]]", b"[[[[]]]]"].map(|bytes| scanner.scan(bytes).unwrap_err());

        let deep = |it: &Refusal| it.reason == Reason::Depth && it.message.contains("deeper than 1 levels");
        assert!(refusals.iter().all(deep), "{refusals:?}");
    }

    #[test]
    fn the_deepest_message_is_scanned() {
        let limits = Limits { max_depth: 2, ..Limits::default() };

        assert_eq!(scan(limits, br#"[1,"",1,0,{"1":{"rec":{"1":{"i8":1}}}}]"#), Ok(Some(39)));
        assert!(scan(limits, br#"[1,"",1,0,{"1":{"rec":{"1":{"rec":{}}}}}]"#).unwrap_err().contains("2 levels"));
    }
}
