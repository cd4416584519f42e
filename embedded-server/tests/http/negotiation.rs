//! Media types, in and out.

use http::Method;
use serde_json::{Value, json};

use crate::support::{
    API_VERSION, MASTER, METADATA, METADATA_LIST, Protocol, TABLE, TestServer, WORKFLOWS, item, workflow,
};

#[tokio::test]
async fn what_is_not_said_is_json() {
    let server = TestServer::start().await;
    for accept in ["", "*/*", "application/json", "text/html,*/*;q=0.1"] {
        let answer = server.get(WORKFLOWS).accept(accept).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/json", "{accept}");
        assert!(answer.text().ends_with("}\n"));
    }
}

#[tokio::test]
async fn yaml_goes_in_and_out() {
    let server = TestServer::start().await;
    let yaml =
        "metadata:\n  name: a\nspec:\n  steps:\n  - name: build\n    image: golang\n    env: {A: '1'}\n";
    let answer = server.call(Method::POST, WORKFLOWS).yaml(yaml).accept("application/yaml").await.expect(201);
    assert_eq!(answer.header("content-type"), "application/yaml");
    let text = answer.text();
    assert!(text.starts_with("apiVersion: workflow.example.com/v1alpha1\nkind: Workflow\n"), "{text}");
    assert!(text.contains("A: '1'"), "{text}");
    assert_eq!(server.read(item("a")).await["spec"]["steps"][0]["env"], json!({"A": "1"}));
    let list = server.get(WORKFLOWS).accept("application/yaml").await.expect(200).text();
    assert!(list.contains("kind: WorkflowList"), "{list}");
    let status = server.get(item("b")).accept("application/yaml").await.expect(404).text();
    assert!(status.contains("reason: NotFound"), "{status}");
}

#[tokio::test]
async fn yaml_says_where_it_is_wrong() {
    let server = TestServer::start().await;
    for yaml in ["a: b: c", "- a", "a: 1\n---\nb: 2\n", "metadata: !tag x\n", "? [a]\n: b\n"] {
        let answer = server.call(Method::POST, WORKFLOWS).yaml(yaml).await;
        assert_eq!(answer.any_failure(400, "BadRequest")["status"], "Failure", "{yaml}");
    }
}

#[tokio::test]
async fn what_cannot_be_made_is_not_acceptable() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let of_the_router =
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml";
    for accept in ["text/html", "application/*", "application/vnd.kubernetes.protobuf", "Application/JSON"] {
        let answer = server.get(item("a")).accept(accept).await;
        assert_eq!(answer.header("content-type"), "application/json");
        let status = answer.failure(406, "NotAcceptable", of_the_router);
        assert_eq!(status["details"], json!({}));
        let streamed = format!("{of_the_router}, application/json;stream=watch");
        server.get(WORKFLOWS).accept(accept).await.failure(406, "NotAcceptable", &streamed);
    }
    let message = "only the following media types are accepted: application/json, application/yaml";
    for parameters in ["as=Nothing;g=meta.k8s.io;v=v1", "as=Table;g=other;v=v1", "v=v1", "stream=other"] {
        let answer = server.get(WORKFLOWS).accept(&format!("application/json;{parameters}")).await;
        assert_eq!(answer.header("content-type"), "application/json");
        answer.failure(406, "NotAcceptable", message);
    }
    server.get(item("a")).accept(METADATA_LIST).await.any_failure(406, "NotAcceptable");
    server.get(WORKFLOWS).accept(METADATA).await.any_failure(406, "NotAcceptable");
}

#[tokio::test]
async fn clients_list_what_they_like_in_order() {
    let server = TestServer::start().await;
    let protobuf_first = "application/vnd.kubernetes.protobuf,application/json";
    assert_eq!(server.get(WORKFLOWS).accept(protobuf_first).await.expect(200).json()["kind"], "WorkflowList");
    let table_first = format!("{TABLE},application/json");
    assert_eq!(server.get(WORKFLOWS).accept(&table_first).await.expect(200).json()["kind"], "Table");
    let yaml = "application/json;q=0.1,application/yaml;q=0.9";
    assert_eq!(server.get(WORKFLOWS).accept(yaml).await.header("content-type"), "application/yaml");
}

