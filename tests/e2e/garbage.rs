//! The garbage collector of the cluster: what depends on a Workflow, and Workflows that depend on something.

use serde_json::{Value, json};

use crate::namespace::Namespace;
use crate::workflow;

fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
}

/// Returns the object as one that depends on `owner`.
fn owned(mut object: Value, owner: &Value) -> Value {
    object["metadata"]["ownerReferences"] = json!([{
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "blockOwnerDeletion": true,
    }]);
    object
}

/// Makes a Workflow and a ConfigMap that depends on it.
fn workflow_with_dependent(namespace: &Namespace) {
    let owner = namespace.has(&workflow("owner"));
    namespace.has(&owned(config_map("dependent"), &owner));
}

/// Makes a ConfigMap and a Workflow that depends on it, once the collector follows Workflows: it looks for new types
/// twice a minute, and until then lets owners go as if nothing depended on them.
fn dependent_workflow(namespace: &Namespace) {
    let first = namespace.has(&config_map("first-owner"));
    namespace.has(&owned(workflow("first"), &first));
    namespace.admin().ok("delete configmap first-owner");
    namespace.admin().ok("wait --for=delete workflow/first --timeout=180s");
    let owner = namespace.has(&config_map("owner"));
    namespace.has(&owned(workflow("dependent"), &owner));
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn what_depends_on_a_workflow_goes_after_it() {
    let namespace = Namespace::new("background");
    workflow_with_dependent(&namespace);
    namespace.admin().ok("delete workflow owner");
    namespace.admin().ok("wait --for=delete configmap/dependent --timeout=180s");
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn what_depends_on_a_workflow_goes_before_it() {
    let namespace = Namespace::new("foreground");
    workflow_with_dependent(&namespace);
    namespace.admin().ok("delete workflow owner --cascade=foreground --timeout=180s");
    namespace.lacks("workflow owner");
    namespace.lacks("configmap dependent");
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn what_depends_on_a_workflow_may_stay() {
    let namespace = Namespace::new("orphan");
    workflow_with_dependent(&namespace);
    namespace.admin().ok("delete workflow owner --cascade=orphan --timeout=180s");
    let orphan = namespace.get("configmap dependent");
    assert_eq!(orphan["metadata"].get("ownerReferences"), None, "{orphan}");
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn a_workflow_goes_after_what_it_depends_on() {
    let namespace = Namespace::new("dependent");
    dependent_workflow(&namespace);
    namespace.admin().ok("delete configmap owner");
    namespace.admin().ok("wait --for=delete workflow/dependent --timeout=180s");
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn a_workflow_goes_before_what_it_depends_on() {
    let namespace = Namespace::new("dependent-first");
    dependent_workflow(&namespace);
    namespace.admin().ok("delete configmap owner --cascade=foreground --timeout=180s");
    namespace.lacks("configmap owner");
    namespace.lacks("workflow dependent");
}

#[test]
#[ignore = "needs a cluster: make e2e"]
fn a_workflow_may_stay_without_what_it_depends_on() {
    let namespace = Namespace::new("dependent-stays");
    dependent_workflow(&namespace);
    namespace.admin().ok("delete configmap owner --cascade=orphan --timeout=180s");
    let orphan = namespace.get("workflow dependent");
    assert_eq!(orphan["metadata"].get("ownerReferences"), None, "{orphan}");
}
