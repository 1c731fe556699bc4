//! Holds what is read to what the message says is there.
//!
//! Generated readers go by the number of a field alone: a text under the number of an integer is read as one, and what
//! comes after it as something else again. Here every value is compared with the type that was announced for it, by its
//! field or by its list, set or map.

use thrift::protocol::TType;
use thrift::{ProtocolError, ProtocolErrorKind, Result};

/// Deeper than any message may be; a reader refuses it before.
const DEEPEST: usize = 66;

/// What is open around the next value.
#[derive(Clone, Copy)]
enum Open {
    /// Each value has a field before it.
    Struct,
    Elements(TType),
    /// Keys and values by turns; an empty map need not say what they are.
    Pairs {
        next: Option<TType>,
        after: Option<TType>,
    },
}

/// The types that a message has announced and not come to yet.
pub(super) struct Announced {
    /// Of the field that was begun.
    field: Option<TType>,
    /// The first `depth` of these. In place, because every message needs some.
    open: [Open; DEEPEST],
    depth: usize,
}

impl Default for Announced {
    fn default() -> Self {
        Self { field: None, open: [Open::Struct; DEEPEST], depth: 0 }
    }
}

impl Announced {
    /// A field of this type was begun, or the end of its struct was found.
    pub(super) fn field(&mut self, kind: TType) {
        self.field = Some(kind).filter(|kind| *kind != TType::Stop);
    }

    pub(super) fn enter_struct(&mut self) -> Result<()> {
        self.value(TType::Struct)?;
        self.enter(Open::Struct);
        Ok(())
    }

    /// A list or a set was begun. [`Announced::value`] has been asked about it before.
    pub(super) fn enter_elements(&mut self, kind: TType) {
        self.enter(Open::Elements(kind));
    }

    /// The same of a map.
    pub(super) fn enter_pairs(&mut self, key: Option<TType>, value: Option<TType>) {
        self.enter(Open::Pairs { next: key, after: value });
    }

    fn enter(&mut self, open: Open) {
        if let Some(place) = self.open.get_mut(self.depth) {
            *place = open;
        }
        self.depth += 1;
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// A value is about to be read as this type.
    ///
    /// # Errors
    /// Another type was announced.
    pub(super) fn value(&mut self, read: TType) -> Result<()> {
        match self.next() {
            Some(announced) if announced != read => Err(mismatch(announced, read)),
            _ => Ok(()),
        }
    }

    fn next(&mut self) -> Option<TType> {
        if let Some(field) = self.field.take() {
            return Some(field);
        }
        match self.open.get_mut(self.depth.checked_sub(1)?)? {
            Open::Struct => None,
            Open::Elements(kind) => Some(*kind),
            Open::Pairs { next, after } => {
                std::mem::swap(next, after);
                *after
            }
        }
    }
}

fn mismatch(announced: TType, read: TType) -> thrift::Error {
    let message = format!("a value of type {announced:?} stands where one of type {read:?} belongs");
    thrift::Error::Protocol(ProtocolError { kind: ProtocolErrorKind::InvalidData, message })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Refusal;

    #[test]
    fn a_value_is_read_as_its_field_says_or_not_at_all() {
        let mut announced = Announced::default();
        announced.enter_struct().unwrap();

        announced.field(TType::I64);
        assert!(announced.value(TType::I64).is_ok());
        announced.field(TType::Bool);
        let refused = Refusal::from(announced.value(TType::I64).unwrap_err()).message;

        assert!(refused.contains("Bool") && refused.contains("I64"), "{refused}");
    }

    #[test]
    fn elements_keys_and_values_are_each_what_their_container_says() {
        let mut announced = Announced::default();
        announced.enter_elements(TType::Map);
        for _ in 0..2 {
            announced.value(TType::Map).unwrap();
            announced.enter_pairs(Some(TType::String), Some(TType::Struct));
            announced.value(TType::String).unwrap();
            announced.enter_struct().unwrap();
            announced.field(TType::Stop);
            announced.leave();
            assert!(announced.value(TType::Struct).is_err(), "a key comes next");
            announced.leave();
        }
        assert!(announced.value(TType::List).is_err());
    }
}
