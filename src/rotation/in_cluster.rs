//! An installation in a cluster. Everything that is asked here has to be in the roles of the renewal job.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::installation::{Change, Installation, Part};
use crate::cluster::{Cluster, ClusterError, Id, Kind, Write};
use crate::names::{API_SERVICE, AUTHORITY_SECRET, SECRETS_MANAGER, SERVING_SECRET, TRUST_MANAGER};
use crate::pki::SERVICE;
use crate::pki::bundle::Bundle;
use crate::proof::{self, Expectation, Seen};

/// A resourceVersion that no object has any more: applied with it, an object is created, and one that is there
/// conflicts.
const NONE: &str = "1";

/// An installation in a namespace of a cluster.
pub(crate) struct InCluster {
    cluster: Cluster,
    namespace: String,
}

impl InCluster {
    /// Returns the installation in `namespace`, whether or not there is one.
    pub(crate) fn new(cluster: Cluster, namespace: &str) -> Self {
        Self { cluster, namespace: namespace.to_owned() }
    }

    /// Returns who issues the certificates of front proxies; nobody where this cannot be read.
    pub(crate) async fn front_proxy(&self) -> Bundle {
        let id = Id::namespaced(Kind::CONFIG_MAP, "kube-system", "extension-apiserver-authentication");
        let found = self.cluster.objects.get(&id).await.ok().flatten().unwrap_or_default();
        let pem = found["data"]["requestheader-client-ca-file"].as_str().unwrap_or_default();
        Bundle::from_pem(pem).unwrap_or_default()
    }

    fn id(&self, part: Part) -> Id {
        match part {
            Part::Trust => Id::cluster(Kind::API_SERVICE, API_SERVICE),
            Part::Serving => Id::namespaced(Kind::SECRET, &self.namespace, SERVING_SECRET),
            Part::Authorities => Id::namespaced(Kind::SECRET, &self.namespace, AUTHORITY_SECRET),
        }
    }

    /// Secrets are created by applying: only that names what is created, so that a role can allow it for these names.
    async fn create(&self, part: Part, patch: &Value) -> Result<(), ClusterError> {
        let object = created(&self.id(part), component(part), patch);
        self.cluster.objects.apply(&object, Write::by(SECRETS_MANAGER).forced()).await.map(drop)
    }

    async fn update(&self, part: Part, revision: &str, patch: &Value) -> Result<(), ClusterError> {
        let mut patch = patch.clone();
        patch["metadata"]["resourceVersion"] = json!(revision);
        let manager = if part == Part::Trust { TRUST_MANAGER } else { SECRETS_MANAGER };
        self.cluster.objects.patch(&self.id(part), &patch, Write::by(manager)).await.map(drop)
    }
}

#[async_trait]
impl Installation for InCluster {
    fn namespace(&self) -> &str {
        &self.namespace
    }

    async fn now(&self) -> Result<Timestamp, ClusterError> {
        self.cluster.now().await
    }

    async fn get(&self, part: Part) -> Result<Option<Value>, ClusterError> {
        self.cluster.objects.get(&self.id(part)).await
    }

    async fn put(&self, change: &Change) -> Result<(), ClusterError> {
        match &change.revision {
            Some(revision) => self.update(change.part, revision, &change.patch).await,
            None => self.create(change.part, &change.patch).await,
        }
    }

    async fn handshakes(&self, expectation: &Expectation<'_>) -> Result<Vec<Seen>, ClusterError> {
        let client = &self.cluster.client;
        let replicas = proof::replicas(client, &self.namespace).await;
        let what = format!("pods in {}", self.namespace);
        let replicas = replicas.map_err(|error| ClusterError::from_client("list", &what, &error))?;
        Ok(proof::shake_hands(client, &self.namespace, replicas, expectation).await)
    }
}

fn component(part: Part) -> &'static str {
    if part == Part::Authorities { "renewal" } else { "apiserver" }
}

fn created(id: &Id, component: &str, patch: &Value) -> Value {
    let data: Map<_, _> = patch["data"].as_object().into_iter().flatten().map(own).collect();
    let data: Map<_, _> = data.into_iter().filter(|(_, value)| !value.is_null()).collect();
    json!({
        "apiVersion": id.kind().api_version,
        "kind": id.kind().kind,
        "metadata": {
            "name": id.name(),
            "namespace": id.namespace(),
            "resourceVersion": NONE,
            "labels": {
                "app.kubernetes.io/name": SERVICE,
                "app.kubernetes.io/component": component,
                "app.kubernetes.io/part-of": "workflow",
                "app.kubernetes.io/managed-by": "wfctl",
            },
        },
        "type": "kubernetes.io/tls",
        "data": data,
    })
}

fn own((key, value): (&String, &Value)) -> (String, Value) {
    (key.clone(), value.clone())
}
