//! How clients find out what is served.

use serde_json::{Value, json};

use crate::support::{API_VERSION, TestServer};

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
const GROUP: &str = "workflow.example.com";

#[tokio::test]
async fn the_groups_are_listed() {
    let server = TestServer::start().await;
    let list = server.read("/apis").await;
    assert_eq!((&list["kind"], &list["apiVersion"]), (&json!("APIGroupList"), &json!("v1")));
    let group = &list["groups"][0];
    let version = json!({"groupVersion": API_VERSION, "version": "v1alpha1"});
    assert_eq!(group["name"], GROUP);
    assert_eq!(group["versions"], json!([version]));
    assert_eq!(group["preferredVersion"], version);
    let address = json!([{"clientCIDR": "0.0.0.0/0", "serverAddress": server.address.to_string()}]);
    assert_eq!(group["serverAddressByClientCIDRs"], address);
}

#[tokio::test]
async fn a_group_shows_its_versions() {
    let server = TestServer::start().await;
    let group = server.read(format!("/apis/{GROUP}")).await;
    assert_eq!((&group["kind"], &group["apiVersion"]), (&json!("APIGroup"), &json!("v1")));
    assert_eq!(group["preferredVersion"]["groupVersion"], API_VERSION);
}

#[tokio::test]
async fn a_version_shows_its_resources() {
    let server = TestServer::start().await;
    let list = server.read(format!("/apis/{API_VERSION}")).await;
    assert_eq!(list["kind"], "APIResourceList");
    assert_eq!(list["groupVersion"], API_VERSION);
    let mut workflows = list["resources"][0].clone();
    let hash = workflows["storageVersionHash"].take();
    assert_eq!(hash.as_str().unwrap().len(), 12);
    let expected = json!({
        "name": "workflows", "singularName": "workflow", "namespaced": true, "kind": "Workflow",
        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        "shortNames": ["wf"], "categories": ["all"], "storageVersionHash": null,
    });
    assert_eq!(workflows, expected);
    let status = json!({
        "name": "workflows/status", "singularName": "", "namespaced": true, "kind": "Workflow",
        "verbs": ["get", "patch", "update"],
    });
    assert_eq!(list["resources"][1], status);
    assert_eq!(list["resources"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn everything_can_be_had_in_one_document() {
    let server = TestServer::start().await;
    let answer = server.get("/apis").accept(AGGREGATED).await.expect(200);
    assert_eq!(answer.header("content-type"), AGGREGATED);
    assert_eq!(answer.header("vary"), "Accept");
    assert_eq!(answer.header("cache-control"), "public");
    let list = answer.json();
    assert_eq!(list["kind"], "APIGroupDiscoveryList");
    assert_eq!(list["apiVersion"], "apidiscovery.k8s.io/v2");
    assert_eq!(list["items"][0]["metadata"]["name"], GROUP);
    let version = &list["items"][0]["versions"][0];
    assert_eq!((&version["version"], &version["freshness"]), (&json!("v1alpha1"), &json!("Current")));
    let kind = json!({"group": "", "version": "", "kind": "Workflow"});
    let expected = json!([{
        "resource": "workflows", "responseKind": kind, "scope": "Namespaced", "singularResource": "workflow",
        "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
        "shortNames": ["wf"], "categories": ["all"],
        "subresources": [{"subresource": "status", "responseKind": kind, "verbs": ["get", "patch", "update"]}],
    }]);
    assert_eq!(version["resources"], expected);
}

#[tokio::test]
async fn the_one_document_is_not_sent_twice() {
    let server = TestServer::start().await;
    let first = server.get("/apis").accept(AGGREGATED).await.expect(200);
    let tag = first.header("etag").to_owned();
    assert_eq!(tag.len(), 130, "{tag}");
    assert!(tag.trim_matches('"').chars().all(|c| c.is_ascii_digit() || ('A'..='F').contains(&c)));
    let again = server.get("/apis").accept(AGGREGATED).header("if-none-match", &tag).await.expect(304);
    assert!(again.body.is_empty());
    assert_eq!(again.header("etag"), tag);
    server.get("/apis").accept(AGGREGATED).header("if-none-match", "\"OLD\"").await.expect(200);
    let indented = server.get("/apis").accept(AGGREGATED).header("user-agent", "curl/8").await.expect(200);
    assert!(indented.text().starts_with("{\n  \""));
    assert_eq!((indented.header("etag"), indented.header("content-type")), (&*tag, AGGREGATED));
    assert_eq!(indented.json(), first.json());
}

#[tokio::test]
async fn clients_that_ask_for_what_is_gone_get_what_they_ask_for_next() {
    let server = TestServer::start().await;
    let beta = AGGREGATED.replace("v=v2", "v=v2beta1");
    let both = format!("{AGGREGATED},{beta},application/json");
    assert_eq!(server.get("/apis").accept(&both).await.json()["kind"], "APIGroupDiscoveryList");
    let old = format!("{beta},application/json");
    assert_eq!(server.get("/apis").accept(&old).await.json()["kind"], "APIGroupList");
}

#[tokio::test]
async fn there_is_no_core_group() {
    let server = TestServer::start().await;
    server.get("/api").accept(AGGREGATED).await.expect(404);
}

#[tokio::test]
async fn the_root_lists_the_paths() {
    let server = TestServer::start().await;
    for path in ["/", "/index.html"] {
        let index = server.read(path).await;
        let paths: Vec<&str> =
            index["paths"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
        assert!(paths.is_sorted());
        for path in ["/apis", "/apis/workflow.example.com/v1alpha1", "/openapi/v2", "/readyz", "/version"] {
            assert!(paths.contains(&path), "{path}");
        }
    }
}

#[tokio::test]
async fn every_path_of_the_root_is_answered() {
    let server = TestServer::start().await;
    let index = server.read("/").await;
    for path in index["paths"].as_array().unwrap() {
        server.get(path.as_str().unwrap()).await.expect(200);
    }
}

#[tokio::test]
async fn discovery_speaks_yaml() {
    let server = TestServer::start().await;
    let text = server.get("/apis").accept("application/yaml").await.expect(200).text();
    assert!(text.contains("kind: APIGroupList"), "{text}");
    server.get("/apis").accept("text/html").await.any_failure(406, "NotAcceptable");
}

#[tokio::test]
async fn the_version_is_told() {
    let server = TestServer::start().await;
    let version: Value = server.read("/version").await;
    assert_eq!((&version["major"], &version["minor"]), (&json!("1"), &json!("36")));
    for field in ["gitVersion", "gitCommit", "gitTreeState", "buildDate", "goVersion", "compiler", "platform"]
    {
        assert!(version[field].is_string(), "{field}");
    }
    let answer = server.get("/version").await;
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(answer.text().starts_with("{\n  \"major\": \"1\",\n") && answer.text().ends_with("\n}"));
    server.get("/version").accept("application/yaml").await.expect(406);
}
