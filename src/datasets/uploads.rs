//! Uploads: rows that came and are no version yet.
//!
//! The state of an upload is under `uploads/<id>`, that of each piece under `pieces/<id>/<offset>`, and its rows are
//! in the file `uploads/<id>/<offset>-<hash>.parquet`, whose name tells a piece that was cut off from the one sent
//! after it.

use super::parts::size_of_rows;
use super::{Shared, blocking, conform, encode, rows_sha256};
use crate::coordination::{Compare, Entry, Transaction, Write};
use crate::data::{ColumnSchema, Name, Table};
use crate::error::{Error, Result, quotable};
use crate::failpoint;
use crate::storage::StoredFile;
use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// What is known of an upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) name: Name,
    pub(super) idempotency_key: Option<String>,
    pub(super) created_ms: i64,
    /// When rows came last; an upload without has none, nor one of an earlier version of this program.
    #[serde(default)]
    pub(super) appended_ms: Option<i64>,
    /// As the first piece has them; none before it came.
    pub(super) columns: Vec<ColumnSchema>,
    pub(super) n_rows: u64,
    pub(super) n_pieces: u64,
    pub(super) n_bytes: u64,
    pub(super) phase: Phase,
}

/// How far an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Phase {
    /// It takes rows.
    Open,
    /// Its version is being written, now or after a crash; the same again would be written.
    Committing { version: u64, created_ms: i64 },
    /// Its version is there.
    Committed { version: u64 },
}

/// Rows that came in one call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Piece {
    pub(super) rows_sha256: String,
    pub(super) file: StoredFile,
}

pub(super) fn key(id: &str) -> String {
    format!("uploads/{id}")
}

pub(super) fn pieces_prefix(id: &str) -> String {
    format!("pieces/{id}/")
}

fn piece_key(id: &str, offset: u64) -> String {
    format!("{}{offset:020}", pieces_prefix(id))
}

pub(super) fn to_json(content: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(content).map_err(|cause| Error::internal(cause.to_string()))
}

pub(super) fn from_json<T: DeserializeOwned>(key: &str, entry: &Entry) -> Result<T> {
    serde_json::from_slice(&entry.value)
        .map_err(|cause| Error::Damaged { path: format!("state.redb, {key}"), why: cause.to_string() })
}

impl Shared {
    pub(super) async fn create(&self, name: &Name, idempotency_key: Option<&str>, now_ms: i64) -> Result<String> {
        let _creating = self.creations.lock().await;
        self.sweep(now_ms).await?;
        let uploads = self.uploads().await?;
        let repeated =
            |upload: &Upload| idempotency_key.is_some() && upload.idempotency_key.as_deref() == idempotency_key;
        if let Some((id, upload, _)) = uploads.iter().find(|(_, upload, _)| repeated(upload)) {
            return same_name(id, upload, name);
        }
        self.make_room(&uploads).await?;
        let id = format!("u{}", self.coordination.next_number("next_upload", 1).await?);
        let upload = Upload {
            name: name.clone(),
            idempotency_key: idempotency_key.map(str::to_owned),
            created_ms: now_ms,
            appended_ms: None,
            columns: Vec::new(),
            n_rows: 0,
            n_pieces: 0,
            n_bytes: 0,
            phase: Phase::Open,
        };
        self.coordination.transact(vec![], vec![Write::put(key(&id), to_json(&upload)?)]).await?;
        Ok(id)
    }

    /// Leaves fewer open uploads than there may be: of those that have no rows yet, the oldest one goes.
    async fn make_room(&self, uploads: &[(String, Upload, Entry)]) -> Result<()> {
        let limit = self.limits.max_open_uploads;
        let mut open = uploads.iter().filter(|(_, upload, _)| !is_committed(upload)).count();
        let mut empty: Vec<_> = uploads.iter().filter(|(_, upload, _)| is_empty(upload)).collect();
        // By the number in the id: a clock may be set back.
        empty.sort_by_key(|(id, ..)| (id.len(), id));
        for (id, _, seen) in empty {
            if open < limit {
                break;
            }
            // Refused: rows came meanwhile, and somebody is at work on it.
            if self.give_up(id, seen).await? {
                log::warn!(upload = id.as_str(), limit; "Gave up the oldest upload without rows: too many are open.");
                open -= 1;
            }
        }
        if open < limit { Ok(()) } else { Err(Error::TooMany { what: "uploads", count: open, limit }) }
    }

    pub(super) async fn append(&self, id: &str, offset: u64, rows: Table, now_ms: i64) -> Result<u64> {
        loop {
            let (upload, seen) = self.upload(id).await?;
            if upload.phase != Phase::Open {
                return Err(Error::precondition(format!("upload {id:?} is committed and takes no more rows")));
            }
            let incoming = Incoming::prepare(rows.clone(), upload.columns.clone()).await?;
            if offset != upload.n_rows {
                return self.repeated(id, offset, &incoming, &upload).await;
            }
            if incoming.table.n_rows() == 0 {
                return Ok(upload.n_rows);
            }
            let grown = Upload { appended_ms: Some(now_ms), ..self.grow(id, upload, &incoming)? };
            let n_rows = grown.n_rows;
            if self.store(id, offset, incoming, grown, &seen).await? != Transaction::Refused {
                return Ok(n_rows);
            }
        }
    }

