//! The type that a request is about, on a server.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::files;

/// Whose answers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reference {
    /// A custom resource with the schema of Workflows: for what depends on the fields.
    Crd,
    /// A type that is built into kube-apiserver and has a spec, a status and no controller in a bare cluster: for
    /// what all built-in types have in common, and custom resources have not always.
    Ingress,
}

/// A type and the values that scenarios may name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Target {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) plural: String,
    /// What `{{name}}` stands for.
    pub(crate) values: BTreeMap<String, Value>,
}

impl Reference {
    /// Returns the type that this server serves.
    pub(crate) fn ours() -> Target {
        files::read("targets/workflow.yaml")
    }

    /// Returns the type of the kube-apiserver.
    pub(crate) fn target(self) -> Target {
        match self {
            Self::Crd => Self::ours(),
            Self::Ingress => files::read("targets/ingress.yaml"),
        }
    }

    /// Tells whether the reference has the same fields as this server's type.
    pub(crate) fn has_our_fields(self) -> bool {
        self == Self::Crd
    }
}

impl Target {
    /// Returns what requests may name: the values, and where the objects of a namespace are.
    pub(crate) fn words(&self, namespace: &str) -> Map<String, Value> {
        let api_version = self.api_version();
        let group = format!("/apis/{api_version}");
        let objects = format!("{group}/namespaces/{namespace}/{}", self.plural);
        let words = [
            ("group", self.group.clone()),
            ("version", self.version.clone()),
            ("kind", self.kind.clone()),
            ("plural", self.plural.clone()),
            ("all", format!("{group}/{}", self.plural)),
            ("apiVersion", api_version),
            ("objects", objects),
            ("namespace", namespace.to_owned()),
        ];
        let words = words.into_iter().map(|(name, word)| (name.to_owned(), json!(word)));
        words.chain(self.values.clone()).collect()
    }

    pub(crate) fn api_version(&self) -> String {
        format!("{}/{}", self.group, self.version)
    }

    /// Returns all names of the type, a name before those that are part of it.
    pub(crate) fn names(&self) -> [String; 6] {
        let Self { group, kind, plural, .. } = self;
        [
            format!("{plural}.{group}"),
            format!("{kind}.{group}"),
            self.api_version(),
            group.clone(),
            plural.clone(),
            kind.clone(),
        ]
    }
}
