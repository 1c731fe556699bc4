//! All data sets as they are at one moment.

use super::manifest::{Dataset, MANIFEST, Manifest, folder};
use crate::data::{Name, Page, Reference, Selector};
use crate::error::{Error, Result};
use crate::storage::{Storage, unseal};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A version that has a manifest; `None` if that is damaged. It stays known, so that a bare name does not quietly
/// come to mean an older version.
type Version = Option<Arc<Manifest>>;

/// All data sets. Cloning copies pointers.
#[derive(Clone, Debug, Default)]
pub(super) struct Catalog {
    names: BTreeMap<Name, Arc<BTreeMap<u64, Version>>>,
}

impl Catalog {
    pub(super) fn put(&mut self, manifest: Arc<Manifest>) {
        let (name, version) = (manifest.dataset.name.clone(), manifest.dataset.version);
        self.insert(name, version, Some(manifest));
    }

    pub(super) fn remove(&mut self, name: &Name, version: u64) {
        let Some(versions) = self.names.get_mut(name) else { return };
        Arc::make_mut(versions).remove(&version);
        if versions.is_empty() {
            self.names.remove(name);
        }
    }

    /// The version that a reference means; a bare name and `latest` mean the newest.
    pub(super) fn find(&self, reference: &Reference) -> Result<Arc<Manifest>> {
        let missing = || Error::DatasetNotFound { reference: reference.to_string() };
        let versions = self.names.get(&reference.name).ok_or_else(missing)?;
        let found = match reference.selector {
            Selector::Bare | Selector::Latest => versions.last_key_value().map(|(_, version)| version),
            Selector::Version(version) => versions.get(&version),
            Selector::Alias(_) => None,
        };
        let damaged = || Error::Unavailable { what: format!("data set \"{reference}\" is damaged and is not served") };
        found.ok_or_else(missing)?.clone().ok_or_else(damaged)
    }

    pub(super) fn list(
        &self,
        after: Option<&str>,
        limit: usize,
        shown: impl Fn(&Name) -> bool,
    ) -> Result<Page<Dataset>> {
        let readable = |versions: &BTreeMap<u64, Version>| -> Vec<Dataset> {
            versions.values().flatten().map(|manifest| manifest.dataset.clone()).collect()
        };
        let names = self.names.iter().filter(|(name, _)| shown(name));
        let page = Page::cut(names.map(|(name, it)| (name, readable(it))), after, limit)?;
        Ok(Page { entries: page.entries.into_iter().flatten().collect(), next: page.next })
    }

    /// The version of this name, or all of them, damaged ones included.
    pub(super) fn versions(&self, name: &Name, version: Option<u64>) -> Result<Vec<u64>> {
        let known = self.names.get(name).map(|versions| versions.keys().copied().collect()).unwrap_or_default();
        let reference = match version {
            None if Vec::is_empty(&known) => name.to_string(),
            None => return Ok(known),
            Some(version) if known.contains(&version) => return Ok(vec![version]),
            Some(version) => format!("{name}@{version}"),
        };
        Err(Error::DatasetNotFound { reference })
    }

    /// The highest version of a name, 0 if there is none.
    pub(super) fn highest(&self, name: &Name) -> u64 {
        self.names.get(name).and_then(|versions| versions.last_key_value()).map_or(0, |(version, _)| *version)
    }

    fn insert(&mut self, name: Name, version: u64, found: Version) {
        Arc::make_mut(self.names.entry(name).or_default()).insert(version, found);
    }
}

/// Finds every version whose manifest was written; other files are logged. Rows are verified when they are read.
pub(super) async fn recover(storage: &Storage) -> Result<Catalog> {
    let files = storage.list("datasets").await?;
    let mut catalog = Catalog::default();
    let known = files.iter().filter_map(|(path, _)| version_of(path));
    for (name, version, _) in known.filter(|(_, _, file)| *file == MANIFEST) {
        let manifest = load(storage, &name, version).await;
        catalog.insert(name, version, manifest);
    }
    for (path, size_bytes) in &files {
        let known = version_of(path).is_some_and(|(name, version, _)| catalog.versions(&name, Some(version)).is_ok());
        if !known {
            log::warn!(path:%, size_bytes; "Found a file that belongs to no version; it can be deleted.");
        }
    }
    Ok(catalog)
}

/// `datasets/wine/3/part-1.parquet` -> (wine, 3, part-1.parquet)
fn version_of(path: &str) -> Option<(Name, u64, &str)> {
    let parts: Vec<_> = path.split('/').collect();
    let &["datasets", name, version, file] = parts.as_slice() else { return None };
    let number = version.parse::<u64>().ok().filter(|number| *number > 0 && number.to_string() == version)?;
    Some((Name::parse("data set", name).ok()?, number, file))
}

async fn load(storage: &Storage, name: &Name, version: u64) -> Version {
    match verify(storage, name, version).await {
        Ok(manifest) => Some(Arc::new(manifest)),
        Err(error) => {
            log::error!(dataset:% = name, version, error:%; "A data set version is damaged and is not served.");
            None
        }
    }
}

async fn verify(storage: &Storage, name: &Name, version: u64) -> Result<Manifest> {
    let path = format!("{}/{MANIFEST}", folder(name, version));
    let manifest: Manifest = unseal(&path, &storage.read(&path).await?)?;
    if (&manifest.dataset.name, manifest.dataset.version) != (name, version) {
        let why = format!("it is the manifest of {}@{}", manifest.dataset.name, manifest.dataset.version);
        return Err(Error::Damaged { path, why });
    }
    Ok(manifest)
}
