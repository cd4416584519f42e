//! `$setElementOrder`, and the order of lists without it.

use serde_json::{Value, json};

use super::{assert_patches, deletions, named, patched, steps};

/// Applies a patch of steps with an order to live steps; letters are names.
fn ordered(live: &str, sent: &str, deleted: &str, order: &str) -> String {
    let mut items = deletions(deleted);
    items.extend(named(sent).as_array().unwrap().clone());
    let mut patch = json!({"$setElementOrder/steps": named(order)});
    if !items.is_empty() {
        patch["steps"] = items.into();
    }
    let steps = patched(&steps(live), &patch);
    steps["steps"].as_array().unwrap().iter().map(|step| step["name"].as_str().unwrap()).collect()
}

#[test]
fn without_an_order_items_of_the_patch_keep_the_order_of_the_patch() {
    assert_patches([
        (steps("abc"), steps("d"), steps("dabc")),
        (steps("abc"), steps("ca"), steps("bca")),
        (steps("abc"), steps("bd"), steps("abdc")),
    ]);
}

#[test]
fn items_are_put_in_the_order_that_is_set() {
    for (live, order, expected) in [("abc", "cba", "cba"), ("abc", "abc", "abc"), ("abcd", "dbac", "dbac")] {
        assert_eq!(ordered(live, "", "", order), expected, "{live} by {order}");
    }
}

#[test]
fn items_are_added_changed_and_deleted_in_order() {
    for (live, sent, deleted, order, expected) in [
        ("abc", "d", "", "abcd", "abcd"),
        ("abc", "d", "", "adbc", "adbc"),
        ("abc", "de", "", "dabec", "dabec"),
        ("abc", "b", "", "abc", "abc"),
        ("abc", "", "b", "ac", "ac"),
        ("abc", "d", "c", "adb", "adb"),
        ("", "ba", "", "ba", "ba"),
    ] {
        let actual = ordered(live, sent, deleted, order);
        assert_eq!(actual, expected, "{live} + {sent} - {deleted} by {order}");
    }
}

#[test]
fn items_that_only_the_server_has_stay_between_their_neighbours_as_far_as_both_orders_allow() {
    for (live, sent, order, expected) in [
        ("xabc", "", "cba", "xcba"),
        ("abcx", "", "abc", "abcx"),
        ("axbc", "", "abc", "axbc"),
        ("axbyc", "", "cab", "xycab"),
        ("xyab", "c", "cba", "cxyba"),
    ] {
        assert_eq!(ordered(live, sent, "", order), expected, "{live} + {sent} by {order}");
    }
}

#[test]
fn an_order_may_name_items_that_nobody_has() {
    assert_eq!(ordered("ab", "", "", "zbya"), "ba");
    assert_eq!(ordered("ab", "c", "", "czba"), "cba");
}

#[test]
fn an_order_of_a_list_that_nobody_has_does_nothing() {
    let patch = json!({"$setElementOrder/steps": named("ab")});
    assert_eq!(patched(&json!({}), &patch), json!({}));
}

#[test]
fn items_with_the_same_key_stay_together() {
    assert_eq!(ordered("aba", "", "", "ba"), "baa");
}

#[test]
fn values_of_sets_have_an_order_too() {
    let order = |live: Value, sent: Value, order: Value| {
        let patch = json!({"set": sent, "$setElementOrder/set": order});
        patched(&json!({"set": live}), &patch)["set"].clone()
    };
    assert_eq!(order(json!([1, 2, 3]), json!([4]), json!([4, 3, 2, 1])), json!([4, 3, 2, 1]));
    assert_eq!(order(json!([1, 9, 2]), json!([3]), json!([3, 1, 2])), json!([3, 1, 9, 2]));
    assert_eq!(order(json!([]), json!([2, 1]), json!([2, 1])), json!([2, 1]));
}

#[test]
fn values_are_taken_out_and_put_in_order_at_once() {
    let patch = json!({
        "$setElementOrder/set": [4, 3, 2],
        "$deleteFromPrimitiveList/set": [1],
        "set": [4],
    });
    assert_eq!(patched(&json!({"set": [1, 2, 3]}), &patch), json!({"set": [4, 3, 2]}));
}

#[test]
fn a_list_without_a_strategy_is_replaced_and_put_in_order() {
    let patch = json!({"$setElementOrder/atomic": [1, 2], "atomic": [1, 2]});
    assert_eq!(patched(&json!({"atomic": [3, 2, 1]}), &patch), json!({"atomic": [1, 2]}));
}

#[test]
fn nested_lists_have_orders_of_their_own() {
    let original = json!({"steps": [{"name": "a", "tags": ["x", "y"]}, {"name": "b"}]});
    let patch = json!({
        "$setElementOrder/steps": named("ba"),
        "steps": [{"name": "a", "$setElementOrder/tags": ["y", "x"]}],
    });
    let expected = json!({"steps": [{"name": "b"}, {"name": "a", "tags": ["y", "x"]}]});
    assert_eq!(patched(&original, &patch), expected);
}
