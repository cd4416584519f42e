//! Definitions: the served types with their lists, and the types of the API machinery that operations use.

use std::collections::BTreeSet;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{
    APIGroup, APIGroupList, APIResourceList, APIVersions, DeleteOptions, ListMeta, ObjectMeta, Patch, Status,
    WatchEvent,
};
use k8s_openapi::apimachinery::pkg::version::Info;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Value, json};

use super::schema::{REF, normalize, reflow};
use super::{Definitions, enums};
use crate::endpoints::ServedResource;
use crate::meta::Descriptor;
pub(super) use crate::meta::extensions::META;
use crate::meta::extensions::extend;

/// The definition name of a server's version.
pub(super) const VERSION_INFO: &str = "io.k8s.apimachinery.pkg.version.Info";

const METADATA: &str = "Standard object's metadata. More info: \
    https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
const LIST_METADATA: &str = "Standard list metadata. More info: \
    https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";

/// Returns all definitions that documents of these resources can refer to.
pub(super) fn definitions(resources: &[ServedResource]) -> Definitions {
    let mut all = machinery(resources);
    for resource in resources {
        for (name, schema) in types(resource) {
            all.entry(name).or_insert(schema);
        }
        add_list(&mut all, &resource.descriptor);
        complete_kind(&mut all, &resource.descriptor);
    }
    all
}

/// Returns the definition name of a resource's kind.
pub(super) fn kind_name(descriptor: &Descriptor) -> String {
    qualified(descriptor.definition_prefix, descriptor.kind)
}

/// Returns the definition name of the kind of a resource's collections.
pub(super) fn list_name(descriptor: &Descriptor) -> String {
    qualified(descriptor.definition_prefix, &descriptor.list_kind())
}

/// Returns the extension's value that ties a schema or an operation to a kind.
pub(super) fn group_version_kind(group: &str, version: &str, kind: &str) -> Value {
    json!({"group": group, "version": version, "kind": kind})
}

/// Names with a dot are full names already.
fn qualified(prefix: &str, name: &str) -> String {
    if name.contains('.') { name.to_owned() } else { format!("{prefix}.{name}") }
}

fn types(resource: &ServedResource) -> Definitions {
    let descriptor = &resource.descriptor;
    let mut generator = generator();
    let root = (resource.schema)(&mut generator);
    let mut types = collect(generator, descriptor.definition_prefix);
    rename_root(&mut types, &root, descriptor);
    enums::inline(&mut types);
    let prefix = descriptor.definition_prefix;
    types.iter_mut().filter(|(name, _)| name.starts_with(prefix)).for_each(|(_, schema)| reflow(schema));
    types
}

/// Gives the root type the name of its kind, whatever the Rust type is called.
fn rename_root(types: &mut Definitions, root: &Schema, descriptor: &Descriptor) {
    let name = root.get(REF).and_then(Value::as_str).unwrap_or_default().trim_start_matches("#/$defs/");
    if let Some(schema) = types.remove(&qualified(descriptor.definition_prefix, name)) {
        types.insert(kind_name(descriptor), schema);
    }
}

fn machinery(resources: &[ServedResource]) -> Definitions {
    let mut generator = generator();
    add::<ObjectMeta>(&mut generator);
    add::<ListMeta>(&mut generator);
    add::<Status>(&mut generator);
    add::<DeleteOptions>(&mut generator);
    add::<Patch>(&mut generator);
    add::<WatchEvent<Value>>(&mut generator);
    add::<APIGroup>(&mut generator);
    add::<APIGroupList>(&mut generator);
    add::<APIResourceList>(&mut generator);
    add::<Info>(&mut generator);
    if resources.iter().any(|resource| resource.descriptor.group.is_empty()) {
        add::<APIVersions>(&mut generator);
    }
    let mut all = collect(generator, "");
    for kind in ["Status", "APIGroup", "APIGroupList", "APIResourceList", "APIVersions"] {
        tag(&mut all, &format!("{META}{kind}"), vec![group_version_kind("", "v1", kind)]);
    }
    for kind in ["DeleteOptions", "WatchEvent"] {
        tag(&mut all, &format!("{META}{kind}"), in_every_group(resources, kind));
    }
    all
}

/// Returns a kind of the API machinery as it belongs to every served version.
fn in_every_group(resources: &[ServedResource], kind: &str) -> Vec<Value> {
    let served = resources.iter().map(|resource| (resource.descriptor.group, resource.descriptor.version));
    let versions: BTreeSet<(&str, &str)> = std::iter::once(("", "v1")).chain(served).collect();
    versions.into_iter().map(|(group, version)| group_version_kind(group, version, kind)).collect()
}

fn add<T: JsonSchema>(generator: &mut SchemaGenerator) {
    generator.subschema_for::<T>();
}

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2019_09().into_generator()
}

fn collect(mut generator: SchemaGenerator, prefix: &str) -> Definitions {
    let definitions = generator.take_definitions(true).into_iter();
    definitions
        .map(|(name, mut schema)| {
            extend(&name, &mut schema);
            normalize(&mut schema, &|name| qualified(prefix, name));
            (qualified(prefix, &name), schema)
        })
        .collect()
}

fn tag(all: &mut Definitions, name: &str, kinds: Vec<Value>) {
    if let Some(schema) = all.get_mut(name) {
        schema["x-kubernetes-group-version-kind"] = kinds.into();
    }
}

fn add_list(all: &mut Definitions, descriptor: &Descriptor) {
    let kind = descriptor.kind;
    let items = json!({
        "description": format!("Items is the list of objects of kind {kind}."),
        "type": "array",
        "items": {REF: kind_name(descriptor)},
    });
    let list = json!({
        "description": format!("{} is a list of objects of kind {kind}.", descriptor.list_kind()),
        "type": "object",
        "required": ["items"],
        "properties": {
            "items": items,
            "metadata": {REF: format!("{META}ListMeta"), "description": LIST_METADATA},
        },
    });
    let name = list_name(descriptor);
    all.insert(name.clone(), list);
    add_type_fields(all, &name);
    tag_kind(all, &name, descriptor, &descriptor.list_kind());
}

/// Adds to the schema of a kind what every kind has.
fn complete_kind(all: &mut Definitions, descriptor: &Descriptor) {
    let name = kind_name(descriptor);
    add_type_fields(all, &name);
    tag_kind(all, &name, descriptor, descriptor.kind);
    let Some(schema) = all.get_mut(&name) else { return };
    let metadata = &mut schema["properties"]["metadata"];
    if metadata.get("description").is_none() {
        metadata["description"] = json!(METADATA);
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.retain(|field| !["apiVersion", "kind", "metadata"].iter().any(|own| field == own));
    }
}

fn tag_kind(all: &mut Definitions, name: &str, descriptor: &Descriptor, kind: &str) {
    tag(all, name, vec![group_version_kind(descriptor.group, descriptor.version, kind)]);
}

/// Gives a kind its `apiVersion` and `kind`, in the words that the API machinery has for its own.
fn add_type_fields(all: &mut Definitions, name: &str) {
    let status = all.get(&format!("{META}Status")).cloned().unwrap_or_default();
    let Some(schema) = all.get_mut(name) else { return };
    for field in ["apiVersion", "kind"] {
        schema["properties"][field] = status["properties"][field].clone();
    }
}
