//! What a start finds: every version whose manifest was written, whatever happened before.

use super::Shared;
use super::aliases::{STABLE, assign, stored};
use super::manifest::MANIFEST;
use super::policy::{wanted, wishes};
use super::reading::{damaged, read, read_manifest};
use super::snapshot::{Snapshot, Version};
use crate::coordination::Coordination;
use crate::data::Name;
use crate::error::Result;
use crate::storage::Storage;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

impl Shared {
    /// Everything on disk, with what is to be loaded loaded: first what aliases name, then the highest versions.
    pub(super) async fn recover(&self) -> Result<Snapshot> {
        let mut found = BTreeMap::new();
        for (name, numbers) in find(&self.storage).await? {
            let model = self.look_at(&name, numbers).await?;
            found.insert(name, model);
        }
        for named in [true, false] {
            for (name, model) in &mut found {
                for version in model.wanted.iter().rev().filter(|version| model.named.contains(version) == named) {
                    self.load_again(name, *version, &mut model.versions).await;
                }
            }
        }
        let mut snapshot = Snapshot::default();
        for (name, Found { versions, .. }) in found {
            restore_stable(&self.coordination, &name, &versions).await?;
            let aliases = stored(&self.coordination, &name).await?;
            snapshot.put(name, versions, aliases);
        }
        Ok(snapshot)
    }

    /// The versions of a model, none of them loaded yet, and which of them are to be.
    async fn look_at(&self, name: &Name, numbers: BTreeSet<u64>) -> Result<Found> {
        let mut versions = BTreeMap::new();
        for number in &numbers {
            let version = match read_manifest(&self.storage, name, *number).await {
                Ok(manifest) => Version::Unloaded { manifest: Arc::new(manifest), missing: None },
                Err(error) => damaged(name, *number, &error),
            };
            versions.insert(*number, version);
        }
        let aliases = stored(&self.coordination, name).await?;
        let mut named: BTreeSet<u64> = aliases.values().filter_map(|it| it.version).collect();
        if aliases.get(STABLE).and_then(|it| it.version).is_none_or(|version| !numbers.contains(&version)) {
            named.extend(numbers.first()); // It becomes stable, if it is whole.
        }
        let wanted = wanted(self.policy(name), &numbers, &named, &wishes(&self.coordination, name).await?);
        Ok(Found { versions, wanted, named })
    }

    async fn load_again(&self, name: &Name, number: u64, versions: &mut BTreeMap<u64, Version>) {
        let Some(manifest) = versions.get(&number).and_then(Version::manifest).cloned() else { return };
        let version = match self.room.try_take(&manifest) {
            None => {
                let missing = self.room.refusal(&manifest);
                log::error!(model:% = name, version = number, missing; "A model version is not loaded.");
                Version::Unloaded { manifest, missing: Some(missing) }
            }
            Some(taken) => match read(&self.storage, &manifest, taken).await {
                Ok(resident) => Version::Loaded(resident),
                Err(error) => damaged(name, number, &error),
            },
        };
        versions.insert(number, version);
    }
}

/// A model as it is found.
struct Found {
    versions: BTreeMap<u64, Version>,
    wanted: BTreeSet<u64>,
    /// By an alias.
    named: BTreeSet<u64>,
}

/// The versions that have a manifest; files that belong to none are logged.
async fn find(storage: &Storage) -> Result<BTreeMap<Name, BTreeSet<u64>>> {
    let files = storage.list("models").await?;
    let mut found = BTreeMap::<Name, BTreeSet<u64>>::new();
    for (name, version) in files.iter().filter_map(|(path, _)| path_of_manifest(path)) {
        found.entry(name).or_default().insert(version);
    }
    for (path, size_bytes) in &files {
        let known = version_of(path)
            .is_some_and(|(name, version, _)| found.get(&name).is_some_and(|versions| versions.contains(&version)));
        if !known {
            log::warn!(path:%, size_bytes; "Found a file that belongs to no version; it can be deleted.");
        }
    }
    Ok(found)
}

fn path_of_manifest(path: &str) -> Option<(Name, u64)> {
    let (name, version, file) = version_of(path)?;
    (file == MANIFEST).then_some((name, version))
}

/// `models/wine/3/model.bin` -> (wine, 3, model.bin)
fn version_of(path: &str) -> Option<(Name, u64, &str)> {
    let parts: Vec<_> = path.split('/').collect();
    let &["models", name, version, file] = parts.as_slice() else { return None };
    let number = version.parse::<u64>().ok().filter(|number| *number > 0 && number.to_string() == version)?;
    Some((Name::parse("model", name).ok()?, number, file))
}

/// A crash between manifest and alias leaves a first version that nothing names.
async fn restore_stable(coordination: &Coordination, name: &Name, versions: &BTreeMap<u64, Version>) -> Result<()> {
    let aliases = stored(coordination, name).await?;
    let named = aliases.get(STABLE).and_then(|it| it.version);
    let there = named.is_some_and(|version| versions.contains_key(&version));
    let whole = versions.iter().find(|(_, version)| version.resident().is_some()).map(|(number, _)| number);
    let (false, Some(lowest)) = (there, whole.or(versions.keys().next())) else { return Ok(()) };
    assign(coordination, name, STABLE, Some(*lowest), |_| Ok(())).await?;
    log::warn!(model:% = name, version = *lowest; "Set the alias \"stable\", which named no version.");
    Ok(())
}
