//! The store for one machine: one redb file, durable with each commit, open in one process at a time.

use super::{Compare, Entry, MAX_OPERATIONS, Transaction, Write};
use crate::error::{Error, Result};
use redb::{Database, DatabaseError, ReadableDatabase, ReadableTable, Table, TableDefinition};
use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

/// What redb keeps in memory; its own default is sized for a database, not for metadata.
const CACHE_BYTES: usize = 16 * 1024 * 1024;
/// Key -> (create revision, mod revision, value).
const ENTRIES: TableDefinition<'_, &str, (u64, u64, &[u8])> = TableDefinition::new("entries");
/// The revision of the store, under the key "revision".
const REVISION: TableDefinition<'_, &str, u64> = TableDefinition::new("revision");

/// A store in one file. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Coordination {
    database: Arc<Database>,
}

impl Coordination {
    /// Opens the file and creates it if it is not there.
    ///
    /// # Errors
    /// [`Error::FailedPrecondition`] if another process has it open, [`Error::Storage`] if it cannot be read or
    /// written.
    pub fn open(path: &Path) -> Result<Self> {
        let folder = path.parent().unwrap_or(path);
        let database = Database::builder().set_cache_size(CACHE_BYTES).create(path).map_err(|cause| match cause {
            DatabaseError::DatabaseAlreadyOpen => {
                Error::precondition(format!("data folder {folder:?} is in use by another modelwire"))
            }
            cause => Error::storage(format!("opening {path:?}"), cause),
        })?;
        create_tables(&database).map_err(failing("preparing"))?;
        // The file's own entry in its folder has to survive a power cut too.
        let synced = std::fs::File::open(folder).and_then(|folder| folder.sync_all());
        synced.map_err(|cause| Error::storage(format!("syncing {folder:?}"), cause))?;
        Ok(Self { database: Arc::new(database) })
    }

    /// A store over anything that holds bytes.
    #[cfg(test)]
    pub(super) fn over(backend: impl redb::StorageBackend) -> Self {
        let database = Database::builder().create_with_backend(backend).unwrap();
        create_tables(&database).unwrap();
        Self { database: Arc::new(database) }
    }

    /// What is stored under a key.
    ///
    /// # Errors
    /// [`Error::Storage`] if the file cannot be read.
    pub async fn get(&self, key: &str) -> Result<Option<Entry>> {
        let key = key.to_owned();
        self.blocking("reading", move |database| {
            let table = database.begin_read()?.open_table(ENTRIES)?;
            entry(&table, &key)
        })
        .await
    }

    /// The entries whose keys begin with `prefix`, by key.
    ///
    /// # Errors
    /// [`Error::Storage`] if the file cannot be read.
    pub async fn range(&self, prefix: &str) -> Result<Vec<(String, Entry)>> {
        let prefix = prefix.to_owned();
        self.blocking("reading", move |database| {
            let table = database.begin_read()?.open_table(ENTRIES)?;
            let mut entries = Vec::new();
            for found in table.range(prefix.as_str()..)? {
                let (key, stored) = found?;
                if !key.value().starts_with(&prefix) {
                    break;
                }
                entries.push((key.value().to_owned(), to_entry(stored.value())));
            }
            Ok(entries)
        })
        .await
    }

    /// Writes everything if all compares hold, else nothing.
    ///
    /// # Errors
    /// [`Error::Internal`] if a key is written twice or there are more than [`MAX_OPERATIONS`] compares or writes;
    /// [`Error::Storage`] if the file cannot be written: then the transaction may have happened, and has to be read
    /// again.
    pub async fn transact(&self, compares: Vec<Compare>, writes: Vec<Write>) -> Result<Transaction> {
        check(&compares, &writes)?;
        self.blocking("writing", move |database| {
            let transaction = database.begin_write()?;
            let outcome = {
                let mut entries = transaction.open_table(ENTRIES)?;
                let mut revisions = transaction.open_table(REVISION)?;
                apply(&mut entries, &mut revisions, &compares, &writes)?
            };
            match outcome {
                Transaction::Committed(_) => transaction.commit()?,
                Transaction::Refused => transaction.abort()?,
            }
            Ok(outcome)
        })
        .await
    }

    /// Runs work on the file off the threads that serve.
    async fn blocking<T: Send + 'static>(
        &self,
        doing: &'static str,
        work: impl FnOnce(&Database) -> std::result::Result<T, redb::Error> + Send + 'static,
    ) -> Result<T> {
        let database = Arc::clone(&self.database);
        let done = tokio::task::spawn_blocking(move || work(&database)).await;
        done.map_err(|cause| Error::internal(format!("{doing} the state ended early: {cause}")))?
            .map_err(failing(doing))
    }
}

fn failing(doing: &'static str) -> impl FnOnce(redb::Error) -> Error {
    move |cause| Error::storage(format!("{doing} the state"), cause)
}

fn create_tables(database: &Database) -> std::result::Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    transaction.open_table(ENTRIES)?;
    transaction.open_table(REVISION)?;
    Ok(transaction.commit()?)
}

fn check(compares: &[Compare], writes: &[Write]) -> Result<()> {
    if compares.len() > MAX_OPERATIONS || writes.len() > MAX_OPERATIONS {
        return Err(Error::internal(format!("a transaction has more than {MAX_OPERATIONS} compares or writes")));
    }
    let mut keys = HashSet::new();
    match writes.iter().find(|write| !keys.insert(write.key())) {
        Some(twice) => Err(Error::internal(format!("a transaction writes {:?} twice", twice.key()))),
        None => Ok(()),
    }
}

type Entries<'t> = Table<'t, &'static str, (u64, u64, &'static [u8])>;

fn apply(
    entries: &mut Entries<'_>,
    revisions: &mut Table<'_, &'static str, u64>,
    compares: &[Compare],
    writes: &[Write],
) -> std::result::Result<Transaction, redb::Error> {
    for compare in compares {
        if !compare.holds(entry(entries, compare.key())?.as_ref()) {
            return Ok(Transaction::Refused);
        }
    }
    let revision = revisions.get("revision")?.map_or(0, |stored| stored.value());
    let mut changed = false;
    for write in writes {
        changed |= perform(entries, write, revision + 1)?;
    }
    if !changed {
        return Ok(Transaction::Committed(revision));
    }
    revisions.insert("revision", revision + 1)?;
    Ok(Transaction::Committed(revision + 1))
}

/// Whether it changed anything: deleting what is not there does not.
fn perform(entries: &mut Entries<'_>, write: &Write, revision: u64) -> std::result::Result<bool, redb::Error> {
    match write {
        Write::Put { key, value } => {
            let created = entry(entries, key)?.map_or(revision, |entry| entry.create_revision);
            entries.insert(key.as_str(), (created, revision, value.as_slice()))?;
            Ok(true)
        }
        Write::Delete { key } => Ok(entries.remove(key.as_str())?.is_some()),
    }
}

fn entry(
    table: &impl ReadableTable<&'static str, (u64, u64, &'static [u8])>,
    key: &str,
) -> std::result::Result<Option<Entry>, redb::Error> {
    Ok(table.get(key)?.map(|stored| to_entry(stored.value())))
}

fn to_entry((create_revision, mod_revision, value): (u64, u64, &[u8])) -> Entry {
    Entry { value: value.to_owned(), create_revision, mod_revision }
}
