//! One and several managers that apply.

use super::*;

#[test]
fn applying_to_nothing_makes_an_object() {
    let mut world = World::default();
    world.apply("a", json!({"text": "x", "inner": {"a": "1"}})).unwrap();
    let entries = json!([{
        "manager": "a",
        "operation": "Apply",
        "apiVersion": VERSION,
        "time": "2023-11-14T22:14:20Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:text": {}, "f:inner": {"f:a": {}}}},
    }]);
    let mut expected = object(json!({"spec": {"text": "x", "inner": {"a": "1"}}}));
    expected["metadata"]["managedFields"] = entries;
    assert_eq!(world.object, Some(expected));
}

#[test]
fn applying_the_same_again_changes_nothing() {
    let mut world = World::default();
    let spec = json!({"text": "x", "steps": [{"name": "s"}], "tags": ["t"], "options": {"o": "1"}});
    world.apply("a", spec.clone()).unwrap();
    let before = world.object.clone();
    world.apply("a", spec).unwrap();
    assert_eq!(world.object, before);
}

#[test]
fn what_is_no_longer_applied_is_removed() {
    let mut world = World::default();
    world.apply("a", json!({"text": "x", "number": 1, "inner": {"a": "1"}, "options": {"o": "1"}})).unwrap();
    world.apply("a", json!({"number": 1})).unwrap();
    assert_eq!(world.spec(), json!({"number": 1}));
    assert_eq!(world.owned("a"), leaves(&["f:number"]));
}

#[test]
fn a_new_value_is_set_and_timed() {
    let mut world = World::default();
    world.apply("a", json!({"text": "x"})).unwrap();
    world.apply("a", json!({"text": "y"})).unwrap();
    assert_eq!(world.spec(), json!({"text": "y"}));
    assert_eq!(world.managers(), [("a".to_owned(), Some(2))]);
}

#[test]
fn managers_of_other_fields_leave_each_other_alone() {
    let mut world = World::default();
    world.apply("a", json!({"text": "x"})).unwrap();
    world.apply("b", json!({"number": 1})).unwrap();
    assert_eq!(world.spec(), json!({"text": "x", "number": 1}));
    assert_eq!((world.owned("a"), world.owned("b")), (leaves(&["f:text"]), leaves(&["f:number"])));
    assert_eq!(world.managers(), [("a".to_owned(), Some(1)), ("b".to_owned(), Some(2))]);
}

#[test]
fn equal_values_are_shared() {
    let mut world = World::default();
    world.apply("a", json!({"text": "x"})).unwrap();
    world.apply("b", json!({"text": "x"})).unwrap();
    assert_eq!((world.owned("a"), world.owned("b")), (leaves(&["f:text"]), leaves(&["f:text"])));
}

#[test]
fn a_shared_field_stays_until_the_last_owner_gives_it_up() {
    let mut world = World::default();
    world.apply("a", json!({"text": "x"})).unwrap();
    world.apply("b", json!({"text": "x", "number": 1})).unwrap();
    world.apply("a", json!({"flag": true})).unwrap();
    assert_eq!(world.spec(), json!({"text": "x", "number": 1, "flag": true}));
    world.apply("b", json!({"number": 1})).unwrap();
    assert_eq!(world.spec(), json!({"number": 1, "flag": true}));
}

#[test]
fn a_shared_field_cannot_be_changed_by_one_owner() {
    let mut world = World::default();
    world.apply("a", json!({"text": "x"})).unwrap();
    world.apply("b", json!({"text": "x"})).unwrap();
    assert_eq!(conflicts(world.apply("a", json!({"text": "y"}))), [".spec.text"]);
    assert_eq!(world.spec(), json!({"text": "x"}));
}

#[test]
fn force_moves_ownership() {
    let mut world = World::default();
    world.apply("a", json!({"text": "x", "number": 1})).unwrap();
    world.force("b", json!({"text": "y"}));
    assert_eq!(world.spec(), json!({"text": "y", "number": 1}));
    assert_eq!((world.owned("a"), world.owned("b")), (leaves(&["f:number"]), leaves(&["f:text"])));
}

#[test]
fn a_manager_that_lost_everything_is_forgotten() {
    let mut world = World::default();
    world.apply("a", json!({"text": "x"})).unwrap();
    world.force("b", json!({"text": "y"}));
    assert_eq!(world.managers(), [("b".to_owned(), Some(2))]);
}

#[test]
fn a_lost_field_is_not_removed_by_who_lost_it() {
    let mut world = World::default();
    world.apply("a", json!({"text": "x", "number": 1})).unwrap();
    world.force("b", json!({"text": "y"}));
    world.apply("a", json!({"number": 1})).unwrap();
    assert_eq!(world.spec(), json!({"text": "y", "number": 1}));
}

#[test]
fn metadata_of_the_server_belongs_to_nobody() {
    let mut world = World::default();
    let mut config = object(json!({}));
    config["metadata"]["labels"] = json!({"l": "1"});
    config["metadata"]["finalizers"] = json!(["example.com/f"]);
    config["metadata"]["ownerReferences"] =
        json!([{"uid": "u", "name": "o", "kind": "K", "apiVersion": "v1"}]);
    world.try_apply("a", "", false, config).unwrap();
    let expected = json!({"f:metadata": {
        "f:labels": {"f:l": {}},
        "f:finalizers": {"v:\"example.com/f\"": {}},
        "f:ownerReferences": {"k:{\"uid\":\"u\"}": {}},
    }});
    assert_eq!(world.entries()[0]["fieldsV1"], expected);
}

#[test]
fn the_status_is_managed_through_its_subresource_only() {
    let mut world = World::default();
    world
        .try_apply("a", "", false, object(json!({"spec": {"text": "x"}, "status": {"phase": "p"}})))
        .unwrap();
    assert_eq!(world.entries()[0]["fieldsV1"], json!({"f:spec": {"f:text": {}}}));
    let status = object(json!({"spec": {"text": "other"}, "status": {"phase": "q"}}));
    world.try_apply("a", "status", false, status).unwrap();
    let entry = world.entries().into_iter().find(|entry| entry["subresource"] == "status").unwrap();
    assert_eq!(entry["fieldsV1"], json!({"f:status": {"f:phase": {}}}));
    assert_eq!(world.managers().len(), 2);
}

#[test]
fn fields_from_before_the_first_apply_get_a_manager() {
    let mut world = World { object: Some(object(json!({"spec": {"text": "x", "number": 1}}))), minutes: 0 };
    assert_eq!(conflicts(world.apply("a", json!({"text": "y"}))), [".spec.text"]);
    world.force("a", json!({"text": "y"}));
    assert_eq!(world.owned("before-first-apply"), json!({".": {}, "f:number": {}}));
    assert_eq!(world.entries()[1]["operation"], "Update");
}

#[test]
fn who_has_no_name_is_unknown() {
    let mut world = World::default();
    world.apply("", json!({"text": "x"})).unwrap();
    assert_eq!(world.managers(), [("unknown".to_owned(), Some(1))]);
}
