//! What holds for every sequence of writes.

use proptest::prelude::*;

use super::*;

/// Any JSON, a few levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        name().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

/// Names that schemas and sets know, and others.
fn name() -> impl Strategy<Value = String> {
    let known = [
        "spec",
        "metadata",
        "text",
        "steps",
        "tags",
        "name",
        "free",
        "choice",
        "status",
        "managedFields",
        "f:a",
        "v:1",
        "k:{\"name\":\"a\"}",
        "k:{}",
        "i:0",
        ".",
        "",
        "f:",
        "x:",
    ];
    prop_oneof![prop::sample::select(known.map(str::to_owned).to_vec()), "[a-z:{}\\[\\]\".]{0,6}"]
}

/// A spec that fits the schema, of which the fields begin with a letter.
fn spec(prefix: &'static str) -> impl Strategy<Value = Value> {
    let text = prop::sample::select(vec!["1", "2", "3"]);
    let key = prop::sample::select(vec!["p", "q", "r"]).prop_map(move |key| format!("{prefix}{key}"));
    let options = prop::collection::btree_map(key.clone(), text.clone(), 0..3);
    let tags = prop::collection::btree_set(key.clone(), 0..3);
    let steps = prop::collection::btree_map(key.clone(), prop::option::of(text.clone()), 0..3);
    let free = prop::collection::btree_map(key, prop::collection::btree_map("[ab]", text, 0..3), 0..3);
    (options, tags, steps, free).prop_map(|(options, tags, steps, free)| {
        let step = |(name, image): (String, Option<&str>)| match image {
            Some(image) => json!({"name": name, "image": image}),
            None => json!({"name": name}),
        };
        let steps: Vec<Value> = steps.into_iter().map(step).collect();
        json!({"options": options, "tags": tags, "steps": steps, "free": free})
    })
}

/// A world in which several managers have written already.
fn world() -> impl Strategy<Value = World> {
    prop::collection::vec((0_u8..3, spec("")), 0..4).prop_map(|writes| {
        let mut world = World::default();
        for (who, spec) in writes {
            match who {
                0 => world.update("u", spec),
                1 => world.force("a", spec),
                _ => world.force("b", spec),
            }
        }
        world
    })
}

/// Sorts lists, whose order is that of the writes.
fn unordered(mut value: Value) -> Value {
    match &mut value {
        Value::Array(items) => {
            items.iter_mut().for_each(|item| *item = unordered(item.take()));
            items.sort_by(order::compare);
        }
        Value::Object(entries) => entries.values_mut().for_each(|value| *value = unordered(value.take())),
        _ => {}
    }
    value
}

