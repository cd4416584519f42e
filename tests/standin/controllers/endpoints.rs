//! EndpointSlices: for every Service with a selector one that lists the pods.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Pod, Service, ServicePort};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;
use serde_json::{Value, json};

use super::conditions;
use crate::standin::hub::{Hub, owned_by};

pub(super) async fn reconcile(hub: Arc<Hub>) -> kube::Result<()> {
    for service in hub.list::<Service>("").await {
        let selector = service.spec.as_ref().and_then(|spec| spec.selector.clone());
        if let Some(selector) = selector.filter(|_| service.metadata.deletion_timestamp.is_none()) {
            list_pods(&hub, &service, &selector).await?;
        }
    }
    Ok(())
}

async fn list_pods(hub: &Hub, service: &Service, selector: &BTreeMap<String, String>) -> kube::Result<()> {
    let namespace = service.namespace().unwrap_or_default();
    let mut pods: Vec<Pod> = hub.list(&namespace).await;
    pods.retain(|pod| selector.iter().all(|(label, value)| pod.labels().get(label) == Some(value)));
    let name = format!("{}-standin", service.name_any());
    let content = json!({ "endpoints": endpoints(&pods), "ports": ports(service, &pods) });
    match hub.find::<EndpointSlice>(&namespace, &name).await {
        Some(slice) => hub.patch(&slice, &content).await,
        None => {
            let mut slice = json!({
                "metadata": {
                    "name": name, "namespace": namespace, "ownerReferences": owned_by(service),
                    "labels": {"kubernetes.io/service-name": service.name_any()},
                },
                "addressType": "IPv4",
            });
            (slice["endpoints"], slice["ports"]) = (content["endpoints"].clone(), content["ports"].clone());
            hub.create::<EndpointSlice>(slice).await.map(drop)
        }
    }
}

fn endpoints(pods: &[Pod]) -> Vec<Value> {
    let endpoint = |pod: &Pod| {
        let address = pod.status.as_ref()?.pod_ip.clone()?;
        let serving = conditions::holds(pod.status.as_ref(), "Ready");
        let leaving = pod.metadata.deletion_timestamp.is_some();
        Some(json!({
            "addresses": [address],
            "conditions": {"ready": serving && !leaving, "serving": serving, "terminating": leaving},
            "targetRef": {
                "kind": "Pod", "namespace": pod.namespace(), "name": pod.name_any(), "uid": pod.uid(),
            },
        }))
    };
    pods.iter().filter_map(endpoint).collect()
}

fn ports(service: &Service, pods: &[Pod]) -> Vec<Value> {
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let port = |port: &ServicePort| {
        let target = match port.target_port.clone().unwrap_or(IntOrString::Int(port.port)) {
            IntOrString::Int(number) => Some(number),
            IntOrString::String(name) => pods.iter().find_map(|pod| container_port(pod, &name)),
        };
        Some(json!({"name": port.name, "port": target?, "protocol": "TCP"}))
    };
    ports.into_iter().filter_map(port).collect()
}

fn container_port(pod: &Pod, name: &str) -> Option<i32> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
    ports.find(|port| port.name.as_deref() == Some(name)).map(|port| port.container_port)
}
