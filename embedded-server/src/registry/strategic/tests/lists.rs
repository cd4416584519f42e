//! Lists: replaced, or merged as sets and as maps by their key.

use serde_json::json;

use super::{assert_patches, patched, steps};

#[test]
fn a_list_without_a_strategy_is_replaced() {
    assert_patches([
        (json!({"atomic": [1, 2]}), json!({"atomic": [3]}), json!({"atomic": [3]})),
        (json!({"atomic": [1, 2]}), json!({"atomic": []}), json!({"atomic": []})),
        (json!({"unknown": [1, 2]}), json!({"unknown": [3]}), json!({"unknown": [3]})),
        (
            json!({"atomic_maps": [{"name": "a", "args": ["x"]}]}),
            json!({"atomic_maps": [{"name": "a"}]}),
            json!({"atomic_maps": [{"name": "a"}]}),
        ),
    ]);
}

#[test]
fn managed_fields_are_replaced() {
    let patch = json!({"metadata": {"managedFields": [{}]}});
    let original = json!({"metadata": {"managedFields": [{"manager": "a"}, {"manager": "b"}]}});
    assert_eq!(patched(&original, &patch), patch);
}

#[test]
fn items_merge_by_their_key() {
    let original = json!({"steps": [{"name": "a", "args": ["x"], "tags": ["1"]}, {"name": "b"}]});
    let patch = json!({"steps": [{"name": "a", "args": ["y"], "tags": ["2"]}, {"name": "c"}]});
    let expected = json!({"steps": [
        {"name": "a", "args": ["y"], "tags": ["2", "1"]},
        {"name": "c"},
        {"name": "b"},
    ]});
    assert_eq!(patched(&original, &patch), expected);
}

#[test]
fn a_key_can_be_a_number_and_lists_can_be_nested() {
    let original = json!({"steps": [{"name": "a", "ports": [{"port": 1, "x": 1}, {"port": 2}]}]});
    let patch = json!({"steps": [{"name": "a", "ports": [{"port": 1, "y": 2}]}]});
    let expected = json!({"steps": [{"name": "a", "ports": [{"port": 1, "x": 1, "y": 2}, {"port": 2}]}]});
    assert_eq!(patched(&original, &patch), expected);
}

#[test]
fn null_clears_a_field_of_an_item_and_an_empty_patch_changes_nothing() {
    let original = json!({"steps": [{"name": "a", "args": ["x"]}]});
    assert_patches([
        (original.clone(), json!({"steps": [{"name": "a", "args": null}]}), steps("a")),
        (original.clone(), json!({"steps": [{"name": "a"}]}), original.clone()),
        (original.clone(), json!({"steps": []}), original),
    ]);
}

#[test]
fn null_deletes_a_whole_list() {
    assert_patches([(steps("ab"), json!({"steps": null}), json!({}))]);
}

#[test]
fn an_item_with_the_directive_delete_goes() {
    assert_patches([
        (steps("abc"), json!({"steps": [{"$patch": "delete", "name": "b"}]}), steps("ac")),
        (steps("abb"), json!({"steps": [{"$patch": "delete", "name": "b"}]}), steps("a")),
        (steps("a"), json!({"steps": [{"$patch": "delete", "name": "a"}]}), json!({"steps": []})),
        (steps("a"), json!({"steps": [{"$patch": "delete", "name": "z"}]}), steps("a")),
    ]);
}

#[test]
fn an_item_with_the_directive_replace_makes_the_patch_the_list() {
    assert_patches([
        (steps("ab"), json!({"steps": [{"name": "c"}, {"$patch": "replace"}]}), steps("c")),
        (steps("ab"), json!({"steps": [{"$patch": "replace"}]}), json!({"steps": []})),
        (
            steps("ab"),
            json!({"steps": [{"$patch": "delete", "name": "a"}, {"$patch": "replace"}, {"name": "d"}]}),
            steps("d"),
        ),
    ]);
}

