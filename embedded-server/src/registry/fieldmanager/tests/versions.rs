//! Managers that write different versions of a type.

use super::*;

const NEXT: &str = "ci.example.com/v2";

/// Two versions, between which `spec.text` and `spec.number` change places.
#[derive(Debug)]
struct Both {
    first: Schema,
    second: Schema,
}

impl Both {
    fn new() -> Self {
        let properties = |first: &str, second: &str| json!({"spec": {"type": "object", "properties": {first: {"type": "string"}, second: {"type": "string"}}}});
        let second = schema(&properties("old", "new"), &json!({})).in_version(NEXT);
        Self { first: schema(&properties("text", "more"), &json!({})), second }
    }
}

impl Versions for Both {
    fn at(&self, api_version: &str) -> Option<&Schema> {
        [&self.first, &self.second].into_iter().find(|schema| schema.api_version() == api_version)
    }

    fn convert(&self, object: &Value, api_version: &str) -> Option<Value> {
        let names = [("text", "old"), ("more", "new")];
        let mut converted = object.clone();
        converted["apiVersion"] = json!(self.at(api_version)?.api_version());
        let Some(spec) = converted.get_mut("spec").and_then(Value::as_object_mut) else {
            return Some(converted);
        };
        for (first, second) in names {
            let (from, to) = if api_version == NEXT { (first, second) } else { (second, first) };
            if let Some(value) = spec.remove(from) {
                spec.insert(to.to_owned(), value);
            }
        }
        Some(converted)
    }

    fn blank(&self, like: &Value) -> Value {
        nothing_but_type(like)
    }
}

fn apply_in(
    versions: &Both,
    live: Option<&Value>,
    name: &str,
    api_version: &str,
    spec: Value,
) -> Result<Value, Rejection> {
    let mut config = object(json!({ "spec": spec }));
    config["apiVersion"] = json!(api_version);
    let live = live.map(|live| versions.convert(live, api_version).unwrap());
    let request = Manager { name, subresource: "", api_version, force: false, now: at(0) };
    apply(live.as_ref(), &config, &request, versions)
}

#[test]
fn managers_of_two_versions_know_each_others_fields() {
    let versions = Both::new();
    let live = apply_in(&versions, None, "a", VERSION, json!({"text": "x"})).unwrap();
    let rejection = apply_in(&versions, Some(&live), "b", NEXT, json!({"old": "y"})).unwrap_err();
    assert_eq!(conflicts(Err(rejection)), [".spec.text"]);
    let both = apply_in(&versions, Some(&live), "b", NEXT, json!({"new": "y"})).unwrap();
    assert_eq!(both["spec"], json!({"old": "x", "new": "y"}));
}

#[test]
fn a_field_is_given_up_in_another_version() {
    let versions = Both::new();
    let live = apply_in(&versions, None, "a", VERSION, json!({"text": "x", "more": "y"})).unwrap();
    let live = apply_in(&versions, Some(&live), "a", NEXT, json!({"new": "y"})).unwrap();
    assert_eq!(live["spec"], json!({"new": "y"}));
    assert_eq!(live["metadata"]["managedFields"].as_array().unwrap().len(), 1);
}

#[test]
fn what_another_version_manages_is_kept() {
    let versions = Both::new();
    let live = apply_in(&versions, None, "a", VERSION, json!({"text": "x", "more": "y"})).unwrap();
    let live = apply_in(&versions, Some(&live), "b", NEXT, json!({"old": "x"})).unwrap();
    let live = apply_in(&versions, Some(&live), "a", VERSION, json!({"more": "y"})).unwrap();
    assert_eq!(live["spec"], json!({"text": "x", "more": "y"}));
}

#[test]
fn managers_of_a_version_that_is_gone_are_forgotten() {
    let mut world = World::default();
    world.apply("a", json!({"text": "x"})).unwrap();
    world.object.as_mut().unwrap()["metadata"]["managedFields"][0]["apiVersion"] = json!("ci.example.com/v0");
    world.apply("b", json!({"text": "y"})).unwrap();
    assert_eq!(world.managers().len(), 1);
}
