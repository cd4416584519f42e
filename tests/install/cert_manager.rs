//! Certificates from cert-manager, whose part the test plays.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};

use super::standin::{Cluster, Output};
use super::{NAMESPACE, lasting};

const NAME: &str = "workflow-apiserver-certs";
const REGISTRATION: &str = "v1alpha1.workflow.example.com";
const CERTIFICATE: &str = "cert-manager.io/certificates/workflow-system/workflow-apiserver-certs";
const SERVING: &str = "/secrets/workflow-system/workflow-apiserver-certs";
const AUTHORITY: &str = "/secrets/workflow-system/workflow-apiserver-ca";
const API_SERVICE: &str = "apiregistration.k8s.io/apiservices/v1alpha1.workflow.example.com";

/// Runs a command while cert-manager and its cainjector do their work.
async fn run(cluster: &Cluster, line: &str) -> Output {
    tokio::select! {
        output = cluster.run(line) => output,
        () = cert_manager(cluster) => unreachable!("it never ends"),
    }
}

async fn cert_manager(cluster: &Cluster) {
    loop {
        cluster.until(|contents| is_unissued(contents) || is_uninjected(contents)).await;
        let contents = cluster.contents().await;
        if is_unissued(&contents) {
            issue(cluster, &contents[CERTIFICATE]).await;
        } else {
            inject(cluster, &contents[SERVING]).await;
        }
    }
}

fn is_unissued(contents: &BTreeMap<String, Value>) -> bool {
    let issued = contents.get(SERVING).is_some_and(is_written);
    contents.get(CERTIFICATE).is_some_and(|certificate| !issued || certificate["status"].is_null())
}

fn is_written(secret: &Value) -> bool {
    secret["metadata"]["annotations"]["cert-manager.io/certificate-name"] == NAME
}

fn is_uninjected(contents: &BTreeMap<String, Value>) -> bool {
    let (Some(service), Some(secret)) = (contents.get(API_SERVICE), contents.get(SERVING)) else {
        return false;
    };
    let asked = service["metadata"]["annotations"]["cert-manager.io/inject-ca-from"].is_string();
    asked && is_written(secret) && service["spec"]["caBundle"] != secret["data"]["ca.crt"]
}

async fn issue(cluster: &Cluster, certificate: &Value) {
    let (authority, leaf, key) = issued(certificate);
    let encoded = |text: String| BASE64_STANDARD.encode(text);
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
        "metadata": {
            "name": NAME, "labels": certificate["spec"]["secretTemplate"]["labels"],
            "annotations": {"cert-manager.io/certificate-name": NAME},
        },
        "data": {"tls.crt": encoded(leaf), "tls.key": encoded(key), "ca.crt": encoded(authority)},
    });
    let secrets: Api<Secret> = Api::namespaced(cluster.client(), NAMESPACE);
    secrets.patch(NAME, &by("cert-manager-certificates-issuing"), &Patch::Apply(secret)).await.unwrap();
    let ready = json!({"type": "Ready", "status": "True", "reason": "Ready", "message": "it is up to date",
                       "observedGeneration": certificate["metadata"]["generation"]});
    let kind = ApiResource {
        group: "cert-manager.io".to_owned(),
        version: "v1".to_owned(),
        api_version: "cert-manager.io/v1".to_owned(),
        kind: "Certificate".to_owned(),
        plural: "certificates".to_owned(),
    };
    let certificates: Api<DynamicObject> = Api::namespaced_with(cluster.client(), NAMESPACE, &kind);
    let status = Patch::Merge(json!({"status": {"conditions": [ready]}}));
    certificates.patch_status(NAME, &PatchParams::default(), &status).await.unwrap();
}

async fn inject(cluster: &Cluster, secret: &Value) {
    let service = json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "metadata": {"name": REGISTRATION},
        "spec": {"caBundle": secret["data"]["ca.crt"]},
    });
    let services: Api<APIService> = Api::all(cluster.client());
    services.patch(REGISTRATION, &by("cert-manager-cainjector"), &Patch::Apply(service)).await.unwrap();
}

fn by(manager: &str) -> PatchParams {
    PatchParams::apply(manager).force()
}

/// Issues what a Certificate asks for: authority, certificate and key, PEM.
fn issued(certificate: &Value) -> (String, String, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap();
    let issuer = Issuer::new(params, key);
    let names: Vec<String> = serde_json::from_value(certificate["spec"]["dnsNames"].clone()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(names).unwrap();
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let leaf = params.signed_by(&key, &issuer).unwrap();
    (authority.pem(), leaf.pem(), key.serialize_pem())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_with_cert_manager_is_proven_and_understood() {
    let cluster = Cluster::start().await;
    let report = run(&cluster, "install --cert-manager internal -o json").await.expect(0).stdout;
    let report: Value = serde_json::from_str(&report).unwrap();
    assert_eq!((&report["healthy"], &report["certificates"]), (&json!(true), &json!("certManager")));
    assert!(!lasting(&cluster).await.contains_key(AUTHORITY));

    cluster.run("status").await.expect(0);
    let listed = cluster.run("certs list").await.expect(0).stdout;
    assert!(!listed.contains("Secret workflow-apiserver-ca"), "{listed}");
    let told = cluster.run("certs rotate").await.expect(1).stderr;
    assert!(told.contains("cmctl renew -n workflow-system workflow-apiserver-certs"), "{told}");
    cluster.run("uninstall --yes").await.expect(0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_an_answer_of_cert_manager_it_is_named() {
    let cluster = Cluster::start().await;
    let told = cluster.run("install --cert-manager internal --timeout 3s").await.expect(1).stderr;
    assert!(told.contains("cert-manager has not looked at the Certificate yet; does it run?"), "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_go_over_to_cert_manager_and_come_back() {
    let cluster = Cluster::start().await;
    cluster.run("install").await.expect(0);
    let over = run(&cluster, "install --cert-manager internal").await.expect(0).stderr;
    assert!(over.contains("Deleted Secret workflow-system/workflow-apiserver-ca"), "{over}");
    cluster.run("status").await.expect(0);

    let back = cluster.run("install --reset").await.expect(0).stderr;
    assert!(back.contains("wfctl certs rotate"), "{back}");
    let contents = lasting(&cluster).await;
    assert!(!contents.contains_key(CERTIFICATE), "the Certificate is left");
    cluster.run("certs rotate --if-needed").await.expect(0);
    assert!(lasting(&cluster).await.contains_key(AUTHORITY));
    cluster.run("status").await.expect(0);
}
