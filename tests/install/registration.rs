//! What `wfctl status` tells of the way from kube-apiserver to the server: each reason that the aggregation layer gives,
//! and what it does not see.

use serde_json::{Value, json};

use super::hands::{API_SERVICE, delete, deployment, here, patch, service, until_ready, until_told};
use super::health::installed;
use super::standin::Cluster;
use super::transcript::Transcript;

/// Something that is done to an installation, and what has come of it when it is looked at.
struct Break {
    what: &'static str,
    path: String,
    /// What is merged into the object; null deletes it.
    patch: Value,
    told: &'static str,
}

fn broken(what: &'static str, path: impl Into<String>, patch: Value, told: &'static str) -> Break {
    Break { what, path: path.into(), patch, told }
}

async fn apply(cluster: &Cluster, told: &mut Transcript, it: &Break) {
    told.note(it.what);
    match &it.patch {
        Value::Null => delete(cluster, &it.path).await,
        patched => patch(cluster, &it.path, patched).await,
    }
    until_told(cluster, it.told).await;
}

/// Each is mended by the command that helps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_missing_or_changed_is_told_and_mended_by_the_hint() {
    let cluster = installed().await;
    let mut told = Transcript::new();
    let of_service = |change: Value| json!({ "spec": change });
    let port = |target: Value| json!({"ports": [{"name": "https", "port": 443, "targetPort": target}]});
    let registered = |change: Value| json!({ "spec": change });
    let breaks = [
        broken("the Service is deleted", service(), Value::Null, "ServiceNotFound"),
        broken(
            "the APIService names another port",
            API_SERVICE,
            registered(json!({"service": {"port": 444}})),
            "ServicePortError",
        ),
        broken(
            "the Service leads to no pods",
            service(),
            of_service(json!({"selector": {"app.kubernetes.io/name": "theirs"}})),
            "MissingEndpoints",
        ),
        broken(
            "the Service leads to another port of the pods",
            service(),
            of_service(port(json!(9999))),
            "connection refused",
        ),
        broken("the Deployment is deleted", deployment(), Value::Null, "MissingEndpoints"),
        broken("the APIService is deleted", API_SERVICE, Value::Null, ""),
    ];
    for it in breaks {
        apply(&cluster, &mut told, &it).await;
        told.run(&cluster, "status", 1).await;
        told.run(&cluster, "install", 0).await;
        cluster.run("status").await.expect(0);
    }
    told.check("status-mended-by-install");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_the_aggregation_layer_finds_is_explained() {
    let cluster = installed().await;
    let mut told = Transcript::new();
    let answers = [
        "Get \"URL\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
        "Get \"URL\": tls: failed to verify certificate: x509: certificate signed by unknown authority",
        "Get \"URL\": tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-01-01T00:00:00Z is after 2025-01-01T00:00:00Z",
        "Get \"URL\": dial tcp: no route to host",
        "Get \"URL\": EOF",
        "bad status from URL: 401",
        "bad status from URL: 403",
        "bad status from URL: 404",
        "bad status from URL: 500",
    ];
    for answer in answers {
        cluster.leave_unanswered(Some(answer));
        let end = answer.rsplit("URL").next().unwrap();
        until_told(&cluster, end).await;
        told.note(answer);
        told.run(&cluster, "status", 1).await;
    }
    told.run(&cluster, "status -o json", 1).await;
    cluster.leave_unanswered(None);
    until_told(&cluster, "Passed").await;
    cluster.run("status").await.expect(0);

    patch(&cluster, &deployment(), &json!({"spec": {"replicas": 0}})).await;
    until_ready(&cluster, 0).await;
    until_told(&cluster, "MissingEndpoints").await;
    told.note("kubectl scale deployment/workflow-apiserver --replicas 0");
    told.run(&cluster, "status", 1).await;
    patch(&cluster, &service(), &json!({"spec": {"selector": null}})).await;
    delete(&cluster, &here("discovery.k8s.io/v1", "endpointslices", "workflow-apiserver-standin")).await;
    until_told(&cluster, "EndpointsNotFound").await;
    told.note("the Service has no selector, and no EndpointSlice");
    told.run(&cluster, "status", 1).await;
    told.check("status-unavailable");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn trust_that_is_wrong_is_told_though_the_api_is_called_available() {
    let cluster = installed().await;
    let mut told = Transcript::new();
    let contents = cluster.contents().await;
    let bundle =
        &contents["apiregistration.k8s.io/apiservices/v1alpha1.workflow.example.com"]["spec"]["caBundle"];
    let other = &contents["/configmaps/kube-system/extension-apiserver-authentication"]["data"];
    let other = base64(other["client-ca-file"].as_str().unwrap());
    let spec = |change: Value| json!({ "spec": change });
    let mended = spec(json!({"caBundle": bundle, "insecureSkipTLSVerify": null}));
    let breaks = [
        broken(
            "the caBundle is that of somebody else",
            API_SERVICE,
            spec(json!({"caBundle": other})),
            "Passed",
        ),
        broken("the caBundle is empty", API_SERVICE, spec(json!({"caBundle": null})), "Passed"),
        broken(
            "the caBundle is nonsense",
            API_SERVICE,
            spec(json!({"caBundle": base64("nonsense")})),
            "Passed",
        ),
        broken(
            "anybody is trusted",
            API_SERVICE,
            spec(json!({"caBundle": null, "insecureSkipTLSVerify": true})),
            "Passed",
        ),
        broken(
            "another Service has the API",
            API_SERVICE,
            spec(json!({"service": {"name": "theirs", "namespace": "default"}})),
            "ServiceNotFound",
        ),
    ];
    for it in &breaks[..4] {
        apply(&cluster, &mut told, it).await;
        told.run(&cluster, "status", 1).await;
        patch(&cluster, API_SERVICE, &mended).await;
    }
    told.note("the caBundle is right again, but written by kubectl-edit");
    told.run(&cluster, "status", 0).await;
    apply(&cluster, &mut told, &breaks[4]).await;
    told.run(&cluster, "status", 1).await;
    told.run(&cluster, "install", 1).await;
    told.check("status-trust");
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(text)
}
