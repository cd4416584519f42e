//! Keyed lists, sets, and lists and maps that are one value.

use super::*;

fn names(spec: &Value) -> Vec<&str> {
    spec["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect()
}

fn steps(names: &[&str]) -> Value {
    json!({"steps": names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>()})
}

#[test]
fn items_have_owners_of_their_own() {
    let mut world = World::default();
    world.apply("a", json!({"steps": [{"name": "s", "image": "i"}]})).unwrap();
    world.apply("b", steps(&["t"])).unwrap();
    assert_eq!(world.spec(), json!({"steps": [{"name": "s", "image": "i"}, {"name": "t"}]}));
    let s = json!({"f:steps": {"k:{\"name\":\"s\"}": {".": {}, "f:name": {}, "f:image": {}}}});
    let t = json!({"f:steps": {"k:{\"name\":\"t\"}": {".": {}, "f:name": {}}}});
    assert_eq!((world.owned("a"), world.owned("b")), (s, t));
}

#[test]
fn fields_of_one_item_have_owners_of_their_own() {
    let mut world = World::default();
    world.apply("a", json!({"steps": [{"name": "s", "image": "i"}]})).unwrap();
    world.apply("b", json!({"steps": [{"name": "s", "env": {"E": "1"}}]})).unwrap();
    assert_eq!(world.spec(), json!({"steps": [{"name": "s", "image": "i", "env": {"E": "1"}}]}));
    world.apply("a", json!({})).unwrap();
    assert_eq!(world.spec(), json!({"steps": [{"name": "s", "env": {"E": "1"}}]}));
    world.apply("b", json!({})).unwrap();
    assert_eq!(world.spec(), json!({}));
}

#[test]
fn items_that_are_no_longer_applied_go() {
    let mut world = World::default();
    world.apply("a", steps(&["s", "t", "u"])).unwrap();
    world.apply("b", steps(&["u", "v"])).unwrap();
    world.apply("a", steps(&["s"])).unwrap();
    assert_eq!(names(&world.spec()), ["s", "u", "v"]);
}

#[test]
fn an_item_that_an_updater_added_stays() {
    let mut world = World::default();
    world.apply("a", steps(&["s", "t"])).unwrap();
    world.update("u", steps(&["s", "t", "x"]));
    world.apply("a", steps(&["s"])).unwrap();
    assert_eq!(names(&world.spec()), ["s", "x"]);
}

#[test]
fn the_field_of_an_item_conflicts_by_name() {
    let mut world = World::default();
    world.apply("a", json!({"steps": [{"name": "s", "image": "i"}]})).unwrap();
    let result = world.apply("b", json!({"steps": [{"name": "s", "image": "j"}]}));
    assert_eq!(conflicts(result), [".spec.steps[name=\"s\"].image"]);
}

#[test]
fn keys_may_be_several_and_have_defaults() {
    let mut world = World::default();
    world.apply("a", json!({"ports": [{"port": 80, "protocol": "TCP", "use": "a"}]})).unwrap();
    world.apply("b", json!({"ports": [{"port": 80, "protocol": "UDP", "use": "b"}]})).unwrap();
    assert_eq!(world.spec()["ports"].as_array().unwrap().len(), 2);
    let result = world.apply("c", json!({"ports": [{"port": 80, "use": "c"}]}));
    assert_eq!(conflicts(result), [".spec.ports[port=80,protocol=\"TCP\"].use"]);
    let key = "k:{\"port\":80,\"protocol\":\"UDP\"}";
    assert!(world.owned("b")["f:ports"].get(key).is_some());
}

#[test]
fn elements_of_a_set_have_owners_of_their_own() {
    let mut world = World::default();
    world.apply("a", json!({"tags": ["x", "y"]})).unwrap();
    world.apply("b", json!({"tags": ["y", "z"]})).unwrap();
    assert_eq!(world.spec(), json!({"tags": ["x", "y", "z"]}));
    assert_eq!(world.owned("b"), json!({"f:tags": {"v:\"y\"": {}, "v:\"z\"": {}}}));
    world.apply("a", json!({})).unwrap();
    assert_eq!(world.spec(), json!({"tags": ["y", "z"]}));
}

#[test]
fn duplicates_that_are_there_are_tolerated() {
    let mut world = World::default();
    world.update("u", json!({"tags": ["x", "x", "y"]}));
    world.apply("a", json!({"tags": ["z"]})).unwrap();
    assert_eq!(world.spec(), json!({"tags": ["x", "x", "y", "z"]}));
    world.force("a", json!({"tags": ["x"]}));
    assert_eq!(world.spec(), json!({"tags": ["x", "y"]}));
}

#[test]
fn an_atomic_list_is_one_value() {
    let mut world = World::default();
    world.apply("a", json!({"words": ["x", "y"]})).unwrap();
    assert_eq!(conflicts(world.apply("b", json!({"words": ["x", "z"]}))), [".spec.words"]);
    world.force("b", json!({"words": ["z"]}));
    assert_eq!(world.spec(), json!({"words": ["z"]}));
    assert_eq!(world.owned("b"), leaves(&["f:words"]));
}

#[test]
fn an_atomic_map_is_one_value() {
    let mut world = World::default();
    world.apply("a", json!({"choice": {"x": "1"}})).unwrap();
    assert_eq!(conflicts(world.apply("b", json!({"choice": {"y": "1"}}))), [".spec.choice"]);
    world.force("b", json!({"choice": {"y": "1"}}));
    assert_eq!(world.spec(), json!({"choice": {"y": "1"}}));
}

#[test]
fn entries_of_a_granular_map_have_owners_of_their_own() {
    let mut world = World::default();
    world.apply("a", json!({"options": {"x": "1", "y": "1"}})).unwrap();
    world.apply("b", json!({"options": {"z": "1"}})).unwrap();
    assert_eq!(world.owned("b"), json!({"f:options": {"f:z": {}}}));
    world.apply("a", json!({"options": {"x": "1"}})).unwrap();
    assert_eq!(world.spec(), json!({"options": {"x": "1", "z": "1"}}));
}