#[test]
fn of_equal_items_in_a_patch_each_is_merged_into_the_first() {
    let patch = json!({"steps": [{"name": "b", "args": ["x"]}, {"name": "b", "tags": ["y"]}]});
    let expected = json!({"steps": [{"name": "b", "args": ["x"], "tags": ["y"]}, {"name": "a"}]});
    assert_eq!(patched(&steps("a"), &patch), expected);
}

#[test]
fn sets_grow_without_duplicates() {
    assert_patches([
        (json!({"set": [1, 2]}), json!({"set": [3]}), json!({"set": [3, 1, 2]})),
        (json!({"set": [1, 2]}), json!({"set": [2, 3, 3]}), json!({"set": [1, 2, 3]})),
        (json!({"set": []}), json!({"set": [1, 1]}), json!({"set": [1]})),
        (json!({}), json!({"set": [1, 2]}), json!({"set": [1, 2]})),
    ]);
}

#[test]
fn finalizers_are_a_set() {
    let original = json!({"metadata": {"finalizers": ["a/b"]}});
    let patch = json!({"metadata": {"finalizers": ["c/d", "a/b"]}});
    assert_eq!(patched(&original, &patch)["metadata"]["finalizers"], json!(["c/d", "a/b"]));
    let patch = json!({"metadata": {"$deleteFromPrimitiveList/finalizers": ["a/b"]}});
    assert_eq!(patched(&original, &patch)["metadata"]["finalizers"], json!([]));
}

#[test]
fn the_garbage_collector_takes_an_owner_away_by_its_uid() {
    let owner = |uid: &str, name: &str| json!({"uid": uid, "name": name, "kind": "Job", "apiVersion": "v1"});
    let original = json!({"metadata": {"uid": "u", "ownerReferences": [owner("1", "a"), owner("2", "b")]}});
    let patch = json!({"metadata": {"uid": "u", "ownerReferences": [{"$patch": "delete", "uid": "1"}]}});
    let expected = json!({"metadata": {"uid": "u", "ownerReferences": [owner("2", "b")]}});
    assert_eq!(patched(&original, &patch), expected);
}

#[test]
fn the_garbage_collector_unblocks_an_owner_by_its_uid() {
    let original = json!({"metadata": {"ownerReferences": [
        {"uid": "1", "name": "a", "blockOwnerDeletion": true}, {"uid": "2", "name": "b"},
    ]}});
    let patch = json!({"metadata": {"ownerReferences": [{"uid": "1", "blockOwnerDeletion": false}]}});
    let expected = json!([{"uid": "1", "name": "a", "blockOwnerDeletion": false}, {"uid": "2", "name": "b"}]);
    assert_eq!(patched(&original, &patch)["metadata"]["ownerReferences"], expected);
}

#[test]
fn values_are_taken_out_of_lists_with_and_without_a_strategy() {
    assert_patches([
        (json!({"set": [1, 2, 3]}), json!({"$deleteFromPrimitiveList/set": [1, 3]}), json!({"set": [2]})),
        (
            json!({"atomic": [1, 2, 1]}),
            json!({"$deleteFromPrimitiveList/atomic": [1]}),
            json!({"atomic": [2]}),
        ),
        (json!({"set": [1]}), json!({"$deleteFromPrimitiveList/set": [9]}), json!({"set": [1]})),
        (json!({"set": []}), json!({"$deleteFromPrimitiveList/set": [9]}), json!({"set": []})),
        (json!({}), json!({"$deleteFromPrimitiveList/set": [9]}), json!({})),
        (json!({"set": "text"}), json!({"$deleteFromPrimitiveList/set": [9]}), json!({"set": "text"})),
    ]);
}

#[test]
fn values_are_taken_out_before_others_are_added() {
    let patch = json!({"set": [4], "$deleteFromPrimitiveList/set": [1]});
    assert_eq!(patched(&json!({"set": [1, 2]}), &patch), json!({"set": [4, 2]}));
}
