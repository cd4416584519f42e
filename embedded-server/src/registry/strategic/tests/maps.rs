//! Maps: merged, replaced, deleted, and kept to the keys that are retained.

use serde_json::json;

use super::{assert_patches, patched};

#[test]
fn maps_merge_and_null_deletes() {
    assert_patches([
        (json!({"a": 1}), json!({"b": 2}), json!({"a": 1, "b": 2})),
        (json!({"a": 1, "b": 2}), json!({"a": null}), json!({"b": 2})),
        (json!({"a": 1}), json!({"missing": null}), json!({"a": 1})),
        (json!({"a": {"b": 1, "c": 1}}), json!({"a": {"b": 2}}), json!({"a": {"b": 2, "c": 1}})),
        (json!({"a": {"b": 1}}), json!({"a": 2}), json!({"a": 2})),
        (json!({"a": 2}), json!({"a": {"b": 1}}), json!({"a": {"b": 1}})),
        (json!({}), json!({}), json!({})),
        (json!(null), json!({"a": 1}), json!({"a": 1})),
    ]);
}

#[test]
fn labels_and_annotations_merge_key_by_key() {
    let original = json!({"metadata": {"labels": {"a": "1", "b": "2"}, "annotations": {"c": "3"}}});
    let patch = json!({"metadata": {"labels": {"a": null, "d": "4"}}});
    let expected = json!({"metadata": {"labels": {"b": "2", "d": "4"}, "annotations": {"c": "3"}}});
    assert_eq!(patched(&original, &patch), expected);
}

#[test]
fn nulls_in_a_map_that_is_new_are_dropped() {
    assert_patches([
        (json!({}), json!({"a": {"b": null, "c": {"d": null}}}), json!({"a": {"c": {}}})),
        (json!({"a": 1}), json!({"a": {"b": null}}), json!({"a": {}})),
        (json!({}), json!({"a": [{"b": null}]}), json!({"a": [{}]})),
    ]);
}

#[test]
fn a_map_with_the_directive_replace_is_the_new_map() {
    assert_patches([
        (json!({"a": {"b": 1}}), json!({"a": {"$patch": "replace", "c": 2}}), json!({"a": {"c": 2}})),
        (json!({"a": {"b": 1}}), json!({"a": {"$patch": "replace"}}), json!({"a": {}})),
        (json!({"b": 1}), json!({"$patch": "replace", "c": 2}), json!({"c": 2})),
    ]);
}

#[test]
fn a_map_with_the_directive_delete_becomes_empty() {
    assert_patches([
        (json!({"a": {"b": 1}}), json!({"a": {"$patch": "delete"}}), json!({"a": {}})),
        (json!({"a": {"b": 1}}), json!({"a": {"$patch": "delete", "c": 2}}), json!({"a": {}})),
        (json!({"a": 1}), json!({"$patch": "delete"}), json!({})),
    ]);
}

#[test]
fn a_map_with_a_directive_is_not_added_where_there_is_none() {
    assert_patches([
        (json!({}), json!({"a": {"$patch": "delete"}}), json!({})),
        (json!({}), json!({"a": {"$patch": "replace", "b": 1}}), json!({})),
        (json!({"a": 1}), json!({"a": {"$patch": "delete"}}), json!({})),
        (json!({}), json!({"a": {"b": {"$patch": "delete"}, "c": 1}}), json!({"a": {"c": 1}})),
        (json!({}), json!({"steps": [{"name": "a", "$patch": "delete"}]}), json!({"steps": []})),
    ]);
}

#[test]
fn a_map_with_the_strategy_replace_is_replaced() {
    let original = json!({"replaced": {"name": "a", "args": ["b"]}});
    let patch = json!({"replaced": {"name": "c"}});
    assert_eq!(patched(&original, &patch), patch);
}

#[test]
fn retain_keys_clears_the_other_fields() {
    let original = json!({"one_of": {"rolling": {"surge": 1}, "type": "Rolling", "kept": 1}});
    let patch = json!({"one_of": {"$retainKeys": ["type", "kept"], "type": "Recreate"}});
    assert_eq!(patched(&original, &patch), json!({"one_of": {"type": "Recreate", "kept": 1}}));
}

#[test]
fn retain_keys_need_not_name_what_is_deleted_or_how_lists_change() {
    let original = json!({"one_of": {"name": "a", "tags": ["x", "y"], "args": ["z"]}});
    let patch = json!({"one_of": {
        "$retainKeys": ["name", "tags"],
        "$deleteFromPrimitiveList/tags": ["x"],
        "$setElementOrder/tags": ["y"],
        "args": null,
    }});
    assert_eq!(patched(&original, &patch), json!({"one_of": {"name": "a", "tags": ["y"]}}));
}

#[test]
fn an_item_of_a_list_retains_keys_too() {
    let original = json!({"steps": [{"name": "a", "args": ["x"], "tags": ["y"]}]});
    let patch = json!({"steps": [{"$retainKeys": ["name", "args"], "name": "a", "args": ["z"]}]});
    assert_eq!(patched(&original, &patch), json!({"steps": [{"name": "a", "args": ["z"]}]}));
}

#[test]
fn types_can_contain_themselves() {
    let original = json!({"child": {"child": {"set": [1]}}});
    let patch = json!({"child": {"child": {"set": [2]}}});
    assert_eq!(patched(&original, &patch), json!({"child": {"child": {"set": [2, 1]}}}));
}
