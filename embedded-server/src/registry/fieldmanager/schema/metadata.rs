//! The schema of `metadata`, which says more than the one that `k8s-openapi` has: how lists merge.
//!
//! Source: `apimachinery/pkg/apis/meta/v1/types.go`, the `listType`, `listMapKey` and `structType` markers.

use serde_json::{Value, json};

/// What the name of the definition of `ObjectMeta` ends with.
pub(super) const DEFINITION: &str = "meta.v1.ObjectMeta";

/// Returns the schema of `ObjectMeta`.
pub(super) fn object_meta() -> Value {
    let text = json!({"type": "string"});
    let number = json!({"type": "integer"});
    let texts = json!({"type": "object", "additionalProperties": {"type": "string"}});
    json!({
        "type": "object",
        "properties": {
            "annotations": texts,
            "creationTimestamp": text,
            "deletionGracePeriodSeconds": number,
            "deletionTimestamp": text,
            "finalizers": {"type": "array", "items": text, "x-kubernetes-list-type": "set"},
            "generateName": text,
            "generation": number,
            "labels": texts,
            "managedFields": {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "atomic"},
            "name": text,
            "namespace": text,
            "ownerReferences": {
                "type": "array",
                "items": owner_reference(),
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["uid"],
            },
            "resourceVersion": text,
            "selfLink": text,
            "uid": text,
        },
    })
}

fn owner_reference() -> Value {
    json!({
        "type": "object",
        "properties": {
            "apiVersion": {"type": "string"},
            "blockOwnerDeletion": {"type": "boolean"},
            "controller": {"type": "boolean"},
            "kind": {"type": "string"},
            "name": {"type": "string"},
            "uid": {"type": "string"},
        },
        "x-kubernetes-map-type": "atomic",
    })
}
