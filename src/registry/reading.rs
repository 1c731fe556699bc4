//! From the files of a version to a model: read, verified, built, and tried out with its stored rows.

use super::aside::aside;
use super::folder;
use super::golden::{self, GOLDEN};
use super::manifest::{MANIFEST, MODEL, Manifest};
use super::room::Taken;
use super::snapshot::{Resident, Version};
use crate::data::Name;
use crate::error::{Error, Result};
use crate::model::{LoadedModel, Pipeline};
use crate::storage::{Storage, unseal};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The manifest of a version, which has to be its own.
pub(super) async fn read_manifest(storage: &Storage, name: &Name, version: u64) -> Result<Manifest> {
    let path = format!("{}/{MANIFEST}", folder(name, version));
    let manifest: Manifest = unseal(&path, &storage.read(&path).await?)?;
    if (&manifest.name, manifest.version) != (name, version) {
        let why = format!("it is the manifest of {}@{}", manifest.name, manifest.version);
        return Err(Error::Damaged { path, why });
    }
    if manifest.model_file().is_none() {
        return Err(Error::Damaged { path, why: "it lists no model".into() });
    }
    Ok(manifest)
}

/// Reads a version, verifies its bytes, and lets it answer its stored rows.
pub(super) async fn read(storage: &Storage, manifest: &Arc<Manifest>, taken: Taken) -> Result<Arc<Resident>> {
    let folder = folder(&manifest.name, manifest.version);
    let mut files = BTreeMap::new();
    for file in &manifest.files {
        files.insert(file.path.clone(), storage.read(&format!("{folder}/{}", file.path)).await?);
    }
    let manifest = Arc::clone(manifest);
    aside(move || {
        let model = Arc::new(build(&manifest, &folder, &files)?);
        Ok(Arc::new(Resident { manifest, model, _taken: taken }))
    })
    .await
}

fn build(manifest: &Manifest, folder: &str, files: &BTreeMap<String, Bytes>) -> Result<LoadedModel> {
    let nothing = Bytes::new();
    for file in &manifest.files {
        file.verify(folder, files.get(&file.path).unwrap_or(&nothing))?;
    }
    let pipeline = Pipeline::from_bytes(files.get(MODEL).unwrap_or(&nothing))?;
    if let Some(rows) = files.get(GOLDEN) {
        golden::replay(&pipeline, rows)?;
    }
    Ok(LoadedModel::new(manifest.name.clone(), manifest.version, pipeline))
}

/// What is shown of a version that could not be read.
pub(super) fn damaged(name: &Name, version: u64, error: &Error) -> Version {
    log::error!(model:% = name, version, error:%; "A model version is damaged and is not served.");
    Version::Damaged { reason: reason(error) }
}

/// What a user is told who wants such a version.
pub(super) fn unservable(name: &Name, version: u64, error: &Error) -> Error {
    Error::precondition(format!("version {version} of model \"{name}\" cannot be served: {}", reason(error)))
}

/// For those who ask for the status, who are not to learn where files are on this machine.
fn reason(error: &Error) -> String {
    match error {
        Error::Storage { .. } | Error::Internal { .. } => "it cannot be read; the log says why".into(),
        error => error.to_string(),
    }
}
