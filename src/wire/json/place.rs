//! Where in the JSON the next value stands, which says what stands before it.

/// An array or object that is open.
pub(super) enum Place {
    /// Around a single value: the arguments of the message, or what a field holds.
    Single,
    /// Among the fields of a struct, whose keys are their ids.
    Fields {
        /// None was there yet.
        first: bool,
    },
    /// Among the elements of a list or a set.
    Elements,
    /// Among the pairs of a map.
    Pairs(Due),
}

/// What comes next in a map.
pub(super) enum Due {
    FirstKey,
    Value,
    Key,
}

/// The place of one value.
pub(super) struct Slot {
    /// What stands before it.
    pub(super) separator: Option<u8>,
    /// It is the key of an object, hence in quotes whatever it is.
    pub(super) is_key: bool,
}

impl Place {
    /// The place of the next value; the one after that comes next.
    pub(super) fn next_slot(&mut self) -> Slot {
        match self {
            Self::Single => Slot { separator: None, is_key: false },
            Self::Fields { first } => {
                let separator = if *first { None } else { Some(b',') };
                *first = false;
                Slot { separator, is_key: true }
            }
            // Type and count stand before the first element, too.
            Self::Elements => Slot { separator: Some(b','), is_key: false },
            Self::Pairs(due) => {
                let (next, slot) = match due {
                    Due::FirstKey => (Due::Value, Slot { separator: None, is_key: true }),
                    Due::Value => (Due::Key, Slot { separator: Some(b':'), is_key: false }),
                    Due::Key => (Due::Value, Slot { separator: Some(b','), is_key: true }),
                };
                *due = next;
                slot
            }
        }
    }
}
