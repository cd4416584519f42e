//! Creates, puts and patches.

use super::*;

#[test]
fn a_new_object_belongs_to_its_creator() {
    let mut world = World::default();
    world.put("u", "", object(json!({"spec": {"text": "x", "steps": [{"name": "s"}]}, "status": {}})));
    let fields = json!({"f:spec": {
        ".": {},
        "f:text": {},
        "f:steps": {".": {}, "k:{\"name\":\"s\"}": {".": {}, "f:name": {}}},
    }});
    assert_eq!(world.entries()[0]["fieldsV1"], fields);
    assert_eq!(world.entries()[0]["operation"], "Update");
}

#[test]
fn what_an_update_changes_is_taken_from_everyone() {
    let mut world = World::default();
    world.apply("a", json!({"text": "x", "number": 1})).unwrap();
    world.update("u", json!({"text": "y", "number": 1}));
    assert_eq!((world.owned("a"), world.owned("u")), (leaves(&["f:number"]), leaves(&["f:text"])));
}

#[test]
fn what_an_update_removes_belongs_to_nobody() {
    let mut world = World::default();
    world.apply("a", json!({"text": "x", "number": 1})).unwrap();
    world.update("u", json!({"number": 1}));
    assert_eq!(world.owned("a"), leaves(&["f:number"]));
    assert_eq!(world.managers(), [("a".to_owned(), Some(1))]);
}

#[test]
fn updates_of_one_manager_add_up() {
    let mut world = World::default();
    world.update("u", json!({"text": "x"}));
    world.update("u", json!({"text": "x", "number": 1}));
    assert_eq!(world.owned("u"), json!({".": {}, "f:text": {}, "f:number": {}}));
    assert_eq!(world.managers(), [("u".to_owned(), Some(2))]);
}

#[test]
fn an_update_that_changes_nothing_leaves_no_trace() {
    let mut world = World::default();
    world.update("u", json!({"text": "x"}));
    let before = world.object.clone();
    world.update("v", json!({"text": "x"}));
    assert_eq!(world.object, before);
}

#[test]
fn managed_fields_that_a_client_leaves_out_are_kept() {
    let mut world = World::default();
    world.update("u", json!({"text": "x"}));
    world.put("v", "", object(json!({"spec": {"text": "x", "number": 1}})));
    assert_eq!((world.owned("u"), world.owned("v")), (json!({".": {}, "f:text": {}}), leaves(&["f:number"])));
}

#[test]
fn managed_fields_can_be_cleared() {
    for clear in [json!([]), json!([{}])] {
        let mut world = World::default();
        world.update("u", json!({"text": "x"}));
        let mut new = world.object.clone().unwrap();
        new["metadata"]["managedFields"] = clear;
        world.put("v", "", new);
        assert_eq!(world.entries(), Vec::<Value>::new());
        world.update("v", json!({"text": "y"}));
        assert_eq!(world.entries(), Vec::<Value>::new());
    }
}

#[test]
fn managed_fields_can_be_set_but_not_through_a_subresource() {
    let mut world = World::default();
    world.update("u", json!({"text": "x"}));
    let mut new = world.object.clone().unwrap();
    new["metadata"]["managedFields"][0]["manager"] = json!("w");
    let mut status = world.clone();
    status.put("v", "status", new.clone());
    assert_eq!(status.managers(), [("u".to_owned(), Some(1))]);
    world.put("v", "", new);
    assert_eq!(world.managers(), [("w".to_owned(), Some(1))]);
}

#[test]
fn managed_fields_that_make_no_sense_are_not_taken() {
    for nonsense in [json!([{"operation": "Steal"}]), json!("x"), json!([1]), json!([{"fieldsV1": {"x": 1}}])]
    {
        let mut world = World::default();
        world.update("u", json!({"text": "x"}));
        let mut new = world.object.clone().unwrap();
        new["metadata"]["managedFields"] = nonsense;
        world.put("v", "", new);
        assert_eq!(world.managers(), [("u".to_owned(), Some(1))]);
    }
}

#[test]
fn a_status_write_owns_no_spec_and_the_other_way_round() {
    let mut world = World::default();
    world.put("u", "", object(json!({"spec": {"text": "x"}, "status": {"phase": "p"}})));
    assert_eq!(world.entries()[0]["fieldsV1"], json!({"f:spec": {".": {}, "f:text": {}}}));
    let mut new = world.object.clone().unwrap();
    new["metadata"]["labels"] = json!({"l": "1"});
    (new["spec"]["text"], new["status"]["phase"]) = (json!("y"), json!("q"));
    world.put("c", "status", new);
    let entry = world.entries().into_iter().find(|entry| entry["manager"] == "c").unwrap();
    assert_eq!(
        (&entry["subresource"], &entry["fieldsV1"]),
        (&json!("status"), &json!({"f:status": {"f:phase": {}}}))
    );
}

#[test]
fn a_manager_has_one_entry_per_operation_and_subresource() {
    let mut world = World::default();
    world.apply("m", json!({"text": "x"})).unwrap();
    world.update("m", json!({"text": "x", "number": 1}));
    world.try_apply("m", "status", false, object(json!({"status": {"phase": "p"}}))).unwrap();
    let keys = |entry: &Value| (entry["operation"].clone(), entry.get("subresource").cloned());
    let keys: Vec<_> = world.entries().iter().map(keys).collect();
    assert_eq!(
        keys,
        [(json!("Apply"), None), (json!("Apply"), Some(json!("status"))), (json!("Update"), None),]
    );
}

#[test]
fn the_oldest_of_more_than_ten_updaters_become_one() {
    let mut world = World::default();
    let mut options = Map::new();
    for number in 0..12 {
        options.insert(format!("o{number:02}"), json!("1"));
        world.update(&format!("m{number:02}"), json!({"options": options}));
    }
    let managers = world.managers();
    assert_eq!(managers.len(), 10);
    assert_eq!(managers[0], ("ancient-changes".to_owned(), Some(3)));
    let owned = json!({".": {}, "f:options": {".": {}, "f:o00": {}, "f:o01": {}, "f:o02": {}}});
    assert_eq!(world.owned("ancient-changes"), owned);
    assert_eq!(managers[9], ("m11".to_owned(), Some(12)));
}

#[test]
fn appliers_are_not_joined() {
    let mut world = World::default();
    for number in 0..12 {
        world.apply(&format!("m{number:02}"), json!({"options": {format!("o{number:02}"): "1"}})).unwrap();
    }
    assert_eq!(world.managers().len(), 12);
}

#[test]
fn entries_come_by_operation_then_time_then_manager() {
    let mut world = World::default();
    world.update("z", json!({"text": "x"}));
    world.update("y", json!({"text": "x", "number": 1}));
    world.apply("x", json!({"flag": true})).unwrap();
    let names: Vec<String> = world.managers().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["x", "z", "y"]);
}

#[test]
fn only_times_that_alone_differ_are_set_back() {
    let live = {
        let mut world = World::default();
        world.update("u", json!({"text": "x"}));
        world.object.unwrap()
    };
    let mut later = live.clone();
    later["metadata"]["managedFields"][0]["time"] = json!("2030-01-01T00:00:00Z");
    let mut same = later.clone();
    keep_times(&live, &mut same);
    assert_eq!(same, live);
    for pointer in ["/spec/text", "/metadata/name", "/metadata/managedFields/0/manager"] {
        let mut other = later.clone();
        *other.pointer_mut(pointer).unwrap() = json!("other");
        let before = other.clone();
        keep_times(&live, &mut other);
        assert_eq!(other, before, "{pointer}");
    }
}
