//! A resource type to test with: it has every feature of a schema that the documents have to translate.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ServedResource;
use crate::meta::{Descriptor, ObjectMeta, Resource, Subresource, Time};

/// Widget turns
/// until it is stopped.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Widget {
    pub(crate) metadata: ObjectMeta,
    /// What is wanted.
    pub(crate) spec: WidgetSpec,
    /// What is seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<WidgetStatus>,
}

/// WidgetSpec says how to turn.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WidgetSpec {
    /// Turns a minute.
    pub(crate) speed: i32,
    /// The direction.
    #[serde(default)]
    pub(crate) direction: Direction,
    /// Parts by name.
    #[serde(default)]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["name"]))]
    pub(crate) parts: Vec<Part>,
    /// How many are kept.
    pub(crate) kept: Option<u32>,
    /// Free words.
    pub(crate) words: Option<BTreeMap<String, String>>,
    /// Anything at all.
    pub(crate) extra: Option<serde_json::Value>,
}

/// Direction is a way to turn.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, Serialize)]
pub(crate) enum Direction {
    /// With the clock.
    #[default]
    Left,
    /// Against it.
    Right,
}

/// Part is a piece of a widget.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
pub(crate) struct Part {
    /// The name.
    pub(crate) name: String,
}

/// WidgetStatus says how it turns.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WidgetStatus {
    /// When it began.
    pub(crate) started_at: Option<Time>,
    /// The generation seen.
    pub(crate) observed_generation: Option<i64>,
}

impl Resource for Widget {
    const DESCRIPTOR: Descriptor = Descriptor {
        group: "example.com",
        version: "v1",
        kind: "Widget",
        plural: "widgets",
        singular: "widget",
        short_names: &["wd"],
        categories: &["all"],
        subresources: &[Subresource::Status],
        definition_prefix: "com.example.v1",
        ..Descriptor::NAMESPACED
    };

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

/// Returns widgets as they would be served.
pub(crate) fn widgets() -> ServedResource {
    ServedResource::of::<Widget>(&[
        "application/json-patch+json",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
    ])
}
