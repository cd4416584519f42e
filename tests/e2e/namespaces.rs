//! Namespaces that go away, and that were never there.

use serde_json::json;

use crate::namespace::Namespace;
use crate::workflow;

#[test]
#[ignore = "needs a cluster: make e2e"]
fn a_namespace_takes_its_workflows_along() {
    let namespace = Namespace::new("goes");
    for name in ["a", "b", "c"] {
        namespace.has(&workflow(name));
    }
    namespace.admin().ok(&format!("delete namespace {} --timeout=180s", namespace.name()));
    assert_eq!(namespace.admin().ok("get workflows -o name"), "");
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn nothing_is_created_where_there_is_no_namespace() {
    let namespace = Namespace::new("there");
    let missing = namespace.admin().to_namespace("wfctl-e2e-never-there");
    let error = missing.fails_with("create -f -", &workflow("a").to_string());
    assert!(error.contains("namespaces \"wfctl-e2e-never-there\" not found"), "{error}");
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn nothing_is_created_in_a_namespace_that_goes_away() {
    let namespace = Namespace::new("terminating");
    let mut held = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held"}});
    held["metadata"]["finalizers"] = json!(["example.com/held"]);
    namespace.has(&held);
    let admin = namespace.admin();
    admin.ok(&format!("delete namespace {} --wait=false", namespace.name()));
    let error = admin.fails_with("create -f -", &workflow("a").to_string());
    assert!(error.contains("because it is being terminated"), "{error}");
    admin.ok(r#"patch configmap held --type=merge -p {"metadata":{"finalizers":null}}"#);
    admin.ok(&format!("wait --for=delete namespace/{} --timeout=180s", namespace.name()));
}
