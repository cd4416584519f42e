//! The pods that serve, or might begin to.

use std::net::IpAddr;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::api::{Api, ListParams};
use kube::core::Selector;

use crate::cluster::Client;
use crate::pki::SERVICE;

/// The name of the port that is served on.
const PORT_NAME: &str = "https";
/// Where it is when the pod does not say.
const PORT: u16 = 8443;
/// The labels of the pods where there is no Deployment to say them.
const LABELS: &str = "app.kubernetes.io/name=workflow-apiserver,app.kubernetes.io/component=apiserver";

/// A pod that serves, or might begin to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Replica {
    /// Its name.
    pub(crate) name: String,
    /// Its address, once it has one.
    pub(crate) address: Option<IpAddr>,
    /// The port that it serves on.
    pub(crate) port: u16,
}

/// Returns all replicas in `namespace`, ready or not, by their names.
///
/// # Errors
///
/// kube-apiserver does not say.
pub(crate) async fn replicas(client: &Client, namespace: &str) -> Result<Vec<Replica>, kube::Error> {
    let deployments: Api<Deployment> = Api::namespaced(client.clone(), namespace);
    let deployment = deployments.get_opt(SERVICE).await?;
    let selector = labels(deployment.and_then(|deployment| deployment.spec).map(|spec| spec.selector));
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let pods = pods.list(&ListParams::default().labels(&selector)).await?;
    let mut replicas: Vec<_> = pods.items.iter().filter_map(Replica::of).collect();
    replicas.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(replicas)
}

fn labels(selector: Option<LabelSelector>) -> String {
    let selector = selector.and_then(|selector| Selector::try_from(selector).ok());
    selector.map_or_else(|| LABELS.to_owned(), |selector| selector.to_string())
}

impl Replica {
    /// A pod that has finished will not serve again; one that is told to stop still does.
    fn of(pod: &Pod) -> Option<Self> {
        let status = pod.status.as_ref();
        let phase = status.and_then(|status| status.phase.as_deref());
        if matches!(phase, Some("Succeeded" | "Failed")) {
            return None;
        }
        let address = status.and_then(|status| status.pod_ip.as_deref()).and_then(|ip| ip.parse().ok());
        Some(Self { name: pod.metadata.name.clone()?, address, port: port(pod).unwrap_or(PORT) })
    }
}

fn port(pod: &Pod) -> Option<u16> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
    let port = ports.find(|port| port.name.as_deref() == Some(PORT_NAME))?;
    u16::try_from(port.container_port).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn replica(status: &Value) -> Option<Replica> {
        let ports =
            json!([{"name": "metrics", "containerPort": 1}, {"name": "https", "containerPort": 8444}]);
        let pod = json!({
            "metadata": {"name": "a"},
            "spec": {"containers": [{"name": "sidecar"}, {"name": "apiserver", "ports": ports}]},
            "status": status,
        });
        Replica::of(&serde_json::from_value(pod).unwrap())
    }

    #[test]
    fn a_pod_is_called_at_its_address_and_its_port() {
        let found = replica(&json!({"phase": "Running", "podIP": "10.0.0.7"})).unwrap();
        let expected = Replica { name: "a".to_owned(), address: Some([10, 0, 0, 7].into()), port: 8444 };
        assert_eq!(found, expected);
    }

    #[test]
    fn a_pod_that_has_not_begun_counts_and_one_that_has_finished_does_not() {
        assert_eq!(replica(&json!({"phase": "Pending"})).unwrap().address, None);
        assert_eq!(replica(&json!({"phase": "Succeeded", "podIP": "10.0.0.7"})), None);
        assert_eq!(replica(&json!({"phase": "Failed"})), None);
    }

    #[test]
    fn the_deployment_says_which_pods_are_its() {
        let selector = json!({"matchLabels": {"app": "x"}});
        assert_eq!(labels(serde_json::from_value(selector).unwrap()), "app=x");
        assert_eq!(labels(None), LABELS);
    }
}
