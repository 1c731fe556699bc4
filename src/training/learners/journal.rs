//! Learners as `coordination` keeps them: what changes, what never does, and an entry for each of the last batches and its key.

use super::record::{Kept, KeptBatch, Record, Shape};
use crate::coordination::{Compare, Coordination, Entry, MAX_OPERATIONS, Transaction, Write};
use crate::data::Name;
use crate::error::{Error, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

const RECORDS: &str = "learners/by_name/";
/// Batches of a learner that are remembered, with their idempotency keys.
const REMEMBERED: u64 = 1_000;

/// Every learner that is kept.
pub(super) async fn all(coordination: &Coordination) -> Result<Vec<Kept>> {
    let mut kept = vec![];
    for (key, entry) in coordination.range(RECORDS).await? {
        let name = Name::parse("model", &key[RECORDS.len()..])?;
        let shape = shape_key(&name);
        let found = coordination.get(&shape).await?;
        let found = found.ok_or_else(|| damaged(&shape, "it is not there".into()))?;
        let batches = batches(coordination, &name).await?;
        kept.push(Kept { shape: parse(&shape, &found)?, record: parse(&key, &entry)?, name, batches });
    }
    Ok(kept)
}

/// The last batches of a learner, oldest first.
pub(super) async fn batches(coordination: &Coordination, name: &Name) -> Result<Vec<KeptBatch>> {
    let entries = coordination.range(&batches_prefix(name)).await?;
    entries.iter().map(|(key, entry)| parse(key, entry)).collect()
}

/// A batch that is remembered.
pub(super) async fn batch(coordination: &Coordination, name: &Name, number: u64) -> Result<Option<KeptBatch>> {
    let key = batch_key(name, number);
    let entry = coordination.get(&key).await?;
    entry.map(|entry| parse(&key, &entry)).transpose()
}

/// The batch that an idempotency key belongs to.
pub(super) async fn batch_of_key(coordination: &Coordination, name: &Name, key: &str) -> Result<Option<KeptBatch>> {
    let Some(found) = coordination.get(&key_key(name, key)).await? else { return Ok(None) };
    let batch_key = String::from_utf8_lossy(&found.value).into_owned();
    let entry = coordination.get(&batch_key).await?;
    entry.map(|entry| parse(&batch_key, &entry)).transpose()
}

/// Takes down a learner with its first batch.
pub(super) async fn begin(
    coordination: &Coordination,
    name: &Name,
    shape: &Shape,
    record: &Record,
    batch: &KeptBatch,
) -> Result<()> {
    clear(coordination, name).await?;
    let compares = vec![Compare::unchanged(record_key(name), None)];
    let mut writes = of_batch(name, record, batch)?;
    writes.push(put(shape_key(name), shape)?);
    match coordination.transact(compares, writes).await? {
        Transaction::Committed(_) => Ok(()),
        Transaction::Refused => Err(Error::internal(format!("learner {name} is there already"))),
    }
}

/// Takes down a batch, or what became of it later, and forgets the oldest one.
pub(super) async fn learn(coordination: &Coordination, name: &Name, record: &Record, batch: &KeptBatch) -> Result<()> {
    let mut writes = of_batch(name, record, batch)?;
    if let Some(old) = batch.learned.batch.checked_sub(REMEMBERED) {
        let key = batch_key(name, old);
        if let Some(entry) = coordination.get(&key).await? {
            let old: KeptBatch = parse(&key, &entry)?;
            writes.extend(old.key_sha256.map(|it| Write::delete(key_key(name, &it))));
            writes.push(Write::delete(key));
        }
    }
    coordination.transact(vec![], writes).await.map(drop)
}

/// Forgets a learner.
pub(super) async fn forget(coordination: &Coordination, name: &Name) -> Result<()> {
    let own = [record_key(name), shape_key(name)].map(Write::delete);
    coordination.transact(vec![], own.into()).await?;
    clear(coordination, name).await
}

/// Deletes batches and keys of a learner that is not there.
async fn clear(coordination: &Coordination, name: &Name) -> Result<()> {
    for prefix in [keys_prefix(name), batches_prefix(name)] {
        let keys: Vec<String> = coordination.range(&prefix).await?.into_iter().map(|(key, _)| key).collect();
        for some in keys.chunks(MAX_OPERATIONS) {
            coordination.transact(vec![], some.iter().map(Write::delete).collect()).await?;
        }
    }
    Ok(())
}

fn of_batch(name: &Name, record: &Record, batch: &KeptBatch) -> Result<Vec<Write>> {
    let own = batch_key(name, batch.learned.batch);
    let key = batch.key_sha256.as_ref().map(|it| Write::put(key_key(name, it), own.clone()));
    let writes = [put(record_key(name), record)?, put(own, batch)?];
    Ok(writes.into_iter().chain(key).collect())
}

fn put(key: String, value: &impl Serialize) -> Result<Write> {
    let value = serde_json::to_vec(value).map_err(|cause| Error::internal(cause.to_string()))?;
    Ok(Write::put(key, value))
}

fn parse<T: DeserializeOwned>(key: &str, entry: &Entry) -> Result<T> {
    serde_json::from_slice(&entry.value).map_err(|cause| damaged(key, cause.to_string()))
}

fn damaged(key: &str, why: String) -> Error {
    Error::Damaged { path: format!("state.redb, {key}"), why }
}

fn record_key(name: &Name) -> String {
    format!("{RECORDS}{name}")
}

fn shape_key(name: &Name) -> String {
    format!("learners/shapes/{name}")
}

fn batches_prefix(name: &Name) -> String {
    format!("learners/batches/{name}/")
}

fn batch_key(name: &Name, batch: u64) -> String {
    format!("{}{batch:020}", batches_prefix(name))
}

fn keys_prefix(name: &Name) -> String {
    format!("learners/keys/{name}/")
}

fn key_key(name: &Name, key_sha256: &str) -> String {
    format!("{}{key_sha256}", keys_prefix(name))
}
