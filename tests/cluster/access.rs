//! Who may do what, as the cluster says it; and when it does not say.

use serde_json::json;

use crate::support::{ALL, Authority, Client, Decides, Kube, Setup};

const NAMESPACED: &str = "/apis/workflow.example.com/v1alpha1/namespaces/default/workflows";

async fn cluster() -> (Kube, Authority) {
    let (kube, front) = (Kube::start().await, Authority::new("front"));
    kube.publishes(&[&front], &[]);
    (kube, front)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_is_asked_about_each_attribute() {
    let (kube, front) = cluster().await;
    let server = Setup::of(&kube).ready();
    let proxy = server.client(&front.client("aggregator"));
    let path = format!("{NAMESPACED}?labelSelector=app%3Dx&fieldSelector=metadata.name%3Da");
    proxy.get_as("alice", &path).await.expect(200);
    proxy.get_as("alice", &format!("{NAMESPACED}/a/status")).await.expect(404);
    proxy.get_as("alice", "/version").await.expect(200);
    let asked = kube.change(|state| std::mem::take(&mut state.reviews));
    let requirement =
        |key: &str, value: &str| json!({"requirements": [{"key": key, "operator": "In", "values": [value]}]});
    let attributes = json!({
        "group": "workflow.example.com", "version": "v1alpha1", "resource": "workflows", "namespace": "default",
        "name": "a",
    });
    let mut list = attributes.clone();
    list["verb"] = "list".into();
    list["labelSelector"] = requirement("app", "x");
    list["fieldSelector"] = requirement("metadata.name", "a");
    let mut get = attributes;
    get["verb"] = "get".into();
    get["subresource"] = "status".into();
    assert_eq!(asked[0]["resourceAttributes"], list);
    assert_eq!(asked[1]["resourceAttributes"], get);
    assert_eq!(asked[2]["nonResourceAttributes"], json!({"path": "/version", "verb": "get"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_not_asked_again_at_once() {
    let (kube, front) = cluster().await;
    let server = Setup::of(&kube).with("--authorization-webhook-cache-authorized-ttl", "1h").ready();
    let proxy = server.client(&front.client("aggregator"));
    for _ in 0..3 {
        proxy.get_as("alice", ALL).await.expect(200);
    }
    assert_eq!(kube.change(|state| state.reviews.len()), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn masters_are_not_asked_about() {
    let (kube, front) = cluster().await;
    let server = Setup::of(&kube).ready();
    let proxy = server.client(&front.client("aggregator"));
    let headers = [("x-remote-user", "root"), ("x-remote-group", "system:masters")];
    proxy.ask(http::Method::GET, ALL, &headers, json!(null)).await.expect(200);
    assert_eq!(kube.change(|state| state.reviews.len()), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_to_the_cluster_are_counted() {
    let (kube, front) = cluster().await;
    let server = Setup::of(&kube).ready();
    let proxy = server.client(&front.client("aggregator"));
    proxy.get_as("bob", ALL).await.expect(403);
    kube.change(|state| state.decides = Decides::WithAnError);
    proxy.get_as("carol", ALL).await.expect(500);
    let metric = "apiserver_delegated_authz_request_total";
    assert_eq!(proxy.metric(&format!("{metric}{{code=\"201\"}}")).await, 1.0);
    assert_eq!(proxy.metric(&format!("{metric}{{code=\"403\"}}")).await, 1.0);
    server.stranger().get_with_token("unknown", ALL).await.expect(401);
    assert_eq!(proxy.metric("apiserver_delegated_authn_request_total{code=\"201\"}").await, 1.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_cannot_decide_is_no_permission() {
    let (kube, front) = cluster().await;
    kube.change(|state| state.decides = Decides::WithAnError);
    let server = Setup::of(&kube).ready();
    let answer = server.client(&front.client("aggregator")).get_as("alice", ALL).await.expect(500);
    assert_eq!(answer.text, format!("Internal Server Error: \"{ALL}\": subjectaccessreviews is forbidden\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_does_not_decide_holds_nobody_up_for_ever() {
    let (kube, front) = cluster().await;
    kube.change(|state| state.decides = Decides::Never);
    let server = Setup::of(&kube).with("--request-timeout", "500ms").ready();
    let proxy = server.client(&front.client("aggregator"));
    let asks = async |proxy: &Client| proxy.get_as("alice", ALL).await.code;
    let (one, other) = tokio::join!(asks(&proxy), asks(&proxy));
    assert_eq!((one, other), (504, 504));
    assert_eq!(kube.change(|state| state.reviews.len()), 1, "both wait for one answer");
    kube.change(|state| state.decides = Decides::AtOnce);
    assert_eq!(asks(&proxy).await, 200);
}
