//! What patches do and what they are refused for.

use serde_json::json;

use super::*;

/// Returns what a patch makes of a document; none when it does not apply.
fn patched(mut document: Value, patch: &Value) -> Option<Value> {
    let patch = read(patch.to_string().as_bytes()).unwrap();
    patch.apply(&mut document).ok().map(|()| document)
}

fn one(document: Value, operation: &Value) -> Option<Value> {
    patched(document, &json!([operation]))
}

#[test]
fn operations_do_what_the_rfc_says() {
    let before = json!({"a": {"b": 1}, "l": [1, 2]});
    for (operation, after) in [
        (json!({"op": "add", "path": "/a/c", "value": 2}), json!({"a": {"b": 1, "c": 2}, "l": [1, 2]})),
        (json!({"op": "add", "path": "/l/-", "value": 3}), json!({"a": {"b": 1}, "l": [1, 2, 3]})),
        (json!({"op": "add", "path": "/l/0", "value": 3}), json!({"a": {"b": 1}, "l": [3, 1, 2]})),
        (json!({"op": "remove", "path": "/l/0"}), json!({"a": {"b": 1}, "l": [2]})),
        (json!({"op": "replace", "path": "/l/1", "value": {}}), json!({"a": {"b": 1}, "l": [1, {}]})),
        (json!({"op": "replace", "path": "", "value": {}}), json!({})),
        (json!({"op": "move", "from": "/a", "path": "/l/1"}), json!({"l": [1, {"b": 1}, 2]})),
        (json!({"op": "copy", "from": "/a/b", "path": "/x~1y~0"}), {
            json!({"a": {"b": 1}, "l": [1, 2], "x/y~": 1})
        }),
        (json!({"op": "test", "path": "", "value": before}), before.clone()),
        (json!({"op": "test", "path": "/a", "value": {"b": 1}}), before.clone()),
    ] {
        assert_eq!(one(before.clone(), &operation), Some(after), "{operation}");
    }
}

#[test]
fn what_the_library_of_kubernetes_lets_pass_passes() {
    for (operation, after) in [
        (json!({"op": "replace", "path": "/x", "value": 1}), json!({"l": [1, 2], "x": 1})),
        (json!({"op": "copy", "from": "/x", "path": "/y"}), json!({"l": [1, 2], "y": null})),
        (json!({"op": "add", "path": "/x"}), json!({"l": [1, 2], "x": null})),
        (json!({"op": "test", "path": "/x", "value": null}), json!({"l": [1, 2]})),
        (json!({"op": "test", "path": "/x"}), json!({"l": [1, 2]})),
        (json!({"op": "add", "path": "/l/-1", "value": 3}), json!({"l": [1, 2, 3]})),
        (json!({"op": "remove", "path": "/l/-2"}), json!({"l": [2]})),
        (json!({"op": "remove", "path": "anything/l"}), json!({})),
    ] {
        assert_eq!(one(json!({"l": [1, 2]}), &operation), Some(after), "{operation}");
    }
}

#[test]
fn operations_that_do_not_apply_are_told_from_those_that_cannot_be_read() {
    for operation in [
        json!({"op": "jump", "path": "/l"}),
        json!({"path": "/l"}),
        json!({"op": "remove"}),
        json!({"op": "remove", "path": "/x"}),
        json!({"op": "remove", "path": "/l/2"}),
        json!({"op": "remove", "path": "l"}),
        json!({"op": "replace", "path": "/l/2", "value": 1}),
        json!({"op": "replace", "path": "", "value": 1}),
        json!({"op": "add", "path": "/l/4", "value": 1}),
        json!({"op": "add", "path": "/l/x", "value": 1}),
        json!({"op": "add", "path": "/x/y", "value": 1}),
        json!({"op": "add", "path": "", "value": {}}),
        json!({"op": "move", "from": "/x", "path": "/y"}),
        json!({"op": "copy", "from": "", "path": "/y"}),
        json!({"op": "test", "path": "/l", "value": [1]}),
        json!({"op": "test", "path": "/l", "value": null}),
        json!({"op": "test", "path": "/x/y", "value": null}),
        json!(null),
    ] {
        assert_eq!(one(json!({"l": [1, 2]}), &operation), None, "{operation}");
    }
    for (body, why) in [
        ("{}", "json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"),
        ("[1]", "json: cannot unmarshal number into Go value of type handlers.jsonPatchOp"),
        (
            r#"[{"path":1}]"#,
            "json: cannot unmarshal number into Go struct field jsonPatchOp.path of type string",
        ),
    ] {
        let error = read(body.as_bytes()).unwrap_err();
        assert_eq!((error.code(), error.message()), (400, format!("error decoding patch: {why}").as_str()));
    }
    assert_eq!(patched(json!({}), &Value::Null), Some(json!({})));
}

#[test]
fn fields_that_mean_nothing_are_named() {
    let patch = read(br#"[{"op":"add","op":"test","x":1,"path":"/a","Value":2}]"#).unwrap();
    let expected = [
        r#"json patch unknown field "[0].Value""#,
        r#"json patch unknown field "[0].x""#,
        r#"json patch duplicate field "[0].op""#,
    ];
    assert_eq!(patch.oddities(), expected);
}

#[test]
fn growth_is_bounded() {
    let nest = json!({"op": "copy", "from": "/a", "path": "/a/b"});
    assert_eq!(patched(json!({"a": {}}), &vec![nest; 1_000].into()), None);
    let wide = json!({"op": "copy", "from": "/a", "path": "/b/-"});
    let document = || json!({"a": "x".repeat(1 << 10), "b": []});
    assert!(patched(document(), &vec![wide.clone(); 3_000].into()).is_some());
    assert_eq!(patched(document(), &vec![wide; 3_100].into()), None);
}
