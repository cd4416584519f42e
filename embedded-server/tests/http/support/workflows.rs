//! Workflows as clients write them, and where they are.

use serde_json::{Value, json};

pub(crate) const API_VERSION: &str = "workflow.example.com/v1alpha1";
/// The workflows of all namespaces.
pub(crate) const ALL: &str = "/apis/workflow.example.com/v1alpha1/workflows";
/// The workflows of the namespace `default`.
pub(crate) const WORKFLOWS: &str = "/apis/workflow.example.com/v1alpha1/namespaces/default/workflows";

pub(crate) const APPLY_PATCH: &str = "application/apply-patch+yaml";
pub(crate) const JSON_PATCH: &str = "application/json-patch+json";
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";
pub(crate) const TABLE: &str = "application/json;as=Table;g=meta.k8s.io;v=v1";
pub(crate) const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
pub(crate) const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

/// A workflow in the words of a test.
#[derive(Clone, Debug)]
pub(crate) struct Workflow(Value);

/// Returns a workflow of one step in the namespace `default`.
pub(crate) fn workflow(name: &str) -> Workflow {
    Workflow(json!({
        "apiVersion": API_VERSION,
        "kind": "Workflow",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"steps": [{"name": "build", "image": "golang:1.21"}]},
    }))
}

/// Returns the path of a workflow in the namespace `default`.
pub(crate) fn item(name: &str) -> String {
    format!("{WORKFLOWS}/{name}")
}

impl Workflow {
    pub(crate) fn in_namespace(self, namespace: &str) -> Self {
        self.with("/metadata/namespace", namespace)
    }

    pub(crate) fn with_label(self, name: &str, value: &str) -> Self {
        let pointer = format!("/metadata/labels/{}", name.replace('/', "~1"));
        let labels = self.0.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({}));
        self.with("/metadata/labels", labels).with(&pointer, value)
    }

    pub(crate) fn with_finalizer(self, name: &str) -> Self {
        self.with("/metadata/finalizers", json!([name]))
    }

    /// Sets whatever a JSON pointer points to.
    pub(crate) fn with(mut self, pointer: &str, value: impl Into<Value>) -> Self {
        let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
        let parent = self.0.pointer_mut(parent).expect("the parent is there").as_object_mut();
        parent.expect("the parent is an object").insert(field.replace("~1", "/"), value.into());
        self
    }

    /// Takes away what a JSON pointer points to.
    pub(crate) fn without(mut self, pointer: &str) -> Self {
        let (parent, field) = pointer.rsplit_once('/').expect("a pointer");
        let parent = self.0.pointer_mut(parent).expect("the parent is there");
        parent.as_object_mut().expect("the parent is an object").remove(field);
        self
    }

    /// Returns the path of its collection.
    pub(super) fn collection(&self) -> String {
        let namespace = self.0["metadata"]["namespace"].as_str().unwrap_or("default");
        format!("/apis/{API_VERSION}/namespaces/{namespace}/workflows")
    }
}

impl From<Workflow> for Value {
    fn from(workflow: Workflow) -> Self {
        workflow.0
    }
}

impl From<Value> for Workflow {
    fn from(value: Value) -> Self {
        Self(value)
    }
}
