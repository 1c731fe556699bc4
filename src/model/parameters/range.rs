//! The values that a hyper-parameter takes.

use super::Value;
use std::fmt;

/// The values that a hyper-parameter takes; displayed in words.
#[derive(Clone, Debug, PartialEq)]
pub enum Range {
    /// A whole number from the first to the second, both included.
    Integer(i64, i64),
    /// A finite number above 0.
    Positive,
    /// A finite number from the first to the second, both included.
    Number(f64, f64),
    /// A truth value.
    Flag,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// At most so many whole numbers, each from the first to the second, both included. One number is a list of one.
    Integers {
        /// How many at most.
        most: usize,
        /// The range of each.
        each: (i64, i64),
    },
    /// Two numbers from the first to the second of these, both included; the lower one first, and not the same.
    Interval(f64, f64),
    /// A finite number above 0, or one of these words.
    PositiveOr(&'static [&'static str]),
    /// What one of these takes, the first one that does.
    AnyOf(&'static [Range]),
}

impl Range {
    /// The value as the algorithm will read it, or `None` if it is outside.
    pub(super) fn accept(&self, value: &Value) -> Option<Value> {
        match (self, value) {
            (Self::Integer(least, most), Value::Integer(it)) if (least..=most).contains(&it) => Some(value.clone()),
            // Rounding beyond 2^53 does not matter to a hyper-parameter.
            (Self::Positive | Self::PositiveOr(_) | Self::Number(..), Value::Integer(it)) => {
                self.accept(&Value::Number(*it as f64))
            }
            (Self::Positive | Self::PositiveOr(_), Value::Number(it)) if *it > 0.0 && it.is_finite() => {
                Some(value.clone())
            }
            (Self::Number(least, most), Value::Number(it)) if (least..=most).contains(&it) => Some(value.clone()),
            (Self::Flag, Value::Flag(_)) => Some(value.clone()),
            (Self::Integers { .. }, Value::Integer(it)) => self.accept(&Value::Integers(vec![*it])),
            (Self::Integers { most, each: (least, largest) }, Value::Integers(them)) => {
                let fits = them.len() <= *most && them.iter().all(|it| (least..=largest).contains(&it));
                fits.then(|| value.clone())
            }
            (Self::Interval(..), Value::Integers(them)) => {
                self.accept(&Value::Numbers(them.iter().map(|it| *it as f64).collect()))
            }
            (Self::Interval(least, most), Value::Numbers(them)) => {
                let fits = matches!(them[..], [low, high] if *least <= low && low < high && high <= *most);
                fits.then(|| value.clone())
            }
            (Self::AnyOf(ranges), value) => ranges.iter().find_map(|range| range.accept(value)),
            (Self::OneOf(words) | Self::PositiveOr(words), Value::Text(it)) if words.contains(&it.as_str()) => {
                Some(value.clone())
            }
            _ => None,
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(least, most) => write!(f, "an integer from {least} to {most}"),
            Self::Positive => f.write_str("a finite number greater than 0"),
            Self::Number(0.0, f64::MAX) => f.write_str("a finite number, 0 or greater"),
            Self::Number(least, most) => write!(f, "a number from {least:?} to {most:?}"),
            Self::Flag => f.write_str("true or false"),
            Self::Integers { most, each: (least, largest) } => {
                write!(f, "up to {most} integers from {least} to {largest}")
            }
            Self::Interval(least, most) => write!(f, "two numbers from {least:?} to {most:?}, the lower one first"),
            Self::OneOf(words) => f.write_str(&alternatives(words)),
            Self::PositiveOr(words) => write!(f, "{} or {}", Self::Positive, alternatives(words)),
            Self::AnyOf(ranges) => f.write_str(&ranges.iter().map(Self::to_string).collect::<Vec<_>>().join(" or ")),
        }
    }
}

fn alternatives(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
    quoted.join(" or ")
}
