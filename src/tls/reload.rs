//! A new certificate without a restart: the files are read again and again, and what is whole and new is taken up.

use super::server::{Contents, ServerTls};
use crate::error::Result;
use log::{info, warn};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

/// What came of a look at the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reloaded {
    /// They hold what is in use, or the same fault as before.
    Unchanged,
    /// New connections get what they hold now.
    Swapped,
}

/// What earlier looks at the files have found.
#[derive(Debug)]
pub(super) struct Seen {
    /// Of the contents that are in use.
    digest: [u8; 32],
    /// Why the last contents were not taken up.
    fault: Option<String>,
}

impl Seen {
    pub(super) fn of(digest: [u8; 32]) -> Self {
        Self { digest, fault: None }
    }
}

impl ServerTls {
    /// Reads the files, and takes up what they hold if it is new and whole. It waits for the disk: call it on a thread
    /// that may.
    ///
    /// # Errors
    /// As [`ServerTls::load`]; what was in use stays so. The same fault is answered once, until it is mended or another.
    pub fn reload_if_changed(&self) -> Result<Reloaded> {
        let mut seen = self.seen();
        let error = match self.swap_if_changed(&mut seen) {
            Ok(reloaded) => {
                seen.fault = None;
                return Ok(reloaded);
            }
            Err(error) => error,
        };
        let fault = error.to_string();
        let known = seen.fault.replace(fault.clone()) == Some(fault);
        if known { Ok(Reloaded::Unchanged) } else { Err(error) }
    }

    fn swap_if_changed(&self, seen: &mut Seen) -> Result<Reloaded> {
        let contents = Contents::read(&self.files)?;
        let digest = contents.digest();
        if digest == seen.digest {
            return Ok(Reloaded::Unchanged);
        }
        self.current.store(Arc::new(contents.config(&self.files.client_certificates)?));
        seen.digest = digest;
        Ok(Reloaded::Swapped)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at the files once in each `period` and says in the log what came of it, until it is dropped.
pub async fn keep_current(tls: Arc<ServerTls>, period: Duration) {
    let mut looks = interval(period);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let tls = Arc::clone(&tls);
        match spawn_blocking(move || tls.reload_if_changed()).await {
            Ok(Ok(Reloaded::Unchanged)) => {}
            Ok(Ok(Reloaded::Swapped)) => info!("New connections get the new certificate."),
            Ok(Err(error)) => warn!(error:%; "The new certificate is not taken up; the one before stays in use."),
            Err(error) => warn!(error:%; "Reading the certificate ended early; it is tried again."),
        }
    }
}
