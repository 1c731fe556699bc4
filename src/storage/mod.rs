//! Immutable files below the data folder: created once and for good, listed in a sealed manifest, verified before use.
//!
//! Nothing is ever overwritten; what changes lives in [`coordination`](crate::coordination). Paths are made of checked
//! [`Name`](crate::data::Name)s and of numbers, never of a caller's text.

mod sealed;

pub use sealed::{seal, unseal};

use crate::error::{Error, Result};
use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, path::Path};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io;
use std::path::PathBuf;

/// Most bytes of a file; larger content is several files, because only a single put can refuse to overwrite.
pub const MAX_FILE_BYTES: usize = 64 * 1024 * 1024;

/// A file as a manifest lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Below the folder of the manifest.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// Of its bytes, in hex.
    pub sha256: String,
}

impl StoredFile {
    /// Measures a file that holds these bytes.
    pub fn of(path: impl Into<String>, bytes: &[u8]) -> Self {
        Self { path: path.into(), size: bytes.len() as u64, sha256: sha256(bytes) }
    }

    /// Holds the bytes that were read of it, in `folder`, against what was listed. A large file takes its time.
    ///
    /// # Errors
    /// [`Error::Damaged`] if they are not what was listed.
    pub fn verify(&self, folder: &str, bytes: &[u8]) -> Result<()> {
        let path = format!("{folder}/{}", self.path);
        if bytes.len() as u64 != self.size {
            return Err(damaged(&path, format!("it has {} bytes and had {}", bytes.len(), self.size)));
        }
        if sha256(bytes) != self.sha256 {
            return Err(damaged(&path, "its SHA-256 is not the one in the manifest"));
        }
        Ok(())
    }
}

/// SHA-256 in lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The files below one data folder.
#[derive(Debug)]
pub struct Storage {
    store: LocalFileSystem,
    folder: PathBuf,
}

