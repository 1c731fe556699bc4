//! Which versions are loaded: what the server was set to, what users asked for, and the aliases, which always win.

use crate::coordination::{Coordination, Write};
use crate::data::Name;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;

/// The versions of a model that are loaded without anybody asking. Those that an alias names always are.
///
/// As text: `all`, `latest` (of which there is one), `latest:2`, `specific:1,3`, `aliased`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Policy {
    /// Every version.
    #[default]
    All,
    /// So many of the highest versions.
    Latest(usize),
    /// These versions.
    Specific(BTreeSet<u64>),
    /// None but those that an alias names.
    Aliased,
}

impl FromStr for Policy {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Self, String> {
        let parsed = match text.split_once(':').unwrap_or((text, "")) {
            ("all", "") => Some(Self::All),
            ("aliased", "") => Some(Self::Aliased),
            ("latest", "") => (text == "latest").then_some(Self::Latest(1)),
            ("latest", count) => count.parse().ok().filter(|count| *count > 0).map(Self::Latest),
            ("specific", versions) => {
                versions.split(',').map(|it| it.parse().ok()).collect::<Option<_>>().map(Self::Specific)
            }
            _ => None,
        };
        parsed.ok_or_else(|| format!("{text:?} is no policy; one is all, latest:2, specific:1,3 or aliased"))
    }
}

impl TryFrom<String> for Policy {
    type Error = String;

    fn try_from(text: String) -> std::result::Result<Self, String> {
        text.parse()
    }
}

/// What a user asked for, by `load_model` or `unload_model`; it outlives a restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Wish {
    Loaded,
    Unloaded,
}

/// Those of `candidates` that are to be loaded. The `latest` are counted among those that nobody wants unloaded.
pub(super) fn wanted(
    policy: &Policy,
    candidates: &BTreeSet<u64>,
    named: &BTreeSet<u64>,
    wishes: &BTreeMap<u64, Wish>,
) -> BTreeSet<u64> {
    let open = candidates.iter().copied().filter(|version| wishes.get(version) != Some(&Wish::Unloaded));
    let by_policy: BTreeSet<u64> = match policy {
        Policy::All => open.collect(),
        Policy::Latest(count) => open.rev().take(*count).collect(),
        Policy::Specific(versions) => open.filter(|version| versions.contains(version)).collect(),
        Policy::Aliased => BTreeSet::new(),
    };
    let asked = |version: &u64| wishes.get(version) == Some(&Wish::Loaded) || named.contains(version);
    candidates.iter().copied().filter(|version| by_policy.contains(version) || asked(version)).collect()
}

/// What users asked for of a model's versions.
pub(super) async fn wishes(coordination: &Coordination, name: &Name) -> Result<BTreeMap<u64, Wish>> {
    let prefix = prefix(name);
    let damaged = |key: &str, why: String| Error::Damaged { path: format!("state.redb, {key}"), why };
    let read = |(key, entry): (String, crate::coordination::Entry)| {
        let version = key[prefix.len()..].parse().map_err(|_| damaged(&key, "it names no version".into()))?;
        let wish = serde_json::from_slice(&entry.value).map_err(|cause| damaged(&key, cause.to_string()))?;
        Ok((version, wish))
    };
    coordination.range(&prefix).await?.into_iter().map(read).collect()
}

/// Keeps what a user asks for; `None` forgets it.
pub(super) async fn keep(coordination: &Coordination, name: &Name, version: u64, wish: Option<Wish>) -> Result<()> {
    let key = format!("{}{version}", prefix(name));
    let seen = coordination.get(&key).await?.map(|entry| entry.value);
    let value = wish.map(|wish| serde_json::to_vec(&wish)).transpose();
    let value = value.map_err(|cause| Error::internal(cause.to_string()))?;
    if seen == value {
        return Ok(());
    }
    let write = value.map_or_else(|| Write::delete(&key), |value| Write::put(&key, value));
    coordination.transact(vec![], vec![write]).await.map(drop)
}

fn prefix(name: &Name) -> String {
    format!("models/{name}/wishes/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(versions: &[u64]) -> BTreeSet<u64> {
        versions.iter().copied().collect()
    }

    #[test]
    fn a_policy_is_read_as_it_is_documented_and_anything_else_is_refused() {
        for (text, policy) in [
            ("all", Policy::All),
            ("latest", Policy::Latest(1)),
            ("latest:2", Policy::Latest(2)),
            ("specific:1,3", Policy::Specific(set(&[1, 3]))),
            ("aliased", Policy::Aliased),
        ] {
            assert_eq!(text.parse(), Ok(policy), "{text}");
        }
        for text in ["", "none", "latest:", "latest:0", "latest:x", "specific", "specific:", "specific:1,", "all:1"] {
            assert!(text.parse::<Policy>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_policy_chooses_its_versions() {
        let chosen = |text: &str| wanted(&text.parse().unwrap(), &set(&[1, 2, 3, 4]), &set(&[]), &BTreeMap::new());

        assert_eq!(chosen("all"), set(&[1, 2, 3, 4]));
        assert_eq!(chosen("latest:2"), set(&[3, 4]));
        assert_eq!(chosen("latest:9"), set(&[1, 2, 3, 4]));
        assert_eq!(chosen("specific:1,3,7"), set(&[1, 3]));
        assert_eq!(chosen("aliased"), set(&[]));
    }

    #[test]
    fn an_alias_wins_over_a_wish_and_a_wish_over_the_policy() {
        let wishes = [(1, Wish::Unloaded), (2, Wish::Loaded), (4, Wish::Unloaded)].into();

        assert_eq!(wanted(&Policy::Latest(1), &set(&[1, 2, 3, 4]), &set(&[1]), &wishes), set(&[1, 2, 3]));
        assert_eq!(wanted(&Policy::All, &set(&[1, 2, 3, 4]), &set(&[]), &wishes), set(&[2, 3]));
    }
}
