//! Deleting a version: its manifest first, because without it nothing else counts.

use super::aliases::{Alias, STABLE, assign};
use super::manifest::MANIFEST;
use super::policy::keep;
use super::{Shared, folder};
use crate::data::Name;
use crate::error::{Error, Result};
use crate::failpoint;

const COMMITTED: &str = "delete:manifest";
const UNNAMED: &str = "delete:alias";
const SHOWN: &str = "delete:snapshot";

/// The failpoints of a deletion, each after the step that it is named for.
pub const STEPS: [&str; 3] = [COMMITTED, UNNAMED, SHOWN];

impl Shared {
    pub(super) async fn delete_version(&self, name: &Name, version: u64) -> Result<()> {
        let _changing = self.settled(name, version).await;
        let mut versions = self.snapshot.load().versions(name);
        let missing = || Error::ModelNotFound { reference: format!("{name}@{version}") };
        let deleted = versions.remove(&version).ok_or_else(missing)?;
        let is_last = versions.is_empty();
        let goes_along = |alias: &Alias| is_last && alias.name.as_str() == STABLE;
        self.check_unnamed(name, version, goes_along)?;

        self.storage.delete(&format!("{}/{MANIFEST}", folder(name, version))).await?;
        failpoint::reach(COMMITTED);
        let unnamed = match is_last {
            true => assign(&self.coordination, name, STABLE, None, |_| Ok(())).await.map(drop),
            false => Ok(()),
        };
        failpoint::reach(UNNAMED);
        self.room.forget(name, version);
        drop(deleted);
        self.show(name, versions).await?;
        failpoint::reach(SHOWN);
        unnamed?;
        keep(&self.coordination, name, version, None).await?;
        // The version is gone already: what is left of it takes room, and does no harm.
        if let Err(error) = self.storage.delete_folder(&folder(name, version)).await {
            log::warn!(model:% = name, version, error:%; "Left files of a deleted version behind.");
        }
        Ok(())
    }

    /// No alias names the version, but those that go along with it.
    pub(super) fn check_unnamed(&self, name: &Name, version: u64, goes_along: impl Fn(&Alias) -> bool) -> Result<()> {
        let aliases = self.snapshot.load().aliases(name);
        match aliases.iter().find(|alias| alias.version == version && !goes_along(alias)) {
            None => Ok(()),
            Some(alias) => Err(Error::precondition(format!(
                "version {version} of model \"{name}\" is named by the alias \"{}\"; point it elsewhere first",
                alias.name
            ))),
        }
    }
}
