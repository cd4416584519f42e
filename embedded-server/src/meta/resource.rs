//! What a resource type says of itself. Router, 405s, discovery, OpenAPI and key layout all read it here.

use std::fmt::Debug;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A type that can be served and stored.
///
/// On the wire an object is `apiVersion`, `kind` and the fields that its `Serialize` writes; `metadata` has to
/// be the first of them, which a registry checks when it starts. Its `Deserialize` has to
/// accept what Go accepts: missing and `null` fields stand for the zero value, unknown ones are ignored.
pub trait Resource:
    Serialize + DeserializeOwned + JsonSchema + Clone + Debug + Default + Send + Sync + 'static
{
    /// Names and scope of the type.
    const DESCRIPTOR: Descriptor;

    /// Returns the object's metadata.
    fn metadata(&self) -> &ObjectMeta;

    /// Returns the object's metadata for change.
    fn metadata_mut(&mut self) -> &mut ObjectMeta;

    /// Fills in what a client may leave out in this version. Runs on every object that a client sends and on
    /// what a patch makes, before anything else looks at it.
    fn set_defaults(&mut self) {}
}

/// A version in which a resource type is served besides the one in which it is stored, the hub.
///
/// Conversion is a round trip without loss in both directions: what a client writes in this version is what it
/// reads in it, and an object that is read and written back in this version loses nothing that the hub can say.
/// What only one of the two can say has to be kept in a field or an annotation of the other. A conversion cannot
/// fail: a value that makes no sense is kept for validation to refuse, or dropped. The metadata of the two are
/// the same but for such annotations, and their descriptors differ in nothing but `version` and
/// `definition_prefix`.
///
/// Rules, columns and selectable fields are those of the hub, and messages name the hub's fields.
///
/// Source: `apimachinery/pkg/runtime/converter.go`, `apimachinery/pkg/runtime/scheme.go`.
pub trait Version: Resource {
    /// The version in which objects are stored.
    type Hub: Resource;

    /// Returns a stored object in this version.
    fn from_hub(hub: Self::Hub) -> Self;

    /// Returns an object of this version in the form in which it is stored.
    fn into_hub(self) -> Self::Hub;
}

/// Names and scope of a resource type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// API group, for example `workflow.example.com`; empty for the core group, which has an address of its own.
    pub group: &'static str,
    /// Version within the group, for example `v1alpha1`.
    pub version: &'static str,
    /// Kind in CamelCase, for example `Workflow`.
    pub kind: &'static str,
    /// Lower-case plural that stands in paths, for example `workflows`.
    pub plural: &'static str,
    /// Lower-case singular, for example `workflow`.
    pub singular: &'static str,
    /// Abbreviations for people, for example `wf`.
    pub short_names: &'static [&'static str],
    /// Groups of resources the type belongs to, for example `all`.
    pub categories: &'static [&'static str],
    /// Where objects live.
    pub scope: Scope,
    /// What objects may be called.
    pub names: Names,
    /// Parts of an object that have an address of their own.
    pub subresources: &'static [Subresource],
    /// What everybody who uses this version is warned of: that it is deprecated, and what to use instead.
    ///
    /// Source: `apiserver/pkg/endpoints/deprecation/deprecation.go`.
    pub deprecation_warning: Option<&'static str>,
    /// The prefix of the type's OpenAPI definition names in reversed-domain form, for example
    /// `com.example.workflow.v1alpha1`.
    pub definition_prefix: &'static str,
}

/// Where objects of a type live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a namespace.
    Namespaced,
    /// In the cluster as a whole.
    Cluster,
}

/// What objects of a type may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// A DNS subdomain: lower-case letters, digits, `-` and `.`, as nearly all types of Kubernetes have it.
    Subdomain,
    /// Whatever fits into a path: what a server asks of the objects of a type that has no rule of its own. It checks
    /// the metadata of new ones last, when they break no rule of the type.
    ///
    /// Source: `apiserver/pkg/registry/rest/create.go`.
    PathSegment,
}

/// A part of an object that has an address of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subresource {
    /// `status`: read and written apart from the rest, so that access rules can tell users from controllers.
    Status,
}

impl Subresource {
    /// Returns the last segment of the subresource's path.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
        }
    }
}

impl Descriptor {
    /// What goes without saying: objects that live in namespaces and are called as most are, and no more names,
    /// categories, parts or warnings. The other fields, empty here, have to be said.
    pub const NAMESPACED: Self = Self {
        group: "",
        version: "",
        kind: "",
        plural: "",
        singular: "",
        short_names: &[],
        categories: &[],
        scope: Scope::Namespaced,
        names: Names::Subdomain,
        subresources: &[],
        deprecation_warning: None,
        definition_prefix: "",
    };

    /// Returns `group/version`, as `apiVersion` spells it.
    pub fn api_version(&self) -> String {
        api_version(self.group, self.version)
    }

    /// Returns `plural.group`, as error messages spell a resource.
    pub fn group_resource(&self) -> String {
        in_group(self.plural, self.group)
    }

    /// Returns `Kind.group`, as validation errors spell a kind.
    pub fn group_kind(&self) -> String {
        in_group(self.kind, self.group)
    }

    /// Returns the kind of a collection, for example `WorkflowList`.
    pub fn list_kind(&self) -> String {
        format!("{}List", self.kind)
    }

    /// Tells whether objects live in namespaces.
    pub fn is_namespaced(&self) -> bool {
        self.scope == Scope::Namespaced
    }
}

/// Returns `group/version`; the core group has no name.
pub(crate) fn api_version(group: &str, version: &str) -> String {
    if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") }
}

/// Returns where a version of a group is served, without a slash before it.
pub(crate) fn api_path(group: &str, version: &str) -> String {
    let root = if group.is_empty() { "api" } else { "apis" };
    format!("{root}/{}", api_version(group, version))
}

/// Returns a resource or a kind with its group.
pub(crate) fn in_group(name: &str, group: &str) -> String {
    if group.is_empty() { name.to_owned() } else { format!("{name}.{group}") }
}
