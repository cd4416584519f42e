//! What can be known of an installation and the cluster it is in. Each fact may be missing for a reason of its own.

use std::time::Duration;

use k8s_openapi::ByteString;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, Namespace, PersistentVolumeClaim, Pod, Secret, Service, ServiceAccount,
};
use k8s_openapi::api::rbac::v1::ClusterRole;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;

use super::permissions::Permission;
use crate::cluster::{ClusterError, Reason};
use crate::pki::{PrivateKey, inspect};
use crate::pods::Evidence;
use crate::proof::{Answer, Shown};

/// What the cluster told.
pub(crate) type Asked<T> = Result<T, Unknown>;

/// Why something is not known.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Unknown {
    /// Whoever asks may not know it.
    Forbidden(String),
    /// There was no answer, or one that says nothing.
    Failed(String),
}

/// All that is known.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// The namespace of the installation.
    pub(crate) namespace: String,
    /// The version of Kubernetes.
    pub(crate) kubernetes: String,
    /// `kube-system/extension-apiserver-authentication`.
    pub(crate) front_proxy: Asked<Option<ConfigMap>>,
    /// The namespaces that are being deleted.
    pub(crate) terminating: Asked<Vec<Namespace>>,
    /// The objects that are looked at one by one.
    pub(crate) objects: Objects,
    /// What the server's ServiceAccount may do.
    pub(crate) permissions: Vec<(Permission, Asked<bool>)>,
    /// The server's pods.
    pub(crate) pods: Asked<Vec<Pod>>,
    /// What is known of them beside themselves.
    pub(crate) evidence: Evidence,
    /// The jobs that renewed certificates.
    pub(crate) renewals: Asked<Vec<Job>>,
    /// What the pods said when they were asked themselves.
    pub(crate) replicas: Vec<Replica>,
    /// What came of asking kube-apiserver for Workflows.
    pub(crate) round_trip: RoundTrip,
}

/// Objects by what they are for.
#[derive(Clone, Debug)]
pub(crate) struct Objects {
    /// The namespace.
    pub(crate) namespace: Asked<Option<Namespace>>,
    /// Who the server is.
    pub(crate) account: Asked<Option<ServiceAccount>>,
    /// What runs the server.
    pub(crate) deployment: Asked<Option<Deployment>>,
    /// What kube-apiserver sends requests to.
    pub(crate) service: Asked<Option<Service>>,
    /// The role of those who may change Workflows.
    pub(crate) admin: Asked<Option<ClusterRole>>,
    /// The role of those who may look at them.
    pub(crate) viewer: Asked<Option<ClusterRole>>,
    /// The authority and its key.
    pub(crate) authority: Asked<Option<Stored>>,
    /// The serving certificate and its key.
    pub(crate) serving: Asked<Option<Stored>>,
    /// What renews certificates.
    pub(crate) renewal: Asked<Option<CronJob>>,
    /// What puts the API behind kube-apiserver.
    pub(crate) registration: Asked<Option<APIService>>,
    /// Where sled keeps objects.
    pub(crate) claim: Asked<Option<PersistentVolumeClaim>>,
}

/// What is known of a Secret with a certificate: all but the key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Stored {
    /// The certificate; none where it cannot be read.
    pub(crate) certificate: Option<inspect::Facts>,
    /// Whether the key is there and belongs to it.
    pub(crate) key_fits: bool,
}

/// What a pod said of itself.
#[derive(Clone, Debug)]
pub(crate) struct Replica {
    /// The pod.
    pub(crate) name: String,
    /// What it showed in a handshake, or why there was none.
    pub(crate) shown: Result<Shown, String>,
    /// What its `/readyz` said.
    pub(crate) readiness: Asked<String>,
}

/// What came back through kube-apiserver.
#[derive(Clone, Debug)]
pub(crate) struct RoundTrip {
    /// When asked which resources there are.
    pub(crate) resources: Answer,
    /// When asked for a Workflow.
    pub(crate) workflows: Answer,
    /// How long that took.
    pub(crate) took: Duration,
}

impl Objects {
    /// Says whether nothing is there that would make an installation.
    pub(super) fn are_missing(&self) -> bool {
        matches!((&self.deployment, &self.service, &self.registration), (Ok(None), Ok(None), Ok(None)))
    }
}

impl From<Secret> for Stored {
    fn from(secret: Secret) -> Self {
        let mut data = secret.data.unwrap_or_default();
        let mut text =
            |key: &str| data.remove(key).and_then(|ByteString(bytes)| String::from_utf8(bytes).ok());
        let certificate = text("tls.crt").and_then(|pem| inspect::Facts::from_pem(&pem).ok());
        let key = text("tls.key").map(PrivateKey::from_pem);
        let both = certificate.as_ref().zip(key.as_ref());
        let key_fits = both.is_some_and(|(certificate, key)| certificate.check_key(key).is_ok());
        Self { certificate, key_fits }
    }
}

impl From<ClusterError> for Unknown {
    fn from(error: ClusterError) -> Self {
        let why = error.why().to_owned();
        match error.reason {
            Reason::Forbidden(Some(permission)) => {
                Self::Forbidden(format!("it takes the permission to {permission}"))
            }
            Reason::Forbidden(None) => Self::Forbidden(why),
            _ => Self::Failed(why),
        }
    }
}
