//! Giving up uploads that nobody will finish.

use super::Shared;
use super::uploads::{Upload, is_committed, key, pieces_prefix};
use crate::coordination::{Compare, Entry, MAX_OPERATIONS, Transaction, Write};
use crate::error::Result;
use std::collections::BTreeSet;

/// Committed uploads that are remembered, so that committing one again answers its version.
const MAX_COMMITTED: usize = 1024;

impl Shared {
    /// Gives up uploads that are too old, and the oldest committed ones beyond [`MAX_COMMITTED`].
    pub(super) async fn sweep(&self, now_ms: i64) -> Result<()> {
        // While something is committed its pieces are read; the next sweep comes soon enough.
        let Ok(_changing) = self.changes.try_lock() else { return Ok(()) };
        let uploads = self.uploads().await?;
        let mut committed: Vec<_> = uploads.iter().filter(|(_, upload, _)| is_committed(upload)).collect();
        committed.sort_by_key(|(_, upload, _)| std::cmp::Reverse(upload.created_ms));
        let expired = uploads.iter().filter(|(_, upload, _)| self.is_expired(upload, now_ms));
        for (id, upload, seen) in expired.chain(committed.into_iter().skip(MAX_COMMITTED)) {
            if self.give_up(id, seen).await? && !is_committed(upload) {
                log::info!(upload = id.as_str(), rows = upload.n_rows; "Gave up an upload that was never committed.");
            }
        }
        Ok(())
    }

    /// Removes what a crash left of uploads that are over.
    pub(super) async fn remove_leftovers(&self) -> Result<()> {
        let uploads = self.uploads().await?.into_iter();
        let known = uploads.filter(|(_, upload, _)| !is_committed(upload)).map(|(id, ..)| id).collect();
        let files = self.storage.list("uploads").await?.into_iter().map(|(path, _)| path);
        let pieces = self.coordination.range("pieces/").await?.into_iter().map(|(key, _)| key);
        let ids: BTreeSet<_> = files.chain(pieces).filter_map(|path| id_of(&path)).collect();
        for id in ids.difference(&known) {
            self.remove_pieces(id).await?;
        }
        Ok(())
    }

    /// Removes the rows of an upload; what is known of it stays.
    pub(super) async fn remove_pieces(&self, id: &str) -> Result<()> {
        let pieces = self.coordination.range(&pieces_prefix(id)).await?;
        for some in pieces.chunks(MAX_OPERATIONS) {
            let deletes = some.iter().map(|(key, _)| Write::delete(key)).collect();
            self.coordination.transact(vec![], deletes).await?;
        }
        self.storage.delete_folder(&format!("uploads/{id}")).await
    }

    fn is_expired(&self, upload: &Upload, now_ms: i64) -> bool {
        let age_ms =
            u128::try_from(now_ms.saturating_sub(upload.appended_ms.unwrap_or(upload.created_ms))).unwrap_or(0);
        age_ms >= self.limits.upload_lifetime.as_millis()
    }

    /// Whether it was still as it was seen, and is now over.
    pub(super) async fn give_up(&self, id: &str, seen: &Entry) -> Result<bool> {
        let unchanged = Compare::unchanged(key(id), Some(seen));
        let given_up = self.coordination.transact(vec![unchanged], vec![Write::delete(key(id))]).await?;
        if given_up == Transaction::Refused {
            return Ok(false);
        }
        self.remove_pieces(id).await?;
        Ok(true)
    }
}

/// `uploads/u7/0-….parquet` and `pieces/u7/…` -> u7; a file that somebody put beside the uploads is none of ours.
fn id_of(path: &str) -> Option<String> {
    match path.split('/').collect::<Vec<_>>()[..] {
        [_, id, _] => Some(id.to_owned()),
        _ => None,
    }
}
