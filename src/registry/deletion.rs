//! Deleting a version: its manifest first, because without it nothing else counts.

use super::aliases::{Alias, STABLE, assign};
use super::manifest::MANIFEST;
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
        let _changing = self.changes.lock().await;
        let mut versions = self.snapshot.load().versions(name);
        if versions.remove(&version).is_none() {
            return Err(Error::ModelNotFound { reference: format!("{name}@{version}") });
        }
        let is_last = versions.is_empty();
        check_unnamed(name, version, is_last, &self.snapshot.load().aliases(name))?;

        self.storage.delete(&format!("{}/{MANIFEST}", folder(name, version))).await?;
        failpoint::reach(COMMITTED);
        let unnamed = match is_last {
            true => assign(&self.coordination, name, STABLE, None, |_| Ok(())).await.map(drop),
            false => Ok(()),
        };
        failpoint::reach(UNNAMED);
        self.show(name, versions).await?;
        failpoint::reach(SHOWN);
        unnamed?;
        // The version is gone already: what is left of it takes room, and does no harm.
        if let Err(error) = self.storage.delete_folder(&folder(name, version)).await {
            log::warn!(model:% = name, version, error:%; "Left files of a deleted version behind.");
        }
        Ok(())
    }
}

fn check_unnamed(name: &Name, version: u64, is_last: bool, aliases: &[Alias]) -> Result<()> {
    let goes_along = |alias: &Alias| is_last && alias.name.as_str() == STABLE;
    match aliases.iter().find(|alias| alias.version == version && !goes_along(alias)) {
        None => Ok(()),
        Some(alias) => Err(Error::precondition(format!(
            "version {version} of model \"{name}\" is named by the alias \"{}\"; point it elsewhere first",
            alias.name
        ))),
    }
}
