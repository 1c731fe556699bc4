//! What a start finds: every version whose manifest was written, whatever happened before.

use super::aliases::{STABLE, assign, stored};
use super::folder;
use super::manifest::{MANIFEST, Manifest};
use super::snapshot::{Snapshot, Version};
use crate::coordination::Coordination;
use crate::data::Name;
use crate::error::{Error, Result};
use crate::model::{LoadedModel, Pipeline};
use crate::storage::{Storage, unseal};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub(super) async fn recover(storage: &Storage, coordination: &Coordination) -> Result<Snapshot> {
    let mut snapshot = Snapshot::default();
    for (name, numbers) in find(storage).await? {
        let mut versions = BTreeMap::new();
        for number in numbers {
            versions.insert(number, load(storage, &name, number).await);
        }
        restore_stable(coordination, &name, &versions).await?;
        snapshot.put(name.clone(), versions, stored(coordination, &name).await?);
    }
    Ok(snapshot)
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

async fn load(storage: &Storage, name: &Name, number: u64) -> Version {
    match verify(storage, name, number).await {
        Ok(version) => version,
        Err(error) => {
            log::error!(model:% = name, version = number, error:%; "A model version is damaged and is not served.");
            Version::Damaged { reason: reason(&error) }
        }
    }
}

async fn verify(storage: &Storage, name: &Name, number: u64) -> Result<Version> {
    let folder = folder(name, number);
    let path = format!("{folder}/{MANIFEST}");
    let manifest: Manifest = unseal(&path, &storage.read(&path).await?)?;
    if (&manifest.name, manifest.version) != (name, number) {
        let why = format!("it is the manifest of {}@{}", manifest.name, manifest.version);
        return Err(Error::Damaged { path, why });
    }
    let Some(file) = manifest.model_file() else {
        return Err(Error::Damaged { path, why: "it lists no model".into() });
    };
    let bytes = storage.read_listed(&folder, file).await?;
    let loaded = tokio::task::spawn_blocking(move || Pipeline::from_bytes(&bytes)).await;
    let pipeline = loaded.map_err(|cause| Error::internal(format!("loading ended early: {cause}")))??;
    let model = Arc::new(LoadedModel::new(name.clone(), number, pipeline));
    Ok(Version::Ready { manifest: Arc::new(manifest), model })
}

/// For those who ask for the status, who are not to learn where files are on this machine.
fn reason(error: &Error) -> String {
    match error {
        Error::Storage { .. } | Error::Internal { .. } => "it cannot be read; the log says why".into(),
        error => error.to_string(),
    }
}

/// A crash between manifest and alias leaves a first version that nothing names.
async fn restore_stable(coordination: &Coordination, name: &Name, versions: &BTreeMap<u64, Version>) -> Result<()> {
    let aliases = stored(coordination, name).await?;
    let named = aliases.get(STABLE).and_then(|it| it.version);
    let there = named.is_some_and(|version| versions.contains_key(&version));
    let whole = versions.iter().find(|(_, version)| matches!(version, Version::Ready { .. })).map(|(number, _)| number);
    let (false, Some(lowest)) = (there, whole.or(versions.keys().next())) else { return Ok(()) };
    assign(coordination, name, STABLE, Some(*lowest), |_| Ok(())).await?;
    log::warn!(model:% = name, version = *lowest; "Set the alias \"stable\", which named no version.");
    Ok(())
}
