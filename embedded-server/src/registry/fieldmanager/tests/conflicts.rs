//! The words and causes of conflicts.

use super::*;

fn error(result: Result<(), Rejection>) -> ApiError {
    ApiError::from(result.unwrap_err())
}

fn causes(error: &ApiError) -> Vec<(String, String, String)> {
    let causes = error.status().details.clone().unwrap_or_default().causes.unwrap_or_default();
    let text = |field: Option<String>| field.unwrap_or_default();
    causes.into_iter().map(|cause| (text(cause.reason), text(cause.message), text(cause.field))).collect()
}

#[test]
fn one_conflict_is_told_in_one_line() {
    let mut world = World::default();
    world.apply("a", json!({"text": "x"})).unwrap();
    let error = error(world.apply("b", json!({"text": "y"})));
    assert_eq!((error.code(), error.reason().as_str()), (409, "Conflict"));
    assert_eq!(error.message(), "Apply failed with 1 conflict: conflict with \"a\": .spec.text");
    let cause = ("FieldManagerConflict", "conflict with \"a\"", ".spec.text");
    assert_eq!(causes(&error), [(cause.0.to_owned(), cause.1.to_owned(), cause.2.to_owned())]);
    let details = error.status().details.clone().unwrap();
    assert_eq!((details.kind, details.name, details.group), (None, None, None));
}

#[test]
fn an_updater_is_named_with_its_version() {
    let mut world = World::default();
    world.update("u", json!({"text": "x"}));
    let error = error(world.apply("b", json!({"text": "y"})));
    let expected = "Apply failed with 1 conflict: conflict with \"u\" using ci.example.com/v1: .spec.text";
    assert_eq!(error.message(), expected);
}

#[test]
fn a_subresource_is_named() {
    let mut world = World::default();
    world.update("u", json!({}));
    world.try_apply("c", "status", false, object(json!({"status": {"phase": "p"}}))).unwrap();
    let error = error(world.try_apply("d", "status", false, object(json!({"status": {"phase": "q"}}))));
    let expected =
        "Apply failed with 1 conflict: conflict with \"c\" with subresource \"status\": .status.phase";
    assert_eq!(error.message(), expected);
}

#[test]
fn several_conflicts_are_told_by_manager() {
    let mut world = World::default();
    world.apply("b", json!({"steps": [{"name": "s", "image": "i"}]})).unwrap();
    world.apply("a", json!({"text": "x", "number": 1})).unwrap();
    let spec = json!({"text": "y", "number": 2, "steps": [{"name": "s", "image": "j"}]});
    let error = error(world.apply("c", spec));
    let expected = "Apply failed with 3 conflicts: conflicts with \"a\":\n- .spec.number\n- .spec.text\nconflicts \
                    with \"b\":\n- .spec.steps[name=\"s\"].image";
    assert_eq!(error.message(), expected);
    assert_eq!(causes(&error).len(), 3);
}

#[test]
fn what_conflicts_changes_nothing() {
    let mut world = World::default();
    world.apply("a", json!({"text": "x"})).unwrap();
    let before = world.object.clone();
    world.apply("b", json!({"text": "y", "number": 1})).unwrap_err();
    assert_eq!(world.object, before);
}
