//! Each break that can be made on purpose is told from all others.

use serde_json::{Value, json};

use crate::cluster::{API_SERVICE, Installation, kubectl, report, succeeded, text, wfctl};

const SERVICE: &str = "service/workflow-apiserver";
const DEPLOYMENT: &str = "deployment/workflow-apiserver";

#[test]
#[ignore = "needs a cluster: make e2e"]
fn an_installation_that_is_well_is_told_so() {
    let _installation = Installation::whole();
    let report = report();
    assert_eq!(report["healthy"], true, "{report:#}");
    let table = succeeded(&wfctl("status"));
    assert!(table.contains("Round trip\n  ok       discovery"), "{table}");
    assert!(table.contains("Healthy: "), "{table}");
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn a_deployment_without_replicas_leaves_the_service_without_endpoints() {
    let installation = Installation::whole();
    installation.kubectl(&["scale", DEPLOYMENT, "--replicas=0"]);
    installation.complains_of("deployment", "scaled to 0");
    installation.complains_of("available", "MissingEndpoints");
    installation.kubectl(&["scale", DEPLOYMENT, "--replicas=1"]);
    installation.recovers();
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn a_service_that_is_gone_is_told_and_put_back_by_the_hint() {
    let installation = Installation::whole();
    installation.kubectl(&["delete", SERVICE]);
    installation.complains_of("available", "ServiceNotFound");
    let check = installation.complains_of("service", "is not there");
    assert_eq!(check["hint"], "wfctl install -n workflow-system");
    drop(installation);
    Installation::whole();
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn a_port_that_the_service_does_not_have_is_told() {
    let installation = Installation::whole();
    installation.register(&json!({"service": {"port": 444}}));
    installation.complains_of("available", "ServicePortError");
    installation.register(&json!({"service": {"port": 443}}));
    installation.recovers();
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn a_port_on_which_nobody_listens_is_told() {
    let installation = Installation::whole();
    let target =
        |port: Value| json!({"spec": {"ports": [{"name": "https", "port": 443, "targetPort": port}]}});
    installation.patch(SERVICE, &target(json!(9999)));
    installation.complains_of("available", "nobody listens");
    installation.patch(SERVICE, &target(json!("https")));
    installation.recovers();
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn a_service_without_endpoint_slices_is_told() {
    let installation = Installation::whole();
    let selector = installation.kubectl(&["get", SERVICE, "-o", "jsonpath={.spec.selector}"]);
    installation.patch(SERVICE, &json!({"spec": {"selector": null}}));
    let slices = "kubernetes.io/service-name=workflow-apiserver";
    installation.kubectl(&["delete", "endpointslices", "-l", slices]);
    installation.kubectl(&["delete", "endpoints", "workflow-apiserver", "--ignore-not-found"]);
    installation.complains_of("available", "EndpointsNotFound");
    let selector: Value = serde_json::from_str(&selector).unwrap();
    installation.patch(SERVICE, &json!({"spec": {"selector": selector}}));
    installation.recovers();
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn trust_in_another_authority_is_found_at_every_replica() {
    let installation = Installation::whole();
    let bundle = kubectl(&["get", API_SERVICE, "-o", "jsonpath={.spec.caBundle}"]);
    let configuration = ["get", "configmap", "extension-apiserver-authentication", "--namespace=kube-system"];
    let other = kubectl(&[&configuration[..], &["-o", "json"]].concat());
    let other: Value = serde_json::from_str(&other).unwrap();
    let other = other["data"]["requestheader-client-ca-file"].as_str().unwrap().to_owned();
    installation.register(&json!({"caBundle": base64(&other)}));
    installation.complains_of("caBundle", "issued by another authority");
    installation.complains_of("replica workflow-apiserver-", "no authority in the caBundle issued it");
    installation.complains_of("list of Workflows", "");
    installation.register(&json!({ "caBundle": bundle }));
    installation.recovers();
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn trust_in_everybody_is_found_though_all_is_available() {
    let installation = Installation::whole();
    let bundle = kubectl(&["get", API_SERVICE, "-o", "jsonpath={.spec.caBundle}"]);
    installation.register(&json!({"caBundle": null, "insecureSkipTLSVerify": true}));
    installation.complains_of("trust", "insecureSkipTLSVerify");
    let report = report();
    let available = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == "available");
    assert_eq!(available.unwrap()["result"], "ok", "{report:#}");
    installation.register(&json!({"caBundle": bundle, "insecureSkipTLSVerify": false}));
    installation.recovers();
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn an_api_service_that_is_stolen_names_the_thief() {
    let installation = Installation::whole();
    installation.register(&json!({"service": {"name": "theirs", "namespace": "default"}}));
    installation.complains_of("registration", "Service default/theirs, written by kubectl-patch");
    installation
        .register(&json!({"service": {"name": "workflow-apiserver", "namespace": "workflow-system"}}));
    installation.recovers();
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn rights_that_are_missing_are_named_with_what_gave_them() {
    let installation = Installation::whole();
    kubectl(&["delete", "clusterrolebinding", "workflow-apiserver:system:auth-delegator"]);
    kubectl(&["delete", "rolebinding", "workflow-apiserver-auth-reader", "--namespace=kube-system"]);
    let binding = "ClusterRoleBinding workflow-apiserver:system:auth-delegator";
    installation.complains_of("right to create tokenreviews", binding);
    installation.complains_of("right to create subjectaccessreviews", binding);
    installation.complains_of("right to watch configmaps", "workflow-apiserver-auth-reader");
    drop(installation);
    Installation::whole();
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn a_namespace_that_hangs_because_of_workflows_is_named() {
    let installation = Installation::whole();
    installation.register(&json!({"service": {"port": 444}}));
    installation.complains_of("available", "ServicePortError");
    kubectl(&["create", "namespace", "wfctl-upkeep-hangs"]);
    kubectl(&["delete", "namespace", "wfctl-upkeep-hangs", "--wait=false"]);
    installation.complains_of("namespaces", "wfctl-upkeep-hangs");
    installation.register(&json!({"service": {"port": 443}}));
    kubectl(&["wait", "--for=delete", "namespace/wfctl-upkeep-hangs", "--timeout=3m"]);
    installation.recovers();
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn somebody_without_rights_learns_no_lies() {
    let _installation = Installation::whole();
    let output = wfctl("status --as nobody");
    let table = succeeded(&output);
    assert!(!table.contains("\n  failed "), "{table}{}", text(&output.stderr));
    assert!(table.contains("cannot be looked at: "), "{table}");
}

fn base64(text: &str) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(text)
}
