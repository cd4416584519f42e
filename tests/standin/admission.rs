//! What is refused of what is well-formed: contents of namespaces that are not there, and pods beyond the quota.

use std::sync::Arc;

use async_trait::async_trait;
use embedded_server::admission::{Operation, Review, Validate};
use embedded_server::meta::ApiError;
use embedded_server::storage::{Backend, Prefix};
use serde_json::Value;

use super::kinds::Namespace;
use super::knobs::Knobs;
use super::object::Kind;

/// Looks for namespaces in the store itself.
#[derive(Debug)]
pub(super) struct InNamespace(pub(super) Arc<dyn Backend>);

impl InNamespace {
    async fn find(&self, name: &str) -> Result<Value, ApiError> {
        let key = Prefix::of_resource(&Namespace::DESCRIPTOR).object("", name);
        let found = self.0.get(&key).await.map_err(ApiError::internal)?;
        let found = found.ok_or_else(|| ApiError::no_such_namespace(name))?;
        serde_json::from_slice(&found.value).map_err(ApiError::internal)
    }
}

#[async_trait]
impl Validate for InNamespace {
    async fn validate(&self, review: Review<'_>) -> Result<(), ApiError> {
        if review.namespace.is_empty() || review.operation == Operation::Delete {
            return Ok(());
        }
        let namespace = self.find(review.namespace).await?;
        match namespace["metadata"]["deletionTimestamp"].is_null() || review.operation != Operation::Create {
            true => Ok(()),
            false => Err(terminating(review)),
        }
    }
}

fn terminating(review: Review<'_>) -> ApiError {
    let namespace = review.namespace;
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    ApiError::forbidden(&review.resource.group_resource(), review.name, &why).in_terminating(namespace)
}

/// Refuses pods while the quota is used up.
#[derive(Debug)]
pub(super) struct WithinQuota(pub(super) Arc<Knobs>);

#[async_trait]
impl Validate for WithinQuota {
    async fn validate(&self, review: Review<'_>) -> Result<(), ApiError> {
        let concerned = review.operation == Operation::Create && review.resource.plural == "pods";
        match self.0.quota().filter(|_| concerned) {
            Some(why) => Err(ApiError::forbidden("pods", review.name, &why)),
            None => Ok(()),
        }
    }
}
