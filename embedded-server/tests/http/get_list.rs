//! Reading objects and lists.

use std::sync::Arc;

use embedded_server::storage::{Sled, SledOptions};
use serde_json::{Value, json};

use crate::support::{ALL, API_VERSION, MERGE_PATCH, Setup, TestServer, WORKFLOWS, item, workflow};

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().expect("items").iter();
    let name = |item: &Value| {
        let metadata = &item["metadata"];
        format!("{}/{}", metadata["namespace"].as_str().unwrap(), metadata["name"].as_str().unwrap())
    };
    items.map(name).collect()
}

#[tokio::test]
async fn a_missing_object_is_not_found() {
    let server = TestServer::start().await;
    let message = "workflows.workflow.example.com \"a\" not found";
    let status = server.get(item("a")).await.failure(404, "NotFound", message);
    let details = json!({"name": "a", "group": "workflow.example.com", "kind": "workflows"});
    assert_eq!(status["details"], details);
}

#[tokio::test]
async fn a_read_sees_every_write_that_was_answered() {
    let server = TestServer::start().await;
    for number in 0..50 {
        server.has(workflow(&format!("w{number}"))).await;
        server.get(item(&format!("w{number}"))).await.expect(200);
        let list = server.read(WORKFLOWS).await;
        assert_eq!(list["items"].as_array().unwrap().len(), number + 1);
    }
}

#[tokio::test]
async fn a_list_carries_the_version_of_the_collection() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    server.has(workflow("b").in_namespace("other")).await;
    server.delete(item("a")).await.expect(200);
    let list = server.read(WORKFLOWS).await;
    assert_eq!(list["kind"], "WorkflowList");
    assert_eq!(list["apiVersion"], API_VERSION);
    assert_eq!(list["metadata"], json!({"resourceVersion": "4"}));
    assert_eq!(list["items"], json!([]));
}

#[tokio::test]
async fn items_of_a_list_leave_their_type_to_the_list() {
    let server = TestServer::start().await;
    let stored = server.has(workflow("a")).await;
    let list = server.read(WORKFLOWS).await;
    let item = &list["items"][0];
    assert_eq!((&item["kind"], &item["apiVersion"]), (&Value::Null, &Value::Null));
    assert_eq!(item["metadata"], stored["metadata"]);
    assert_eq!(item["spec"], stored["spec"]);
}

#[tokio::test]
async fn a_list_is_sorted_by_namespace_and_name_and_stays_in_its_namespace() {
    let server = TestServer::start().await;
    for (name, namespace) in [("b", "ns"), ("a", "ns"), ("c", "a"), ("d", "ns2")] {
        server.has(workflow(name).in_namespace(namespace)).await;
    }
    assert_eq!(names(&server.read(ALL).await), ["a/c", "ns/a", "ns/b", "ns2/d"]);
    let of_ns = WORKFLOWS.replace("default", "ns");
    assert_eq!(names(&server.read(of_ns).await), ["ns/a", "ns/b"]);
    assert_eq!(names(&server.read(WORKFLOWS.replace("default", "none")).await), [""; 0]);
}

#[tokio::test]
async fn labels_select() {
    let server = TestServer::start().await;
    server.has(workflow("a").with_label("app", "x").with_label("tier", "web")).await;
    server.has(workflow("b").with_label("app", "y")).await;
    server.has(workflow("c")).await;
    for (selector, expected) in [
        ("app%3Dx", "a"),
        ("app==x", "a"),
        ("app!=x", "b c"),
        ("app", "a b"),
        ("!app", "c"),
        ("app+in+(x,y)", "a b"),
        ("app+notin+(x)", "b c"),
        ("app+in+(x,y),!tier", "b"),
        ("app=x,tier=db", ""),
        ("", "a b c"),
    ] {
        let list = server.read(format!("{WORKFLOWS}?labelSelector={selector}")).await;
        let names = names(&list).join(" ").replace("default/", "");
        assert_eq!(names, expected, "{selector}");
    }
}

#[tokio::test]
async fn a_label_selector_that_cannot_be_read_is_refused() {
    let server = TestServer::start().await;
    for (selector, why) in [
        ("a+in", "unable to parse requirement: "),
        ("a+in+(", "unable to parse requirement: "),
        ("!", "unable to parse requirement: "),
        ("a=%00", "unable to parse requirement: "),
        ("a=b=c", "found '=', expected: ',' or 'end of string'"),
        ("=b", "found '=', expected: !, identifier, or 'end of string'"),
    ] {
        let answer = server.get(format!("{WORKFLOWS}?labelSelector={selector}")).await;
        let status = answer.any_failure(400, "BadRequest");
        let message = status["message"].as_str().unwrap();
        assert!(message.starts_with(why), "{selector}: {message}");
    }
}

