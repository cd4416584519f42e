//! The types of the stand-in.

use std::sync::Arc;

use embedded_server::admission::Chain;
use embedded_server::cacher::Limits;
use embedded_server::clock::Clock;
use embedded_server::meta::{Descriptor, Names, Scope, Subresource};
use embedded_server::registry::{Registry, Rest};
use embedded_server::storage::{Backend, StorageError};
use kube::api::ApiResource;

use super::object::{Kind, Rules};

/// Names of the types by which Rust tells them apart, and what each is.
macro_rules! kinds {
    ($($name:ident($group:literal, $version:literal, $plural:literal, $scope:ident $(, $part:ident)?);)*) => {
        $(
            #[derive(Clone, Debug, Default)]
            pub(super) struct $name;

            impl Kind for $name {
                const DESCRIPTOR: Descriptor = Descriptor {
                    group: $group,
                    version: $version,
                    kind: stringify!($name),
                    plural: $plural,
                    scope: Scope::$scope,
                    names: names($group),
                    subresources: &[$(Subresource::$part)?],
                    definition_prefix: concat!("standin.", $group, ".", $version),
                    ..Descriptor::NAMESPACED
                };
            }
        )*

        /// All types.
        pub(super) const ALL: &[Descriptor] = &[$($name::DESCRIPTOR),*];

        /// Serves all types.
        pub(super) async fn serve(ground: &Ground) -> Result<Vec<Arc<dyn Rest>>, StorageError> {
            Ok(vec![$(Arc::new(ground.registry::<$name>().await?)),*])
        }
    };
}

/// Access rules are called what people want.
const fn names(group: &str) -> Names {
    match group.as_bytes() {
        b"rbac.authorization.k8s.io" => Names::PathSegment,
        _ => Names::Subdomain,
    }
}

kinds! {
    Namespace("", "v1", "namespaces", Cluster, Status);
    Node("", "v1", "nodes", Cluster, Status);
    ServiceAccount("", "v1", "serviceaccounts", Namespaced);
    Secret("", "v1", "secrets", Namespaced);
    ConfigMap("", "v1", "configmaps", Namespaced);
    Service("", "v1", "services", Namespaced, Status);
    PersistentVolumeClaim("", "v1", "persistentvolumeclaims", Namespaced, Status);
    Pod("", "v1", "pods", Namespaced, Status);
    Event("", "v1", "events", Namespaced);
    ResourceQuota("", "v1", "resourcequotas", Namespaced, Status);
    EndpointSlice("discovery.k8s.io", "v1", "endpointslices", Namespaced);
    Deployment("apps", "v1", "deployments", Namespaced, Status);
    ReplicaSet("apps", "v1", "replicasets", Namespaced, Status);
    Job("batch", "v1", "jobs", Namespaced, Status);
    CronJob("batch", "v1", "cronjobs", Namespaced, Status);
    Role("rbac.authorization.k8s.io", "v1", "roles", Namespaced);
    RoleBinding("rbac.authorization.k8s.io", "v1", "rolebindings", Namespaced);
    ClusterRole("rbac.authorization.k8s.io", "v1", "clusterroles", Cluster);
    ClusterRoleBinding("rbac.authorization.k8s.io", "v1", "clusterrolebindings", Cluster);
    PodDisruptionBudget("policy", "v1", "poddisruptionbudgets", Namespaced, Status);
    NetworkPolicy("networking.k8s.io", "v1", "networkpolicies", Namespaced);
    StorageClass("storage.k8s.io", "v1", "storageclasses", Cluster);
    Lease("coordination.k8s.io", "v1", "leases", Namespaced);
    MutatingWebhookConfiguration("admissionregistration.k8s.io", "v1", "mutatingwebhookconfigurations", Cluster);
    ValidatingWebhookConfiguration("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations", Cluster);
    APIService("apiregistration.k8s.io", "v1", "apiservices", Cluster, Status);
    Certificate("cert-manager.io", "v1", "certificates", Namespaced, Status);
}

/// Returns what clients call a type by.
pub(super) fn resource(of: &Descriptor) -> ApiResource {
    ApiResource {
        group: of.group.to_owned(),
        version: of.version.to_owned(),
        api_version: of.api_version(),
        kind: of.kind.to_owned(),
        plural: of.plural.to_owned(),
    }
}

/// What all registries stand on.
pub(super) struct Ground {
    pub(super) store: Arc<dyn Backend>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) admission: Chain,
}

impl Ground {
    async fn registry<K: Kind>(&self) -> Result<Registry<Rules<K>>, StorageError> {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        let rules = Rules::<K>::default();
        Registry::start(rules, store, self.admission.clone(), clock, Limits::default()).await
    }
}
