//! What a request wants, as authorization, admission and metrics see it.

use std::fmt;

use super::selector::{FieldSelector, LabelSelector};

/// What is done to a resource or a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Reads one object.
    Get,
    /// Reads a collection.
    List,
    /// Follows a collection.
    Watch,
    /// Makes an object.
    Create,
    /// Replaces an object.
    Update,
    /// Changes an object.
    Patch,
    /// Deletes an object.
    Delete,
    /// Deletes a collection.
    DeleteCollection,
    /// Makes a request as somebody else.
    Impersonate,
    /// A request to a path that is no resource, by its HTTP method.
    Method(Method),
}

/// The HTTP methods a path that is no resource can be asked with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Other,
}

impl Verb {
    /// Returns the verb as access rules spell it, in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get | Self::Method(Method::Get) => "get",
            Self::List => "list",
            Self::Watch => "watch",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch | Self::Method(Method::Patch) => "patch",
            Self::Delete | Self::Method(Method::Delete) => "delete",
            Self::DeleteCollection => "deletecollection",
            Self::Impersonate => "impersonate",
            Self::Method(Method::Head) => "head",
            Self::Method(Method::Post) => "post",
            Self::Method(Method::Put) => "put",
            Self::Method(Method::Options) => "options",
            Self::Method(Method::Other) => "other",
        }
    }

    /// Tells whether the verb can change state.
    pub fn is_mutating(self) -> bool {
        !matches!(self, Self::Get | Self::List | Self::Watch | Self::Method(Method::Get | Method::Head))
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a request asks for, without its body: the vocabulary of access rules.
///
/// Source: `apiserver/pkg/authorization/authorizer/interfaces.go`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attributes {
    /// A request for a resource of an API group.
    Resource {
        /// What is done.
        verb: Verb,
        /// The API group, for example `workflow.example.com`.
        group: String,
        /// The version within the group.
        version: String,
        /// The plural resource name.
        resource: String,
        /// The part of the object addressed, for example `status`; empty for the whole.
        subresource: String,
        /// The namespace; empty for all namespaces and for cluster-scoped resources.
        namespace: String,
        /// The object's name; empty for collections.
        name: String,
        /// What the collection is narrowed to by fields; empty when that is not told or makes no sense.
        field_selector: FieldSelector,
        /// What the collection is narrowed to by labels; empty when that is not told or makes no sense.
        label_selector: LabelSelector,
    },
    /// A request for any other path.
    Path {
        /// The HTTP method.
        verb: Verb,
        /// The URL path.
        path: String,
    },
}

impl Attributes {
    /// Returns the same request with another verb.
    #[must_use]
    pub fn with_verb(mut self, other: Verb) -> Self {
        match &mut self {
            Self::Resource { verb, .. } | Self::Path { verb, .. } => *verb = other,
        }
        self
    }

    /// Returns what is done.
    pub fn verb(&self) -> Verb {
        match self {
            Self::Resource { verb, .. } | Self::Path { verb, .. } => *verb,
        }
    }
}
