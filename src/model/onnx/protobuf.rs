//! Messages of Protocol Buffers, written and never read: the three kinds of fields that ONNX needs.
//!
//! A crate for them would bring a code generator or macros, and its runtime, for the forty lines below.

/// A message: its fields in the order in which they were added. What is large stays where it was made until all is there, so that a
/// constant in a graph in a model is not copied at each of these.
#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    before: Vec<Vec<u8>>,
    last: Vec<u8>,
}

/// From so many bytes on.
const LARGE: usize = 4096;

/// How the value of a field is laid out.
const VARINT: u64 = 0;
const LENGTH_DELIMITED: u64 = 2;

impl Message {
    /// Adds a whole number.
    #[must_use]
    pub(super) fn integer(mut self, field: u64, value: i64) -> Self {
        self.varint(field << 3 | VARINT);
        self.varint(value as u64); // Two's complement, as int64 is.
        self
    }

    /// Adds several whole numbers, each as a field of its own.
    #[must_use]
    pub(super) fn integers(self, field: u64, values: &[i64]) -> Self {
        values.iter().fold(self, |message, value| message.integer(field, *value))
    }

    /// Adds bytes or text.
    #[must_use]
    pub(super) fn bytes(mut self, field: u64, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref();
        self.begin(field, value.len());
        self.last.extend_from_slice(value);
        self
    }

    /// Adds bytes that are given away.
    #[must_use]
    pub(super) fn data(mut self, field: u64, value: Vec<u8>) -> Self {
        self.begin(field, value.len());
        self.part(value);
        self
    }

    /// Adds a message.
    #[must_use]
    pub(super) fn message(mut self, field: u64, value: Self) -> Self {
        self.begin(field, value.len());
        value.into_parts().for_each(|part| self.part(part));
        self
    }

    /// Adds several messages, each as a field of its own.
    #[must_use]
    pub(super) fn messages(self, field: u64, values: impl IntoIterator<Item = Self>) -> Self {
        values.into_iter().fold(self, |message, value| message.message(field, value))
    }

    /// The message as it travels.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len());
        self.into_parts().for_each(|part| bytes.extend(part)); // Each part goes as soon as it is copied.
        bytes
    }

    fn len(&self) -> usize {
        self.before.iter().map(Vec::len).sum::<usize>() + self.last.len()
    }

    fn into_parts(self) -> impl Iterator<Item = Vec<u8>> {
        self.before.into_iter().chain([self.last])
    }

    fn begin(&mut self, field: u64, length: usize) {
        self.varint(field << 3 | LENGTH_DELIMITED);
        self.varint(length as u64);
    }

    fn part(&mut self, part: Vec<u8>) {
        if part.len() < LARGE {
            self.last.extend(part);
        } else {
            self.before.extend([std::mem::take(&mut self.last), part]);
        }
    }

    /// Seven bits a byte, the lowest first; all but the last byte have their highest bit set.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.last.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.last.push(value as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of <https://protobuf.dev/programming-guides/encoding/>.
    #[test]
    fn messages_are_those_of_the_specification() {
        let inner = Message::default().integer(1, 150);

        assert_eq!(inner.clone().into_bytes(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::default().bytes(2, "testing").into_bytes(), *b"\x12\x07testing");
        assert_eq!(Message::default().message(3, inner).into_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(
            Message::default().integer(1, -2).into_bytes(),
            [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]
        );
    }

    #[test]
    fn what_is_large_comes_out_where_it_was_put_in() {
        let data = |length: usize| (0..length).map(|at| at as u8).collect::<Vec<u8>>();
        for length in [LARGE - 1, LARGE, 3 * LARGE] {
            let inner = |message: Message| message.integer(1, 5).bytes(2, "a").data(3, data(length)).integer(4, 6);
            let flat = inner(Message::default()).into_bytes();
            let count = flat.len();
            assert_eq!((&flat[..5], &flat[count - 2..]), (&[0x08, 5, 0x12, 1, b'a'][..], &[0x20, 6][..]));
            assert_eq!(flat[count - 2 - length..count - 2], data(length));

            let nested = Message::default().integer(7, 8).message(9, inner(Message::default())).integer(10, 11);

            let expected = Message::default().integer(7, 8).bytes(9, &flat).integer(10, 11).into_bytes();
            assert_eq!(nested.into_bytes(), expected);
        }
    }
}
