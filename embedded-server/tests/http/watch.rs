//! Following objects.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::support::{
    ALL, API_VERSION, Events, MASTER, MERGE_PATCH, METADATA, METADATA_LIST, Protocol, Setup, TABLE,
    TestServer, WORKFLOWS, Workflow, item, workflow,
};

async fn watch(server: &TestServer, query: &str) -> Events {
    let events = server.get(format!("{WORKFLOWS}?watch=true&{query}")).events().await;
    assert_eq!(events.head.status, 200);
    events
}

async fn label(server: &TestServer, name: &str, value: Option<&str>) {
    let patch = json!({"metadata": {"labels": {"app": value}}});
    server.patch(item(name), MERGE_PATCH, patch).await.expect(200);
}

/// Fails unless nothing but what is yet to be made to happen is sent.
async fn is_silent(events: &mut Events, server: &TestServer) {
    server.has(workflow("the-next")).await;
    assert!(events.spelled().await.starts_with("ADDED the-next@"));
}

#[tokio::test]
async fn a_watch_from_a_version_sees_what_comes_after_it_in_order() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    server.has(workflow("b")).await;
    let mut events = watch(&server, "resourceVersion=2").await;
    label(&server, "a", Some("x")).await;
    server.delete(item("b")).await.expect(200);
    let seen = [events.spelled().await, events.spelled().await, events.spelled().await];
    assert_eq!(seen, ["ADDED b@3", "MODIFIED a@4", "DELETED b@5"]);
    is_silent(&mut events, &server).await;
}

#[tokio::test]
async fn a_watch_from_the_version_of_an_empty_list_sees_the_first_object() {
    let server = TestServer::start().await;
    let list = server.read(WORKFLOWS).await;
    let version = list["metadata"]["resourceVersion"].as_str().unwrap();
    assert_ne!(version, "0", "which means any state");
    let mut events = watch(&server, &format!("resourceVersion={version}")).await;
    let first = server.has(workflow("a")).await;
    assert_eq!(events.expect("ADDED").await, first);
}

#[tokio::test]
async fn events_carry_whole_objects() {
    let server = TestServer::start().await;
    let stored = server.has(workflow("a")).await;
    let mut events = watch(&server, "resourceVersion=0").await;
    assert_eq!(events.expect("ADDED").await, stored);
    assert_eq!((&stored["kind"], &stored["apiVersion"]), (&json!("Workflow"), &json!(API_VERSION)));
}

#[tokio::test]
async fn a_deleted_object_is_shown_as_it_was_with_the_version_of_its_end() {
    let server = TestServer::start().await;
    let mut stored = server.has(workflow("a").with_label("app", "x")).await;
    let mut events = watch(&server, "resourceVersion=2").await;
    server.delete(item("a")).await.expect(200);
    stored["metadata"]["resourceVersion"] = json!("3");
    assert_eq!(events.expect("DELETED").await, stored);
}

#[tokio::test]
async fn a_watch_without_a_version_begins_with_all_objects_sorted_and_sends_no_bookmark() {
    let server = TestServer::start().await;
    server.has(workflow("b")).await;
    server.has(workflow("a")).await;
    for query in ["", "resourceVersion=", "resourceVersion=0"] {
        let mut events = watch(&server, query).await;
        assert_eq!([events.spelled().await, events.spelled().await], ["ADDED a@3", "ADDED b@2"]);
        let next = server.has(workflow(&format!("c{}", query.len()))).await;
        assert_eq!(events.expect("ADDED").await, next);
        server.delete(item(next["metadata"]["name"].as_str().unwrap())).await.expect(200);
    }
}

#[tokio::test]
async fn a_watch_list_marks_the_end_of_the_objects_it_began_with() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    server.has(workflow("b").in_namespace("other")).await;
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    for version in ["", "&resourceVersion=0", "&resourceVersion=3"] {
        let mut events = watch(&server, &format!("{query}{version}")).await;
        assert_eq!(events.spelled().await, "ADDED a@2");
        let expected = json!({
            "kind": "Workflow",
            "apiVersion": API_VERSION,
            "metadata": {"resourceVersion": "3", "annotations": {"k8s.io/initial-events-end": "true"}},
            "spec": {},
            "status": {},
        });
        assert_eq!(events.expect("BOOKMARK").await, expected);
    }
}

