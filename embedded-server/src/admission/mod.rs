//! Who may still object to a write that is authorized, or change it, before and after it is known to be well-formed.
//!
//! Knows no resource type. Source of the words: `apiserver/pkg/admission/interfaces.go`.

mod namespace_lifecycle;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

pub use self::namespace_lifecycle::{NamespaceLifecycle, Namespaces, Phase};
use crate::meta::{ApiError, Descriptor, UserInfo};

/// What a write does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operation {
    Create,
    Update,
    Delete,
}

/// A write as admission sees it.
#[derive(Clone, Copy, Debug)]
pub struct Review<'a> {
    /// What is done.
    pub operation: Operation,
    /// The type of the object.
    pub resource: &'a Descriptor,
    /// The object's namespace; empty for cluster-scoped resources.
    pub namespace: &'a str,
    /// The object's name, or how it begins when it is still to be generated; empty when neither is given.
    pub name: &'a str,
    /// Who asks for it.
    pub user: &'a UserInfo,
    /// Whether nothing will be written.
    pub dry_run: bool,
}

/// Looks at objects that are created or updated before they are validated, and may change or refuse them.
#[async_trait]
pub trait Mutate: Debug + Send + Sync + 'static {
    /// Changes the object that is to be written. It is in the version that the review names, and ready to be stored;
    /// what clients must not set is restored afterwards, and `managedFields` is left as it was: what is changed here
    /// belongs to nobody. May be called several times for a request, with what other requests wrote meanwhile.
    ///
    /// # Errors
    /// What the client is told.
    async fn mutate(&self, review: Review<'_>, object: &mut Value) -> Result<(), ApiError>;
}

/// Looks at writes and may refuse them.
#[async_trait]
pub trait Validate: Debug + Send + Sync + 'static {
    /// Returns without error to let the write pass.
    ///
    /// # Errors
    /// What the client is told.
    async fn validate(&self, review: Review<'_>) -> Result<(), ApiError>;
}

/// Asks several, in order; the first refusal counts.
#[derive(Clone, Debug, Default)]
pub struct Chain {
    guards: Vec<Arc<dyn Validate>>,
    mutating: Vec<Arc<dyn Mutate>>,
    validating: Vec<Arc<dyn Validate>>,
}

impl Chain {
    /// Returns the chain of those who only look.
    pub fn new(validating: Vec<Arc<dyn Validate>>) -> Self {
        Self { guards: Vec::new(), mutating: Vec::new(), validating }
    }

    /// Lets others change objects before.
    #[must_use]
    pub fn mutating(self, mutating: Vec<Arc<dyn Mutate>>) -> Self {
        Self { mutating, ..self }
    }

    /// Has others look at what is created or updated before anybody changes it and before it is held against the
    /// rules of its type.
    #[must_use]
    pub fn guarded(self, guards: Vec<Arc<dyn Validate>>) -> Self {
        Self { guards, ..self }
    }

    /// Asks those who look at a creation or an update before anybody else.
    ///
    /// # Errors
    /// What the client is told.
    pub async fn guard(&self, review: Review<'_>) -> Result<(), ApiError> {
        for guard in &self.guards {
            guard.validate(review).await?;
        }
        Ok(())
    }

    /// Tells whether anybody may change objects.
    pub fn mutates(&self) -> bool {
        !self.mutating.is_empty()
    }
}

#[async_trait]
impl Mutate for Chain {
    async fn mutate(&self, review: Review<'_>, object: &mut Value) -> Result<(), ApiError> {
        for link in &self.mutating {
            link.mutate(review, object).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Validate for Chain {
    async fn validate(&self, review: Review<'_>) -> Result<(), ApiError> {
        for link in &self.validating {
            link.validate(review).await?;
        }
        Ok(())
    }
}
