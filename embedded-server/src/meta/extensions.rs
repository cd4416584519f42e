//! How lists and maps of the API machinery's own types merge, which the schemas of `k8s-openapi` leave out.
//!
//! The one source for OpenAPI documents, by which clients make patches, and for the server that applies them.
//! Source: the markers and tags in `apimachinery/pkg/apis/meta/v1/types.go`.

use serde_json::{Map, Value, json};

/// What the definition names of the API machinery's own types begin with.
pub(crate) const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.";

/// Lists that are replaced as a whole, by type and field.
const ATOMIC_LISTS: [(&str, &str); 11] = [
    ("ObjectMeta", "managedFields"),
    ("DeleteOptions", "dryRun"),
    ("StatusDetails", "causes"),
    ("APIGroup", "versions"),
    ("APIGroup", "serverAddressByClientCIDRs"),
    ("APIGroupList", "groups"),
    ("APIResource", "shortNames"),
    ("APIResource", "categories"),
    ("APIResourceList", "resources"),
    ("LabelSelector", "matchExpressions"),
    ("LabelSelectorRequirement", "values"),
];

/// Types that are replaced as a whole.
const ATOMIC_TYPES: [&str; 2] = ["OwnerReference", "LabelSelector"];

/// Adds to the schema of a definition the extensions that Kubernetes publishes for it.
pub(crate) fn extend(definition: &str, schema: &mut Value) {
    let Some(kind) = definition.strip_prefix(META) else { return };
    if ATOMIC_TYPES.contains(&kind) {
        add(Some(schema), json!({"x-kubernetes-map-type": "atomic"}));
    }
    for (_, field) in ATOMIC_LISTS.iter().filter(|(owner, _)| *owner == kind) {
        add(property(schema, field), json!({"x-kubernetes-list-type": "atomic"}));
    }
    if kind == "ObjectMeta" {
        add(property(schema, "finalizers"), set());
        add(property(schema, "ownerReferences"), map_by("uid"));
    }
}

fn set() -> Value {
    json!({"x-kubernetes-list-type": "set", "x-kubernetes-patch-strategy": "merge"})
}

fn map_by(key: &str) -> Value {
    json!({
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": [key],
        "x-kubernetes-patch-strategy": "merge",
        "x-kubernetes-patch-merge-key": key,
    })
}

fn property<'a>(schema: &'a mut Value, field: &str) -> Option<&'a mut Value> {
    schema.get_mut("properties")?.get_mut(field)
}

fn add(schema: Option<&mut Value>, extensions: Value) {
    let schema: Option<&mut Map<String, Value>> = schema.and_then(Value::as_object_mut);
    if let (Some(schema), Value::Object(extensions)) = (schema, extensions) {
        schema.extend(extensions);
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1 as wire;
    use schemars::JsonSchema;

    use super::*;

    fn extended<T: JsonSchema>() -> Value {
        let mut schema = schemars::schema_for!(T).to_value();
        extend(&T::schema_name(), &mut schema);
        schema
    }

    #[test]
    fn owners_merge_by_uid_and_finalizers_are_a_set() {
        let properties = &extended::<wire::ObjectMeta>()["properties"];
        assert_eq!(properties["ownerReferences"]["x-kubernetes-patch-merge-key"], "uid");
        assert_eq!(properties["ownerReferences"]["x-kubernetes-patch-strategy"], "merge");
        assert_eq!(properties["ownerReferences"]["x-kubernetes-list-map-keys"], json!(["uid"]));
        assert_eq!(properties["finalizers"]["x-kubernetes-patch-strategy"], "merge");
        assert_eq!(properties["finalizers"]["x-kubernetes-list-type"], "set");
        assert_eq!(properties["managedFields"]["x-kubernetes-list-type"], "atomic");
        assert_eq!(properties["labels"].get("x-kubernetes-patch-strategy"), None);
    }

    #[test]
    fn every_atomic_list_is_a_list_of_its_type() {
        let schemas = [
            ("ObjectMeta", extended::<wire::ObjectMeta>()),
            ("DeleteOptions", extended::<wire::DeleteOptions>()),
            ("StatusDetails", extended::<wire::StatusDetails>()),
            ("APIGroup", extended::<wire::APIGroup>()),
            ("APIGroupList", extended::<wire::APIGroupList>()),
            ("APIResource", extended::<wire::APIResource>()),
            ("APIResourceList", extended::<wire::APIResourceList>()),
            ("LabelSelector", extended::<wire::LabelSelector>()),
            ("LabelSelectorRequirement", extended::<wire::LabelSelectorRequirement>()),
        ];
        for (owner, field) in ATOMIC_LISTS {
            let (_, schema) = schemas.iter().find(|(name, _)| *name == owner).unwrap();
            let list = &schema["properties"][field];
            assert_eq!(list["type"], "array", "{owner}.{field}");
            assert_eq!(list["x-kubernetes-list-type"], "atomic", "{owner}.{field}");
        }
    }

    #[test]
    fn other_people_s_types_are_left_alone() {
        let mut schema = json!({"properties": {"finalizers": {"type": "array"}}});
        let before = schema.clone();
        extend("com.example.v1.ObjectMeta", &mut schema);
        assert_eq!(schema, before);
    }
}