#[tokio::test]
async fn fields_select() {
    let server = TestServer::start().await;
    for (name, namespace) in [("a", "default"), ("b", "default"), ("a", "other")] {
        server.has(workflow(name).in_namespace(namespace)).await;
    }
    let running = json!({"status": {"phase": "Running"}});
    server.patch(item("b") + "/status", MERGE_PATCH, running).await.expect(200);
    for (selector, expected) in [
        ("metadata.name=a", "default/a other/a"),
        ("metadata.name!=a", "default/b"),
        ("metadata.namespace=default", "default/a default/b"),
        ("metadata.namespace==other,metadata.name=a", "other/a"),
        ("metadata.namespace!=default", "other/a"),
        ("status.phase=Running", "default/b"),
        ("status.phase!=Running", "default/a other/a"),
        ("status.phase=", "default/a other/a"),
        ("metadata.name=a,metadata.name=b", ""),
    ] {
        let list = server.read(format!("{ALL}?fieldSelector={selector}")).await;
        assert_eq!(names(&list).join(" "), expected, "{selector}");
    }
}

#[tokio::test]
async fn an_unknown_field_cannot_be_selected_by() {
    let server = TestServer::start().await;
    let message = "\"spec.timeout\" is not a known field selector: only \"metadata.name\", \
                   \"metadata.namespace\", \"status.phase\"";
    for query in ["fieldSelector=spec.timeout%3D1m", "fieldSelector=spec.timeout%3D1m&watch=1"] {
        server.get(format!("{WORKFLOWS}?{query}")).await.failure(400, "BadRequest", message);
    }
}

#[tokio::test]
async fn a_field_selector_that_cannot_be_read_is_refused() {
    let server = TestServer::start().await;
    server.get(format!("{WORKFLOWS}?fieldSelector=x")).await.any_failure(400, "BadRequest");
}

#[tokio::test]
async fn a_read_may_name_a_version_it_must_not_be_older_than() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    for version in ["0", "2"] {
        server.get(format!("{}?resourceVersion={version}", item("a"))).await.expect(200);
        let list = server.read(format!("{WORKFLOWS}?resourceVersion={version}")).await;
        assert_eq!(list["metadata"]["resourceVersion"], "2");
    }
}

#[tokio::test]
async fn a_past_version_inside_the_window_can_be_listed_exactly() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    server.has(workflow("b")).await;
    server.delete(item("a")).await.expect(200);
    server.patch(item("b"), MERGE_PATCH, json!({"spec": {"timeout": "1m"}})).await.expect(200);
    for (version, expected) in [("2", "a"), ("3", "a b"), ("4", "b"), ("5", "b")] {
        let query = format!("resourceVersion={version}&resourceVersionMatch=Exact");
        let list = server.read(format!("{WORKFLOWS}?{query}")).await;
        assert_eq!(list["metadata"]["resourceVersion"], version);
        assert_eq!(names(&list).join(" ").replace("default/", ""), expected, "{version}");
    }
    let query = "resourceVersion=4&resourceVersionMatch=Exact";
    let list = server.read(format!("{WORKFLOWS}?{query}")).await;
    assert_eq!(list["items"][0]["spec"]["timeout"], Value::Null);
    assert_eq!(list["items"][0]["metadata"]["resourceVersion"], "3");
}

#[tokio::test]
async fn a_version_with_a_limit_means_exactly_that_version() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    server.has(workflow("b")).await;
    let list = server.read(format!("{WORKFLOWS}?resourceVersion=2&limit=10")).await;
    assert_eq!(names(&list), ["default/a"]);
    let query = "resourceVersion=2&limit=10&resourceVersionMatch=NotOlderThan";
    assert_eq!(names(&server.read(format!("{WORKFLOWS}?{query}")).await), ["default/a", "default/b"]);
}

#[tokio::test]
async fn a_version_outside_the_window_has_expired() {
    let server = Setup::default().remembering(2).start().await;
    for name in ["a", "b", "c", "d"] {
        server.has(workflow(name)).await;
    }
    let exactly = |version| format!("{WORKFLOWS}?resourceVersion={version}&resourceVersionMatch=Exact");
    let message = "The resourceVersion for the provided list is too old.";
    server.get(exactly(2)).await.failure(410, "Expired", message);
    server.get(exactly(3)).await.expect(200);
    let limited = format!("{WORKFLOWS}?resourceVersion=2&limit=1");
    server.get(limited).await.failure(410, "Expired", message);
}

#[tokio::test]
async fn a_version_that_is_no_number_is_a_bad_list_and_a_broken_get() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    for version in ["abc", "-1", "1.5", "%2B1", "99999999999999999999"] {
        let plain = version.replace("%2B", "+");
        let answer = server.get(format!("{WORKFLOWS}?resourceVersion={version}")).await;
        let why = if plain.starts_with('9') { "value out of range" } else { "invalid syntax" };
        let message = format!(
            "resourceVersion: Invalid value: \"{plain}\": strconv.ParseUint: parsing \"{plain}\": {why}"
        );
        answer.failure(400, "BadRequest", &format!("invalid resource version: {message}"));
        let answer = server.get(format!("{}?resourceVersion={version}", item("a"))).await;
        answer.failure(500, "", &message);
    }
}

