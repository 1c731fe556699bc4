//! All models as they are at one moment: what a request sees.

use super::Manifest;
use super::aliases::{Alias, Assignment, STABLE};
use super::room::Taken;
use crate::data::{Name, Page, Reference, Selector};
use crate::error::{Error, Result};
use crate::model::LoadedModel;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::watch;

/// What a reference means.
#[derive(Clone, Debug)]
pub struct Resolved<M = Arc<LoadedModel>> {
    /// The model with its name and version.
    pub model: M,
    /// How often the alias that was asked for has been set; `None` where a version or `latest` was asked for.
    pub generation: Option<u64>,
}

impl Resolved<&Arc<LoadedModel>> {
    /// The same, to be kept.
    #[must_use]
    pub fn kept(self) -> Resolved {
        Resolved { model: Arc::clone(self.model), generation: self.generation }
    }
}

/// What a version is, and what names it.
#[derive(Clone, Debug)]
pub struct Description {
    /// Of the version.
    pub manifest: Arc<Manifest>,
    /// Whether it is served.
    pub state: LoadState,
    /// By name.
    pub aliases: Vec<Name>,
}

/// A model in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelSummary {
    /// Of the model.
    pub name: Name,
    /// Ascending; those that are not served are among them.
    pub versions: Vec<u64>,
    /// How each of them is, in their order.
    pub states: Vec<LoadState>,
    /// By name.
    pub aliases: Vec<Alias>,
}

/// Whether a version is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LoadState {
    /// It answers.
    Loaded,
    /// It is read, verified and tried out; it answers soon.
    Loading,
    /// It is on disk only.
    Unloaded,
    /// It is not what was written, or does not answer as it did.
    Damaged,
}

impl LoadState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Loaded, Self::Loading, Self::Unloaded, Self::Damaged];

    /// As users and the wire have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Loaded => "loaded",
            Self::Loading => "loading",
            Self::Unloaded => "unloaded",
            Self::Damaged => "damaged",
        }
    }
}

/// How a version is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionStatus {
    /// Of the model.
    pub name: Name,
    /// From 1.
    pub version: u64,
    /// Whether it is served.
    pub state: LoadState,
    /// Why it is not as it should be; `None` where it is, also if it is unloaded because nobody wants it loaded.
    pub reason: Option<String>,
}

impl VersionStatus {
    /// It is loaded and answers.
    pub fn is_ready(&self) -> bool {
        self.state == LoadState::Loaded
    }
}

/// A version in memory. Requests hold its model; snapshots, and who frees it, hold this.
#[derive(Debug)]
pub(super) struct Resident {
    /// As it is on disk.
    pub(super) manifest: Arc<Manifest>,
    /// What predicts.
    pub(super) model: Arc<LoadedModel>,
    /// Free again once the model is: fields are dropped in their order.
    pub(super) _taken: Taken,
}

/// A version that has a manifest.
#[derive(Clone, Debug)]
pub(super) enum Version {
    /// Verified, tried out and served.
    Loaded(Arc<Resident>),
    /// Being loaded by somebody, until that is over.
    Loading { manifest: Arc<Manifest>, over: watch::Receiver<()> },
    /// On disk; `missing` says why it is not loaded though it should be.
    Unloaded { manifest: Arc<Manifest>, missing: Option<String> },
    /// Not what was written, or it does not answer as it did; it is not served.
    Damaged { reason: String },
}

impl Version {
    pub(super) fn state(&self) -> LoadState {
        match self {
            Self::Loaded(_) => LoadState::Loaded,
            Self::Loading { .. } => LoadState::Loading,
            Self::Unloaded { .. } => LoadState::Unloaded,
            Self::Damaged { .. } => LoadState::Damaged,
        }
    }

    pub(super) fn resident(&self) -> Option<&Arc<Resident>> {
        if let Self::Loaded(resident) = self { Some(resident) } else { None }
    }

    /// What is known of it; nothing of a damaged one.
    pub(super) fn manifest(&self) -> Option<&Arc<Manifest>> {
        match self {
            Self::Loaded(resident) => Some(&resident.manifest),
            Self::Loading { manifest, .. } | Self::Unloaded { manifest, .. } => Some(manifest),
            Self::Damaged { .. } => None,
        }
    }

    fn status(&self, name: &Name, version: u64) -> VersionStatus {
        let reason = match self {
            Self::Loaded(_) | Self::Loading { .. } => None,
            Self::Unloaded { missing, .. } => missing.clone(),
            Self::Damaged { reason } => Some(reason.clone()),
        };
        VersionStatus { name: name.clone(), version, state: self.state(), reason }
    }
}

#[derive(Debug, Default)]
struct Model {
    versions: BTreeMap<u64, Version>,
    aliases: BTreeMap<Name, Assignment>,
}

impl Model {
    /// The aliases that name a version that is there.
    fn aliases(&self) -> impl Iterator<Item = Alias> {
        let named = |name: &Name| self.named(name.as_str()).map(|it| (name.clone(), it));
        self.aliases.keys().filter_map(named).map(|(name, (version, generation))| Alias { name, version, generation })
    }

