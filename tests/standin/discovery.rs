//! What is told of groups that other servers serve, while there is an `APIService` for them.
//!
//! Source: `kube-aggregator/pkg/apiserver/{handler_apis,handler_discovery}.go`.

use http::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use http_body_util::BodyExt;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use serde_json::{Value, json};

use super::aggregator;
use super::body::{self, Body, full};
use super::hub::Hub;

/// Adds to `/apis`, in whichever form it was asked for.
pub(super) async fn root(hub: &Hub, answer: Response<Body>) -> Response<Body> {
    let (mut head, body) = answer.into_parts();
    let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let Ok(mut document) = serde_json::from_slice::<Value>(&bytes) else {
        return Response::from_parts(head, full(bytes));
    };
    let aggregated = head.headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().ends_with(b"List"));
    for service in hub.api_services().await {
        match aggregated {
            true => add(&mut document["items"], resources(hub, &service).await),
            false => add(&mut document["groups"], described(&service)),
        }
    }
    head.headers.remove(CONTENT_LENGTH);
    head.headers.remove(ETAG);
    Response::from_parts(head, full(document.to_string()))
}

fn add(list: &mut Value, item: Value) {
    if let Some(list) = list.as_array_mut() {
        list.push(item);
    }
}

/// Answers `/apis/{group}`, if another server serves the group.
pub(super) async fn group(hub: &Hub, name: &str) -> Option<Response<Body>> {
    let services = hub.api_services().await;
    let service = services.iter().find(|service| names(service).0 == name)?;
    let mut group = described(service);
    group["kind"] = json!("APIGroup");
    group["apiVersion"] = json!("v1");
    Some(body::json(200, &group))
}

fn described(service: &APIService) -> Value {
    let (group, version) = names(service);
    let version = json!({"groupVersion": format!("{group}/{version}"), "version": version});
    json!({"name": group, "versions": [version], "preferredVersion": version})
}

/// Returns the group with its resources, or says that they are not known now.
async fn resources(hub: &Hub, service: &APIService) -> Value {
    let (group, version) = names(service);
    let known = aggregator::discovery(hub, service).await;
    let known = known.and_then(|document| {
        let items = document["items"].as_array()?.clone();
        items.into_iter().find(|item| item["metadata"]["name"] == group)
    });
    known.unwrap_or_else(
        || json!({"metadata": {"name": group}, "versions": [{"version": version, "freshness": "Stale"}]}),
    )
}

fn names(service: &APIService) -> (&str, &str) {
    let spec = service.spec.as_ref();
    let group = spec.and_then(|spec| spec.group.as_deref()).unwrap_or_default();
    (group, spec.and_then(|spec| spec.version.as_deref()).unwrap_or_default())
}
