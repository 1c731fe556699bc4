//! Roles: what a caller may call.

use crate::error::{Error, Result, quotable};
use std::fmt;
use std::str::FromStr;

/// What a caller may call, and what a method wants of its caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Who is there and how it is; nobody needs a token for that.
    Public,
    /// Lists and descriptions.
    Reader,
    /// And predictions.
    Predictor,
    /// And training, data sets, aliases, and models as files.
    Trainer,
    /// And deleting.
    Admin,
    /// What servers call of each other, and nothing else.
    Worker,
}

impl Role {
    /// Every role, each but the last including those before it.
    pub const ALL: [Self; 6] = [Self::Public, Self::Reader, Self::Predictor, Self::Trainer, Self::Admin, Self::Worker];

    /// Whether who has this role may call what wants `wanted`. `worker` stands alone: it includes none but `public`, and
    /// none includes it.
    pub fn includes(self, wanted: Self) -> bool {
        match (self, wanted) {
            (_, Self::Public) => true,
            (Self::Worker, _) | (_, Self::Worker) => self == wanted,
            _ => self as u8 >= wanted as u8,
        }
    }

    /// As files and messages write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Reader => "reader",
            Self::Predictor => "predictor",
            Self::Trainer => "trainer",
            Self::Admin => "admin",
            Self::Worker => "worker",
        }
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|role| role.name() == text).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            Error::invalid(format!("{:?} is not a role; roles are {known}", quotable(text)))
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_includes_those_before_it_and_worker_stands_alone() {
        for (at, role) in Role::ALL.into_iter().enumerate() {
            for (before, wanted) in Role::ALL.into_iter().enumerate() {
                let expected = match (role, wanted) {
                    (_, Role::Public) | (Role::Worker, Role::Worker) => true,
                    (Role::Worker, _) | (_, Role::Worker) => false,
                    _ => before <= at,
                };

                assert_eq!(role.includes(wanted), expected, "{role} for {wanted}");
            }
        }
    }

    #[test]
    fn a_role_is_read_as_it_is_written() {
        for role in Role::ALL {
            assert_eq!(role.name().parse::<Role>().unwrap(), role);
        }
        for text in ["", "Admin", "root", "reader "] {
            assert!(text.parse::<Role>().is_err(), "{text:?} was taken");
        }
    }
}
