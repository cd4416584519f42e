//! Patches that do not apply, and what is said of them.

use serde_json::{Value, json};

use super::{PatchError, refused, steps};

fn assert_words(rows: impl IntoIterator<Item = (Value, Value, &'static str)>) {
    for (original, patch, words) in rows {
        assert_eq!(refused(&original, &patch).to_string(), words, "{patch} on {original}");
    }
}

#[test]
fn items_need_their_merge_key() {
    let words = "map: map[image:x] does not contain declared merge key: name";
    let deletion = "map: map[$patch:delete image:x] does not contain declared merge key: name";
    assert_words([
        (steps("a"), json!({"steps": [{"image": "x"}]}), words),
        (json!({"steps": [{"image": "x"}]}), steps("a"), words),
        (steps("a"), json!({"steps": [{"image": "x"}, {"$patch": "replace"}]}), words),
        (steps("a"), json!({"steps": [{"$patch": "delete", "image": "x"}]}), deletion),
        (steps("a"), json!({"$setElementOrder/steps": [{"image": "x"}]}), words),
    ]);
}

#[test]
fn lists_of_lists_do_not_merge() {
    for patch in [json!({"set": [[1]]}), json!({"steps": [[1]]})] {
        assert_eq!(refused(&json!({"set": [], "steps": []}), &patch), PatchError::ListOfLists);
    }
}

#[test]
fn only_known_directives_are_obeyed() {
    assert_words([
        (
            json!({}),
            json!({"$patch": "merge", "a": 1}),
            "unknown patch type: merge in map: map[$patch:merge a:1]",
        ),
        (json!({"a": {}}), json!({"a": {"$patch": 5}}), "unknown patch type: 5 in map: map[$patch:5]"),
        (
            steps("a"),
            json!({"steps": [{"$patch": "burn", "name": "a"}]}),
            "unknown patch type: burn in map: map[$patch:burn name:a]",
        ),
        (
            steps("a"),
            json!({"steps": [{"$patch": "merge"}]}),
            "merging lists cannot yet be specified in the patch",
        ),
    ]);
}

#[test]
fn directives_about_a_list_name_it() {
    let original = json!({"set": [1]});
    for name in ["$deleteFromPrimitiveList", "$deleteFromPrimitiveListing/set"] {
        assert_eq!(refused(&original, &json!({name: [1]})), PatchError::PrimitiveList, "{name}");
    }
    for name in ["$setElementOrder", "$setElementOrdering/set"] {
        assert_eq!(refused(&original, &json!({name: [1]})), PatchError::SetElementOrder, "{name}");
    }
}

#[test]
fn retained_keys_are_a_list_that_names_what_is_set() {
    for patch in [json!({"$retainKeys": "a"}), json!({"$retainKeys": ["a"], "b": 1})] {
        assert_eq!(refused(&json!({"a": 1}), &patch), PatchError::RetainKeys, "{patch}");
    }
}

#[test]
fn items_have_one_type() {
    assert_words([
        (steps("a"), json!({"steps": ["b"]}), "list element types are not identical: [[map[name:a]] [b]]"),
        (json!({"set": [1]}), json!({"set": ["b"]}), "list element types are not identical: [[1] [b]]"),
        (
            json!({"steps": ["a"]}),
            json!({"steps": ["b"]}),
            "expected a map[string]interface {}, but received a string",
        ),
    ]);
}

#[test]
fn an_order_fits_what_the_patch_adds() {
    let words = "The order in patch list:\n[map[name:a] map[name:b]]\n doesn't match $setElementOrder list:\n\
        [map[name:b] map[name:a]]\n";
    let patch = json!({"steps": super::named("ab"), "$setElementOrder/steps": super::named("ba")});
    assert_words([(steps(""), patch, words)]);
    let words = "The order in patch list:\n[3]\n doesn't match $setElementOrder list:\n[1 2]\n";
    assert_words([(json!({"set": [1]}), json!({"set": [3], "$setElementOrder/set": [1, 2]}), words)]);
}

#[test]
fn an_order_is_a_list_about_a_list() {
    let words = "expected a []interface {}, but received a string";
    assert_words([
        (json!({"set": [1]}), json!({"$setElementOrder/set": "x"}), words),
        (json!({"set": "x"}), json!({"$setElementOrder/set": [1]}), words),
        (json!({"set": [1]}), json!({"set": "x", "$setElementOrder/set": [1]}), words),
        (json!({"set": []}), json!({"$setElementOrder/set": [1]}), "no elements in any of the given slices"),
    ]);
}

#[test]
fn a_list_that_merges_maps_declares_how() {
    let words = "cannot merge lists without merge key for struct";
    assert_words([(json!({"keyless": [{"name": "a"}]}), json!({"keyless": [{"name": "b"}]}), words)]);
}

#[test]
fn a_patch_is_a_map() {
    assert_words([(
        json!({}),
        json!([]),
        "expected a map[string]interface {}, but received a []interface {}",
    )]);
}
