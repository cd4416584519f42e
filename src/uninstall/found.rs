//! What is found in a cluster that may be wfctl's.

use serde_json::Value;

/// What is found.
#[derive(Clone, Debug, Default)]
pub(crate) struct Found {
    /// The namespace of the installation.
    pub(crate) namespace: String,
    /// Objects with wfctl's labels, and those that are called as if they were wfctl's.
    pub(crate) objects: Vec<Value>,
    /// All APIServices.
    pub(crate) registrations: Vec<Value>,
    /// What else is in the namespace, in words; none where that is not known.
    pub(crate) others: Option<Vec<String>>,
    /// How many Workflows there are; none where nobody answers.
    pub(crate) workflows: Option<u64>,
    /// Objects that Workflows own, in words.
    pub(crate) dependents: Vec<String>,
}

/// Says whether wfctl made `object`.
pub(crate) fn is_ours(object: &Value) -> bool {
    let labels = &object["metadata"]["labels"];
    labels["app.kubernetes.io/managed-by"] == "wfctl" && labels["app.kubernetes.io/part-of"] == "workflow"
}

/// Returns the namespace of the installation that an object outside of it belongs to, where the object says so.
pub(super) fn home(object: &Value) -> Option<&str> {
    let of_registration = object.pointer("/spec/service/namespace");
    let of_binding = object.pointer("/subjects/0/namespace");
    of_registration.or(of_binding).and_then(Value::as_str)
}

/// Says whether an APIService leads to Service `name` in `namespace`.
pub(super) fn leads_to(registration: &Value, namespace: &str, name: &str) -> bool {
    let service = &registration["spec"]["service"];
    service["namespace"] == namespace && service["name"] == name
}
