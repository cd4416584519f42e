//! What is remembered in the cluster of an installation: the settings, for the next run, and the objects, to prune those
//! that a later one does not have and to go back to. All of it in one Secret: a storage URL may hold a password.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use embedded_server::codec::yaml;
use serde_json::{Value, json};

use super::session::{MANAGER, Session};
use crate::cluster::{ClusterError, Id, Kind, Write};
use crate::settings::{File, Settings};

/// The Secret.
pub(super) const NAME: &str = "workflow-apiserver-installation";
const SETTINGS: &str = "settings.yaml";
const OBJECTS: &str = "objects.json";

/// What is remembered.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Record {
    settings: String,
    objects: Vec<Value>,
}

impl Record {
    /// Remembers `settings`, and the `objects` that came of them.
    pub(super) fn new(settings: &Settings, objects: &[Value]) -> Self {
        Self { settings: yaml::from_value(&said(json!(settings))), objects: objects.to_vec() }
    }

    /// Reads the Secret; nothing where it cannot be read: then there is nothing to go by.
    pub(super) fn read(secret: &Value) -> Option<Self> {
        let text = |key: &str| {
            let bytes = BASE64_STANDARD.decode(secret["data"][key].as_str()?).ok()?;
            String::from_utf8(bytes).ok()
        };
        Some(Self { settings: text(SETTINGS)?, objects: serde_json::from_str(&text(OBJECTS)?).ok()? })
    }

    /// Returns the settings, to be typed over.
    pub(super) fn as_file(&self) -> File {
        File { name: "the settings of the last run".to_owned(), text: self.settings.clone() }
    }

    /// Returns the objects, in the order of applying.
    pub(super) fn objects(&self) -> &[Value] {
        &self.objects
    }

    /// Returns the objects that `other` does not have.
    pub(super) fn without<'a>(&'a self, other: &Self) -> impl Iterator<Item = &'a Value> {
        let kept: Vec<_> = other.objects.iter().filter_map(|object| Id::of(object).ok()).collect();
        self.objects.iter().filter(move |object| Id::of(object).is_ok_and(|id| !kept.contains(&id)))
    }

    /// Returns the record with the objects of `before` that are not pruned yet: until they are, they are not forgotten.
    pub(super) fn with_leftovers(&self, before: Option<&Self>) -> Self {
        let leftovers = before.into_iter().flat_map(|before| before.without(self)).cloned();
        Self {
            settings: self.settings.clone(),
            objects: self.objects.iter().cloned().chain(leftovers).collect(),
        }
    }

    /// Returns the Secret that keeps it.
    pub(super) fn secret(&self, namespace: &str) -> Value {
        let objects = Value::Array(self.objects.clone()).to_string();
        json!({
            "apiVersion": Kind::SECRET.api_version,
            "kind": Kind::SECRET.kind,
            "metadata": {
                "name": NAME,
                "namespace": namespace,
                "labels": {
                    "app.kubernetes.io/name": "workflow-apiserver",
                    "app.kubernetes.io/component": "installation",
                    "app.kubernetes.io/part-of": "workflow",
                    "app.kubernetes.io/managed-by": "wfctl",
                },
            },
            "type": "Opaque",
            "data": {
                SETTINGS: BASE64_STANDARD.encode(&self.settings),
                OBJECTS: BASE64_STANDARD.encode(objects),
            },
        })
    }
}

/// Writes the record.
pub(super) async fn write(session: &Session<'_>, record: &Record) -> Result<(), ClusterError> {
    let secret = record.secret(session.namespace());
    session.cluster.objects.apply(&secret, Write::by(MANAGER).forced()).await.map(drop)
}

/// Leaves out what was not set, so that it follows the defaults of later versions.
fn said(tree: Value) -> Value {
    match tree {
        Value::Object(entries) => {
            let entries = entries.into_iter().map(|(key, value)| (key, said(value)));
            entries.filter(|(_, value)| !is_empty(value)).collect()
        }
        other => other,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(entries) => entries.is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings;

    fn object(name: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "a"}})
    }

    fn record(names: &[&str]) -> Record {
        let objects: Vec<_> = names.iter().map(|name| object(name)).collect();
        Record::new(&Settings::default(), &objects)
    }

    #[test]
    fn what_was_remembered_is_read_back() {
        let settings =
            settings::layered(&[], json!({"replicas": 2, "storage": {"url": "etcd://e"}}), &[]).unwrap();
        let record = Record::new(&settings, &[object("a")]);
        let read = Record::read(&record.secret("a")).unwrap();
        assert_eq!(read, record);
        assert_eq!(settings::layered(&[read.as_file()], json!({}), &[]).unwrap(), settings);
        assert_eq!(read.as_file().text, "replicas: 2\nstorage:\n  url: etcd://e\n");
    }

    #[test]
    fn what_is_not_pruned_yet_is_not_forgotten() {
        let (before, now) = (record(&["a", "b"]), record(&["b", "c"]));
        assert_eq!(before.without(&now).collect::<Vec<_>>(), [&object("a")]);
        assert_eq!(now.with_leftovers(Some(&before)).objects, ["b", "c", "a"].map(object));
    }

    #[test]
    fn a_secret_that_is_something_else_is_no_record() {
        assert_eq!(Record::read(&json!({"data": {"url": "eA=="}})), None);
    }
}
