//! The order of merged lists, and what `null` and empty values do.

use super::*;

/// Merges two sets, each written as the characters in it.
fn merged_set(live: &str, config: &str) -> String {
    let set = |text: &str| json!({"spec": {"tags": text.chars().map(String::from).collect::<Vec<_>>()}});
    let merged = typed::merge(SCHEMA.root(), &set(live), &set(config));
    merged["spec"]["tags"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
}

#[test]
fn the_configuration_orders_its_own_items() {
    let cases = [
        // live, configuration, merged
        ("pqr", "pq", "pqr"),
        ("pq", "pqr", "pqr"),
        ("pqr", "", "pqr"),
        ("", "pqr", "pqr"),
        ("pq", "qp", "qp"),
        ("pqr", "stu", "pqrstu"),
        ("pqr", "rstu", "pqrstu"),
        ("pqrxy", "rsty", "pqrxsty"),
        ("rstu", "prt", "prstu"),
        ("pqrs", "stup", "qrstup"),
        ("pqrst", "uqvsw", "puqrvstw"),
    ];
    for (live, config, expected) in cases {
        assert_eq!(merged_set(live, config), expected, "{live} + {config}");
    }
}

#[test]
fn duplicates_that_are_applied_again_become_one() {
    let cases = [("pqq", "r", "pqqr"), ("pqq", "q", "pq"), ("pqq", "p", "pqq"), ("ppqq", "qrs", "ppqrs")];
    for (live, config, expected) in cases {
        assert_eq!(merged_set(live, config), expected, "{live} + {config}");
    }
}

fn merged(live: Value, config: Value) -> Value {
    typed::merge(SCHEMA.root(), &json!({ "spec": live }), &json!({ "spec": config }))["spec"].clone()
}

#[test]
fn null_takes_the_place_of_what_is_one_value() {
    for field in ["text", "words", "choice", "free"] {
        let live = json!({field: if field == "text" { json!("x") } else { json!(["x"]) }});
        assert_eq!(merged(live, json!({field: null})), json!({field: null}), "{field}");
    }
}

#[test]
fn null_leaves_what_others_have_in_a_list_or_map() {
    let live = json!({"options": {"o": "1"}, "steps": [{"name": "s"}], "tags": ["t"], "inner": {"a": "1"}});
    let config = json!({"options": null, "steps": null, "tags": null, "inner": null});
    assert_eq!(merged(live.clone(), config), live);
}

#[test]
fn empty_and_null_are_told_apart() {
    for (live, config) in [(json!({}), json!(null)), (json!(null), json!({})), (json!([]), json!(null))] {
        let merged = merged(json!({"free": live}), json!({"free": config}));
        assert_eq!(merged, json!({ "free": config }));
    }
}

#[test]
fn what_no_schema_describes_merges_by_its_form() {
    let merged =
        |live: Value, config: Value| merged(json!({"free": live}), json!({"free": config}))["free"].clone();
    assert_eq!(merged(json!({"a": {"b": 1}}), json!({"a": {"c": 2}})), json!({"a": {"b": 1, "c": 2}}));
    assert_eq!(merged(json!([1]), json!([2])), json!([2]));
    assert_eq!(merged(json!({"a": 1}), json!(5)), json!(5));
    assert_eq!(merged(json!("x"), json!({"a": 1})), json!({"a": 1}));
}

#[test]
fn a_null_is_owned() {
    let mut world = World::default();
    world.update("u", json!({"text": "x"}));
    assert_eq!(conflicts(world.apply("a", json!({"text": null}))), [".spec.text"]);
    world.force("a", json!({"text": null}));
    assert_eq!(world.spec(), json!({}));
    assert_eq!(world.owned("a"), leaves(&["f:text"]));
}