    /// Version and generation of an alias, if it names a version that is there.
    fn named(&self, alias: &str) -> Option<(u64, u64)> {
        let assignment = self.aliases.get(alias)?;
        let version = assignment.version.filter(|version| self.versions.contains_key(version))?;
        Some((version, assignment.generation))
    }

    fn newest_loaded(&self) -> Option<u64> {
        self.versions.iter().rev().find(|(_, version)| version.resident().is_some()).map(|(number, _)| *number)
    }
}

/// All models. Cloning copies pointers.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    models: BTreeMap<Name, Arc<Model>>,
}

impl Snapshot {
    /// Replaces what is known of a model; without a version there is no model.
    pub(super) fn put(&mut self, name: Name, versions: BTreeMap<u64, Version>, aliases: BTreeMap<Name, Assignment>) {
        if versions.is_empty() {
            self.models.remove(&name);
        } else {
            self.models.insert(name, Arc::new(Model { versions, aliases }));
        }
    }

    pub(super) fn resolve(&self, reference: &Reference) -> Result<Resolved<&Arc<LoadedModel>>> {
        let (_, number, version, generation) = self.find(reference)?;
        match version {
            Version::Loaded(resident) => Ok(Resolved { model: &resident.model, generation }),
            Version::Loading { .. } => Err(loading(reference)),
            Version::Unloaded { .. } => Err(unloaded(&reference.name, number)),
            Version::Damaged { .. } => Err(damaged(reference)),
        }
    }

    pub(super) fn describe(&self, reference: &Reference) -> Result<Description> {
        let (model, number, version, _) = self.find(reference)?;
        let manifest = Arc::clone(version.manifest().ok_or_else(|| damaged(reference))?);
        let naming = model.aliases().filter(|alias| alias.version == number);
        Ok(Description { manifest, state: version.state(), aliases: naming.map(|alias| alias.name).collect() })
    }

    pub(super) fn list(
        &self,
        after: Option<&str>,
        limit: usize,
        shown: impl Fn(&Name) -> bool,
    ) -> Result<Page<ModelSummary>> {
        let summary = |name: &Name, model: &Model| ModelSummary {
            name: name.clone(),
            versions: model.versions.keys().copied().collect(),
            states: model.versions.values().map(Version::state).collect(),
            aliases: model.aliases().collect(),
        };
        let models = self.models.iter().filter(|(name, _)| shown(name));
        Page::cut(models.map(|(name, model)| (name, summary(name, model))), after, limit)
    }

    pub(super) fn statuses(&self) -> Vec<VersionStatus> {
        let versions = self.models.iter().flat_map(|(name, model)| model.versions.iter().map(move |it| (name, it)));
        versions.map(|(name, (number, version))| version.status(name, *number)).collect()
    }

    /// The versions of a model, none if it is not there.
    pub(super) fn versions(&self, name: &Name) -> BTreeMap<u64, Version> {
        self.models.get(name).map(|model| model.versions.clone()).unwrap_or_default()
    }

    /// A version of a model.
    pub(super) fn version(&self, name: &Name, version: u64) -> Option<Version> {
        self.models.get(name)?.versions.get(&version).cloned()
    }

    /// What is in memory, or soon is.
    pub(super) fn held(&self) -> impl Iterator<Item = &Manifest> {
        let versions = self.models.values().flat_map(|model| model.versions.values());
        let held = versions.filter(|it| matches!(it, Version::Loaded(_) | Version::Loading { .. }));
        held.filter_map(|version| version.manifest().map(Arc::as_ref))
    }

    /// The aliases of a model that name a version that is there.
    pub(super) fn aliases(&self, name: &Name) -> Vec<Alias> {
        self.models.get(name).map(|model| model.aliases().collect()).unwrap_or_default()
    }

    /// The version that a reference means, with its number and the generation of the alias that was asked for.
    fn find(&self, reference: &Reference) -> Result<(&Model, u64, &Version, Option<u64>)> {
        let missing = || Error::ModelNotFound { reference: reference.to_string() };
        let model = self.models.get(&reference.name).ok_or_else(missing)?;
        let named = |alias: &str| model.named(alias).map(|(version, generation)| (version, Some(generation)));
        let (number, generation) = match &reference.selector {
            Selector::Bare => named(STABLE).ok_or_else(missing)?,
            Selector::Alias(alias) => named(alias.as_str()).ok_or_else(missing)?,
            Selector::Version(version) => (*version, None),
            Selector::Latest => (model.newest_loaded().ok_or_else(|| none_loaded(reference))?, None),
        };
        let version = model.versions.get(&number).ok_or_else(missing)?;
        Ok((model, number, version, generation))
    }
}

fn damaged(reference: &Reference) -> Error {
    Error::Unavailable {
        what: format!("model \"{reference}\" is damaged and is not served; \"status\" says what it is"),
    }
}

fn loading(reference: &Reference) -> Error {
    Error::Unavailable { what: format!("model \"{reference}\" is being loaded; ask again") }
}

fn none_loaded(reference: &Reference) -> Error {
    Error::Unavailable { what: format!("no version of model \"{}\" is loaded; \"status\" says why", reference.name) }
}

/// The version is on disk and not in memory.
pub(super) fn unloaded(name: &Name, version: u64) -> Error {
    Error::precondition(format!("version {version} of model \"{name}\" is not loaded; load it first, by load_model"))
}
