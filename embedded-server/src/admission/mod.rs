//! Who may still object to a write that is authorized and well-formed.
//!
//! Knows no resource type. Source of the words: `apiserver/pkg/admission/interfaces.go`.

use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;

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
    /// The object's name; empty when it is still to be generated.
    pub name: &'a str,
    /// Who asks for it.
    pub user: &'a UserInfo,
    /// Whether nothing will be written.
    pub dry_run: bool,
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
pub struct Chain(Vec<Arc<dyn Validate>>);

impl Chain {
    /// Returns the chain of `links`.
    pub fn new(links: Vec<Arc<dyn Validate>>) -> Self {
        Self(links)
    }
}

#[async_trait]
impl Validate for Chain {
    async fn validate(&self, review: Review<'_>) -> Result<(), ApiError> {
        for link in &self.0 {
            link.validate(review).await?;
        }
        Ok(())
    }
}
