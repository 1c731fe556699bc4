//! Names for versions: compared and swapped by generation.

use super::Shared;
use super::snapshot::{Version, unloaded};
use crate::coordination::{Compare, Coordination, Entry, Transaction, Write};
use crate::data::Name;
use crate::error::{Error, Result};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a bare name means.
pub(super) const STABLE: &str = "stable";
/// Means the highest version and can therefore not be set.
const LATEST: &str = "latest";
/// Most aliases that a model may ever have had.
const MAX_ALIASES: usize = 256;

/// A name for a version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alias {
    /// Within its model.
    pub name: Name,
    /// What it names.
    pub version: u64,
    /// How often it has been set, from 1.
    pub generation: u64,
}

/// What is stored of an alias. A removed one stays, without a version, so that its generation goes on counting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Assignment {
    pub(super) version: Option<u64>,
    pub(super) generation: u64,
}

/// The aliases of a model as they were committed, removed ones included.
pub(super) async fn stored(coordination: &Coordination, name: &Name) -> Result<BTreeMap<Name, Assignment>> {
    let prefix = format!("models/{name}/aliases/");
    let entries = coordination.range(&prefix).await?;
    let read = |(key, entry): &(String, Entry)| Ok((Name::parse("alias", &key[prefix.len()..])?, parse(key, entry)?));
    entries.iter().map(read).collect()
}

/// Points an alias at a version, or at none, and answers its generation; `check` judges what it is now.
pub(super) async fn assign(
    coordination: &Coordination,
    name: &Name,
    alias: &str,
    version: Option<u64>,
    check: impl Fn(Option<Assignment>) -> Result<()>,
) -> Result<u64> {
    let key = format!("models/{name}/aliases/{alias}");
    loop {
        let seen = coordination.get(&key).await?;
        let before = seen.as_ref().map(|entry| parse(&key, entry)).transpose()?;
        check(before)?;
        let generation = before.map_or(0, |it| it.generation) + u64::from(version.is_some());
        let value = serde_json::to_vec(&Assignment { version, generation });
        let value = value.map_err(|cause| Error::internal(cause.to_string()))?;
        let unchanged = Compare::unchanged(&key, seen.as_ref());
        if coordination.transact(vec![unchanged], vec![Write::put(&key, value)]).await? != Transaction::Refused {
            return Ok(generation);
        }
    }
}

impl Shared {
    pub(super) async fn set_alias(
        &self,
        name: &Name,
        alias: &Name,
        version: Option<u64>,
        expected_generation: Option<u64>,
    ) -> Result<Option<Alias>> {
        settable(name, alias, version)?;
        let _changing = self.changes.lock().await;
        let versions = self.snapshot.load().versions(name);
        servable(name, version, &versions)?;
        if version.is_some() {
            self.check_room(name, alias).await?;
        }
        let as_seen = |before: Option<Assignment>| {
            let there = before.filter(|it| it.version.is_some_and(|version| versions.contains_key(&version)));
            compare_generation(name, alias, there.map_or(0, |it| it.generation), expected_generation)
        };
        let assigned = assign(&self.coordination, name, alias.as_str(), version, as_seen).await;
        // Also after an error: a write that answers one may have happened.
        self.show(name, versions.clone()).await?;
        let generation = assigned?;
        Ok(version.map(|version| Alias { name: alias.clone(), version, generation }))
    }

    /// Removed aliases count, because they stay stored.
    async fn check_room(&self, name: &Name, alias: &Name) -> Result<()> {
        let stored = stored(&self.coordination, name).await?;
        if stored.len() < MAX_ALIASES || stored.contains_key(alias) {
            return Ok(());
        }
        Err(Error::precondition(format!(
            "model \"{name}\" has had {MAX_ALIASES} aliases, which is the most; use one of them"
        )))
    }
}

fn settable(name: &Name, alias: &Name, version: Option<u64>) -> Result<()> {
    if alias.as_str() == LATEST {
        return Err(Error::Name { what: "alias", name: LATEST.into(), but: " and is not \"latest\"" });
    }
    if alias.as_str() == STABLE && version.is_none() {
        return Err(Error::precondition(format!(
            "the alias \"stable\" of model \"{name}\" cannot be removed; set it to another version"
        )));
    }
    Ok(())
}

/// The model is there, and so is the version, and served.
fn servable(name: &Name, version: Option<u64>, versions: &BTreeMap<u64, Version>) -> Result<()> {
    if versions.is_empty() {
        return Err(Error::ModelNotFound { reference: name.to_string() });
    }
    let Some(version) = version else { return Ok(()) };
    let refused = |how: &str| Err(Error::precondition(format!("version {version} of model \"{name}\" {how}")));
    match versions.get(&version) {
        Some(Version::Loaded(_)) => Ok(()),
        Some(Version::Loading { .. }) => refused("is being loaded; ask again once it is"),
        Some(Version::Unloaded { .. }) => Err(unloaded(name, version)),
        Some(Version::Damaged { .. }) => refused("is damaged and cannot be served"),
        None => Err(Error::ModelNotFound { reference: format!("{name}@{version}") }),
    }
}

fn compare_generation(name: &Name, alias: &Name, is: u64, expected: Option<u64>) -> Result<()> {
    match expected {
        Some(expected) if expected != is => Err(Error::precondition(format!(
            "alias \"{alias}\" of model \"{name}\" has generation {is} and not {expected}; somebody else has set it"
        ))),
        _ => Ok(()),
    }
}

fn parse(key: &str, entry: &Entry) -> Result<Assignment> {
    serde_json::from_slice(&entry.value)
        .map_err(|cause| Error::Damaged { path: format!("state.redb, {key}"), why: cause.to_string() })
}
