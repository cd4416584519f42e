//! From `kubectl apply` on the client's side to server-side apply.

use super::*;

const ANNOTATION: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// An object as `kubectl apply` leaves it on the client's side.
fn applied_by_client(spec: &Value) -> World {
    let config = object(json!({ "spec": spec }));
    let mut new = config.clone();
    new["metadata"]["annotations"] = json!({ANNOTATION: config.to_string()});
    let mut world = World::default();
    world.put("kubectl-client-side-apply", "", new);
    world
}

fn annotation(world: &World) -> Option<Value> {
    let object = world.object.as_ref()?;
    serde_json::from_str(object["metadata"]["annotations"].get(ANNOTATION)?.as_str()?).ok()
}

#[test]
fn what_kubectl_applied_does_not_conflict_with_kubectl() {
    let mut world = applied_by_client(&json!({"text": "x", "number": 1}));
    world.apply("kubectl", json!({"text": "y", "number": 1})).unwrap();
    assert_eq!(world.spec(), json!({"text": "y", "number": 1}));
    assert_eq!(annotation(&world), Some(object(json!({"spec": {"text": "y", "number": 1}}))));
}

#[test]
fn another_manager_does_not_inherit_it() {
    let mut world = applied_by_client(&json!({"text": "x"}));
    assert_eq!(conflicts(world.apply("other", json!({"text": "y"}))), [".spec.text"]);
}

#[test]
fn what_somebody_changed_since_conflicts() {
    let mut world = applied_by_client(&json!({"text": "x", "number": 1}));
    world.update("u", json!({"text": "z", "number": 1}));
    assert_eq!(conflicts(world.apply("kubectl", json!({"text": "y", "number": 2}))), [".spec.text"]);
}

#[test]
fn the_annotation_is_not_made_up() {
    let mut world = World::default();
    world.apply("kubectl", json!({"text": "x"})).unwrap();
    assert_eq!(world.object.as_ref().unwrap()["metadata"].get("annotations"), None);
}

#[test]
fn an_annotation_that_grows_too_large_is_dropped() {
    let mut world = applied_by_client(&json!({"text": "x"}));
    world.apply("kubectl", json!({"text": "y".repeat(300 * 1024)})).unwrap();
    assert_eq!(annotation(&world), None);
}

#[test]
fn a_broken_annotation_grants_nothing() {
    for broken in ["{", "3", "", "{\"apiVersion\":\"other/v1\"}"] {
        let mut world = applied_by_client(&json!({"text": "x"}));
        world.object.as_mut().unwrap()["metadata"]["annotations"][ANNOTATION] = json!(broken);
        assert_eq!(conflicts(world.apply("kubectl", json!({"text": "y"}))), [".spec.text"], "{broken}");
    }
}
