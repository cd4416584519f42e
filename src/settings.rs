//! What can be set for an installation, from files, flags and `--set`, one over the other. Knows the shape of
//! settings, not what they mean: that is for [`values`](crate::values).

mod error;
mod known;
mod layers;
mod set;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub(crate) use self::error::SettingsError;
pub(crate) use self::known::keys;
pub(crate) use self::layers::{File, layered};

/// What can be set. The names in YAML are those of the fields, in camelCase.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Settings {
    /// The image to run.
    pub(crate) image: Option<String>,
    /// When to pull it.
    pub(crate) image_pull_policy: Option<PullPolicy>,
    /// The Secrets to pull it with.
    pub(crate) image_pull_secrets: Vec<String>,
    /// How many servers to run.
    pub(crate) replicas: Option<u32>,
    /// Where objects are kept.
    pub(crate) storage: StorageSettings,
    /// Certificates from cert-manager.
    pub(crate) cert_manager: CertManagerSettings,
    /// What the server asks for and may use.
    pub(crate) resources: Resources,
    /// The nodes that it may run on, by their labels.
    pub(crate) node_selector: BTreeMap<String, String>,
    /// The taints that it tolerates.
    pub(crate) tolerations: Vec<Toleration>,
    /// Its priority class.
    pub(crate) priority_class_name: Option<String>,
    /// Annotations of its pods.
    pub(crate) pod_annotations: BTreeMap<String, String>,
}

/// When an image is pulled.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum PullPolicy {
    /// Every time a container starts.
    Always,
    /// When the node does not have it.
    IfNotPresent,
    /// Never: somebody put it there.
    Never,
}

/// Where objects are kept.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct StorageSettings {
    /// The storage URL, as for `wfctl serve`.
    pub(crate) url: Option<String>,
    /// The size of sled's volume.
    pub(crate) size: Option<String>,
    /// The storage class of sled's volume.
    pub(crate) class: Option<String>,
    /// The files for TLS that the URL names, by their names in the pod, in PEM.
    pub(crate) files: BTreeMap<String, String>,
}

/// Certificates from cert-manager.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct CertManagerSettings {
    /// Who issues them: `NAME`, `Issuer/NAME` or `ClusterIssuer/NAME`.
    pub(crate) issuer: Option<String>,
}

/// What a container asks for and may use.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Resources {
    /// What it asks for.
    pub(crate) requests: Amounts,
    /// The most that it gets.
    pub(crate) limits: Amounts,
}

/// Some of a machine.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Amounts {
    /// Processors.
    pub(crate) cpu: Option<String>,
    /// Bytes.
    pub(crate) memory: Option<String>,
}

/// A taint that is tolerated, as in a pod.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Toleration {
    /// The taint's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key: Option<String>,
    /// How the taint's value is looked at; `Equal` where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operator: Option<Operator>,
    /// The taint's value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) value: Option<String>,
    /// The taint's effect; all where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) effect: Option<Effect>,
    /// For how long, where the effect is `NoExecute`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) toleration_seconds: Option<i64>,
}

/// How a taint's value is looked at.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Operator {
    /// Any value will do.
    Exists,
    /// It must be this one.
    Equal,
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) enum Effect {
    /// They are not put there.
    NoSchedule,
    /// They are put elsewhere if possible.
    PreferNoSchedule,
    /// They are taken away.
    NoExecute,
}
