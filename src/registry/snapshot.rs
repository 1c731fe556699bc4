//! All models as they are at one moment: what a request sees.

use super::Manifest;
use super::aliases::{Alias, Assignment, STABLE};
use crate::data::{Name, Page, Reference, Selector};
use crate::error::{Error, Result};
use crate::model::LoadedModel;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a reference means.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The model with its name and version.
    pub model: Arc<LoadedModel>,
    /// How often the alias that was asked for has been set; `None` where a version or `latest` was asked for.
    pub generation: Option<u64>,
}

/// What a version is, and what names it.
#[derive(Clone, Debug)]
pub struct Description {
    /// Of the version.
    pub manifest: Arc<Manifest>,
    /// By name.
    pub aliases: Vec<Name>,
}

/// A model in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ModelSummary {
    /// Of the model.
    pub name: Name,
    /// Ascending; damaged ones are among them.
    pub versions: Vec<u64>,
    /// By name.
    pub aliases: Vec<Alias>,
}

/// How a version is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionStatus {
    /// Of the model.
    pub name: Name,
    /// From 1.
    pub version: u64,
    /// Why it is not ready; `None` if it is.
    pub reason: Option<String>,
}

impl VersionStatus {
    /// It is loaded and answers.
    pub fn is_ready(&self) -> bool {
        self.reason.is_none()
    }
}

/// A version that has a manifest.
#[derive(Clone, Debug)]
pub(super) enum Version {
    /// Verified and loaded.
    Ready {
        /// As it is on disk.
        manifest: Arc<Manifest>,
        /// What predicts.
        model: Arc<LoadedModel>,
    },
    /// Not what was written; it is not served.
    Damaged {
        /// For people.
        reason: String,
    },
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

    fn newest_ready(&self) -> Option<u64> {
        let ready = |version: &Version| matches!(version, Version::Ready { .. });
        self.versions.iter().rev().find(|(_, version)| ready(version)).map(|(number, _)| *number)
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

    pub(super) fn resolve(&self, reference: &Reference) -> Result<Resolved> {
        let (_, version, generation) = self.find(reference)?;
        match version {
            Version::Ready { model, .. } => Ok(Resolved { model: Arc::clone(model), generation }),
            Version::Damaged { .. } => Err(not_ready(reference)),
        }
    }

    pub(super) fn describe(&self, reference: &Reference) -> Result<Description> {
        let (model, version, _) = self.find(reference)?;
        let Version::Ready { manifest, .. } = version else { return Err(not_ready(reference)) };
        let naming = model.aliases().filter(|alias| alias.version == manifest.version);
        Ok(Description { manifest: Arc::clone(manifest), aliases: naming.map(|alias| alias.name).collect() })
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
            aliases: model.aliases().collect(),
        };
        let models = self.models.iter().filter(|(name, _)| shown(name));
        Page::cut(models.map(|(name, model)| (name, summary(name, model))), after, limit)
    }

    pub(super) fn statuses(&self) -> Vec<VersionStatus> {
        let versions = self.models.iter().flat_map(|(name, model)| model.versions.iter().map(move |it| (name, it)));
        let status = |(name, (number, version)): (&Name, (&u64, &Version))| VersionStatus {
            name: name.clone(),
            version: *number,
            reason: match version {
                Version::Ready { .. } => None,
                Version::Damaged { reason } => Some(reason.clone()),
            },
        };
        versions.map(status).collect()
    }

    /// The versions of a model, none if it is not there.
    pub(super) fn versions(&self, name: &Name) -> BTreeMap<u64, Version> {
        self.models.get(name).map(|model| model.versions.clone()).unwrap_or_default()
    }

    /// The aliases of a model that name a version that is there.
    pub(super) fn aliases(&self, name: &Name) -> Vec<Alias> {
        self.models.get(name).map(|model| model.aliases().collect()).unwrap_or_default()
    }

    /// The version that a reference means, with the generation of the alias that was asked for.
    fn find(&self, reference: &Reference) -> Result<(&Model, &Version, Option<u64>)> {
        let missing = || Error::ModelNotFound { reference: reference.to_string() };
        let model = self.models.get(&reference.name).ok_or_else(missing)?;
        let named = |alias: &str| model.named(alias).map(|(version, generation)| (version, Some(generation)));
        let (number, generation) = match &reference.selector {
            Selector::Bare => named(STABLE).ok_or_else(missing)?,
            Selector::Alias(alias) => named(alias.as_str()).ok_or_else(missing)?,
            Selector::Version(version) => (*version, None),
            Selector::Latest => (model.newest_ready().ok_or_else(|| not_ready(reference))?, None),
        };
        let version = model.versions.get(&number).ok_or_else(missing)?;
        Ok((model, version, generation))
    }
}

fn not_ready(reference: &Reference) -> Error {
    Error::Unavailable {
        what: format!("model \"{reference}\" is damaged and is not served; \"status\" says what it is"),
    }
}
