//! What is counted, in the words that dashboards ask for.

use http::Method;
use serde_json::json;

use crate::support::{ALL, FOREIGNER, NOBODY, Protocol, STRANGER, TestServer, WORKFLOWS, item, workflow};

const OF: &str = "group=\"workflow.example.com\"";
const REST: &str = "resource=\"workflows\"";

async fn scrape(server: &TestServer) -> String {
    server.get("/metrics").await.expect(200).text()
}

/// Returns the value of the one series of a metric that has all of these labels.
#[track_caller]
fn value(text: &str, metric: &str, labels: &[&str]) -> f64 {
    let mut found = text.lines().filter(|line| {
        let name = line.split(['{', ' ']).next().unwrap();
        name == metric && labels.iter().all(|label| line.contains(label))
    });
    let line = found.next().unwrap_or_else(|| panic!("no {metric} with {labels:?} in {text}"));
    assert_eq!(found.next(), None, "more than one {metric} with {labels:?}");
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn requests_are_counted_by_what_they_do() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    server.get(item("a")).await.expect(200);
    server.get(WORKFLOWS).await.expect(200);
    server.get(ALL).await.expect(200);
    server.get(format!("{WORKFLOWS}?watch=1&timeoutSeconds=1")).await.expect(200);
    server.patch(item("a"), "application/merge-patch+json", json!({})).await.expect(200);
    let applied =
        json!({"apiVersion": "workflow.example.com/v1alpha1", "kind": "Workflow", "metadata": {"name": "a"}});
    let apply = server.patch(
        format!("{}?fieldManager=me&force=true", item("a")),
        "application/apply-patch+yaml",
        applied,
    );
    apply.await.expect(200);
    server.get(item("missing")).await.expect(404);
    server.delete(format!("{}?dryRun=All", item("a"))).await.expect(200);
    server.delete(WORKFLOWS).await.expect(200);
    let text = scrape(&server).await;
    for (verb, scope, dry_run, code) in [
        ("POST", "resource", "", "201"),
        ("GET", "resource", "", "200"),
        ("GET", "resource", "", "404"),
        ("LIST", "namespace", "", "200"),
        ("LIST", "cluster", "", "200"),
        ("WATCH", "namespace", "", "200"),
        ("PATCH", "resource", "", "200"),
        ("APPLY", "resource", "", "200"),
        ("DELETE", "resource", "All", "200"),
        ("DELETE", "namespace", "", "200"),
    ] {
        let asked = [("verb", verb), ("scope", scope), ("dry_run", dry_run), ("code", code)];
        let asked = asked.map(|(name, value)| format!("{name}=\"{value}\""));
        let always = [OF, REST, "version=\"v1alpha1\"", "subresource=\"\"", "component=\"apiserver\""];
        let labels: Vec<&str> = asked.iter().map(String::as_str).chain(always).collect();
        assert_eq!(value(&text, "apiserver_request_total", &labels), 1.0, "{verb} {scope} {code}");
    }
}

#[tokio::test]
async fn durations_and_sizes_are_measured_in_the_usual_buckets() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let size = server.get(item("a")).await.expect(200).body.len();
    let text = scrape(&server).await;
    let get = [OF, "verb=\"GET\"", "scope=\"resource\""];
    assert_eq!(value(&text, "apiserver_request_duration_seconds_count", &get), 1.0);
    assert_eq!(value(&text, "apiserver_request_sli_duration_seconds_count", &get), 1.0);
    assert_eq!(value(&text, "apiserver_response_sizes_sum", &get), size as f64);
    for bucket in ["0.005", "0.6", "1.25", "60", "+Inf"] {
        let le = format!("le=\"{bucket}\"");
        value(&text, "apiserver_request_duration_seconds_bucket", &[get[0], get[1], &le]);
    }
    assert!(text.contains("# TYPE apiserver_request_total counter\n"));
    assert!(text.contains("# TYPE apiserver_request_duration_seconds histogram\n"));
}

#[tokio::test]
async fn what_is_not_served_makes_no_metrics_grow() {
    let server = TestServer::start().await;
    for path in ["/apis/x/v1/y", "/apis/workflow.example.com/v1alpha1/y", "/random", &(item("a") + "/x")] {
        server.get(path).await.expect(404);
    }
    let text = scrape(&server).await;
    assert!(!text.contains("apiserver_request_total"), "{text}");
}

#[tokio::test]
async fn watches_are_counted_while_they_last_and_so_are_their_events() {
    let server = TestServer::start().await;
    let mut events = server.get(format!("{ALL}?watch=1&resourceVersion=0")).events().await;
    server.has(workflow("a")).await;
    events.next().await.unwrap();
    let text = scrape(&server).await;
    let labels = [OF, REST, "verb=\"WATCH\"", "scope=\"cluster\""];
    assert_eq!(value(&text, "apiserver_longrunning_requests", &labels), 1.0);
    assert_eq!(value(&text, "apiserver_watch_events_total", &[OF, REST]), 1.0);
    assert_eq!(value(&text, "apiserver_watch_events_sizes_count", &[OF, REST]), 1.0);
}