#[tokio::test]
async fn an_empty_collection_s_end_is_marked_too() {
    let server = TestServer::start().await;
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let mut events = watch(&server, query).await;
    assert_eq!(events.spelled().await, "BOOKMARK @1");
    is_silent(&mut events, &server).await;
}

#[tokio::test]
async fn a_plain_watch_that_allows_bookmarks_marks_the_end_too() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let mut events = watch(&server, "allowWatchBookmarks=true").await;
    assert_eq!([events.spelled().await, events.spelled().await], ["ADDED a@2", "BOOKMARK @2"]);
}

#[tokio::test]
async fn a_watch_may_begin_now_without_a_state() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let query = "sendInitialEvents=false&resourceVersionMatch=NotOlderThan";
    for version in ["", "&resourceVersion=0", "&resourceVersion=2"] {
        let mut events = watch(&server, &format!("{query}{version}")).await;
        label(&server, "a", Some(&format!("v{}", version.len()))).await;
        assert!(events.spelled().await.starts_with("MODIFIED a@"), "{version}");
    }
}

#[tokio::test]
async fn objects_come_and_go_as_they_match_a_selector() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let mut events = watch(&server, "resourceVersion=2&labelSelector=app%3Dx").await;
    label(&server, "a", Some("x")).await;
    server.patch(item("a"), MERGE_PATCH, json!({"spec": {"timeout": "1m"}})).await.expect(200);
    let last = server.read(item("a")).await;
    label(&server, "a", Some("y")).await;
    label(&server, "a", Some("z")).await;
    label(&server, "a", Some("x")).await;
    server.delete(item("a")).await.expect(200);
    assert_eq!([events.spelled().await, events.spelled().await], ["ADDED a@3", "MODIFIED a@4"]);
    let gone = events.expect("DELETED").await;
    assert_eq!(gone["metadata"]["labels"], json!({"app": "x"}));
    assert_eq!(gone["metadata"]["resourceVersion"], "5");
    assert_eq!(gone["spec"], last["spec"]);
    assert_eq!([events.spelled().await, events.spelled().await], ["ADDED a@7", "DELETED a@8"]);
}

#[tokio::test]
async fn fields_select_events_too() {
    let server = TestServer::start().await;
    let mut events = watch(&server, "resourceVersion=0&fieldSelector=metadata.name%3Db").await;
    let mut running = watch(&server, "resourceVersion=0&fieldSelector=status.phase%3DRunning").await;
    server.has(workflow("a")).await;
    server.has(workflow("b")).await;
    for phase in ["Running", "Failed"] {
        let patch = json!({"status": {"phase": phase}});
        server.patch(item("b") + "/status", MERGE_PATCH, patch).await.expect(200);
    }
    let seen = [events.spelled().await, events.spelled().await, events.spelled().await];
    assert_eq!(seen, ["ADDED b@3", "MODIFIED b@4", "MODIFIED b@5"]);
    assert_eq!([running.spelled().await, running.spelled().await], ["ADDED b@4", "DELETED b@5"]);
}

#[tokio::test]
async fn namespaces_are_watched_alone_or_all_together() {
    let server = TestServer::start().await;
    let mut own = watch(&server, "resourceVersion=0").await;
    let mut all = server.get(format!("{ALL}?watch&resourceVersion=0")).events().await;
    server.has(workflow("a").in_namespace("default2")).await;
    server.has(workflow("b")).await;
    assert_eq!(own.spelled().await, "ADDED b@3");
    assert_eq!([all.spelled().await, all.spelled().await], ["ADDED a@2", "ADDED b@3"]);
}