#[tokio::test]
async fn options_of_a_list_that_make_no_sense_are_refused() {
    let server = TestServer::start().await;
    let forbidden = "FieldValueForbidden";
    let rv_match = "resourceVersionMatch";
    let unversioned = (
        forbidden,
        rv_match,
        "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
    );
    let continued =
        (forbidden, rv_match, "Forbidden: resourceVersionMatch is forbidden when continue is provided");
    let unknown = (
        "FieldValueNotSupported",
        rv_match,
        "Unsupported value: \"Newest\": supported values: \"Exact\", \"NotOlderThan\", \"\"",
    );
    let exactly_any = (
        forbidden,
        rv_match,
        "Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
    );
    let initial = (forbidden, "sendInitialEvents", "Forbidden: sendInitialEvents is forbidden for list");
    for (query, causes) in [
        ("resourceVersionMatch=Exact", &[unversioned][..]),
        ("resourceVersionMatch=Exact&resourceVersion=0", &[exactly_any]),
        ("resourceVersionMatch=Newest&resourceVersion=1", &[unknown]),
        ("resourceVersionMatch=NotOlderThan&resourceVersion=1&continue=abc", &[continued]),
        ("sendInitialEvents=false", &[initial]),
        (
            "resourceVersionMatch=Newest&continue=abc&sendInitialEvents=true",
            &[unversioned, continued, unknown, initial],
        ),
    ] {
        let status = server.get(format!("{WORKFLOWS}?{query}")).await.causes(causes);
        assert_eq!(status["details"]["kind"], "ListOptions", "{query}");
        assert_eq!(status["details"]["group"], "meta.k8s.io", "{query}");
    }
}

#[tokio::test]
async fn a_number_that_is_none_is_refused() {
    let server = TestServer::start().await;
    for limit in ["many", ""] {
        let message = format!("strconv.ParseInt: parsing \"{limit}\": invalid syntax");
        server.get(format!("{WORKFLOWS}?limit={limit}")).await.failure(400, "BadRequest", &message);
    }
}

#[tokio::test]
async fn watching_one_object_by_its_path_is_getting_it() {
    let server = TestServer::start().await;
    let stored = server.has(workflow("a")).await;
    assert_eq!(server.read(item("a") + "?watch=true").await, stored);
}

#[tokio::test]
async fn the_export_parameter_is_gone() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let message = "the export parameter, deprecated since v1.14, is no longer supported";
    server.get(item("a") + "?export=true").await.failure(400, "BadRequest", message);
    server.get(item("a") + "?export=false").await.expect(200);
}

#[tokio::test]
async fn unknown_parameters_are_ignored() {
    let server = TestServer::start().await;
    server.get(format!("{WORKFLOWS}?nothing=1&includeObject=All&shardSelector=x&&=&x")).await.expect(200);
}

#[tokio::test]
async fn what_is_not_served_is_not_found() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let message = "the server could not find the requested resource";
    for path in [
        "/apis/workflow.example.com/v1alpha1/jobs",
        "/apis/workflow.example.com/v1alpha1/namespaces/default/jobs/a",
        "/apis/workflow.example.com/v1alpha1/namespaces/default",
        "/apis/workflow.example.com/v1alpha1/workflows/a",
        "/apis/workflow.example.com/v2",
        "/apis/workflow.example.com/v2/workflows",
        "/version/x",
        &(item("a") + "/scale"),
        &(item("a") + "/status/x"),
    ] {
        server.get(path).await.failure(404, "NotFound", message);
    }
    let index = server.read("/").await;
    for path in [
        "/api",
        "/api/v1/pods",
        "/apis/other.example.com",
        "/apis/other.example.com/v1",
        "/apis/other.example.com/v1/namespaces/default/workflows",
        "/nothing",
        "/readyz/",
    ] {
        let answer = server.get(path).await.expect(404);
        assert_eq!(answer.json(), index, "{path}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn what_is_stored_outlives_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let open = || Arc::new(Sled::open(&path, SledOptions::default()).unwrap());
    let store = open();
    let server = Setup::on(store.clone()).start().await;
    server.has(workflow("a")).await;
    server.has(workflow("b")).await;
    let before = server.read(ALL).await;
    server.stop().await;
    embedded_server::storage::Backend::close(&*store).await;
    drop(store);
    let server = Setup::on(open()).start().await;
    assert_eq!(server.read(ALL).await, before);
    let again = server.has(workflow("c")).await;
    assert_eq!(again["metadata"]["resourceVersion"], "4");
}