#[tokio::test]
async fn objects_and_calls_to_the_store_are_counted() {
    let server = TestServer::start().await;
    for name in ["a", "b"] {
        server.has(workflow(name)).await;
    }
    let text = scrape(&server).await;
    let resource = "resource=\"workflows.workflow.example.com\"";
    assert_eq!(value(&text, "apiserver_storage_objects", &[resource]), 2.0);
    assert_eq!(value(&text, "apiserver_resource_objects", &[OF, REST]), 2.0);
    let created =
        value(&text, "embedded_server_storage_request_duration_seconds_count", &["operation=\"create\""]);
    assert_eq!(created, 2.0);
}

#[tokio::test]
async fn requests_under_way_are_told_by_kind() {
    let server = TestServer::start().await;
    let text = scrape(&server).await;
    assert_eq!(value(&text, "apiserver_current_inflight_requests", &["request_kind=\"readOnly\""]), 1.0);
    assert_eq!(value(&text, "apiserver_current_inflight_requests", &["request_kind=\"mutating\""]), 0.0);
}

#[tokio::test]
async fn certificates_handshakes_and_credentials_are_watched_over() {
    let server = TestServer::start().await;
    server.client(&FOREIGNER, Protocol::Http2).get(ALL).await.expect(401);
    let text = scrape(&server).await;
    assert_eq!(value(&text, "apiserver_client_certificate_expiration_seconds_count", &[]), 2.0);
    let end = "embedded_server_serving_certificate_expiration_timestamp_seconds";
    assert!(value(&text, end, &[]) > 1.7e9);
    assert_eq!(value(&text, "apiserver_tls_handshake_errors_total", &[]), 0.0);
    assert_eq!(value(&text, "authentication_attempts", &["result=\"error\""]), 1.0);
    assert_eq!(value(&text, "kubernetes_build_info", &["minor=\"36\""]), 1.0);
}

#[tokio::test]
async fn only_who_may_sees_the_metrics() {
    let server = TestServer::start().await;
    for identity in [&*STRANGER, &*NOBODY] {
        server.client(identity, Protocol::Http2).get("/metrics").await.any_failure(403, "Forbidden");
    }
    let answer = server.get("/metrics").await.expect(200);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
}

#[tokio::test]
async fn the_cache_tells_how_far_it_is() {
    let server = TestServer::start().await;
    let revision = server.has(workflow("a")).await["metadata"]["resourceVersion"].clone();
    server.get(WORKFLOWS).await.expect(200);
    let text = scrape(&server).await;
    let told = |metric| value(&text, metric, &[OF, REST]);
    assert_eq!(told("apiserver_watch_cache_events_received_total"), 1.0);
    assert_eq!(told("apiserver_watch_cache_events_dispatched_total"), 1.0);
    assert_eq!(told("apiserver_watch_cache_initializations_total"), 1.0);
    assert_eq!(told("apiserver_terminated_watchers_total"), 0.0);
    let revision: f64 = revision.as_str().unwrap().parse().unwrap();
    assert_eq!(told("apiserver_watch_cache_resource_version"), revision);
}

#[tokio::test]
async fn checks_of_health_are_counted_apart() {
    let server = TestServer::start().await;
    server.get("/readyz").await.expect(200);
    server.api.leave();
    server.get("/readyz").await.expect(500);
    let slis = server.get("/metrics/slis").await.expect(200).text();
    let shutdown = ["name=\"shutdown\"", "type=\"readyz\""];
    assert_eq!(value(&slis, "kubernetes_healthcheck", &shutdown), 0.0);
    for status in ["status=\"success\"", "status=\"error\""] {
        assert_eq!(value(&slis, "kubernetes_healthchecks_total", &[shutdown[0], shutdown[1], status]), 1.0);
    }
    assert!(!scrape(&server).await.contains("kubernetes_healthcheck"), "there they are many");
    assert_eq!(server.delete("/metrics/slis").await.expect(200).text(), "metrics reset\n");
    assert_eq!(server.get("/metrics/slis").await.expect(200).text(), "");
}

#[tokio::test]
async fn metrics_of_requests_can_be_reset() {
    let server = TestServer::start().await;
    server.get(ALL).await.expect(200);
    assert_eq!(server.delete("/metrics").await.expect(200).text(), "metrics reset\n");
    assert!(!scrape(&server).await.contains("apiserver_request_total"));
    server.get(ALL).await.expect(200);
    assert_eq!(value(&scrape(&server).await, "apiserver_request_total", &[OF, "verb=\"LIST\""]), 1.0);
    server.call(Method::GET, "/").await.expect(200);
}
