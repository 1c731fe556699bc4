//! The states of a job's fits on disk, so that a restart goes on where the server was cut off.
//!
//! A state is one file, `jobs/j7/checkpoints/0.k_means.5f2c09d1a7e84b36/12`: the twelfth that this job kept, of its first fit. It is created whole
//! and durable, then the one before it is deleted; so there is always one, and a crash between leaves two, of which the newer
//! counts. All go with the job's folder when the job ends, and those of jobs that are gone with the sweep of a start.
//!
//! | bytes | content |
//! |---|---|
//! | 4 | length of the head, u32 little-endian |
//! | … | head: JSON with the build, the iteration and the length of the state |
//! | … | the state |
//! | 32 | SHA-256 of everything before |

mod build;

use crate::error::{Error, Result};
use crate::failpoint;
use crate::model::{Kept, MAX_STATE_BYTES, StateStore};
use crate::storage::Storage;
use log::warn;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

const KEPT: &str = "job:state_kept";
const REPLACED: &str = "job:state_replaced";

/// The steps of a checkpoint after which a test can end the process, in their order.
pub const CHECKPOINT_STEPS: [&str; 2] = [KEPT, REPLACED];

/// A fit spends at most this part of its time on keeping states.
const SHARE: u32 = 20;

const DIGEST: usize = 32;

/// What stands before a state.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    /// Another one may come to other bits.
    build: String,
    iteration: usize,
    state_bytes: usize,
}

/// The states of the fits of one run of a job.
pub(super) struct States {
    storage: Arc<Storage>,
    runtime: Handle,
    /// `jobs/j7/checkpoints`
    folder: String,
    /// At least so much time between two states; `None` keeps none.
    every: Option<Duration>,
    /// The number of the newest state of each fit.
    newest: RefCell<BTreeMap<String, u64>>,
    next: Cell<u64>,
    due: Cell<Instant>,
    /// When the state began to be written down that was due last.
    begun: Cell<Instant>,
}

impl States {
    /// Finds the states that runs before have kept. It is used on a thread that is none of the runtime's.
    ///
    /// # Errors
    /// [`Error::Storage`] if the folder cannot be read.
    pub(super) async fn open(storage: &Arc<Storage>, job_folder: &str, every: Option<Duration>) -> Result<Self> {
        let (folder, newest) = (folder_of(job_folder), newest(storage, job_folder).await?);
        let next = newest.values().max().map_or(1, |last| last + 1);
        let due = Instant::now() + every.unwrap_or_default();
        let (storage, runtime) = (Arc::clone(storage), Handle::current());
        Ok(Self {
            storage,
            runtime,
            folder,
            every,
            newest: RefCell::new(newest),
            next: Cell::new(next),
            due: Cell::new(due),
            begun: Cell::new(due),
        })
    }

    fn path(&self, fit: &str, number: u64) -> String {
        format!("{}/{fit}/{number}", self.folder)
    }

    fn pause(&self) {
        let pause = self.every.unwrap_or_default().max(self.begun.get().elapsed() * SHARE);
        self.due.set(Instant::now() + pause);
    }

    fn write(&self, fit: &str, kept: &Kept) -> Result<()> {
        let number = self.next.replace(self.next.get() + 1);
        let bytes = encoded(build::of_this_program()?, kept)?;
        self.runtime.block_on(self.storage.create(&self.path(fit, number), bytes.into()))?;
        failpoint::reach(KEPT);
        if let Some(before) = self.newest.borrow_mut().insert(fit.to_owned(), number) {
            self.runtime.block_on(self.storage.delete(&self.path(fit, before)))?;
        }
        failpoint::reach(REPLACED);
        Ok(())
    }
}

impl StateStore for States {
    fn last(&self, fit: &str) -> Result<Option<Kept>> {
        let Some(number) = self.newest.borrow().get(fit).copied() else { return Ok(None) };
        let path = self.path(fit, number);
        let bytes = self.runtime.block_on(self.storage.read(&path))?;
        decoded(&path, build::of_this_program()?, &bytes).map(Some)
    }

    fn is_due(&self) -> bool {
        self.begun.set(Instant::now());
        self.every.is_some() && self.begun.get() >= self.due.get()
    }

    fn keep(&self, fit: &str, kept: Kept) {
        if let Err(error) = self.write(fit, &kept) {
            warn!(folder = self.folder, fit, error:%; "A state of a fit could not be kept; a restart goes on from the one before.");
        }
        self.pause();
    }

    fn give_up(&self, fit: &str) {
        let limit = MAX_STATE_BYTES;
        warn!(folder = self.folder, fit, limit; "The state of a fit has more bytes than are kept; after a restart it begins again.");
        self.pause();
    }
}

fn folder_of(job_folder: &str) -> String {
    format!("{job_folder}/checkpoints")
}

/// The number of the newest state of each fit of a job. Numbers ascend over all its fits and runs.
///
/// # Errors
/// [`Error::Storage`] if the folder cannot be read.
pub(super) async fn newest(storage: &Storage, job_folder: &str) -> Result<BTreeMap<String, u64>> {
    let folder = folder_of(job_folder);
    let mut newest: BTreeMap<String, u64> = BTreeMap::new();
    for (path, _) in storage.list(&folder).await? {
        let name = path.strip_prefix(&format!("{folder}/")).and_then(|name| name.split_once('/'));
        if let Some((fit, number)) = name.and_then(|(fit, number)| Some((fit, number.parse().ok()?))) {
            let newest = newest.entry(fit.to_owned()).or_insert(number);
            *newest = number.max(*newest);
        }
    }
    Ok(newest)
}

fn encoded(build: &str, kept: &Kept) -> Result<Vec<u8>> {
    let head = Head { build: build.to_owned(), iteration: kept.iteration, state_bytes: kept.state.len() };
    let head = serde_json::to_vec(&head).map_err(|cause| Error::internal(cause.to_string()))?;
    let length = u32::try_from(head.len()).map_err(|cause| Error::internal(cause.to_string()))?;
    let mut bytes = Vec::with_capacity(head.len() + kept.state.len() + 4 + DIGEST);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&head);
    bytes.extend_from_slice(&kept.state);
    let digest = Sha256::digest(&bytes);
    bytes.extend_from_slice(&digest);
    Ok(bytes)
}

fn decoded(path: &str, build: &str, bytes: &[u8]) -> Result<Kept> {
    let damaged = |why: &str| Error::Damaged { path: path.to_owned(), why: why.to_owned() };
    let (content, digest) = bytes.split_last_chunk::<DIGEST>().ok_or_else(|| damaged("it is too short"))?;
    if Sha256::digest(content).as_slice() != digest {
        return Err(damaged("its SHA-256 does not fit"));
    }
    let (length, rest) = content.split_first_chunk::<4>().ok_or_else(|| damaged("it is too short"))?;
    let (head, state) = rest
        .split_at_checked(u32::from_le_bytes(*length) as usize)
        .ok_or_else(|| damaged("it is shorter than it says"))?;
    let head: Head = serde_json::from_slice(head).map_err(|cause| damaged(&cause.to_string()))?;
    if head.build != build {
        return Err(Error::precondition(format!(
            "build {} wrote it and this is {build}; another build may come to other bits",
            head.build
        )));
    }
    if head.state_bytes != state.len() {
        return Err(damaged("it is not as long as it says"));
    }
    Ok(Kept { iteration: head.iteration, state: state.to_vec() })
}

#[cfg(test)]
mod tests;