    /// An upload that was created and is not given up yet.
    pub(super) async fn upload(&self, id: &str) -> Result<(Upload, Entry)> {
        let missing = || Error::UploadNotFound { id: quotable(id) };
        let id = Name::parse("upload", id).map_err(|_| missing())?;
        let key = key(id.as_str());
        let entry = self.coordination.get(&key).await?.ok_or_else(missing)?;
        Ok((from_json(&key, &entry)?, entry))
    }

    /// All uploads with their ids.
    pub(super) async fn uploads(&self) -> Result<Vec<(String, Upload, Entry)>> {
        let entries = self.coordination.range("uploads/").await?;
        let read =
            |(key, entry): (String, Entry)| Ok((key["uploads/".len()..].to_owned(), from_json(&key, &entry)?, entry));
        entries.into_iter().map(read).collect()
    }

    /// Rows at another offset than the next: fine if they are there already.
    async fn repeated(&self, id: &str, offset: u64, incoming: &Incoming, upload: &Upload) -> Result<u64> {
        let key = piece_key(id, offset);
        if let Some(entry) = self.coordination.get(&key).await? {
            let there: Piece = from_json(&key, &entry)?;
            if there.rows_sha256 == incoming.sha256 {
                return Ok(upload.n_rows);
            }
        }
        let next = upload.n_rows;
        Err(Error::precondition(format!(
            "rows came at offset {offset}; the upload has {next} rows, so the next offset is {next}"
        )))
    }

    /// What the upload is with these rows.
    fn grow(&self, id: &str, upload: Upload, incoming: &Incoming) -> Result<Upload> {
        let (n_bytes, n_pieces) = (upload.n_bytes + incoming.n_bytes, upload.n_pieces + 1);
        let over = |what, is: u64, limit: u64| {
            Error::precondition(format!(
                "upload {id:?} would have {is} {what} and the limit is {limit}; commit it first"
            ))
        };
        if n_bytes > self.limits.max_upload_bytes {
            return Err(over("bytes", n_bytes, self.limits.max_upload_bytes));
        }
        if n_pieces > self.limits.max_upload_pieces {
            return Err(over("pieces", n_pieces, self.limits.max_upload_pieces));
        }
        let n_rows = upload.n_rows + incoming.table.n_rows() as u64;
        Ok(Upload { columns: incoming.table.schema(), n_rows, n_pieces, n_bytes, ..upload })
    }

    /// First the file, then what makes it count.
    async fn store(
        &self,
        id: &str,
        offset: u64,
        incoming: Incoming,
        grown: Upload,
        seen: &Entry,
    ) -> Result<Transaction> {
        let Incoming { table, sha256, .. } = incoming;
        let bytes: Bytes = blocking(move || encode(&table)).await?;
        let file = StoredFile::of(format!("{offset}-{}.parquet", &sha256[..16]), &bytes);
        self.storage.create(&format!("uploads/{id}/{}", file.path), bytes).await?;
        failpoint::reach("append:piece");
        let piece = Piece { rows_sha256: sha256, file };
        let unchanged = Compare::unchanged(key(id), Some(seen));
        let writes = vec![Write::put(key(id), to_json(&grown)?), Write::put(piece_key(id, offset), to_json(&piece)?)];
        self.coordination.transact(vec![unchanged], writes).await
    }
}

/// Rows that came and were checked.
struct Incoming {
    table: Table,
    sha256: String,
    n_bytes: u64,
}

impl Incoming {
    async fn prepare(rows: Table, columns: Vec<ColumnSchema>) -> Result<Self> {
        blocking(move || {
            let table = if columns.is_empty() { rows } else { conform::conform(rows, &columns)? };
            let (sha256, n_bytes) = (rows_sha256(&table), size_of_rows(&table));
            Ok(Self { table, sha256, n_bytes })
        })
        .await
    }
}

fn is_empty(upload: &Upload) -> bool {
    upload.phase == Phase::Open && upload.n_pieces == 0
}

pub(super) fn is_committed(upload: &Upload) -> bool {
    matches!(upload.phase, Phase::Committed { .. })
}

fn same_name(id: &str, upload: &Upload, name: &Name) -> Result<String> {
    if upload.name == *name {
        return Ok(id.to_owned());
    }
    let key = quotable(upload.idempotency_key.as_deref().unwrap_or_default());
    Err(Error::invalid(format!("idempotency_key {key:?} was used for data set \"{}\"; take a new one", upload.name)))
}
