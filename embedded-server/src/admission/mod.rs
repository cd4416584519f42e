//! Who may still object to a write that is authorized, or change it, before and after it is known to be well-formed.
//!
//! Knows no resource type. Source of the words: `apiserver/pkg/admission/interfaces.go`.

mod namespace_lifecycle;
#[cfg(test)]
mod testing;
pub mod webhook;

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

pub use self::namespace_lifecycle::{NamespaceLifecycle, Namespaces, Phase};
use crate::meta::{Annotations, ApiError, Descriptor, Subresource, UserInfo, Warnings};

/// What a write does to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Operation {
    Create,
    Update,
    Delete,
}

impl Operation {
    /// Returns the operation as rules spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// The objects of a write as JSON, made when somebody asks for them.
pub trait Objects: Debug + Send + Sync {
    /// Returns what is to be stored, in the version of the request; none when an object is deleted.
    ///
    /// # Errors
    /// When it cannot be spelled.
    fn object(&self) -> Result<Option<Value>, ApiError>;

    /// Returns what is stored, in the version of the request; none when an object is created.
    ///
    /// # Errors
    /// When it cannot be spelled.
    fn old_object(&self) -> Result<Option<Value>, ApiError>;

    /// Returns the options of the request as `meta.k8s.io/v1` spells them.
    fn options(&self) -> Value;

    /// Returns all versions in which the type is served.
    fn versions(&self) -> Vec<&'static Descriptor>;

    /// Returns what is left of an object that is in the version `from` when the type has read it, with defaults and
    /// without what it does not know, in the version `to`.
    ///
    /// # Errors
    /// When it is no object of the type.
    fn read(&self, object: Value, from: &Descriptor, to: &Descriptor) -> Result<Value, ApiError>;
}

/// A write as admission sees it.
#[derive(Clone, Copy, Debug)]
pub struct Review<'a> {
    /// What is done.
    pub operation: Operation,
    /// The type of the object.
    pub resource: &'a Descriptor,
    /// The part of the object that is addressed; none for the whole.
    pub subresource: Option<Subresource>,
    /// The object's namespace; empty for cluster-scoped resources.
    pub namespace: &'a str,
    /// The object's name, or how it begins when it is still to be generated; empty when neither is given.
    pub name: &'a str,
    /// Who asks for it.
    pub user: &'a UserInfo,
    /// Whether nothing will be written.
    pub dry_run: bool,
    /// What is written over what.
    pub objects: &'a dyn Objects,
    /// Takes what the client is told besides the answer.
    pub warnings: &'a Warnings,
    /// Takes what is noted in the audit log.
    pub annotations: &'a Annotations,
}

/// Looks at writes before objects are validated, and may refuse them, or change what is created or updated.
#[async_trait]
pub trait Mutate: Debug + Send + Sync + 'static {
    /// Tells whether anybody would look at a write now; an object is only turned into JSON for somebody who would.
    fn is_idle(&self) -> bool;

    /// Changes the object that is to be written; there is none in a deletion. It is in the version that the review names, and ready to be stored;
    /// what clients must not set is restored afterwards, and `managedFields` is left as it was: what is changed here
    /// belongs to nobody. May be called several times for a request, with what other requests wrote meanwhile.
    ///
    /// # Errors
    /// What the client is told.
    async fn mutate(&self, review: Review<'_>, object: Option<&mut Value>) -> Result<(), ApiError>;
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
}

/// 403 for a write, in the words that follow `… is forbidden: `.
fn forbidden(review: Review<'_>, why: &str) -> ApiError {
    let name = if review.name.is_empty() { "Unknown" } else { review.name };
    ApiError::forbidden(&review.resource.group_resource(), name, why)
}

#[async_trait]
impl Mutate for Chain {
    fn is_idle(&self) -> bool {
        self.mutating.iter().all(|link| link.is_idle())
    }

    async fn mutate(&self, review: Review<'_>, mut object: Option<&mut Value>) -> Result<(), ApiError> {
        for link in &self.mutating {
            link.mutate(review, object.as_deref_mut()).await?;
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