proptest! {
    #[test]
    fn applying_is_idempotent(world in world(), spec in spec("")) {
        let mut once = world;
        once.force("a", spec.clone());
        let mut twice = once.clone();
        prop_assert!(twice.apply("a", spec).is_ok());
        prop_assert_eq!(once.object, twice.object);
    }

    #[test]
    fn managers_of_disjoint_fields_never_conflict(ours in spec("x"), theirs in spec("y"), again in spec("x")) {
        let mut world = World::default();
        prop_assert!(world.apply("a", ours).is_ok());
        prop_assert!(world.apply("b", theirs.clone()).is_ok());
        prop_assert!(world.apply("a", again).is_ok());
        prop_assert!(world.apply("b", theirs).is_ok());
    }

    #[test]
    fn the_order_of_appliers_of_disjoint_fields_does_not_matter(ours in spec("x"), theirs in spec("y")) {
        let (mut one, mut other) = (World::default(), World::default());
        one.apply("a", ours.clone()).unwrap();
        one.apply("b", theirs.clone()).unwrap();
        other.apply("b", theirs).unwrap();
        other.apply("a", ours).unwrap();
        prop_assert_eq!(unordered(one.spec()), unordered(other.spec()));
        prop_assert_eq!((one.owned("a"), one.owned("b")), (other.owned("a"), other.owned("b")));
    }

    #[test]
    fn what_nobody_owns_any_more_is_removed(first in spec(""), second in spec("")) {
        let (mut world, mut fresh) = (World::default(), World::default());
        world.apply("a", first).unwrap();
        world.apply("a", second.clone()).unwrap();
        fresh.apply("a", second).unwrap();
        let without_empty = |world: &World| {
            let mut spec = world.spec();
            spec.as_object_mut().unwrap().retain(|_, value| !matches!(value.to_string().as_str(), "{}" | "[]"));
            spec
        };
        prop_assert_eq!(unordered(without_empty(&world)), unordered(without_empty(&fresh)));
    }

    #[test]
    fn what_is_applied_is_there(world in world(), spec in spec("")) {
        let mut world = world;
        world.force("a", spec.clone());
        let object = world.object.clone().unwrap();
        let compared = typed::compare(SCHEMA.root(), &object, &super::object(json!({"spec": spec})));
        prop_assert!(compared.modified.is_empty(), "{:?}", compared.modified);
        let added = compared.added.paths();
        prop_assert!(added.iter().all(|path| path.len() == 2), "{:?}", added);
    }

    #[test]
    fn an_update_owns_what_it_changes_and_nobody_else_does(world in world(), spec in spec("")) {
        prop_assume!(!world.entries().is_empty());
        let mut world = world;
        let before = world.object.clone().unwrap();
        world.update("u", spec);
        let changed = typed::compare(SCHEMA.root(), &before, world.object.as_ref().unwrap()).changed();
        let changed = changed.recursive_difference(&FieldSet::of(&[&["metadata"]]));
        let owned = |manager: &str| fields_v1::decode(&json!({"f:spec": world.owned(manager)})).unwrap();
        prop_assert!(changed.difference(&owned("u")).is_empty());
        prop_assert!(changed.intersection(&owned("a").union(&owned("b"))).is_empty());
    }

    #[test]
    fn sets_keep_their_form(object in any_json()) {
        let object = json!({ "spec": {"free": object} });
        let set = typed::field_set(SCHEMA.root(), &object);
        prop_assert_eq!(fields_v1::decode(&fields_v1::encode(&set)), Ok(set));
    }

    #[test]
    fn sets_obey_the_laws_of_sets(a in any_json(), b in any_json()) {
        let set = |value: &Value| typed::field_set(SCHEMA.root(), &json!({"spec": {"free": value}}));
        let (a, b) = (set(&a), set(&b));
        let union = a.union(&b);
        prop_assert_eq!(&union, &b.union(&a));
        prop_assert_eq!(&a.difference(&b).union(&a.intersection(&b)), &a);
        prop_assert!(a.difference(&union).is_empty());
        prop_assert_eq!(union.difference(&b), a.difference(&b));
        prop_assert_eq!(a.intersection(&b), b.intersection(&a));
        prop_assert!(a.recursive_difference(&b).difference(&a.difference(&b)).is_empty());
    }

    #[test]
    fn no_configuration_breaks_the_server(world in world(), config in any_json(), force: bool) {
        let mut world = world;
        let _ = world.try_apply("a", "", force, object(json!({"spec": &config})));
        let _ = world.try_apply("a", "", force, object(json!({"metadata": &config})));
        let _ = world.try_apply("a", "status", force, config);
    }

    #[test]
    fn no_object_breaks_the_server(live in any_json(), new in any_json(), spec in spec("")) {
        let with_spec = |spec: &Value| object(json!({ "spec": spec }));
        let mut world = World { object: Some(with_spec(&live)), minutes: 0 };
        world.update("u", new.clone());
        let _ = world.apply("a", spec.clone());
        let mut world = World { object: Some(live), minutes: 0 };
        world.put("u", "", new);
        let _ = world.apply("a", spec);
    }

    #[test]
    fn no_managed_fields_break_the_server(fields in any_json(), entries in any_json(), spec in spec("")) {
        let entry = json!({"manager": "m", "operation": "Apply", "apiVersion": VERSION, "fieldsType": "FieldsV1",
            "fieldsV1": {"f:spec": {"f:free": fields}}});
        for entries in [entries, json!([entry])] {
            let mut live = object(json!({"spec": {"free": {"a": 1}, "text": "x"}}));
            live["metadata"]["managedFields"] = entries;
            let mut world = World { object: Some(live), minutes: 0 };
            let _ = world.apply("m", spec.clone());
            world.update("u", spec.clone());
        }
    }
}
