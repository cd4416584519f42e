//! The description of the API.

use serde_json::{Value, json};

use crate::support::{API_VERSION, TestServer, WORKFLOWS};

const V3: &str = "/openapi/v3/apis/workflow.example.com/v1alpha1";
const KIND: &str = "com.example.workflow.v1alpha1.Workflow";
const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

#[tokio::test]
async fn version_2_describes_the_type_and_its_paths() {
    let server = TestServer::start().await;
    let answer = server.get("/openapi/v2").await.expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    let document = answer.json();
    assert_eq!(document["swagger"], "2.0");
    let path = WORKFLOWS.replace("default", "{namespace}");
    assert_eq!(document["paths"][&path]["post"]["x-kubernetes-action"], "post");
    let definition = &document["definitions"][KIND];
    let kinds = json!([{"group": "workflow.example.com", "version": "v1alpha1", "kind": "Workflow"}]);
    assert_eq!(definition["x-kubernetes-group-version-kind"], kinds);
    assert!(definition["description"].as_str().unwrap().starts_with("Workflow is "));
}

#[tokio::test]
async fn version_2_comes_in_protobuf_too() {
    let server = TestServer::start().await;
    for accept in [PROTOBUF, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"] {
        let answer = server.get("/openapi/v2").accept(accept).await.expect(200);
        assert!(answer.header("content-type").ends_with("+protobuf"));
        // Field 1, a text: the version of the format.
        assert!(answer.body.starts_with(b"\x0a\x032.0"));
    }
    server.get("/openapi/v2").accept("text/html").await.any_failure(406, "NotAcceptable");
}

#[tokio::test]
async fn version_2_is_not_sent_twice_in_either_form() {
    let server = TestServer::start().await;
    let mut tags = Vec::new();
    for accept in ["application/json", PROTOBUF] {
        let first = server.get("/openapi/v2").accept(accept).await.expect(200);
        let tag = first.header("etag").to_owned();
        let again = server.get("/openapi/v2").accept(accept).header("if-none-match", &tag).await.expect(304);
        assert!(again.body.is_empty());
        assert_eq!(first.header("vary"), "Accept");
        tags.push(tag);
    }
    assert_ne!(tags[0], tags[1]);
}

async fn url(server: &TestServer) -> String {
    let index = server.read("/openapi/v3").await;
    let entry = &index["paths"][format!("apis/{API_VERSION}")];
    entry["serverRelativeURL"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn version_3_is_indexed_by_its_hashes() {
    let server = TestServer::start().await;
    let url = url(&server).await;
    let hash = url.strip_prefix(V3).unwrap().strip_prefix("?hash=").unwrap();
    assert_eq!(hash.len(), 128);
    let answer = server.get(&url).await.expect(200);
    assert_eq!(answer.header("cache-control"), "public, immutable");
    assert!(answer.header("expires").ends_with(" GMT"));
    let document = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    assert!(document["components"]["schemas"][KIND].is_object());
}

#[tokio::test]
async fn an_old_hash_leads_to_the_new_one() {
    let server = TestServer::start().await;
    let answer = server.get(format!("{V3}?hash=OLD")).await.expect(301);
    assert_eq!(answer.header("location"), url(&server).await);
}

#[tokio::test]
async fn version_3_without_a_hash_is_not_kept() {
    let server = TestServer::start().await;
    let answer = server.get(V3).await.expect(200);
    assert_eq!(answer.header("cache-control"), "no-cache, private");
    let tag = answer.header("etag").to_owned();
    server.get(V3).header("if-none-match", &tag).await.expect(304);
}

#[tokio::test]
async fn every_document_of_the_index_is_there_and_no_other() {
    let server = TestServer::start().await;
    let index = server.read("/openapi/v3").await;
    for entry in index["paths"].as_object().unwrap().values() {
        server.get(entry["serverRelativeURL"].as_str().unwrap()).await.expect(200);
    }
    server.get("/openapi/v3/apis/other.example.com/v1").await.expect(404);
}

#[tokio::test]
async fn every_field_of_a_step_is_explained() {
    let server = TestServer::start().await;
    let document: Value = server.read(V3).await;
    let schemas = &document["components"]["schemas"];
    let step = &schemas["com.example.workflow.v1alpha1.WorkflowStep"]["properties"];
    for field in ["name", "image", "command", "args", "env"] {
        assert!(step[field]["description"].as_str().is_some_and(|text| text.len() > 20), "{field}");
    }
    let steps = &schemas["com.example.workflow.v1alpha1.WorkflowSpec"]["properties"]["steps"];
    assert_eq!(steps["x-kubernetes-list-type"], "map");
    assert_eq!(steps["x-kubernetes-list-map-keys"], json!(["name"]));
}
