//! What an installation is made of: [`Settings`] that were checked against each other and against the rules of
//! Kubernetes, so that what is rendered from them is accepted. Touches neither the disk nor the network.

mod error;
mod image;
mod quantity;
mod storage;
#[cfg(test)]
mod tests;
mod text;
mod tolerations;

use std::collections::BTreeMap;
use std::fmt;

use embedded_server::meta::validation::{label_key, label_value};
use serde::Serialize;

pub(crate) use self::error::ValuesError;
pub(crate) use self::image::{Image, ImageError};
pub(crate) use self::quantity::Quantity;
pub(crate) use self::storage::{Storage, tls};
pub(crate) use self::text::{Label, Subdomain};

use crate::pki::OwnKeys;
use crate::settings::{Amounts, PullPolicy, Resources, Settings, Toleration};

/// What runs when nothing else is asked for. Whoever publishes the image under another name changes it here.
pub(crate) const DEFAULT_IMAGE: &str = concat!("ghcr.io/wfctl/wfctl:", env!("CARGO_PKG_VERSION"));

const NAMESPACES_OF_KUBERNETES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// What an installation is made of.
#[derive(Clone, Debug)]
pub(crate) struct Values {
    /// Where everything that has a namespace lives.
    pub(crate) namespace: Label,
    /// What runs.
    pub(crate) image: Image,
    /// When the image is pulled; Kubernetes decides by the tag where nothing is said.
    pub(crate) image_pull_policy: Option<PullPolicy>,
    /// The Secrets to pull it with.
    pub(crate) image_pull_secrets: Vec<Subdomain>,
    /// How many servers run: one, unless they share a store.
    pub(crate) replicas: u32,
    /// Where objects are kept.
    pub(crate) storage: Storage,
    /// Where certificates come from.
    pub(crate) certificates: Certificates,
    /// What the server may use.
    pub(crate) resources: Compute,
    /// The nodes it may run on.
    pub(crate) node_selector: BTreeMap<String, String>,
    /// The taints it tolerates.
    pub(crate) tolerations: Vec<Toleration>,
    /// What it is annotated with.
    pub(crate) pod_annotations: BTreeMap<String, String>,
    /// Whether Secrets are a part of what is rendered.
    pub(crate) with_secrets: bool,
    /// Whether the APIService names whom to trust; where wfctl writes that itself, the manifest must not own it.
    pub(crate) with_ca_bundle: bool,
    priority_class: Option<Subdomain>,
}

/// Where certificates come from.
#[derive(Clone, Debug)]
pub(crate) enum Certificates {
    /// An authority of wfctl's own, with its keys where they are known.
    Own(Option<Box<OwnKeys>>),
    /// An issuer of cert-manager.
    CertManager(CertIssuer),
}

/// An issuer of cert-manager.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CertIssuer {
    /// `Issuer` or `ClusterIssuer`.
    pub(crate) kind: &'static str,
    /// Its name.
    pub(crate) name: Subdomain,
}

/// What a container asks for, and the most that it gets.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Compute {
    requests: Share,
    limits: Share,
}

/// Some of a machine.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
struct Share {
    cpu: Quantity,
    memory: Quantity,
}

impl Values {
    /// Checks `settings` for an installation into `namespace`; Secrets are left out.
    pub(crate) fn new(namespace: &str, settings: &Settings) -> Result<Self, ValuesError> {
        let storage = Storage::new(&settings.storage)?;
        Ok(Self {
            namespace: parsed("--namespace", namespace)?,
            image: parsed("image", settings.image.as_deref().unwrap_or(DEFAULT_IMAGE))?,
            image_pull_policy: settings.image_pull_policy,
            image_pull_secrets: parsed_each("imagePullSecrets", &settings.image_pull_secrets)?,
            replicas: replicas(settings.replicas.unwrap_or(1), &storage)?,
            storage,
            certificates: certificates(settings.cert_manager.issuer.as_deref())?,
            resources: Compute::new(&settings.resources)?,
            node_selector: checked_pairs("nodeSelector", &settings.node_selector, label_value)?,
            tolerations: tolerations::checked(&settings.tolerations)?,
            pod_annotations: checked_pairs("podAnnotations", &settings.pod_annotations, |_| Vec::new())?,
            with_secrets: false,
            with_ca_bundle: false,
            priority_class: parsed_if_given("priorityClassName", settings.priority_class_name.as_deref())?,
        })
    }

