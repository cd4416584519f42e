//! What kube-aggregator asks a backend for, in its own words.

use http::Method;
use serde_json::json;

use crate::support::{API_VERSION, TestServer, WORKFLOWS, workflow};

#[tokio::test]
async fn the_probe_of_availability_is_answered_with_success() {
    let server = TestServer::start().await;
    // It names no media type.
    let answer = server.get(format!("/apis/{API_VERSION}")).await.expect(200);
    assert_eq!(answer.json()["kind"], "APIResourceList");
}

#[tokio::test]
async fn discovery_is_taken_in_one_document_and_not_twice() {
    let server = TestServer::start().await;
    let version = |version: &str| {
        format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList")
    };
    let accept = format!("{},{}", version("v2"), version("v2beta1"));
    let answer = server.get("/apis").accept(&accept).await.expect(200);
    assert_eq!(answer.header("content-type"), version("v2"));
    let tag = answer.header("etag");
    let again = server.get("/apis").accept(&accept).header("if-none-match", tag).await.expect(304);
    assert!(!again.headers.contains_key("content-type"));
}

#[tokio::test]
async fn discovery_of_one_version_is_taken_where_the_other_is_not() {
    let server = TestServer::start().await;
    let call = server.get(format!("/apis/{API_VERSION}")).accept("application/json");
    let answer = call.header("if-none-match", "\"X\"").await.expect(200);
    assert_eq!(answer.json()["groupVersion"], API_VERSION);
}

#[tokio::test]
async fn openapi_is_taken_by_its_tag_and_lies_below_the_version() {
    let server = TestServer::start().await;
    let call = || server.get("/openapi/v2").accept("application/json");
    let answer = call().await.expect(200);
    let document = answer.json();
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.keys().any(|path| path.starts_with(&format!("/apis/{API_VERSION}/"))));
    call().header("if-none-match", answer.header("etag")).await.expect(304);
    let index = server.read("/openapi/v3").await;
    assert!(index["paths"][format!("apis/{API_VERSION}")].is_object());
}

#[tokio::test]
async fn a_query_may_come_sorted_and_encoded_in_another_way() {
    let server = TestServer::start().await;
    server.has(workflow("a").with_label("app", "x")).await;
    server.has(workflow("b").with_label("app", "y")).await;
    for query in ["limit=1&labelSelector=app in (x,z)", "labelSelector=app+in+%28x%2Cz%29&limit=1"] {
        let list = server.read(format!("{WORKFLOWS}?{}", query.replace(' ', "%20"))).await;
        assert_eq!(list["items"][0]["metadata"]["name"], "a");
        assert_eq!(list["metadata"], json!({"resourceVersion": "3"}));
    }
}

#[tokio::test]
async fn nothing_that_clients_write_to_is_answered_with_a_redirect() {
    let server = TestServer::start().await;
    for path in ["/apis/", &format!("/apis/{API_VERSION}/"), &format!("{WORKFLOWS}/")] {
        server.get(path).await.expect(200);
    }
    server.call(Method::POST, format!("{WORKFLOWS}/")).json(workflow("a")).await.expect(201);
}
