//! Values where they do not belong, and patches that make too much of little.

use serde_json::{Value, json};

use super::{is_sane, with_a};
use crate::support::{JSON_PATCH, TABLE, WORKFLOWS, item, workflow};

/// Every field of a workflow.
const FIELDS: &[&str] = &[
    "/apiVersion",
    "/kind",
    "/metadata",
    "/metadata/name",
    "/metadata/namespace",
    "/metadata/generateName",
    "/metadata/uid",
    "/metadata/resourceVersion",
    "/metadata/generation",
    "/metadata/creationTimestamp",
    "/metadata/deletionTimestamp",
    "/metadata/deletionGracePeriodSeconds",
    "/metadata/labels",
    "/metadata/annotations",
    "/metadata/finalizers",
    "/metadata/ownerReferences",
    "/metadata/managedFields",
    "/metadata/selfLink",
    "/spec",
    "/spec/steps",
    "/spec/schedule",
    "/spec/timeout",
    "/status",
    "/status/phase",
    "/status/startTime",
    "/status/completionTime",
    "/status/message",
];

fn of_every_type() -> Vec<Value> {
    let big = "x".repeat(1000);
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1.5),
        json!(1e300),
        json!(""),
        json!("x"),
        json!(big),
        json!("\u{0}"),
        json!([]),
        json!([null]),
        json!([[]]),
        json!([{}]),
        json!(["x"]),
        json!({}),
        json!({"": ""}),
        json!({"a": null}),
        json!({"a": {"b": []}}),
    ]
}

#[tokio::test]
async fn values_of_every_type_in_every_field_are_answered() {
    let server = with_a().await;
    for field in FIELDS {
        for value in of_every_type() {
            let sent = workflow("b").with("/status", json!({})).with(field, value.clone());
            let created = server.post(WORKFLOWS, sent.clone()).await;
            is_sane(&created);
            if created.status == 201 {
                let name = created.json()["metadata"]["name"].as_str().unwrap().to_owned();
                server.get(WORKFLOWS).accept(TABLE).await.expect(200);
                server.delete(item(&name)).json(json!({"propagationPolicy": "Background"})).await.expect(200);
            }
            is_sane(&server.put(item("a"), sent).await);
            let operation = json!([{"op": "replace", "path": field, "value": value}]);
            is_sane(&server.patch(item("a"), JSON_PATCH, operation).await);
        }
    }
    server.still_answers().await;
}

#[tokio::test]
async fn a_patch_that_copies_without_bound_is_refused() {
    let server = with_a().await;
    let mut operations = vec![json!({"op": "add", "path": "/x", "value": ["x".repeat(1000)]})];
    operations.extend((0..30).map(|_| json!({"op": "copy", "from": "/x", "path": "/x/0"})));
    let answer = server.patch(item("a"), JSON_PATCH, operations).await;
    answer.failure(422, "Invalid", "the server rejected our request due to an error in our request");
    server.still_answers().await;
}

#[tokio::test]
async fn a_patch_that_digs_without_bound_is_refused() {
    let server = with_a().await;
    let nest = |depth: usize| (0..depth).fold(json!({}), |inner, _| json!({"a": inner}));
    let path = |depth: usize| "/a".repeat(depth);
    let step = 20;
    let adds = (0..2_000).map(|n| json!({"op": "add", "path": path(n * step + 1), "value": nest(step - 1)}));
    let first = json!({"op": "add", "path": "/a", "value": nest(1)});
    let copies = std::iter::once(first.clone())
        .chain((0..17).map(|n| json!({"op": "copy", "from": "/a", "path": path(1 + (1 << n))})));
    let moves = std::iter::once(first).chain((0..5_000).flat_map(|_| {
        let build = json!({"op": "add", "path": "/b", "value": {}});
        let dig = json!({"op": "move", "from": "/a", "path": "/b/a"});
        [build, dig, json!({"op": "move", "from": "/b", "path": "/a"})]
    }));
    for operations in [copies.collect::<Vec<_>>(), adds.take(50).collect(), moves.take(9_999).collect()] {
        let answer = server.patch(item("a"), JSON_PATCH, operations).await;
        answer.any_failure(422, "Invalid");
    }
    server.still_answers().await;
}

#[tokio::test]
async fn pointers_that_point_nowhere_are_refused() {
    let server = with_a().await;
    for path in
        ["", "a", "/spec/steps/01", "/spec/steps/-2", "/spec/steps/99999999999999999999", "/spec/steps/-/x"]
    {
        for operation in ["add", "remove", "replace", "move", "copy", "test"] {
            let patch = json!([{"op": operation, "path": path, "from": path, "value": 1}]);
            let answer = server.patch(item("a"), JSON_PATCH, patch).await;
            is_sane(&answer);
            assert!(
                answer.status >= 400 || matches!(operation, "move" | "copy"),
                "{operation} {path}: {}",
                answer.text()
            );
        }
    }
}
