//! An object of any type: metadata, and whatever else was sent.
//!
//! Nothing is known of the fields: they are kept as they came. So lists are replaced as a whole, as they are in
//! custom resources without a schema.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::marker::PhantomData;

use embedded_server::meta::{Descriptor, ObjectMeta, Resource, Subresource};
use embedded_server::registry::{SelectableField, Strategy};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Value, json};

/// What one type has of its own.
pub(super) trait Kind: Clone + Debug + Default + Send + Sync + 'static {
    const DESCRIPTOR: Descriptor;
}

type Fields = BTreeMap<String, Value>;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(bound = "")]
pub(super) struct Object<K> {
    #[serde(default)]
    metadata: ObjectMeta,
    #[serde(flatten, deserialize_with = "fields")]
    fields: Fields,
    #[serde(skip)]
    kind: PhantomData<K>,
}

/// Reads all that the library does not write by itself.
fn fields<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Fields, D::Error> {
    let mut fields = Fields::deserialize(deserializer)?;
    fields.retain(|name, _| !matches!(name.as_str(), "apiVersion" | "kind"));
    Ok(fields)
}

impl<K: Kind> JsonSchema for Object<K> {
    fn schema_name() -> Cow<'static, str> {
        K::DESCRIPTOR.kind.into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let metadata = generator.subschema_for::<ObjectMeta>();
        json_schema!({
            "type": "object",
            "properties": {"metadata": metadata},
            "x-kubernetes-preserve-unknown-fields": true,
        })
    }
}

impl<K: Kind> Resource for Object<K> {
    const DESCRIPTOR: Descriptor = K::DESCRIPTOR;

    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn metadata_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}

impl<K> Object<K> {
    fn text(&self, path: &[&str]) -> &str {
        let (first, rest) = (self.fields.get(path[0]), &path[1..]);
        rest.iter().fold(first, |value, name| value?.get(name)).and_then(Value::as_str).unwrap_or_default()
    }

    fn without_status(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.fields.iter().filter(|(name, _)| *name != STATUS)
    }
}

const STATUS: &str = "status";

/// The rules of every type: status and all else are written apart, and changes of all else are counted.
#[derive(Debug, Default)]
pub(super) struct Rules<K>(PhantomData<K>);

impl<K: Kind> Rules<K> {
    const HAS_STATUS: bool = !K::DESCRIPTOR.subresources.is_empty();
}

impl<K: Kind> Strategy for Rules<K> {
    type Object = Object<K>;

    fn prepare_for_create(&self, object: &mut Object<K>) {
        if Self::HAS_STATUS {
            object.fields.remove(STATUS);
            object.metadata.generation = Some(1);
        }
        complete(K::DESCRIPTOR.kind, object);
    }

    fn prepare_for_update(&self, part: Option<Subresource>, new: &mut Object<K>, old: &Object<K>) {
        match part {
            None if Self::HAS_STATUS => keep_status(new, old),
            None => {}
            Some(Subresource::Status) => keep_all_but_status(new, old),
        }
        if K::DESCRIPTOR.kind == "Service" {
            complete(K::DESCRIPTOR.kind, new);
        }
    }

    fn selectable_fields(&self) -> &'static [SelectableField<Object<K>>] {
        Selectable::<K>::FIELDS
    }
}

struct Selectable<K>(PhantomData<K>);

impl<K: Kind> Selectable<K> {
    const FIELDS: &'static [SelectableField<Object<K>>] = &[
        SelectableField { path: "type", value: |object| object.text(&["type"]) },
        SelectableField { path: "status.phase", value: |object| object.text(&["status", "phase"]) },
        SelectableField { path: "spec.nodeName", value: |object| object.text(&["spec", "nodeName"]) },
        SelectableField {
            path: "involvedObject.kind",
            value: |object| object.text(&["involvedObject", "kind"]),
        },
        SelectableField {
            path: "involvedObject.name",
            value: |object| object.text(&["involvedObject", "name"]),
        },
        SelectableField {
            path: "involvedObject.uid",
            value: |object| object.text(&["involvedObject", "uid"]),
        },
    ];
}

fn keep_status<K>(new: &mut Object<K>, old: &Object<K>) {
    match old.fields.get(STATUS) {
        Some(status) => new.fields.insert(STATUS.to_owned(), status.clone()),
        None => new.fields.remove(STATUS),
    };
    let changed = new.without_status().ne(old.without_status());
    new.metadata.generation = old.metadata.generation.map(|counted| counted + i64::from(changed));
}

/// Takes everything from `old` but the status, who manages its fields, and the version the client names.
fn keep_all_but_status<K>(new: &mut Object<K>, old: &Object<K>) {
    let sent = std::mem::take(&mut new.metadata);
    let status = new.fields.remove(STATUS);
    new.fields = old.without_status().map(|(name, value)| (name.clone(), value.clone())).collect();
    new.fields.extend(status.map(|status| (STATUS.to_owned(), status)));
    new.metadata = ObjectMeta {
        managed_fields: sent.managed_fields,
        resource_version: sent.resource_version,
        ..old.metadata.clone()
    };
}

/// What holds a namespace until it is empty.
pub(super) const NAMESPACE_FINALIZER: &str = "stand-in/contents";
/// What holds a pod until its process has ended.
pub(super) const POD_FINALIZER: &str = "stand-in/process";

/// Fills in the few things that others rely on. In a cluster the first two are done in other ways: a namespace has
/// a finalizer in its spec, and a pod time to end.
fn complete<K>(kind: &str, object: &mut Object<K>) {
    let finalizer = match kind {
        "Namespace" => Some(NAMESPACE_FINALIZER),
        "Pod" => Some(POD_FINALIZER),
        _ => None,
    };
    if let Some(finalizer) = finalizer.map(str::to_owned) {
        let finalizers = object.metadata.finalizers.get_or_insert_default();
        if !finalizers.contains(&finalizer) {
            finalizers.push(finalizer);
        }
    }
    match (kind, object.fields.get_mut("spec").and_then(Value::as_object_mut)) {
        ("Service", Some(spec)) => {
            spec.entry("type").or_insert(json!("ClusterIP"));
            spec.entry("clusterIP").or_insert(json!("10.96.0.10"));
        }
        ("APIService", Some(spec)) if spec.contains_key("service") => {
            if let Some(service) = spec["service"].as_object_mut() {
                service.entry("port").or_insert(json!(443));
            }
        }
        _ => {}
    }
}
