//! The first quarter of an hour, in the order of the documentation.

use super::EXAMPLE;
use super::session::{Session, rows, with_each_kubectl};
use super::support::Feature;

#[test]
#[ignore = "needs kubectl"]
fn the_walkthrough_works_as_written() {
    with_each_kubectl(|session| {
        assert_eq!(session.ok("api-versions"), "workflow.example.com/v1alpha1\n");
        let applied = session.ok_with("apply -f -", EXAMPLE);
        assert_eq!(applied, "workflow.workflow.example.com/example-workflow created\n");
        lists_it(session, "<none>");
        shows_it_in_full(session);
        let mut watch = session.start("get workflows -w");
        watch.wait_for(&["NAME", "PHASE", "SCHEDULE", "STEPS", "AGE"]);
        watch.wait_for(&["example-workflow", "<none>"]);
        set_running(session);
        watch.wait_for(&["example-workflow", "Running"]);
        lists_it(session, "Running");
        let deleted = session.ok("delete workflow example-workflow");
        assert!(
            deleted.starts_with("workflow.workflow.example.com \"example-workflow\" deleted"),
            "{deleted}"
        );
        watch.wait_for(&["example-workflow", "Running"]);
        let listed = session.run("get workflows", "");
        assert_eq!(listed.stderr, "No resources found in default namespace.\n");
    });
}

fn lists_it(session: &Session, phase: &str) {
    let table = session.ok("get workflows");
    let headings: Vec<_> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(headings, ["NAME", "PHASE", "SCHEDULE", "STEPS", "AGE"]);
    let rows = rows(&table);
    assert_eq!((rows.len(), &rows[0][..4]), (1, ["example-workflow", phase, "<none>", "2"].as_slice()));
    assert!(rows[0][4].ends_with('s'), "a young age: {table}");
}

fn shows_it_in_full(session: &Session) {
    let yaml = session.ok("get workflow example-workflow -o yaml");
    assert!(
        yaml.starts_with("apiVersion: workflow.example.com/v1alpha1\nkind: Workflow\nmetadata:\n"),
        "{yaml}"
    );
    let spec = "spec:
  steps:
  - command:
    - go
    - build
    - ./...
    image: golang:1.21
    name: build
  - command:
    - go
    - test
    - ./...
    image: golang:1.21
    name: test
  timeout: 30m
status: {}
";
    assert!(yaml.ends_with(spec), "{yaml}");
    for line in ["  generation: 1\n", "  resourceVersion: \"", "  uid: ", "  creationTimestamp: \""] {
        assert!(yaml.contains(line), "no {line:?} in {yaml}");
    }
}

/// Sets the status, as a controller does. Without `--subresource`, the way there is by its path.
fn set_running(session: &Session) {
    let status = r#"{"status":{"phase":"Running","startTime":"2024-01-15T10:30:00Z"}}"#;
    if session.has(Feature::Subresource) {
        let patch =
            format!("patch workflow example-workflow --type=merge --subresource=status -p '{status}'");
        assert_eq!(session.ok(&patch), "workflow.workflow.example.com/example-workflow patched\n");
        return;
    }
    let path = "/apis/workflow.example.com/v1alpha1/namespaces/default/workflows/example-workflow";
    let mut object: serde_json::Value =
        serde_json::from_str(&session.ok(&format!("get --raw {path}"))).unwrap();
    object["status"] = serde_json::from_str::<serde_json::Value>(status).unwrap()["status"].take();
    session.ok_with(&format!("replace --raw {path}/status -f -"), &object.to_string());
}
