//! What others do to a cluster beside wfctl: past the door, and as users.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use super::NAMESPACE;
use super::standin::Cluster;

pub(crate) const API_SERVICE: &str =
    "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.workflow.example.com";
const WORKFLOWS: &str = "/apis/workflow.example.com/v1alpha1/namespaces/default/workflows";

/// Returns the path of an object in the namespace of the installation: `apps/v1 deployments NAME`.
pub(crate) fn here(version: &str, plural: &str, name: &str) -> String {
    let root = if version == "v1" { "api" } else { "apis" };
    format!("/{root}/{version}/namespaces/{NAMESPACE}/{plural}/{name}").trim_end_matches('/').to_owned()
}

pub(crate) fn deployment() -> String {
    here("apps/v1", "deployments", "workflow-apiserver")
}

pub(crate) fn service() -> String {
    here("v1", "services", "workflow-apiserver")
}

pub(crate) async fn ask(client: &Client, method: &str, path: &str, kind: &str, body: &Value) -> Value {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request = http::Request::builder().method(method).uri(path).header("content-type", kind);
    client
        .request(request.body(body).unwrap())
        .await
        .unwrap_or_else(|error| panic!("{method} {path}: {error}"))
}

/// Merges into an object in the name of `kubectl-edit`.
pub(crate) async fn patch(cluster: &Cluster, path: &str, patch: &Value) {
    let path = format!("{path}?fieldManager=kubectl-edit");
    ask(&cluster.client(), "PATCH", &path, "application/merge-patch+json", patch).await;
}

pub(crate) async fn create(cluster: &Cluster, path: &str, object: &Value) {
    ask(&cluster.client(), "POST", path, "application/json", object).await;
}

pub(crate) async fn delete(cluster: &Cluster, path: &str) {
    ask(&cluster.client(), "DELETE", path, "application/json", &Value::Null).await;
}

/// Makes a Workflow through kube-apiserver.
pub(crate) async fn create_workflow(cluster: &Cluster, name: &str) -> Value {
    let file = Kubeconfig::read_from(cluster.kubeconfig()).unwrap();
    let config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
    let workflow = json!({
        "apiVersion": "workflow.example.com/v1alpha1", "kind": "Workflow", "metadata": {"name": name},
        "spec": {"steps": [{"name": "one", "image": "i"}]},
    });
    ask(&Client::try_from(config).unwrap(), "POST", WORKFLOWS, "application/json", &workflow).await
}

/// Waits until kube-apiserver says this of the API: `Passed`, or why it is not available.
pub(crate) async fn until_told(cluster: &Cluster, words: &str) {
    cluster
        .until(|contents| {
            let registration =
                contents.get("apiregistration.k8s.io/apiservices/v1alpha1.workflow.example.com");
            let condition =
                registration.map(|found| &found["status"]["conditions"][0]).unwrap_or(&Value::Null);
            let text = |field: &str| condition[field].as_str().unwrap_or_default();
            format!("{}: {}", text("reason"), text("message")).contains(words)
        })
        .await;
}

/// Waits until so many pods are ready, and no others are there.
pub(crate) async fn until_ready(cluster: &Cluster, wanted: u64) {
    cluster
        .until(|contents| {
            let deployment = &contents[&format!("apps/deployments/{NAMESPACE}/workflow-apiserver")];
            let status = &deployment["status"];
            let count = |field: &str| status[field].as_u64().unwrap_or_default();
            [count("replicas"), count("readyReplicas"), count("updatedReplicas")] == [wanted; 3]
                && status["observedGeneration"] == deployment["metadata"]["generation"]
        })
        .await;
}

/// Lets the ServiceAccount of the servers get, list and watch another Secret.
pub(crate) async fn let_servers_follow(cluster: &Cluster, secret: &str) {
    let rbac = "rbac.authorization.k8s.io";
    let version = &format!("{rbac}/v1");
    let metadata = json!({ "name": secret });
    let verbs = ["get", "list", "watch"];
    let rule =
        json!({"apiGroups": [""], "resources": ["secrets"], "resourceNames": [secret], "verbs": verbs});
    let subject = json!({"kind": "ServiceAccount", "name": "workflow-apiserver", "namespace": NAMESPACE});
    let role = json!({"apiGroup": rbac, "kind": "Role", "name": secret});
    create(cluster, &here(version, "roles", ""), &json!({"metadata": metadata, "rules": [rule]})).await;
    let binding = json!({"metadata": metadata, "subjects": [subject], "roleRef": role});
    create(cluster, &here(version, "rolebindings", ""), &binding).await;
}

/// Returns a Secret with a certificate for the Service, of an authority that nobody trusts.
pub(crate) fn strangers_certificate() -> Value {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let mut leaf = CertificateParams::new(vec![format!("workflow-apiserver.{NAMESPACE}.svc")]).unwrap();
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let base64 = |text: String| BASE64_STANDARD.encode(text);
    let data = json!({"tls.crt": base64(leaf.pem()), "tls.key": base64(key.serialize_pem())});
    json!({"metadata": {"name": "theirs"}, "type": "kubernetes.io/tls", "data": data})
}