#[tokio::test]
async fn a_body_in_an_unknown_format_is_not_understood() {
    let server = TestServer::start().await;
    let message = "the body of the request was in an unknown format - accepted media types include: \
                   application/json, application/yaml";
    for kind in ["text/plain", "application/vnd.kubernetes.protobuf", "application/jsonx", "json"] {
        let answer = server.post(WORKFLOWS, workflow("a")).content_type(kind).await;
        answer.failure(415, "UnsupportedMediaType", message);
    }
    server.post(WORKFLOWS, workflow("a")).content_type("application/json; charset=utf-8").await.expect(201);
}

#[tokio::test]
async fn a_body_without_a_type_is_json() {
    let server = TestServer::start().await;
    let body = Value::from(workflow("a")).to_string();
    server.call(Method::POST, WORKFLOWS).bytes(body).await.expect(201);
}

#[tokio::test]
async fn metadata_alone_can_be_had() {
    let server = TestServer::start().await;
    let stored = server.has(workflow("a").with_finalizer("example.com/wait")).await;
    let expected = json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": stored["metadata"],
    });
    assert_eq!(server.get(item("a")).accept(METADATA).await.expect(200).json(), expected);
    let list = server.get(WORKFLOWS).accept(METADATA_LIST).await.expect(200).json();
    assert_eq!(list["kind"], "PartialObjectMetadataList");
    assert_eq!(list["apiVersion"], "meta.k8s.io/v1");
    assert_eq!(list["metadata"], json!({"resourceVersion": "2"}));
    assert_eq!(list["items"], json!([expected]));
    let beta = METADATA.replace("v=v1", "v=v1beta1");
    assert_eq!(server.get(item("a")).accept(&beta).await.json()["apiVersion"], "meta.k8s.io/v1beta1");
}

#[tokio::test]
async fn metadata_as_controllers_ask_for_it() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let accept = format!(
        "{},{METADATA_LIST},application/json",
        METADATA_LIST.replace("application/json", "application/vnd.kubernetes.protobuf")
    );
    let list = server.get(WORKFLOWS).accept(&accept).await.expect(200).json();
    assert_eq!(list["kind"], "PartialObjectMetadataList");
}

#[tokio::test]
async fn people_get_indented_answers() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let pretty = |text: String| text.contains("\n  \"kind\"") && text.ends_with("\n}\n");
    assert!(pretty(server.get(item("a") + "?pretty=true").await.text()));
    assert!(pretty(server.get(item("a")).accept("application/json;pretty=1").await.text()));
    assert!(pretty(server.get(item("a")).header("user-agent", "curl/8").await.text()));
    assert!(!pretty(server.get(item("a") + "?pretty=false").header("user-agent", "curl/8").await.text()));
    let compact = server.get(item("a")).header("user-agent", "kubectl/v1.36").await.text();
    assert_eq!((compact.matches('\n').count(), compact.ends_with("}\n")), (1, true));
    let indented = server.get(item("a") + "?pretty=1").await.json();
    assert_eq!(indented, server.read(item("a")).await);
}

#[tokio::test]
async fn every_answer_is_named_and_kept_by_nobody() {
    let server = TestServer::start().await;
    for path in [WORKFLOWS, &item("missing"), "/version", "/readyz", "/nothing"] {
        let answer = server.get(path).await;
        assert_eq!(answer.header("audit-id").len(), 36, "{path}");
        assert_eq!(answer.header("cache-control"), "no-cache, private", "{path}");
        let own = "my-own-id".repeat(10);
        let echoed = server.get(path).header("Audit-ID", &own).await;
        assert_eq!(echoed.header("audit-id"), own, "{path}");
    }
}

