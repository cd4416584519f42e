//! What holds for every patch.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{PatchSchema, apply, schema};

/// Field names that mean something to the schema, to directives, or to nobody.
const NAMES: [&str; 17] = [
    "$patch",
    "$retainKeys",
    "$deleteFromPrimitiveList/set",
    "$deleteFromPrimitiveList/steps",
    "$setElementOrder/steps",
    "$setElementOrder/set",
    "$setElementOrder/atomic_maps",
    "steps",
    "ports",
    "set",
    "atomic_maps",
    "keyless",
    "replaced",
    "child",
    "name",
    "port",
    "other",
];

fn scalar() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec!["delete", "replace", "merge", "a", "b"]);
    prop_oneof![Just(Value::Null), (0..3_i64).prop_map(Value::from), words.prop_map(Value::from)]
}

fn document(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 40, 4, move |inner| {
        let name = prop::sample::select(names);
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            btree_map(name, inner, 0..5).prop_map(|map| json!(map)),
        ]
    })
}

/// Drops the nulls in lists: they stay in a list for RFC 7386, which knows no other null in a new value.
fn without_nulls_in_lists(value: Value, in_list: bool) -> Value {
    match value {
        Value::Array(items) => {
            let kept = items.into_iter().filter(|item| !item.is_null());
            kept.map(|item| without_nulls_in_lists(item, true)).collect()
        }
        Value::Object(map) => {
            let kept = map.into_iter().filter(|(_, value)| !in_list || !value.is_null());
            let kept = kept.map(|(name, value)| (name, without_nulls_in_lists(value, in_list)));
            Value::Object(kept.collect())
        }
        scalar => scalar,
    }
}

fn steps_of(names: &[u8]) -> Value {
    names.iter().map(|name| json!({"name": name.to_string()})).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_patch_of_anything_panics(original in document(&NAMES), patch in document(&NAMES)) {
        let _ = apply(&original, &patch, &schema());
    }

    #[test]
    fn without_directives_and_lists_that_merge_it_is_a_merge_patch(
        original in document(&["a", "b", "c", "d"]).prop_filter("a map", Value::is_object),
        patch in document(&["a", "b", "c", "d"]).prop_filter("a map", Value::is_object),
    ) {
        let patch = without_nulls_in_lists(patch, false);
        let mut expected = original.clone();
        json_patch::merge(&mut expected, &patch);
        prop_assert_eq!(apply(&original, &patch, &PatchSchema::of::<Value>()).unwrap(), expected);
    }

    #[test]
    fn an_order_of_all_items_is_their_order(
        live in Just(vec![1, 2, 3, 4, 5, 6]).prop_shuffle(),
        order in Just(vec![1, 2, 3, 4, 5, 6]).prop_shuffle(),
    ) {
        let patch = json!({"$setElementOrder/steps": steps_of(&order)});
        let patched = apply(&json!({"steps": steps_of(&live)}), &patch, &schema()).unwrap();
        prop_assert_eq!(&patched["steps"], &steps_of(&order));
    }

    #[test]
    fn an_order_keeps_every_item_and_the_order_of_those_it_does_not_name(
        live in Just(vec![1, 2, 3, 4, 5, 6]).prop_shuffle(),
        order in prop::sample::subsequence(vec![1, 2, 3, 4, 5, 6], 1..6).prop_shuffle(),
    ) {
        let patch = json!({"$setElementOrder/set": order});
        let patched = apply(&json!({"set": live}), &patch, &schema()).unwrap();
        let list: Vec<u8> = serde_json::from_value(patched["set"].clone()).unwrap();
        let named = |item: &&u8| order.contains(item);
        let others = |list: &[u8]| list.iter().filter(|item| !order.contains(item)).copied().collect::<Vec<_>>();
        prop_assert_eq!(list.len(), live.len());
        prop_assert_eq!(list.iter().filter(named).copied().collect::<Vec<_>>(), order.clone());
        prop_assert_eq!(others(&list), others(&live));
    }

    #[test]
    fn applying_twice_is_applying_once(
        live in vec(0..6_u8, 0..6), sent in vec(0..6_u8, 0..6), gone in vec(0..6_u8, 0..3),
    ) {
        let mut items = steps_of(&sent);
        let deleted = gone.iter().map(|name| json!({"$patch": "delete", "name": name.to_string()}));
        items.as_array_mut().unwrap().extend(deleted);
        let patch = json!({"steps": items});
        let once = apply(&json!({"steps": steps_of(&live)}), &patch, &schema()).unwrap();
        prop_assert_eq!(apply(&once, &patch, &schema()).unwrap(), once);
    }
}
