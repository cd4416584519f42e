//! The kinds of objects that commands know, and where each is served.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::authorization::v1::SelfSubjectAccessReview;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, Event, Namespace, Node, PersistentVolumeClaim, Pod, Secret, Service, ServiceAccount,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::networking::v1::NetworkPolicy;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope, Resource};
use serde_json::{Value, json};

/// A kind of objects.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Kind {
    /// Group and version, `v1` where there is no group.
    pub(crate) api_version: &'static str,
    /// What one is called.
    pub(crate) kind: &'static str,
    /// What they are called in paths and permissions.
    pub(crate) plural: &'static str,
    /// Whether each is in a namespace.
    pub(crate) namespaced: bool,
}

/// Whether objects are in namespaces.
trait Scope {
    const NAMESPACED: bool;
}

impl Scope for ClusterResourceScope {
    const NAMESPACED: bool = false;
}

impl Scope for NamespaceResourceScope {
    const NAMESPACED: bool = true;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        impl Kind {
            $(#[doc = concat!("[`", stringify!($type), "`]")] pub(crate) const $name: &Self = &Self::of::<$type>();)*
        }

        /// Those that Kubernetes defines.
        const KINDS: &[&Kind] = &[$(Kind::$name),*];
    };
}

kinds! {
    API_SERVICE: APIService,
    CLUSTER_ROLE: ClusterRole,
    CLUSTER_ROLE_BINDING: ClusterRoleBinding,
    CONFIG_MAP: ConfigMap,
    CRON_JOB: CronJob,
    DEPLOYMENT: Deployment,
    ENDPOINT_SLICE: EndpointSlice,
    EVENT: Event,
    JOB: Job,
    NAMESPACE: Namespace,
    NETWORK_POLICY: NetworkPolicy,
    NODE: Node,
    PERSISTENT_VOLUME_CLAIM: PersistentVolumeClaim,
    POD: Pod,
    POD_DISRUPTION_BUDGET: PodDisruptionBudget,
    REPLICA_SET: ReplicaSet,
    ROLE: Role,
    ROLE_BINDING: RoleBinding,
    SECRET: Secret,
    SELF_SUBJECT_ACCESS_REVIEW: SelfSubjectAccessReview,
    SERVICE: Service,
    SERVICE_ACCOUNT: ServiceAccount,
    STORAGE_CLASS: StorageClass,
}

impl Kind {
    /// A certificate that cert-manager issues.
    pub(crate) const CERTIFICATE: &Self = &Self {
        api_version: "cert-manager.io/v1",
        kind: "Certificate",
        plural: "certificates",
        namespaced: true,
    };

    /// Who issues certificates of cert-manager for his namespace.
    pub(crate) const ISSUER: &Self =
        &Self { api_version: "cert-manager.io/v1", kind: "Issuer", plural: "issuers", namespaced: true };

    /// Who issues certificates of cert-manager for all namespaces.
    pub(crate) const CLUSTER_ISSUER: &Self = &Self {
        api_version: "cert-manager.io/v1",
        kind: "ClusterIssuer",
        plural: "clusterissuers",
        namespaced: false,
    };

    /// What is served.
    pub(crate) const WORKFLOW: &Self = &Self {
        api_version: "workflow.example.com/v1alpha1",
        kind: "Workflow",
        plural: "workflows",
        namespaced: true,
    };

    const fn of<T: Resource<Scope: Scope>>() -> Self {
        Self {
            api_version: T::API_VERSION,
            kind: T::KIND,
            plural: T::URL_PATH_SEGMENT,
            namespaced: <T::Scope as Scope>::NAMESPACED,
        }
    }

    /// Returns the kind that an object says it is of, if it is one that commands know.
    pub(crate) fn find(api_version: &str, kind: &str) -> Option<&'static Self> {
        let mut known = KINDS.iter().copied().chain([Self::CERTIFICATE, Self::WORKFLOW]);
        known.find(|known| known.api_version == api_version && known.kind == kind)
    }

    /// Returns the group, empty for that of the core.
    pub(crate) fn group(&self) -> &'static str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// Returns the path below which they are served; all of them where no namespace is named.
    pub(crate) fn path(&self, namespace: Option<&str>) -> String {
        let root = if self.group().is_empty() { "api" } else { "apis" };
        let within = namespace.filter(|_| self.namespaced);
        let within = within.map_or_else(String::new, |namespace| format!("namespaces/{namespace}/"));
        format!("/{root}/{}/{within}{}", self.api_version, self.plural)
    }

    /// Returns `object` with its kind, which lists leave out of their items.
    pub(crate) fn named(&self, mut object: Value) -> Value {
        object["apiVersion"] = json!(self.api_version);
        object["kind"] = json!(self.kind);
        object
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_knows_where_it_is_served() {
        assert_eq!(Kind::NAMESPACE.path(Some("ignored")), "/api/v1/namespaces");
        assert_eq!(Kind::SECRET.path(Some("a")), "/api/v1/namespaces/a/secrets");
        assert_eq!(Kind::DEPLOYMENT.path(None), "/apis/apps/v1/deployments");
        assert_eq!(Kind::API_SERVICE.path(None), "/apis/apiregistration.k8s.io/v1/apiservices");
    }

    #[test]
    fn a_kind_is_found_by_what_objects_say() {
        assert_eq!(Kind::find("batch/v1", "CronJob"), Some(Kind::CRON_JOB));
        assert_eq!(Kind::find("cert-manager.io/v1", "Certificate"), Some(Kind::CERTIFICATE));
        assert_eq!(Kind::find("v1", "CronJob"), None);
    }
}
