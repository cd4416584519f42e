//! The types that this program can read out of a store and write into one.

use bytes::Bytes;
use embedded_server::codec::{self, BodyFormat, Expected};
use embedded_server::meta::field::{self, Path};
use embedded_server::meta::{Descriptor, FieldValidation, ObjectMeta, Resource, validation};
use embedded_server::storage::{Key, KeyValue, Prefix};
use embedded_server::workflow::Workflow;
use serde::Deserialize;

const KINDS: &[Kind] = &[Kind::of::<Workflow>()];

/// One type.
struct Kind {
    descriptor: &'static Descriptor,
    read: Read,
}

/// Reads an object, or says why it is none of the type.
type Read = fn(&[u8], FieldValidation) -> Result<Object, String>;

/// An object as it is stored, and what it says of itself.
struct Object {
    metadata: ObjectMeta,
    stored: Bytes,
}

/// What an object says of its type.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TypeMeta {
    api_version: String,
    kind: String,
}

impl Kind {
    const fn of<T: Resource>() -> Self {
        Self { descriptor: &T::DESCRIPTOR, read: read::<T> }
    }

    fn key(&self, metadata: &ObjectMeta) -> Key {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Prefix::of_resource(self.descriptor).object(&text(&metadata.namespace), &text(&metadata.name))
    }
}

/// Says what is wrong with a stored object.
///
/// # Errors
///
/// It cannot be read, or is not the one that its key names.
pub(super) fn examine(item: &KeyValue) -> Result<(), String> {
    let address = item.key.address().ok_or("no object lies at such a key")?;
    let of_address =
        |kind: &&Kind| (kind.descriptor.group, kind.descriptor.plural) == (address.group, address.resource);
    let kind = KINDS.iter().find(of_address).ok_or("this program does not know the type")?;
    let object = (kind.read)(&item.value, FieldValidation::Ignore)?;
    match kind.key(&object.metadata) == item.key {
        true => has_identity(&object.metadata),
        false => Err(format!("the object belongs to {}", kind.key(&object.metadata))),
    }
}

/// Reads an object from outside and returns where and as what it is to be stored. Its resourceVersion is dropped.
///
/// # Errors
///
/// It is not whole, or breaks a rule that objects of all types keep.
pub(super) fn accept(line: &[u8]) -> Result<(Key, Bytes), String> {
    let of: TypeMeta = serde_json::from_slice(line).map_err(|error| format!("it is no object: {error}"))?;
    let of_type =
        |kind: &&Kind| kind.descriptor.api_version() == of.api_version && kind.descriptor.kind == of.kind;
    let kind = KINDS.iter().find(of_type);
    let kind = kind.ok_or_else(|| format!("this program knows no {} of {}", of.kind, of.api_version))?;
    let object = (kind.read)(line, FieldValidation::Strict)?;
    let broken = validation::object_meta(&object.metadata, kind.descriptor, &Path::new("metadata"));
    if !broken.is_empty() {
        return Err(sentence(&broken));
    }
    has_identity(&object.metadata)?;
    Ok((kind.key(&object.metadata), object.stored))
}

fn read<T: Resource>(bytes: &[u8], validation: FieldValidation) -> Result<Object, String> {
    let expected = Expected { resource: &T::DESCRIPTOR, validation };
    let decoded = codec::decode::<T>(bytes, BodyFormat::Json, expected).map_err(|error| error.to_string())?;
    let mut object = decoded.object;
    object.metadata_mut().resource_version = None;
    let stored = codec::encode(&object).map_err(|error| error.to_string())?;
    Ok(Object { metadata: object.metadata().clone(), stored: stored.into() })
}

fn has_identity(metadata: &ObjectMeta) -> Result<(), String> {
    let has_uid = metadata.uid.as_ref().is_some_and(|uid| !uid.is_empty());
    match (has_uid, &metadata.creation_timestamp) {
        (false, _) => Err("it has no uid".to_owned()),
        (true, None) => Err("it has no creationTimestamp".to_owned()),
        (true, Some(_)) => Ok(()),
    }
}

fn sentence(errors: &[field::Error]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::testing::{item, workflow};
    use super::*;

    fn problem(key: &str, value: &str) -> String {
        examine(&item(key, value)).unwrap_err()
    }

    #[test]
    fn an_object_is_sound_where_it_belongs() {
        let key = "workflow.example.com/workflows/default/a";
        assert_eq!(examine(&item(key, &workflow("a"))), Ok(()));
        let elsewhere = problem("workflow.example.com/workflows/default/b", &workflow("a"));
        assert_eq!(elsewhere, format!("the object belongs to {key}"));
        assert_eq!(problem("a", "{}"), "no object lies at such a key");
        assert_eq!(problem("example.com/others/a", "{}"), "this program does not know the type");
        assert!(problem(key, "{").contains("json parse error"), "{}", problem(key, "{"));
        assert_eq!(problem(key, &workflow("a").replace("uid", "x")), "it has no uid");
    }

    #[test]
    fn what_comes_from_outside_is_stored_under_its_name_and_without_its_version() {
        let line = workflow("a").replace(r#""uid""#, r#""resourceVersion":"7","uid""#);
        let (key, stored) = accept(line.as_bytes()).unwrap();
        assert_eq!(key.as_str(), "workflow.example.com/workflows/default/a");
        assert_eq!(stored, workflow("a"));
    }

    #[test]
    fn what_comes_from_outside_keeps_to_the_rules() {
        let refused = |line: String| accept(line.as_bytes()).map(|_| ()).unwrap_err();
        assert!(refused("[]".to_owned()).starts_with("it is no object: "));
        let other = refused(workflow("a").replace("Workflow", "Other"));
        assert_eq!(other, "this program knows no Other of workflow.example.com/v1alpha1");
        assert!(refused(workflow("a").replace("steps", "stops")).contains("unknown field \"spec.stops\""));
        assert!(refused(workflow("A")).starts_with("metadata.name: Invalid value: \"A\""));
        assert_eq!(
            refused(workflow("a").replace("creationTimestamp", "deletionTimestamp")),
            "it has no creationTimestamp"
        );
    }
}
