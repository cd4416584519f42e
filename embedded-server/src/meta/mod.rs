//! The words every layer shares: resources, users, revisions, selectors, options, errors and the rules of
//! object metadata. Knows nothing of storage, HTTP or any particular resource type.

mod attributes;
pub mod duration;
mod error;
pub(crate) mod extensions;
pub mod field;
mod notes;
mod options;
mod resource;
mod revision;
pub mod selector;
mod user;
pub mod validation;

pub use attributes::{Attributes, Method, Verb};
pub use error::{ApiError, Reason};
pub(crate) use notes::Notes;
pub use notes::{Annotations, Warnings};
pub use options::{
    DeleteOptions, FieldValidation, GetOptions, ListFrom, ListOptions, Propagation, Query,
    ResourceVersionMatch, Selector, WatchFrom, WatchOptions, WriteOptions,
};
pub use resource::{Descriptor, Names, Resource, Scope, Subresource, Version};
pub(crate) use resource::{api_path, api_version, in_group};
pub use revision::{NoRevision, Revision};
pub use user::UserInfo;

/// Metadata that every persisted object has.
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
/// The body of an answer that is not an object.
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Status;
/// A moment, on the wire RFC 3339 with whole seconds in UTC.
pub use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
