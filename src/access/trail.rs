//! What a call was about, for its line in the audit log.

use super::Resource;
use std::sync::{Arc, Mutex, PoisonError};

/// Takes down what a call names and finds. Cloning shares it; a call that is not audited takes down nothing.
#[derive(Clone, Debug, Default)]
pub struct Trail(Option<Arc<Mutex<Vec<String>>>>);

impl Trail {
    /// A trail that is kept.
    pub fn kept() -> Self {
        Self(Some(Arc::default()))
    }

    /// Takes down a resource.
    pub fn note(&self, resource: Resource<'_>) {
        if let Some(notes) = &self.0 {
            notes.lock().unwrap_or_else(PoisonError::into_inner).push(resource.to_string());
        }
    }

    /// What was taken down: `model "churn", version 3`.
    pub fn text(&self) -> String {
        self.0
            .as_ref()
            .map_or_else(String::new, |notes| notes.lock().unwrap_or_else(PoisonError::into_inner).join(", "))
    }
}
