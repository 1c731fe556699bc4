//! Making an upload a version: its number, its parts, its manifest, the upload's end, and only then its pieces go.

use super::canonical::RowsHash;
use super::manifest::{Dataset, MANIFEST, Manifest, Part, folder};
use super::parts::{Cutter, PART_BYTES};
use super::statistics::Statistics;
use super::uploads::{Phase, Piece, Upload, from_json, key, pieces_prefix, to_json};
use super::{Shared, blocking, decode, encode};
use crate::coordination::{Compare, Entry, Transaction, Write};
use crate::data::{ColumnSchema, Reference, Selector, Table};
use crate::error::{Error, Result};
use crate::failpoint;
use crate::storage::{StoredFile, seal};
use bytes::Bytes;
use std::sync::Arc;

const RESERVED: &str = "commit:reserved";
const WRITTEN: &str = "commit:part";
const COMMITTED: &str = "commit:manifest";
const CLOSED: &str = "commit:upload";
const SHOWN: &str = "commit:catalog";

/// The failpoints of a commit, each after the step that it is named for.
pub const STEPS: [&str; 5] = [RESERVED, WRITTEN, COMMITTED, CLOSED, SHOWN];

impl Shared {
    pub(super) async fn commit(&self, id: &str, expected_rows: Option<u64>, now_ms: i64) -> Result<Dataset> {
        let _changing = self.changes.lock().await;
        let (upload, seen, version, created_ms) = match self.reserve(id, expected_rows, now_ms).await? {
            Reserved::Version { upload, seen, version, created_ms } => (upload, seen, version, created_ms),
            Reserved::Done(reference) => return Ok(self.catalog.load().find(&reference)?.dataset.clone()),
        };
        failpoint::reach(RESERVED);
        let manifest = self.write_parts(id, &upload, version, created_ms).await?;
        let path = format!("{}/{MANIFEST}", folder(&upload.name, version));
        self.storage.create(&path, seal(&manifest)?).await?;
        failpoint::reach(COMMITTED);
        let closed = Upload { phase: Phase::Committed { version }, ..upload };
        self.replace(id, &seen, &closed).await?;
        failpoint::reach(CLOSED);
        let dataset = manifest.dataset.clone();
        self.show(|catalog| catalog.put(Arc::new(manifest)));
        failpoint::reach(SHOWN);
        // The version stands; pieces that cannot be removed now are when the upload is swept.
        if let Err(error) = self.remove_pieces(id).await {
            log::warn!(upload = id, error:%; "Left pieces of a committed upload behind.");
        }
        Ok(dataset)
    }

    /// Sets a version number aside and closes the upload for rows; after a crash it answers the number of the first
    /// time.
    async fn reserve(&self, id: &str, expected_rows: Option<u64>, now_ms: i64) -> Result<Reserved> {
        loop {
            let (upload, seen) = self.upload(id).await?;
            check_rows(&upload, expected_rows)?;
            match upload.phase {
                Phase::Committed { version } => {
                    return Ok(Reserved::Done(Reference { name: upload.name, selector: Selector::Version(version) }));
                }
                Phase::Committing { version, created_ms } => {
                    return Ok(Reserved::Version { upload, seen, version, created_ms });
                }
                Phase::Open => {
                    let counter = format!("datasets/{}/next_version", upload.name);
                    let above = self.catalog.load().highest(&upload.name) + 1;
                    let version = self.coordination.next_number(&counter, above).await?;
                    let closing = Upload { phase: Phase::Committing { version, created_ms: now_ms }, ..upload };
                    // Refused: rows came in between, which the next round sees.
                    self.swap(id, &seen, &closing).await?;
                }
            }
        }
    }

    async fn swap(&self, id: &str, seen: &Entry, upload: &Upload) -> Result<Transaction> {
        let unchanged = Compare::unchanged(key(id), Some(seen));
        self.coordination.transact(vec![unchanged], vec![Write::put(key(id), to_json(upload)?)]).await
    }

    async fn replace(&self, id: &str, seen: &Entry, upload: &Upload) -> Result<()> {
        match self.swap(id, seen, upload).await? {
            Transaction::Committed(_) => Ok(()),
            Transaction::Refused => Err(Error::internal(format!("upload {id:?} changed while it was committed"))),
        }
    }

    /// Reads the pieces one by one and writes them as parts: memory holds one piece and one part.
    async fn write_parts(&self, id: &str, upload: &Upload, version: u64, created_ms: i64) -> Result<Manifest> {
        let folder = folder(&upload.name, version);
        let (mut rows, mut parts) = (Rows::new(&upload.columns), Vec::new());
        for (key, entry) in self.coordination.range(&pieces_prefix(id)).await? {
            let piece: Piece = from_json(&key, &entry)?;
            let bytes = self.storage.read_listed(&format!("uploads/{id}"), &piece.file).await?;
            let full;
            (rows, full) = blocking(move || rows.take(bytes)).await?;
            for part in full {
                parts.push(self.write_part(&folder, parts.len() + 1, part).await?);
            }
        }
        let columns = upload.columns.clone();
        let (last, sha256, statistics) = blocking(move || rows.finish(&columns)).await?;
        if let Some(part) = last {
            parts.push(self.write_part(&folder, parts.len() + 1, part).await?);
        }
        let dataset = Dataset {
            name: upload.name.clone(),
            version,
            n_rows: upload.n_rows,
            columns: upload.columns.clone(),
            sha256,
            size_bytes: parts.iter().map(|part| part.file.size).sum(),
            created_ms,
        };
        Ok(Manifest { dataset, statistics, parts })
    }

    async fn write_part(&self, folder: &str, number: usize, table: Table) -> Result<Part> {
        let n_rows = table.n_rows() as u64;
        let bytes = blocking(move || encode(&table)).await?;
        let file = StoredFile::of(format!("part-{number}.parquet"), &bytes);
        self.storage.create(&format!("{folder}/{}", file.path), bytes).await?;
        failpoint::reach(WRITTEN);
        Ok(Part { file, n_rows })
    }
}

/// What a commit starts from.
enum Reserved {
    /// A version has to be written.
    Version { upload: Upload, seen: Entry, version: u64, created_ms: i64 },
    /// It was, before.
    Done(Reference),
}

fn check_rows(upload: &Upload, expected: Option<u64>) -> Result<()> {
    let n_rows = upload.n_rows;
    match expected {
        Some(expected) if expected != n_rows => {
            Err(Error::precondition(format!("the upload has {n_rows} rows and not {expected}")))
        }
        _ if n_rows == 0 => Err(Error::precondition("the upload has no rows; append some first")),
        _ => Ok(()),
    }
}

/// Everything that is learnt in the one pass over the rows.
struct Rows {
    cutter: Cutter,
    hash: RowsHash,
    statistics: Statistics,
}

impl Rows {
    fn new(schema: &[ColumnSchema]) -> Self {
        let statistics = Statistics::new(schema.len());
        Self { cutter: Cutter::new(PART_BYTES), hash: RowsHash::new(schema), statistics }
    }

    /// Takes a piece; the result has the parts that it completes.
    fn take(mut self, bytes: Bytes) -> Result<(Self, Vec<Table>)> {
        let table = decode(bytes)?;
        self.hash.update(&table);
        self.statistics.update(&table);
        let full = self.cutter.push(&table)?;
        Ok((self, full))
    }

    fn finish(mut self, schema: &[ColumnSchema]) -> Result<(Option<Table>, String, Vec<super::ColumnStatistics>)> {
        Ok((self.cutter.finish()?, self.hash.finish(schema), self.statistics.finish(schema)))
    }
}
