//! What people do with Workflows, each as far as he may.

use crate::EXAMPLE;
use crate::namespace::Namespace;

const STATUS: &str = r#"{"status":{"phase":"Running","startTime":"2024-01-15T10:30:00Z"}}"#;

/// The example without a namespace of its own.
fn example() -> String {
    EXAMPLE.lines().filter(|line| !line.contains("namespace:")).map(|line| format!("{line}\n")).collect()
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn the_api_is_one_of_the_cluster_s() {
    let namespace = Namespace::new("api");
    let admin = namespace.admin();
    assert!(admin.ok("api-versions").lines().any(|line| line == "workflow.example.com/v1alpha1"));
    let resources = admin.ok("api-resources --api-group=workflow.example.com");
    assert!(resources.contains("Workflow"), "{resources}");
    assert!(admin.ok("explain workflow.spec.timeout").contains("How long a run may take"));
    let service = admin.ok("get apiservice v1alpha1.workflow.example.com");
    assert!(service.contains("workflow-system/workflow-apiserver   True"), "{service}");
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn an_admin_of_workflows_does_all_there_is_to_do() {
    let namespace = Namespace::new("admin");
    let alice = namespace.user("alice", "workflow-admin");
    let created = alice.ok_with("apply -f -", &example());
    assert_eq!(created, "workflow.workflow.example.com/example-workflow created\n");
    let table = alice.ok("get workflows");
    assert!(table.lines().nth(1).unwrap().starts_with("example-workflow   <none>   <none>     2"), "{table}");
    assert!(alice.ok("get workflow example-workflow -o yaml").contains("\n  timeout: 30m\n"));
    let mut watch = alice.start("get workflows -w");
    watch.prints(&["example-workflow", "<none>"]);
    alice.ok(&format!("patch workflow example-workflow --type=merge --subresource=status -p {STATUS}"));
    watch.prints(&["example-workflow", "Running"]);
    let unchanged = alice.ok_with("apply --server-side --force-conflicts -f -", &example());
    assert_eq!(unchanged, "workflow.workflow.example.com/example-workflow serverside-applied\n");
    alice.ok("label workflow example-workflow team=build");
    assert_eq!(alice.ok("get wf -l team=build -o name"), "workflow.workflow.example.com/example-workflow\n");
    alice.ok("delete workflow example-workflow");
    namespace.lacks("workflow example-workflow");
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn a_viewer_looks_and_touches_nothing() {
    let namespace = Namespace::new("viewer");
    let bob = namespace.user("bob", "workflow-viewer");
    namespace.admin().ok_with("apply -f -", &example());
    assert!(bob.ok("get workflow example-workflow").contains("example-workflow"));
    let mut watch = bob.start("get workflows -w");
    watch.prints(&["example-workflow"]);
    let patch = format!("patch workflow example-workflow --type=merge --subresource=status -p {STATUS}");
    for touching in ["delete workflow example-workflow", "label workflow example-workflow a=b", &patch] {
        is_forbidden(&bob.fails(touching), "bob");
    }
    is_forbidden(&bob.fails_with("create -f -", &example().replace("example-workflow", "another")), "bob");
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn others_see_nothing() {
    let (namespace, elsewhere) = (Namespace::new("others"), Namespace::new("elsewhere"));
    elsewhere.user("carol", "workflow-admin");
    let carol = namespace.stranger("carol");
    for asking in ["get workflows", "get workflow example-workflow", "get workflows --all-namespaces"] {
        is_forbidden(&carol.fails(asking), "carol");
    }
    is_forbidden(&carol.fails_with("create -f -", &example()), "carol");
    let anonymous = namespace.admin().as_user("system:anonymous");
    is_forbidden(&anonymous.fails("get workflows"), "system:anonymous");
}

#[track_caller]
fn is_forbidden(error: &str, user: &str) {
    let said = error.contains("(Forbidden)") && error.contains(&format!("User \"{user}\" cannot"));
    assert!(said, "{error}");
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn whoever_works_in_a_namespace_works_with_workflows() {
    let namespace = Namespace::new("roles");
    let (editor, viewer) = (namespace.user("dave", "edit"), namespace.user("erin", "view"));
    editor.ok_with("create -f -", &example());
    viewer.ok("get workflows");
    is_forbidden(&viewer.fails("delete workflow example-workflow"), "erin");
}