    /// Says whether the namespace is there in every cluster, and nobody's to create, label or delete.
    pub(crate) fn is_namespace_of_kubernetes(&self) -> bool {
        NAMESPACES_OF_KUBERNETES.contains(&self.namespace.as_str())
    }

    /// Returns the keys of wfctl's own authority where they are known.
    pub(crate) fn own_keys(&self) -> Option<&OwnKeys> {
        match &self.certificates {
            Certificates::Own(keys) => keys.as_deref(),
            Certificates::CertManager(_) => None,
        }
    }

    /// Returns the priority class: the one asked for, or that of the cluster's own parts where the server lives
    /// among them. Elsewhere Kubernetes may refuse it.
    pub(crate) fn priority_class(&self) -> Option<&str> {
        let own = (self.namespace.as_str() == "kube-system").then_some("system-cluster-critical");
        self.priority_class.as_ref().map(Subdomain::as_str).or(own)
    }
}

impl Compute {
    fn new(settings: &Resources) -> Result<Self, ValuesError> {
        let requests = Share::new("resources.requests", &settings.requests, ("100m", "128Mi"))?;
        let limits = Share::new("resources.limits", &settings.limits, ("1", "512Mi"))?;
        limits.cpu.check_at_least(&requests.cpu, "resources.limits.cpu", "resources.requests.cpu")?;
        limits.memory.check_at_least(
            &requests.memory,
            "resources.limits.memory",
            "resources.requests.memory",
        )?;
        Ok(Self { requests, limits })
    }
}

impl Share {
    fn new(path: &str, settings: &Amounts, (cpu, memory): (&str, &str)) -> Result<Self, ValuesError> {
        Ok(Self {
            cpu: parsed(&format!("{path}.cpu"), settings.cpu.as_deref().unwrap_or(cpu))?,
            memory: parsed(&format!("{path}.memory"), settings.memory.as_deref().unwrap_or(memory))?,
        })
    }
}

fn replicas(replicas: u32, storage: &Storage) -> Result<u32, ValuesError> {
    match (replicas, storage) {
        (0, _) => Err(ValuesError::NoReplicas),
        (2.., Storage::Volume(_)) => {
            Err(ValuesError::NotShared { replicas, reason: "a sled directory belongs to one server" })
        }
        (2.., Storage::Memory) => {
            Err(ValuesError::NotShared { replicas, reason: "each server would remember things of its own" })
        }
        _ => Ok(replicas),
    }
}

/// Reads `NAME`, `Issuer/NAME` or `ClusterIssuer/NAME`.
fn certificates(issuer: Option<&str>) -> Result<Certificates, ValuesError> {
    const PATH: &str = "certManager.issuer";
    let Some(issuer) = issuer else { return Ok(Certificates::Own(None)) };
    let (kind, name) = match issuer.split_once('/') {
        None => ("Issuer", issuer),
        Some(("Issuer", name)) => ("Issuer", name),
        Some(("ClusterIssuer", name)) => ("ClusterIssuer", name),
        Some(_) => {
            return Err(ValuesError::invalid(PATH, issuer, "it is neither an Issuer nor a ClusterIssuer"));
        }
    };
    Ok(Certificates::CertManager(CertIssuer { kind, name: parsed(PATH, name)? }))
}

fn parsed<T>(path: &str, text: &str) -> Result<T, ValuesError>
where
    T: std::str::FromStr<Err: fmt::Display>,
{
    text.parse().map_err(|problem| ValuesError::invalid(path, text, problem))
}

fn parsed_if_given<T>(path: &str, text: Option<&str>) -> Result<Option<T>, ValuesError>
where
    T: std::str::FromStr<Err: fmt::Display>,
{
    text.map(|text| parsed(path, text)).transpose()
}

fn parsed_each<T>(path: &str, texts: &[String]) -> Result<Vec<T>, ValuesError>
where
    T: std::str::FromStr<Err: fmt::Display>,
{
    texts.iter().map(|text| parsed(path, text)).collect()
}

fn checked_pairs(
    path: &str,
    pairs: &BTreeMap<String, String>,
    check_value: impl Fn(&str) -> Vec<String>,
) -> Result<BTreeMap<String, String>, ValuesError> {
    for (key, value) in pairs {
        refuse_if_any(path, key, &label_key(key))?;
        refuse_if_any(&format!("{path}.{key}"), value, &check_value(value))?;
    }
    Ok(pairs.clone())
}

fn refuse_if_any(path: &str, text: &str, problems: &[String]) -> Result<(), ValuesError> {
    match problems.first() {
        Some(problem) => Err(ValuesError::invalid(path, text, problem)),
        None => Ok(()),
    }
}