#[tokio::test]
async fn both_versions_of_http_answer_alike() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let client = server.client(&MASTER, Protocol::Http1);
    for path in [item("a"), WORKFLOWS.to_owned(), item("b"), "/apis".to_owned(), "/readyz".to_owned()] {
        let (old, new) = (client.get(&path).await, server.get(&path).await);
        assert_eq!((old.status, old.body), (new.status, new.body), "{path}");
        assert_eq!(old.headers["content-type"], new.headers["content-type"]);
    }
}

#[tokio::test]
async fn methods_that_mean_nothing_are_not_allowed() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let message = "the server does not allow this method on the requested resource";
    for (method, path) in [
        ("OPTIONS", WORKFLOWS.to_owned()),
        ("OPTIONS", item("a")),
        ("PUT", WORKFLOWS.to_owned()),
        ("PATCH", WORKFLOWS.to_owned()),
        ("BREW", item("a")),
        ("POST", "/version".to_owned()),
        ("DELETE", "/apis".to_owned()),
        ("OPTIONS", "/apis/workflow.example.com".to_owned()),
    ] {
        let answer = server.call(method.parse().unwrap(), &path).await;
        answer.failure(405, "MethodNotAllowed", message);
    }
}

#[tokio::test]
async fn head_is_not_allowed_and_has_no_body() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let client = server.client(&MASTER, protocol);
        for path in [WORKFLOWS, &item("a"), "/version", "/apis", "/apis/workflow.example.com"] {
            let answer = client.call(Method::HEAD, path).await.expect(405);
            assert!(answer.body.is_empty());
        }
        for path in ["/readyz", "/", "/openapi/v2", "/openapi/v3"] {
            assert!(client.call(Method::HEAD, path).await.expect(200).body.is_empty());
        }
    }
}

#[tokio::test]
async fn what_the_router_does_not_route_takes_any_method() {
    let server = TestServer::start().await;
    for path in ["/readyz", "/livez/ping", "/", "/openapi/v2", "/openapi/v3"] {
        let asked = server.get(path).await.expect(200);
        for method in ["POST", "DELETE", "OPTIONS"] {
            let answer = server.call(method.parse().unwrap(), path).await.expect(200);
            assert_eq!(answer.body, asked.body, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn the_router_minds_the_type_of_a_body_that_is_not_there() {
    let server = TestServer::start().await;
    for (path, kind, code) in [
        ("/version", "text/plain", 415),
        ("/version", "application/json", 200),
        ("/apis", "text/plain", 415),
        ("/apis", "application/yaml", 200),
        (WORKFLOWS, "text/plain", 200),
    ] {
        let answer = server.get(path).content_type(kind).await.expect(code);
        if code == 415 {
            answer.failure(415, "UnsupportedMediaType", "415: Unsupported Media Type");
        }
    }
}

#[tokio::test]
async fn tables_and_metadata_speak_yaml_too() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    for (accept, kind) in [(TABLE, "kind: Table"), (METADATA_LIST, "kind: PartialObjectMetadataList")] {
        let answer = server.get(WORKFLOWS).accept(&accept.replace("json", "yaml")).await.expect(200);
        assert_eq!(answer.header("content-type"), "application/yaml");
        assert!(answer.text().contains(kind), "{}", answer.text());
    }
}

#[tokio::test]
async fn long_lists_arrive_whole_in_every_form() {
    let server = TestServer::start().await;
    for number in 0..60 {
        let long = workflow(&format!("w{number:02}"));
        server.has(long.with("/metadata/annotations", json!({"a": "x".repeat(10_000)}))).await;
    }
    let compact = server.get(WORKFLOWS).await.expect(200);
    assert!(compact.body.len() > 600_000);
    assert_eq!(compact.header("content-length"), compact.body.len().to_string());
    let pretty = server.get(format!("{WORKFLOWS}?pretty=1")).await.expect(200);
    assert_eq!(compact.json(), pretty.json());
    assert_eq!(compact.json()["items"].as_array().unwrap().len(), 60);
    assert_eq!(compact.json()["apiVersion"], API_VERSION);
}
