//! Whether other servers answer, in the words of the aggregation layer.
//!
//! Source: `kube-aggregator/pkg/controllers/status/remote/remote_available_controller.go`. One attempt stands for
//! its five.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;

use super::conditions;
use crate::standin::aggregator::{probe, ready_addresses, reference, slices};
use crate::standin::hub::Hub;
use crate::standin::tls::Unreached;

pub(super) async fn reconcile(hub: Arc<Hub>) -> kube::Result<()> {
    for service in hub.api_services().await {
        let (reason, message) = judge(&hub, &service).await;
        let state = if reason == "Passed" { "True" } else { "False" };
        let told = (state, reason, message.as_str());
        let conditions = conditions::with(&hub, service.status.as_ref(), "Available", told);
        hub.patch_status(&service, serde_json::json!({ "conditions": conditions })).await?;
    }
    Ok(())
}

async fn judge(hub: &Hub, service: &APIService) -> (&'static str, String) {
    let (namespace, name, port) = reference(service);
    let Some(found) = hub.find::<Service>(&namespace, &name).await else {
        return ("ServiceNotFound", format!("service/{name} in {namespace:?} is not present"));
    };
    let ports = found.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let Some(port_name) = ports.into_iter().find(|one| one.port == port).map(|one| one.name.clone()) else {
        let message = format!("service/{name} in {namespace:?} is not listening on port {port}");
        return ("ServicePortError", message);
    };
    let port_name = port_name.unwrap_or_default();
    let slices = slices(hub, &namespace, &name).await;
    if slices.is_empty() {
        let message = format!("cannot find endpointslices for service/{name} in {namespace:?}");
        return ("EndpointsNotFound", message);
    }
    if slices.iter().all(|slice| ready_addresses(slice, &port_name).is_empty()) {
        let what = format!("endpointslices for service/{name} in {namespace:?}");
        return ("MissingEndpoints", format!("{what} have no addresses with port name {port_name:?}"));
    }
    match probe(hub, service).await {
        Ok(()) => ("Passed", "all checks passed".to_owned()),
        Err(Unreached(why)) => ("FailedDiscoveryCheck", why),
    }
}
