//! Messages of Protocol Buffers, written and never read: the three kinds of fields that ONNX needs.
//!
//! A crate for them would bring a code generator or macros, and its runtime, for the forty lines below.

/// A message: its fields in the order in which they were added.
#[derive(Clone, Debug, Default)]
pub(super) struct Message(Vec<u8>);

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
        self.varint(field << 3 | LENGTH_DELIMITED);
        self.varint(value.len() as u64);
        self.0.extend_from_slice(value);
        self
    }

    /// Adds a message.
    #[must_use]
    pub(super) fn message(self, field: u64, value: &Self) -> Self {
        self.bytes(field, &value.0)
    }

    /// Adds several messages, each as a field of its own.
    #[must_use]
    pub(super) fn messages<'a>(self, field: u64, values: impl IntoIterator<Item = &'a Self>) -> Self {
        values.into_iter().fold(self, |message, value| message.message(field, value))
    }

    /// The message as it travels.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// Seven bits a byte, the lowest first; all but the last byte have their highest bit set.
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
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
        assert_eq!(Message::default().message(3, &inner).into_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(
            Message::default().integer(1, -2).into_bytes(),
            [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]
        );
    }
}