#[tokio::test]
async fn deprecated_watch_paths_work() {
    let server = TestServer::start().await;
    let base = "/apis/workflow.example.com/v1alpha1/watch";
    let paths = ["/workflows", "/namespaces/default/workflows", "/namespaces/default/workflows/a"];
    let mut all = Vec::new();
    for path in paths {
        all.push(server.get(format!("{base}{path}?resourceVersion=0")).events().await);
    }
    server.has(workflow("a")).await;
    server.has(workflow("b")).await;
    server.delete(item("a")).await.expect(200);
    let expected: [&[&str]; 3] = [
        &["ADDED a@2", "ADDED b@3", "DELETED a@4"],
        &["ADDED a@2", "ADDED b@3", "DELETED a@4"],
        &["ADDED a@2", "DELETED a@4"],
    ];
    for (events, expected) in all.iter_mut().zip(expected) {
        for wanted in expected {
            assert_eq!(events.spelled().await, *wanted);
        }
    }
    let message = "fieldSelector metadata.name doesn't match requested name";
    let other = format!("{base}{}?fieldSelector=metadata.name%3Db", paths[2]);
    server.get(other).await.failure(400, "BadRequest", message);
    let phase = format!("{base}{}?fieldSelector=status.phase%3DRunning", paths[2]);
    server.get(phase).await.failure(400, "BadRequest", message);
    server.post(format!("{base}/workflows"), json!({})).await.any_failure(405, "MethodNotAllowed");
}

#[tokio::test]
async fn a_version_that_has_left_the_window_is_told_in_the_stream() {
    let server = Setup::default().remembering(2).start().await;
    for name in ["a", "b", "c", "d"] {
        server.has(workflow(name)).await;
    }
    let events = watch(&server, "resourceVersion=2").await;
    assert_eq!(events.head.headers["content-type"], "application/json");
    let expected = json!({"type": "ERROR", "object": {
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": 410,
        "message": "too old resource version: 2 (3)", "reason": "Expired",
    }});
    assert_eq!(events.rest().await, [expected]);
    assert_eq!(watch(&server, "resourceVersion=3").await.spelled().await, "ADDED c@4");
}

#[tokio::test]
async fn a_version_of_the_future_is_waited_for() {
    let server = TestServer::start().await;
    let mut events = watch(&server, "resourceVersion=3").await;
    for name in ["a", "b", "c"] {
        server.has(workflow(name)).await;
    }
    assert_eq!(events.spelled().await, "ADDED c@4");
}

#[tokio::test]
async fn a_version_that_is_no_number_breaks_the_watch() {
    let server = TestServer::start().await;
    let message =
        "resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax";
    server.get(format!("{WORKFLOWS}?watch=1&resourceVersion=abc")).await.failure(500, "", message);
}

#[tokio::test]
async fn options_of_a_watch_that_make_no_sense_are_refused() {
    let server = TestServer::start().await;
    let forbidden = |why: &'static str| ("FieldValueForbidden", "resourceVersionMatch", why);
    let matchless =
        forbidden("Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    let alone = forbidden(
        "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    );
    let continued = forbidden("Forbidden: resourceVersionMatch is forbidden when continue is provided");
    let exact = (
        "FieldValueNotSupported",
        "resourceVersionMatch",
        "Unsupported value: \"Exact\": supported values: \"NotOlderThan\"",
    );
    for (query, causes) in [
        ("sendInitialEvents=true", &[matchless][..]),
        ("sendInitialEvents=false", &[matchless]),
        ("resourceVersionMatch=NotOlderThan&resourceVersion=1", &[alone]),
        ("sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion=1", &[matchless, exact]),
        ("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=x", &[continued]),
    ] {
        let status = server.get(format!("{WORKFLOWS}?watch=1&{query}")).await.causes(causes);
        assert_eq!(status["details"]["kind"], "ListOptions", "{query}");
    }
}

#[tokio::test]
async fn a_watch_as_tables_has_headings_once() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let path = format!("{WORKFLOWS}?watch=1&resourceVersion=0&includeObject=Object");
    let mut events = server.get(path).accept(TABLE).events().await;
    assert_eq!(events.head.headers["content-type"], "application/json");
    let first = events.expect("ADDED").await;
    assert_eq!((&first["kind"], &first["apiVersion"]), (&json!("Table"), &json!("meta.k8s.io/v1")));
    assert_eq!(first["columnDefinitions"][0]["name"], "Name");
    assert_eq!(first["rows"][0]["cells"][0], "a");
    assert_eq!(first["rows"][0]["object"], server.read(item("a")).await);
    server.delete(item("a")).await.expect(200);
    let second = events.expect("DELETED").await;
    assert_eq!(second["columnDefinitions"].as_array().map_or(0, Vec::len), 0);
    assert_eq!(second["rows"][0]["object"]["metadata"]["resourceVersion"], "3");
    assert_eq!(second["metadata"]["resourceVersion"], "3");
}

