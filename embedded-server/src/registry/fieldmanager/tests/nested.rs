//! Objects in objects.

use super::*;

#[test]
fn an_object_goes_with_its_last_field() {
    let mut world = World::default();
    world.apply("a", json!({"inner": {"deep": {"c": "1", "d": "1"}}})).unwrap();
    world.apply("a", json!({"inner": {"deep": {"c": "1"}}})).unwrap();
    assert_eq!(world.spec(), json!({"inner": {"deep": {"c": "1"}}}));
    world.apply("a", json!({"text": "x"})).unwrap();
    assert_eq!(world.spec(), json!({"text": "x"}));
}

#[test]
fn an_object_stays_for_what_others_have_in_it() {
    let mut world = World::default();
    world.apply("a", json!({"inner": {"a": "1"}})).unwrap();
    world.update("u", json!({"inner": {"a": "1", "b": "1"}}));
    world.apply("a", json!({})).unwrap();
    assert_eq!(world.spec(), json!({"inner": {"b": "1"}}));
    assert_eq!(world.owned("u"), json!({"f:inner": {"f:b": {}}}));
}

#[test]
fn an_empty_object_is_owned_as_such() {
    let mut world = World::default();
    world.apply("a", json!({"inner": {"a": "1"}})).unwrap();
    world.apply("a", json!({"inner": {}})).unwrap();
    assert_eq!(world.owned("a"), leaves(&["f:inner"]));
}

#[test]
fn what_no_schema_describes_is_owned_piece_by_piece() {
    let mut world = World::default();
    world.apply("a", json!({"free": {"x": {"y": 1}, "l": [1, 2]}})).unwrap();
    world.apply("b", json!({"free": {"x": {"z": 1}}})).unwrap();
    assert_eq!(world.spec(), json!({"free": {"x": {"y": 1, "z": 1}, "l": [1, 2]}}));
    assert_eq!(conflicts(world.apply("b", json!({"free": {"l": [3]}}))), [".spec.free.l"]);
    world.apply("a", json!({})).unwrap();
    assert_eq!(world.spec(), json!({"free": {"x": {"z": 1}}}));
}

#[test]
fn labels_have_owners_of_their_own() {
    let mut world = World::default();
    let labelled = |labels: Value| {
        let mut config = object(json!({}));
        config["metadata"]["labels"] = labels;
        config
    };
    world.try_apply("a", "", false, labelled(json!({"x": "1", "y": "1"}))).unwrap();
    world.try_apply("b", "", false, labelled(json!({"z": "1"}))).unwrap();
    world.try_apply("a", "", false, labelled(json!({"y": "1"}))).unwrap();
    assert_eq!(world.object.as_ref().unwrap()["metadata"]["labels"], json!({"y": "1", "z": "1"}));
    world.try_apply("a", "", false, object(json!({}))).unwrap();
    world.try_apply("b", "", false, object(json!({}))).unwrap();
    let metadata = world.object.as_ref().unwrap()["metadata"].clone();
    assert_eq!((metadata.get("labels"), &metadata["name"]), (None, &json!("p")));
}

#[test]
fn whoever_owned_parts_of_what_is_one_value_now_owns_all_of_it() {
    let mut world = World::default();
    world.update("u", json!({"choice": {"x": "1", "y": "1"}}));
    let old = json!({"f:spec": {"f:choice": {".": {}, "f:x": {}, "f:y": {}}}});
    world.object.as_mut().unwrap()["metadata"]["managedFields"][0]["fieldsV1"] = old;
    assert_eq!(conflicts(world.apply("a", json!({"choice": {"x": "2"}}))), [".spec.choice"]);
}

#[test]
fn bottomless_nesting_is_one_value_from_some_depth_on() {
    let nested = |inside: Value| (0..300).fold(inside, |value, _| json!({ "x": value }));
    let mut world = World::default();
    world.apply("a", json!({"free": nested(json!(1))})).unwrap();
    let conflicts = conflicts(world.apply("b", json!({"free": nested(json!(2))})));
    assert_eq!(conflicts.len(), 1);
    assert!(conflicts[0].len() < 250);
}

#[test]
fn what_is_recorded_of_a_deep_object_can_be_read_again() {
    let nested = (0..120).fold(json!(1), |value, _| json!({ "x": value }));
    let mut world = World::default();
    world.apply("a", json!({ "free": nested })).unwrap();
    let stored = world.object.unwrap().to_string();
    assert!(serde_json::from_str::<Value>(&stored).is_ok());
}
