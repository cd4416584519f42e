//! Which object is meant.

use std::fmt;

use serde_json::Value;

use super::{ClusterError, Kind, Reason};

/// Which object is meant: what it is, where it is, what it is called.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Id {
    kind: &'static Kind,
    namespace: Option<String>,
    name: String,
}

impl Id {
    /// Names an object that is in no namespace.
    pub(crate) fn cluster(kind: &'static Kind, name: &str) -> Self {
        Self { kind, namespace: None, name: name.to_owned() }
    }

    /// Names an object in a namespace.
    pub(crate) fn namespaced(kind: &'static Kind, namespace: &str, name: &str) -> Self {
        Self { kind, namespace: Some(namespace.to_owned()), name: name.to_owned() }
    }

    /// Returns which object `object` is.
    ///
    /// # Errors
    ///
    /// It is of no kind that commands know, or has no name.
    pub(crate) fn of(object: &Value) -> Result<Self, ClusterError> {
        let text = |path: &str| object.pointer(path).and_then(Value::as_str);
        let (version, kind) = (text("/apiVersion").unwrap_or_default(), text("/kind").unwrap_or_default());
        let wrong = |why: &str| ClusterError::new("name", &format!("{version} {kind}"), Reason::Other, why);
        let kind = Kind::find(version, kind).ok_or_else(|| wrong("it is of an unknown kind"))?;
        let name = text("/metadata/name").or_else(|| text("/metadata/generateName"));
        Ok(Self {
            kind,
            namespace: text("/metadata/namespace").filter(|_| kind.namespaced).map(str::to_owned),
            name: name.ok_or_else(|| wrong("it has no name"))?.to_owned(),
        })
    }

    /// Returns what it is.
    pub(crate) fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// Returns where it is.
    pub(crate) fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Returns what it is called.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the command that deletes it.
    pub(crate) fn deletion(&self) -> String {
        let place = self.namespace().map_or_else(String::new, |namespace| format!(" -n {namespace}"));
        format!("kubectl delete {}{place} {}", self.kind.plural, self.name)
    }
}

/// `Secret workflow-system/workflow-apiserver-ca`.
impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ", self.kind.kind)?;
        if let Some(namespace) = &self.namespace {
            write!(formatter, "{namespace}/")?;
        }
        formatter.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_object_says_which_it_is() {
        let object =
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "b"}});
        let id = Id::of(&object).unwrap();
        assert_eq!(id, Id::namespaced(Kind::SECRET, "b", "a"));
        assert_eq!(id.to_string(), "Secret b/a");
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a"}});
        assert_eq!(Id::of(&object).unwrap().to_string(), "Namespace a");
    }

    #[test]
    fn what_is_unknown_or_has_no_name_is_refused() {
        let object = json!({"apiVersion": "v1", "kind": "Unknown", "metadata": {"name": "a"}});
        assert!(Id::of(&object).is_err());
        assert!(Id::of(&json!({"apiVersion": "v1", "kind": "Secret"})).is_err());
    }
}
