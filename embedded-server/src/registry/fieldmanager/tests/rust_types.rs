//! Schemas of Rust types, as `schemars` describes them.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use schemars::JsonSchema;

use super::super::schema::testing::PIPELINE;
use super::*;

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Pipeline {
    metadata: ObjectMeta,
    spec: Option<Spec>,
    status: Value,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Spec {
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    steps: Option<Vec<Step>>,
    limits: BTreeMap<String, IntOrString>,
    #[schemars(extend("x-kubernetes-map-type" = "atomic"))]
    first: Option<Box<Step>>,
    mode: Option<Mode>,
    since: Option<Time>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
struct Step {
    name: String,
    template: Option<ObjectMeta>,
    then: Option<Box<Step>>,
}

#[derive(JsonSchema)]
#[allow(dead_code)]
enum Mode {
    /// As told.
    Fast,
    /// As told, too.
    Slow,
}

fn owned_after_apply(spec: Value) -> Value {
    let schema = Schema::of(&PIPELINE, |generator| generator.subschema_for::<Pipeline>());
    let request = Manager { name: "a", subresource: "", api_version: VERSION, force: false, now: at(0) };
    let object = apply(None, &object(json!({ "spec": spec })), &request, &schema).unwrap();
    object["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"].clone()
}

#[test]
fn extensions_in_rust_types_are_followed() {
    let step = json!({"name": "s", "then": {"name": "t"}, "template": {"finalizers": ["f"]}});
    let spec = json!({"steps": [step], "first": step, "limits": {"a": 1, "b": "1"}});
    let expected = json!({
        "f:steps": {"k:{\"name\":\"s\"}": {
            ".": {},
            "f:name": {},
            "f:then": {"f:name": {}},
            "f:template": {"f:finalizers": {"v:\"f\"": {}}},
        }},
        "f:first": {},
        "f:limits": {"f:a": {}, "f:b": {}},
    });
    assert_eq!(owned_after_apply(spec), expected);
}

#[test]
fn enums_and_times_are_text() {
    let spec = json!({"mode": "Fast", "since": "2024-01-01T00:00:00Z"});
    assert_eq!(owned_after_apply(spec), leaves(&["f:mode", "f:since"]));
}
