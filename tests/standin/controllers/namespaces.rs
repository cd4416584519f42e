//! Namespaces: one that is deleted goes when nothing is left in it, and not before all groups can be asked.
//!
//! Source: `pkg/controller/namespace/deletion/namespaced_resources_deleter.go`.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Namespace;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams};
use serde_json::json;

use super::conditions;
use crate::standin::aggregator::is_available;
use crate::standin::hub::Hub;
use crate::standin::kinds;
use crate::standin::object::NAMESPACE_FINALIZER;

pub(super) async fn reconcile(hub: Arc<Hub>) -> kube::Result<()> {
    for namespace in hub.list::<Namespace>("").await {
        let leaving = namespace.metadata.deletion_timestamp.is_some();
        let phase = if leaving { "Terminating" } else { "Active" };
        if namespace.status.as_ref().and_then(|status| status.phase.as_deref()) != Some(phase) {
            hub.patch_status(&namespace, json!({ "phase": phase })).await?;
        }
        if leaving {
            empty(&hub, &namespace).await?;
        }
    }
    Ok(())
}

/// Deletes what is in a namespace, and lets the namespace go when that is all.
async fn empty(hub: &Hub, namespace: &Namespace) -> kube::Result<()> {
    let left = delete_contents(hub, &namespace.name_any()).await?;
    let unknown: Vec<String> =
        hub.api_services().await.iter().filter(|service| !is_available(service)).map(stale).collect();
    let told = match unknown.is_empty() {
        true => ("False", "ResourcesDiscovered", "All resources successfully discovered".to_owned()),
        false => ("True", "DiscoveryFailed", discovery_failed(&unknown)),
    };
    let told = (told.0, told.1, told.2.as_str());
    let kind = "NamespaceDeletionDiscoveryFailure";
    let conditions = conditions::with(hub, namespace.status.as_ref(), kind, told);
    match left == 0 && unknown.is_empty() {
        true => hub.let_go(namespace, NAMESPACE_FINALIZER).await,
        false => hub.patch_status(namespace, json!({ "conditions": conditions })).await,
    }
}

fn stale(service: &APIService) -> String {
    let spec = service.spec.clone().unwrap_or_default();
    let (group, version) = (spec.group.unwrap_or_default(), spec.version.unwrap_or_default());
    format!("{group}/{version}: stale GroupVersion discovery: {group}/{version}")
}

fn discovery_failed(groups: &[String]) -> String {
    let all = groups.join(", ");
    format!(
        "Discovery failed for some groups, {} failing: unable to retrieve the complete list of server APIs: {all}",
        groups.len()
    )
}

/// Returns how many objects are left.
async fn delete_contents(hub: &Hub, namespace: &str) -> kube::Result<usize> {
    let mut left = 0;
    for descriptor in kinds::ALL.iter().filter(|descriptor| descriptor.is_namespaced()) {
        let resource = kinds::resource(descriptor);
        let api: Api<DynamicObject> = Api::namespaced_with(hub.client.clone(), namespace, &resource);
        for object in api.list(&ListParams::default()).await? {
            left += 1;
            if object.metadata.deletion_timestamp.is_none() {
                api.delete(&object.name_any(), &DeleteParams::background()).await?;
            }
        }
    }
    Ok(left)
}
