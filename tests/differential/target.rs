//! The type that a request is about, on a server.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::files;
use super::template::Words;

/// Whose answers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Reference {
    /// A custom resource with the schema of Workflows: for what depends on the fields.
    Crd,
    /// A type that is built into kube-apiserver and has a spec, a status and no controller in a bare cluster: for
    /// what all built-in types have in common, and custom resources have not always.
    Ingress,
    /// The Flunders of Kubernetes' own sample-apiserver: another server of the same kind, with the same types.
    Wardle,
}

/// A type and the values that scenarios may name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Target {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) plural: String,
    /// Collections outside of namespaces, which the recorder empties after each scenario.
    #[serde(default)]
    pub(crate) cluster_wide: Vec<String>,
    /// What `{{name}}` stands for; may refer to the words that every target has.
    pub(crate) values: BTreeMap<String, Value>,
}

impl Reference {
    pub(crate) const ALL: [Self; 3] = [Self::Crd, Self::Ingress, Self::Wardle];

    /// Returns the type that a server of this process serves instead.
    pub(crate) fn ours(self) -> Target {
        match self {
            Self::Crd | Self::Ingress => files::read("targets/workflow.yaml"),
            Self::Wardle => files::read("targets/wardle.yaml"),
        }
    }

    /// Returns the type of the reference.
    pub(crate) fn target(self) -> Target {
        match self {
            Self::Crd | Self::Wardle => self.ours(),
            Self::Ingress => files::read("targets/ingress.yaml"),
        }
    }

    /// Tells whether the reference has the same fields as this server's type.
    pub(crate) fn has_our_fields(self) -> bool {
        self != Self::Ingress
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crd => "crd",
            Self::Ingress => "ingress",
            Self::Wardle => "wardle",
        })
    }
}

impl Target {
    /// Returns what requests may name: the values, and where the objects of a namespace are.
    pub(crate) fn words(&self, namespace: &str) -> Map<String, Value> {
        let api_version = self.api_version();
        let group = format!("/apis/{api_version}");
        let words = [
            ("group", self.group.clone()),
            ("version", self.version.clone()),
            ("kind", self.kind.clone()),
            ("plural", self.plural.clone()),
            ("all", format!("{group}/{}", self.plural)),
            ("apiVersion", api_version),
            ("objects", self.objects(namespace)),
            ("namespace", namespace.to_owned()),
        ];
        let words: Map<_, _> = words.into_iter().map(|(name, word)| (name.to_owned(), json!(word))).collect();
        let known = Words::new(words.clone());
        let values = self.values.iter().map(|(name, value)| (name.clone(), known.value(value)));
        words.into_iter().chain(values).collect()
    }

    /// Returns the path of the objects of a namespace.
    pub(crate) fn objects(&self, namespace: &str) -> String {
        format!("/apis/{}/namespaces/{namespace}/{}", self.api_version(), self.plural)
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
