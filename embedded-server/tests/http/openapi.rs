//! The description of the API.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::{Value, json};

use crate::support::{API_VERSION, TestServer, WORKFLOWS};

const V3: &str = "/openapi/v3/apis/workflow.example.com/v1alpha1";
const KIND: &str = "com.example.workflow.v1alpha1.Workflow";
const PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
const V3_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v3.v1.0+protobuf";

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
    let refused = server.get("/openapi/v2").accept("text/html").await.expect(406);
    assert!(refused.body.is_empty());
}

#[tokio::test]
async fn version_2_is_compressed_for_who_takes_that() {
    let server = TestServer::start().await;
    for accept in ["application/json", PROTOBUF] {
        let plain = server.get("/openapi/v2").accept(accept).await.expect(200);
        assert_eq!(plain.header("content-encoding"), "");
        let packed = server.get("/openapi/v2").accept(accept).header("accept-encoding", "gzip;q=0.5").await;
        assert_eq!(packed.header("content-encoding"), "gzip");
        assert!(packed.body.len() * 3 < plain.body.len());
        let mut unpacked = Vec::new();
        GzDecoder::new(&*packed.body).read_to_end(&mut unpacked).unwrap();
        assert!(unpacked == plain.body);
        for answer in [plain, packed] {
            let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
            assert_eq!(vary, ["Accept-Encoding", "Accept"]);
        }
    }
}

#[tokio::test]
async fn who_has_a_document_of_that_age_is_not_sent_it_again() {
    let server = TestServer::start().await;
    for path in ["/openapi/v2", "/openapi/v3", V3] {
        let first = server.get(path).await.expect(200);
        let made = first.header("last-modified");
        assert!(made.ends_with(" GMT"), "{made}");
        server.get(path).header("if-modified-since", made).await.expect(304);
        let old = "Mon, 15 Jan 2024 10:00:00 GMT";
        server.get(path).header("if-modified-since", old).await.expect(200);
        let other = server.get(path).header("if-modified-since", made).header("if-none-match", "\"X\"").await;
        assert_eq!(other.expect(200).body, first.body);
    }
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
        tags.push(tag);
    }
    assert_eq!(tags[0], tags[1]);
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
async fn version_3_comes_in_protobuf_too() {
    let server = TestServer::start().await;
    let url = url(&server).await;
    let json = server.get(&url).await.expect(200);
    for accept in [V3_PROTOBUF, &V3_PROTOBUF.replace("v3.v1", "v3@v1")] {
        let answer = server.get(&url).accept(accept).await.expect(200);
        assert_eq!(answer.header("content-type"), V3_PROTOBUF);
        // Field 1, a text: the version of the format.
        assert!(answer.body.starts_with(b"\x0a\x053.0.0"));
        assert_eq!(answer.header("etag"), json.header("etag"));
        assert_eq!(answer.header("vary"), "Accept");
        assert_eq!(answer.header("cache-control"), "public, immutable");
    }
    assert!(server.get(&url).accept("text/html").await.expect(406).body.is_empty());
}

#[tokio::test]
async fn an_old_hash_leads_to_the_new_one() {
    let server = TestServer::start().await;
    for accept in ["application/json", V3_PROTOBUF] {
        let answer = server.get(format!("{V3}?hash=OLD")).accept(accept).await.expect(301);
        assert_eq!(answer.header("location"), url(&server).await);
        assert!(answer.body.is_empty());
    }
}

#[tokio::test]
async fn a_patch_names_the_media_types_it_takes_in_order() {
    let server = TestServer::start().await;
    let document = server.read("/openapi/v2").await;
    let path = WORKFLOWS.replace("default", "{namespace}") + "/{name}";
    let expected = [
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/apply-patch+yaml",
    ];
    assert_eq!(document["paths"][path]["patch"]["consumes"], json!(expected));
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
