//! Configurations that are not applied.

use super::*;

fn refused(config: Value) -> (u16, String) {
    let error = ApiError::from(World::default().try_apply("a", "", false, config).unwrap_err());
    (error.code(), error.message().to_owned())
}

fn refused_spec(spec: Value) -> String {
    let (code, message) = refused(object(json!({ "spec": spec })));
    assert_eq!(code, 500);
    let prefix = "failed to create typed patch object (n/p; ci.example.com/v1, Kind=Pipeline): ";
    message.strip_prefix(prefix).unwrap().to_owned()
}

#[test]
fn managed_fields_are_not_applied() {
    for entries in [json!([]), json!([{}]), json!([{"manager": "a"}])] {
        let mut config = object(json!({}));
        config["metadata"]["managedFields"] = entries;
        assert_eq!(refused(config), (400, "metadata.managedFields must be nil".to_owned()));
    }
}

#[test]
fn another_type_is_not_applied() {
    let message = |text: &str| (400, format!("invalid object type: {text}"));
    let mut config = object(json!({}));
    config["apiVersion"] = json!("ci.example.com/v2");
    assert_eq!(refused(config), message("ci.example.com/v2, Kind=Pipeline"));
    assert_eq!(refused(json!({"kind": "Pipeline"})), message("/, Kind=Pipeline"));
    assert_eq!(refused(json!({"apiVersion": "v1", "kind": "Pod"})), message("/v1, Kind=Pod"));
    assert_eq!(refused(json!(3)), message("/, Kind="));
}

#[test]
fn an_item_is_not_applied_twice() {
    let twice = refused_spec(json!({"steps": [{"name": "s"}, {"name": "s"}]}));
    assert_eq!(twice, ".spec.steps: duplicate entries for key [name=\"s\"]");
    assert_eq!(refused_spec(json!({"tags": ["t", "t"]})), ".spec.tags: duplicate entries for key [=\"t\"]");
    let twice = refused_spec(json!({"ports": [{"port": 1}, {"port": 1, "protocol": "TCP"}]}));
    assert_eq!(twice, ".spec.ports: duplicate entries for key [port=1,protocol=\"TCP\"]");
}

#[test]
fn an_item_needs_a_key() {
    let keyless = "element 1: associative list with keys has an element that omits all key fields [\"name\"] (and \
                   doesn't have default values for any key fields)";
    assert_eq!(
        refused_spec(json!({"steps": [{"name": "s"}, {"image": "i"}]})),
        format!(".spec.steps: {keyless}")
    );
    let null = "element 0: associative list with keys may not have a null element";
    assert_eq!(refused_spec(json!({"steps": [null]})), format!(".spec.steps: {null}"));
    let map = "element 0: associative list without keys has an element that's a map type";
    assert_eq!(refused_spec(json!({"tags": [{}]})), format!(".spec.tags: {map}"));
}

#[test]
fn an_unknown_field_is_not_applied() {
    assert_eq!(refused_spec(json!({"txet": "x"})), ".spec.txet: field not declared in schema");
}

#[test]
fn values_have_their_type() {
    let cases = [
        (json!({"text": 5}), ".spec.text: expected string, got &value.valueUnstructured{Value:5}"),
        (json!({"number": "5"}), ".spec.number: expected numeric (int or float), got string"),
        (json!({"flag": "x"}), ".spec.flag: expected boolean, got &{x}"),
        (json!({"steps": {"a": 1}}), ".spec.steps: expected list, got &{map[a:1]}"),
        (json!({"inner": [1, 2]}), ".spec.inner: expected map, got &{[1 2]}"),
        (json!({"words": [1]}), ".spec.words[0]: expected string, got &value.valueUnstructured{Value:1}"),
    ];
    for (spec, expected) in cases {
        assert_eq!(refused_spec(spec), expected);
    }
}

#[test]
fn every_fault_is_named() {
    let expected = "errors:\n  .spec.flag: expected boolean, got &{1}\n  .spec.number: expected numeric (int or float), \
                    got bool";
    assert_eq!(refused_spec(json!({"number": true, "flag": 1})), expected);
}

#[test]
fn unreadable_managed_fields_are_not_built_upon() {
    let mut broken = object(json!({}));
    broken["metadata"]["managedFields"] = json!([{"operation": "Steal"}]);
    let mut world = World { object: Some(broken), minutes: 0 };
    let error = ApiError::from(world.apply("a", json!({})).unwrap_err());
    assert_eq!(error.message(), "failed to decode managed fields: operation must be `Apply` or `Update`");
}
