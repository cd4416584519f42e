//! Which Workflows a client follows.

use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams, Resource};
use kube::core::DynamicResourceScope;
use serde::Serialize;

/// The namespaces that are written to. The first is the one that a client of one namespace follows.
pub(crate) const NAMESPACES: [&str; 2] = ["default", "another"];

/// What is asked for, in the words of a query; empty for all.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Selection {
    pub(crate) namespace: &'static str,
    pub(crate) labels: &'static str,
    pub(crate) fields: &'static str,
}

pub(crate) const ALL: Selection = Selection { namespace: "", labels: "", fields: "" };
pub(crate) const NAMESPACE: Selection = Selection { namespace: NAMESPACES[0], ..ALL };
/// Those with a label that writes give and take.
pub(crate) const LABELLED: Selection = Selection { labels: "app=x", ..ALL };
/// Those with a status that writes give and take.
pub(crate) const RUNNING: Selection = Selection { fields: "status.phase=Running", ..ALL };

pub(crate) fn resource() -> ApiResource {
    ApiResource::from_gvk(&GroupVersionKind::gvk("workflow.example.com", "v1alpha1", "Workflow"))
}

impl Selection {
    /// Returns the API of the place that this is about.
    pub(crate) fn api<K>(&self, client: Client) -> Api<K>
    where
        K: Resource<DynamicType = ApiResource, Scope = DynamicResourceScope>,
    {
        match self.namespace {
            "" => Api::all_with(client, &resource()),
            namespace => Api::namespaced_with(client, namespace, &resource()),
        }
    }

    /// Returns all that is selected now.
    pub(crate) async fn list(&self, client: Client) -> Vec<DynamicObject> {
        let parameters = ListParams::default().labels(self.labels).fields(self.fields);
        self.api(client).list(&parameters).await.unwrap().items
    }
}