impl Storage {
    /// Opens a data folder and creates it if it is not there.
    ///
    /// # Errors
    /// [`Error::Storage`], with the path, if the folder cannot be created, read or written.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self> {
        let folder = folder.into();
        let store = usable(&folder)
            .and_then(|()| Ok(LocalFileSystem::new_with_prefix(&folder)?.with_fsync(true)))
            .map_err(|cause| Error::storage(format!("opening the data folder {folder:?}"), cause))?;
        Ok(Self { store, folder })
    }

    /// The data folder.
    pub fn folder(&self) -> &std::path::Path {
        &self.folder
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`Error::Damaged`] if it is not there or larger than any file of ours, [`Error::Storage`] if it cannot be read.
    pub async fn read(&self, path: &str) -> Result<Bytes> {
        let found = match self.store.get(&location(path)?).await {
            Err(object_store::Error::NotFound { .. }) => return Err(damaged(path, "it is not there")),
            found => found.map_err(failing("reading", path))?,
        };
        if found.meta.size > MAX_FILE_BYTES as u64 {
            return Err(damaged(path, format!("it has {} bytes, more than any file of ours", found.meta.size)));
        }
        found.bytes().await.map_err(failing("reading", path))
    }

    /// Reads a file that a manifest in `folder` lists.
    ///
    /// # Errors
    /// [`Error::Damaged`] if it is not what was listed, [`Error::Storage`] if it cannot be read.
    pub async fn read_listed(&self, folder: &str, file: &StoredFile) -> Result<Bytes> {
        let bytes = self.read(&format!("{folder}/{}", file.path)).await?;
        file.verify(folder, &bytes)?;
        Ok(bytes)
    }

    /// Creates a file; once this returns it survives a power cut. Creating it again with the same bytes changes
    /// nothing.
    ///
    /// # Errors
    /// [`Error::FailedPrecondition`] if it is there with other bytes or is larger than [`MAX_FILE_BYTES`],
    /// [`Error::Storage`] if it cannot be written.
    pub async fn create(&self, path: &str, bytes: Bytes) -> Result<()> {
        if bytes.len() > MAX_FILE_BYTES {
            let (size, most) = (bytes.len(), MAX_FILE_BYTES);
            return Err(Error::precondition(format!("{path} would have {size} bytes and a file has at most {most}")));
        }
        match self.store.put_opts(&location(path)?, bytes.clone().into(), PutMode::Create.into()).await {
            Err(object_store::Error::AlreadyExists { .. }) => self.confirm(path, &bytes).await,
            put => put.map(drop).map_err(failing("writing", path)),
        }
    }

    /// All files below a folder with their sizes, by path. Files that a crash left half written are not among them.
    ///
    /// # Errors
    /// [`Error::Storage`] if the folder cannot be read.
    pub async fn list(&self, folder: &str) -> Result<Vec<(String, u64)>> {
        let found = self.store.list(Some(&location(folder)?));
        let mut files: Vec<_> = found
            .map_ok(|file| (file.location.to_string(), file.size))
            .try_collect()
            .await
            .map_err(failing("listing", folder))?;
        files.sort();
        Ok(files)
    }

    /// Whether a file is there.
    ///
    /// # Errors
    /// [`Error::Storage`] if that cannot be found out.
    pub async fn exists(&self, path: &str) -> Result<bool> {
        match self.store.head(&location(path)?).await {
            Err(object_store::Error::NotFound { .. }) => Ok(false),
            found => found.map(|_| true).map_err(failing("looking for", path)),
        }
    }

    /// Deletes a file; once this returns it is gone for good. Deleting what is not there changes nothing.
    ///
    /// # Errors
    /// [`Error::Storage`] if it cannot be deleted.
    pub async fn delete(&self, path: &str) -> Result<()> {
        match self.store.delete(&location(path)?).await {
            Ok(()) => self.sync_parent(path).await,
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(cause) => Err(Error::storage(format!("deleting {path}"), cause)),
        }
    }

    /// Deletes a folder with all that is in it, half-written files included. The files go in no certain order: delete
    /// first the one that makes the others count.
    ///
    /// # Errors
    /// [`Error::Storage`] if it cannot be deleted.
    pub async fn delete_folder(&self, path: &str) -> Result<()> {
        let location = location(path)?;
        if location.as_ref().is_empty() {
            return Err(Error::internal("the data folder itself is never deleted"));
        }
        let folder = self.folder.join(location.as_ref());
        match tokio::fs::remove_dir_all(folder).await {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                Err(Error::storage(format!("deleting {path}"), cause))
            }
            _ => Ok(()),
        }
    }

    /// A crash may have come between making the file visible and making that durable: the latter is done again.
    async fn confirm(&self, path: &str, bytes: &Bytes) -> Result<()> {
        if self.read(path).await? != bytes {
            return Err(Error::precondition(format!("{path} is already there with other content")));
        }
        self.sync_parent(path).await
    }

    /// Makes the entries of a file's folder durable; `object_store` does so for what it creates, not for the rest.
    async fn sync_parent(&self, path: &str) -> Result<()> {
        let parent = self.folder.join(path).parent().map(PathBuf::from).unwrap_or_default();
        let sync = async { tokio::fs::File::open(parent).await?.sync_all().await };
        sync.await.map_err(|cause| Error::storage(format!("syncing the folder of {path}"), cause))
    }
}

/// Creates the folder and tries out that it can be read and written.
fn usable(folder: &std::path::Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::read_dir(folder)?;
    let probe = folder.join(".writable");
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(probe)
}

fn location(path: &str) -> Result<Path> {
    Path::parse(path).map_err(failing("naming", path))
}

fn damaged(path: &str, why: impl Into<String>) -> Error {
    Error::Damaged { path: path.to_owned(), why: why.into() }
}

fn failing<E: std::error::Error + Send + Sync + 'static>(doing: &str, path: &str) -> impl FnOnce(E) -> Error {
    let doing = format!("{doing} {path}");
    move |cause| Error::storage(doing, cause)
}

#[cfg(test)]
mod tests;