#[tokio::test]
async fn the_mark_of_the_end_survives_in_a_table_without_objects() {
    let server = TestServer::start().await;
    let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
    let path = format!("{WORKFLOWS}?watch=1&{query}&includeObject=None");
    let mut events = server.get(path).accept(TABLE).events().await;
    let mark = events.expect("BOOKMARK").await;
    let object = &mark["rows"][0]["object"];
    assert_eq!(object["kind"], "PartialObjectMetadata");
    assert_eq!(object["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
}

#[tokio::test]
async fn a_watch_as_metadata_shows_nothing_else() {
    let server = TestServer::start().await;
    let stored = server.has(workflow("a")).await;
    let path = format!("{WORKFLOWS}?watch=1&resourceVersion=0&allowWatchBookmarks=1");
    let mut events = server.get(path).accept(METADATA).events().await;
    let expected = json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": stored["metadata"],
    });
    assert_eq!(events.expect("ADDED").await, expected);
    assert_eq!(events.expect("BOOKMARK").await["kind"], "PartialObjectMetadata");
}

#[tokio::test]
async fn events_cannot_be_lists_of_metadata_and_carry_whole_objects_then() {
    let server = TestServer::start().await;
    let stored = server.has(workflow("a")).await;
    let path = format!("{WORKFLOWS}?watch=1&resourceVersion=0");
    let mut events = server.get(path).accept(METADATA_LIST).events().await;
    assert_eq!(events.expect("ADDED").await, stored);
}

#[tokio::test]
async fn errors_in_a_stream_are_never_tables() {
    let server = Setup::default().remembering(1).start().await;
    for name in ["a", "b", "c"] {
        server.has(workflow(name)).await;
    }
    let mut events =
        server.get(format!("{WORKFLOWS}?watch=1&resourceVersion=2")).accept(TABLE).events().await;
    assert_eq!(events.expect("ERROR").await["kind"], "Status");
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_watch_in_yaml_is_not_acceptable() {
    let server = TestServer::start().await;
    let message = "only the following media types are accepted: application/json;stream=watch";
    for accept in ["application/yaml", "application/yaml,application/json"] {
        let answer = server.get(format!("{WORKFLOWS}?watch=1")).accept(accept).await.expect(406);
        assert!(answer.text().contains(message), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_watch_over_http_1_is_chunked_and_opens_at_once() {
    let server = TestServer::start().await;
    let client = server.client(&MASTER, Protocol::Http1);
    let mut events = client.get(format!("{WORKFLOWS}?watch=1&resourceVersion=0")).events().await;
    assert_eq!(events.head.headers["transfer-encoding"], "chunked");
    assert_eq!(events.head.headers["content-type"], "application/json");
    server.has(workflow("a")).await;
    assert_eq!(events.spelled().await, "ADDED a@2");
}

#[tokio::test]
async fn a_watch_ends_in_order_when_the_server_leaves() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let mut events = watch(&server, "").await;
    assert_eq!(events.spelled().await, "ADDED a@2");
    let stopped = tokio::spawn(server.stop());
    let rest = timeout(Duration::from_secs(5), events.rest()).await.expect("the watch ends");
    assert_eq!(rest, Vec::<Value>::new());
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_resumed_watch_misses_nothing_and_repeats_nothing() {
    let server = TestServer::start().await;
    let mut seen = Vec::new();
    let mut after = "1".to_owned();
    let mut stored: Option<Workflow> = None;
    for round in 0..20 {
        let mut events = watch(&server, &format!("resourceVersion={after}")).await;
        for step in 0..5 {
            match stored.take() {
                None => stored = Some(server.has(workflow(&format!("w{round}-{step}"))).await.into()),
                Some(old) if step % 2 == 0 => {
                    let name = Value::from(old)["metadata"]["name"].as_str().unwrap().to_owned();
                    server.delete(item(&name)).await.expect(200);
                }
                Some(old) => {
                    let name = Value::from(old)["metadata"]["name"].as_str().unwrap().to_owned();
                    label(&server, &name, Some(&format!("v{step}"))).await;
                    stored = Some(server.read(item(&name)).await.into());
                }
            }
        }
        for _ in 0..3 {
            let event = events.next().await.unwrap();
            after = event["object"]["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
            seen.push(after.parse::<u64>().unwrap());
        }
    }
    let expected: Vec<u64> = (2..=61).collect();
    assert_eq!(seen, expected);
}
