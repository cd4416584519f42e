//! A server to aggregate: what an installation is made of, by hand.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, Secret, Service};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::Client;
use kube::api::{Api, PostParams};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use crate::standin::Cluster;

pub(super) const GROUP: &str = "workflow.example.com";
pub(super) const API_SERVICE: &str = "apiregistration.k8s.io/apiservices/v1alpha1.workflow.example.com";

/// Makes an authority and what it issues for the Service: authority, certificate and key, PEM.
pub(super) fn certificates() -> (String, String, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["server.test.svc".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    (authority.pem(), leaf.pem(), key.serialize_pem())
}

/// Makes the namespace, the Secret, the Service and the Deployment.
pub(super) async fn deploy(cluster: &Cluster) -> String {
    let (authority, certificate, key) = certificates();
    let client = cluster.client();
    let namespace = json!({"metadata": {"name": "test"}});
    create::<Namespace>(Api::all(client.clone()), namespace).await;
    let everything = json!({"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]});
    let role = json!({"metadata": {"name": "server"}, "rules": [everything]});
    create::<ClusterRole>(Api::all(client.clone()), role).await;
    create::<ClusterRoleBinding>(Api::all(client.clone()), binding()).await;
    let secret = json!({"metadata": {"name": "certs"}, "stringData": {}, "data": {
        "tls.crt": BASE64_STANDARD.encode(certificate), "tls.key": BASE64_STANDARD.encode(key),
    }});
    create::<Secret>(Api::namespaced(client.clone(), "test"), secret).await;
    create::<Service>(Api::namespaced(client.clone(), "test"), service()).await;
    create::<Deployment>(Api::namespaced(client, "test"), deployment()).await;
    authority
}

pub(super) async fn register(client: &Client, authority: &str) {
    let service = json!({
        "metadata": {"name": format!("v1alpha1.{GROUP}")},
        "spec": {
            "group": GROUP, "version": "v1alpha1", "groupPriorityMinimum": 1000, "versionPriority": 100,
            "service": {"namespace": "test", "name": "server", "port": 443},
            "caBundle": BASE64_STANDARD.encode(authority),
        },
    });
    create::<APIService>(Api::all(client.clone()), service).await;
}

async fn create<K>(api: Api<K>, object: Value)
where
    K: Clone + std::fmt::Debug + serde::Serialize + serde::de::DeserializeOwned,
{
    api.create(&PostParams::default(), &serde_json::from_value(object).unwrap()).await.unwrap();
}

fn binding() -> Value {
    json!({
        "metadata": {"name": "server"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "server"},
        "subjects": [{"kind": "ServiceAccount", "namespace": "test", "name": "default"}],
    })
}

fn service() -> Value {
    json!({
        "metadata": {"name": "server"},
        "spec": {
            "selector": {"app": "server"},
            "ports": [{"name": "https", "port": 443, "targetPort": "https"}],
        },
    })
}

fn deployment() -> Value {
    json!({
        "metadata": {"name": "server"},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "server"}},
            "strategy": {"type": "Recreate"},
            "template": {
                "metadata": {"labels": {"app": "server"}},
                "spec": {
                    "containers": [{
                        "name": "server",
                        "image": "server:1",
                        "args": [
                            "serve", "--storage=memory:", "--secure-port=8443",
                            "--tls-cert-file=/certs/tls.crt", "--tls-private-key-file=/certs/tls.key",
                        ],
                        "ports": [{"name": "https", "containerPort": 8443}],
                        "readinessProbe": {"httpGet": {"path": "/readyz", "port": "https", "scheme": "HTTPS"}},
                        "volumeMounts": [{"name": "certs", "mountPath": "/certs"}],
                    }],
                    "volumes": [{"name": "certs", "secret": {"secretName": "certs"}}],
                },
            },
        },
    })
}

/// Tells whether the Deployment has a pod that is ready.
pub(super) fn is_ready(contents: &std::collections::BTreeMap<String, Value>) -> bool {
    contents
        .get("apps/deployments/test/server")
        .is_some_and(|deployment| deployment["status"]["readyReplicas"] == 1)
}

/// Returns the condition that says whether the APIService is available, as `reason: message`.
pub(super) fn availability(contents: &std::collections::BTreeMap<String, Value>) -> String {
    let Some(service) = contents.get(API_SERVICE) else { return String::new() };
    let condition = &service["status"]["conditions"][0];
    let text = |name: &str| condition[name].as_str().unwrap_or_default().to_owned();
    format!("{}: {}", text("reason"), text("message"))
}
