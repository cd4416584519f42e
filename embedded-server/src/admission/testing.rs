//! Writes for tests.

use serde_json::{Value, json};

use super::{Objects, Operation, Review};
use crate::meta::{Annotations, ApiError, Descriptor, UserInfo, Warnings};

/// The type that is written.
pub(super) const THINGS: Descriptor = Descriptor {
    group: "g",
    version: "v1",
    kind: "Thing",
    plural: "things",
    singular: "thing",
    definition_prefix: "g.v1",
    ..Descriptor::NAMESPACED
};

/// The same in an older version.
pub(super) const OLD_THINGS: Descriptor = Descriptor { version: "v1beta1", ..THINGS };

/// Who asks, and what he is told.
#[derive(Debug)]
pub(super) struct Request {
    user: UserInfo,
    pub(super) warnings: Warnings,
    pub(super) annotations: Annotations,
}

impl Default for Request {
    fn default() -> Self {
        let user = UserInfo { name: "alice".to_owned(), ..UserInfo::default() };
        Self { user, warnings: Warnings::default(), annotations: Annotations::default() }
    }
}

impl Request {
    /// Returns the write of the thing `a`.
    pub(super) fn review<'a>(&'a self, operation: Operation, objects: &'a dyn Objects) -> Review<'a> {
        Review {
            operation,
            resource: &THINGS,
            subresource: None,
            namespace: "ns",
            name: "a",
            user: &self.user,
            dry_run: false,
            objects,
            warnings: &self.warnings,
            annotations: &self.annotations,
        }
    }
}

/// Nothing.
#[derive(Debug)]
pub(super) struct NoObjects;

impl Objects for NoObjects {
    fn object(&self) -> Result<Option<Value>, ApiError> {
        Ok(None)
    }

    fn old_object(&self) -> Result<Option<Value>, ApiError> {
        Ok(None)
    }

    fn options(&self) -> Value {
        Value::Null
    }

    fn versions(&self) -> Vec<&'static Descriptor> {
        Vec::new()
    }

    fn read(&self, object: Value, _: &Descriptor, _: &Descriptor) -> Result<Value, ApiError> {
        Ok(object)
    }
}

/// Things as told, whose `spec.size` is a number and 1 where it is missing.
#[derive(Debug)]
pub(super) struct Things {
    pub(super) new: Option<Value>,
    pub(super) old: Option<Value>,
}

impl Objects for Things {
    fn object(&self) -> Result<Option<Value>, ApiError> {
        Ok(self.new.clone())
    }

    fn old_object(&self) -> Result<Option<Value>, ApiError> {
        Ok(self.old.clone())
    }

    fn options(&self) -> Value {
        json!({"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"})
    }

    fn versions(&self) -> Vec<&'static Descriptor> {
        vec![&THINGS, &OLD_THINGS]
    }

    fn read(&self, mut object: Value, from: &Descriptor, to: &Descriptor) -> Result<Value, ApiError> {
        if object["apiVersion"] != from.api_version() {
            return Err(ApiError::internal("another version"));
        }
        object["apiVersion"] = to.api_version().into();
        match &object["spec"]["size"] {
            Value::Null => object["spec"]["size"] = json!(1),
            Value::Number(_) => {}
            _ => return Err(ApiError::internal("no number")),
        }
        Ok(object)
    }
}

/// Returns a thing with labels.
pub(super) fn thing(labels: &Value) -> Value {
    json!({
        "apiVersion": "g/v1",
        "kind": "Thing",
        "metadata": {"name": "a", "namespace": "ns", "labels": labels},
        "spec": {"size": 1},
    })
}
