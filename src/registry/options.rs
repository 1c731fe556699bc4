//! What a registry is set to, and what it works with.

use super::Policy;
use crate::coordination::Coordination;
use crate::data::Name;
use crate::storage::Storage;
use crate::telemetry::Telemetry;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

/// What is loaded, and how much of it.
#[derive(Clone, Debug)]
pub struct Options {
    /// The versions that are loaded without anybody asking, of a model that `policies` does not name.
    pub policy: Policy,
    /// The same for certain models.
    pub policies: BTreeMap<Name, Policy>,
    /// Memory in bytes that models take together.
    pub max_model_bytes: u64,
    /// What gives way where there is no room, unless `load_model` says otherwise.
    pub replacement: Replacement,
}

impl Default for Options {
    fn default() -> Self {
        let (policy, policies, replacement) = (Policy::default(), BTreeMap::new(), Replacement::default());
        Self { policy, policies, max_model_bytes: u64::MAX, replacement }
    }
}

/// What a registry works with.
#[derive(Debug)]
pub struct Parts {
    /// Where versions are.
    pub storage: Arc<Storage>,
    /// Where aliases are, and what users want loaded.
    pub coordination: Arc<Coordination>,
    /// What is loaded.
    pub options: Options,
    /// Told what models take.
    pub telemetry: Arc<Telemetry>,
}

/// What gives way where there is no room for a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Replacement {
    /// Nothing: the new version is loaded beside the old ones, or refused.
    #[default]
    Swap,
    /// Other versions of the model that no alias names, lowest first, are unloaded before, as many as it takes.
    DropFirst,
}

impl Replacement {
    /// As users and the wire have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Swap => "swap",
            Self::DropFirst => "drop_first",
        }
    }
}

impl FromStr for Replacement {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let known = [Self::Swap, Self::DropFirst].into_iter().find(|known| known.name() == text);
        known.ok_or_else(|| format!("replacement is {text:?}; it is swap or drop_first"))
    }
}
