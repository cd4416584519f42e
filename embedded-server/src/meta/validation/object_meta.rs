//! The rules of `metadata` as a whole.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use super::labels::{annotations, invalid_each, labels};
use super::managed_fields::managed_fields;
use super::names::path_segment_prefix;
use super::owners::owner_references;
use super::{Messages, dns1123_label, dns1123_subdomain, label_key, name_prefix, path_segment};
use crate::meta::field::{Error, Errors, Path};
use crate::meta::{Descriptor, Names};

/// Returns what keeps a text from being a name or the beginning of one.
type Rule = fn(&str) -> Messages;

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";
/// Finalizers without a domain that Kubernetes itself sets.
const KNOWN_FINALIZERS: [&str; 3] = [ORPHAN, FOREGROUND, "kubernetes"];

/// Returns every rule that the metadata of an object breaks, at a moment when its name has been generated.
///
/// A name has to keep the rule of the type, a namespace is a DNS label; the type tells whether the object has to be in
/// one or must not be.
pub fn object_meta(meta: &ObjectMeta, of: &Descriptor, path: &Path) -> Errors {
    let mut errors = name(meta, of.names, path);
    errors.extend(namespace(meta, of.is_namespaced(), &path.child("namespace")));
    if let Some(generation) = meta.generation.filter(|&generation| generation < 0) {
        let detail = "must be greater than or equal to 0";
        errors.push(Error::invalid(&path.child("generation"), generation, detail));
    }
    errors.extend(sets_and_lists(meta, path));
    errors.extend(finalizers(meta.finalizers.as_deref().unwrap_or_default(), &path.child("finalizers")));
    errors
}

/// Returns every rule that a change of metadata breaks; those of labels and other lists among them, so that they are
/// told twice to who checks the metadata as a whole as well, as Kubernetes does.
///
/// The identity of an object does not change: fields that the server fills in have been restored where the
/// client left them out. That an update names a resource version is for the registry to check.
pub fn object_meta_update(new: &ObjectMeta, old: &ObjectMeta, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if old.deletion_timestamp.is_some() {
        errors.extend(no_new_finalizers(new, old, &path.child("finalizers")));
    }
    let generation = new.generation.unwrap_or_default();
    if generation < old.generation.unwrap_or_default() {
        errors.push(Error::invalid(&path.child("generation"), generation, "must not be decremented"));
    }
    errors.extend(immutable_fields(new, old, path));
    errors.extend(sets_and_lists(new, path));
    errors
}

/// Returns what a writer should know of finalizers that are accepted all the same: one without a domain may
/// clash with somebody else's.
pub fn finalizer_warnings(meta: &ObjectMeta) -> Vec<String> {
    let finalizers = meta.finalizers.iter().flatten();
    let unqualified = finalizers
        .filter(|finalizer| !finalizer.contains('/') && !KNOWN_FINALIZERS.contains(&finalizer.as_str()));
    unqualified
        .map(|finalizer| {
            let path = if finalizer.contains('.') { " including a path (/)" } else { "" };
            format!(
                "metadata.finalizers: \"{finalizer}\": prefer a domain-qualified finalizer name{path} to avoid \
                 accidental conflicts with other finalizer writers"
            )
        })
        .collect()
}

fn name(meta: &ObjectMeta, rule: Names, path: &Path) -> Errors {
    let (of_prefix, of_name): (Rule, Rule) = match rule {
        Names::Subdomain => (name_prefix, dns1123_subdomain),
        Names::PathSegment => (path_segment_prefix, path_segment),
    };
    let mut errors = Errors::new();
    if let Some(prefix) = non_empty(meta.generate_name.as_deref()) {
        errors.extend(invalid_each(&path.child("generateName"), prefix, of_prefix(prefix)));
    }
    let path = path.child("name");
    match non_empty(meta.name.as_deref()) {
        None => errors.push(Error::required(&path, "name or generateName is required")),
        Some(name) => errors.extend(invalid_each(&path, name, of_name(name))),
    }
    errors
}

fn namespace(meta: &ObjectMeta, namespaced: bool, path: &Path) -> Errors {
    match (namespaced, non_empty(meta.namespace.as_deref())) {
        (true, None) => vec![Error::required(path, "")],
        (true, Some(namespace)) => invalid_each(path, namespace, dns1123_label(namespace)).collect(),
        (false, Some(_)) => vec![Error::forbidden(path, "not allowed on this type")],
        (false, None) => Errors::new(),
    }
}

fn non_empty(text: Option<&str>) -> Option<&str> {
    text.filter(|text| !text.is_empty())
}

/// Checks what clients may change at any time, but for finalizers.
fn sets_and_lists(meta: &ObjectMeta, path: &Path) -> Errors {
    let none = BTreeMap::new();
    let mut errors = labels(meta.labels.as_ref().unwrap_or(&none), &path.child("labels"));
    errors.extend(annotations(meta.annotations.as_ref().unwrap_or(&none), &path.child("annotations")));
    let owners = meta.owner_references.as_deref().unwrap_or_default();
    errors.extend(owner_references(owners, &path.child("ownerReferences")));
    let managed = meta.managed_fields.as_deref().unwrap_or_default();
    errors.extend(managed_fields(managed, &path.child("managedFields")));
    errors
}

fn finalizers(finalizers: &[String], path: &Path) -> Errors {
    let each = finalizers.iter().flat_map(|finalizer| invalid_each(path, finalizer, label_key(finalizer)));
    let mut errors: Errors = each.collect();
    let has = |wanted: &str| finalizers.iter().any(|finalizer| finalizer == wanted);
    if has(ORPHAN) && has(FOREGROUND) {
        let detail = format!("finalizer {ORPHAN} and {FOREGROUND} cannot be both set");
        errors.push(Error::invalid(path, json!(finalizers), detail));
    }
    errors
}

fn no_new_finalizers(new: &ObjectMeta, old: &ObjectMeta, path: &Path) -> Option<Error> {
    let set = |meta: &ObjectMeta| meta.finalizers.iter().flatten().cloned().collect::<BTreeSet<_>>();
    let (new, old) = (set(new), set(old));
    let added: Vec<_> = new.difference(&old).map(|finalizer| format!("{finalizer:?}")).collect();
    let detail = format!(
        "no new finalizers can be added if the object is being deleted, found new finalizers []string{{{}}}",
        added.join(", ")
    );
    (!added.is_empty()).then(|| Error::forbidden(path, detail))
}

fn immutable_fields(new: &ObjectMeta, old: &ObjectMeta, path: &Path) -> Errors {
    identity(new)
        .into_iter()
        .zip(identity(old))
        .filter(|((_, new), (_, old))| new != old)
        .map(|((name, new), _)| Error::invalid(&path.child(name), new, "field is immutable"))
        .collect()
}

/// Returns the fields that never change, by name; a text that is missing is the empty one, and times count
/// as far as they are written.
fn identity(meta: &ObjectMeta) -> [(&'static str, Value); 6] {
    let text = |text: &Option<String>| json!(text.as_deref().unwrap_or_default());
    [
        ("name", text(&meta.name)),
        ("namespace", text(&meta.namespace)),
        ("uid", text(&meta.uid)),
        ("creationTimestamp", json!(meta.creation_timestamp)),
        ("deletionTimestamp", json!(meta.deletion_timestamp)),
        ("deletionGracePeriodSeconds", json!(meta.deletion_grace_period_seconds)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::{Scope, Time};

    fn named(name: &str) -> ObjectMeta {
        ObjectMeta { name: Some(name.to_owned()), namespace: Some("ns".to_owned()), ..ObjectMeta::default() }
    }

    fn with_finalizers(finalizers: &[&str]) -> ObjectMeta {
        let finalizers = finalizers.iter().map(|&finalizer| finalizer.to_owned()).collect();
        ObjectMeta { finalizers: Some(finalizers), ..named("a") }
    }

    fn time(text: &str) -> Option<Time> {
        Some(Time(text.parse().unwrap()))
    }

    fn faults(errors: Errors) -> Vec<String> {
        errors.into_iter().map(|error| error.to_string()).collect()
    }

    fn faults_of(meta: &ObjectMeta) -> Vec<String> {
        faults(object_meta(meta, &Descriptor::NAMESPACED, &Path::new("metadata")))
    }

    fn faults_of_update(new: &ObjectMeta, old: &ObjectMeta) -> Vec<String> {
        faults(object_meta_update(new, old, &Path::new("metadata")))
    }

    #[test]
    fn plain_metadata_is_accepted() {
        assert_eq!(faults_of(&named("a.b-1")), Vec::<String>::new());
        let generated = ObjectMeta { generate_name: Some("a-".to_owned()), ..named("a-xyz12") };
        assert_eq!(faults_of(&generated), Vec::<String>::new());
    }

    #[test]
    fn an_object_needs_a_name() {
        let expected = ["metadata.name: Required value: name or generateName is required"];
        assert_eq!(faults_of(&ObjectMeta { name: None, ..named("") }), expected);
        assert_eq!(faults_of(&named("")), expected);
    }

    #[test]
    fn names_and_prefixes_are_subdomains() {
        let meta = ObjectMeta { generate_name: Some("A_-".to_owned()), ..named("a_b") };
        let faults = faults_of(&meta);
        assert_eq!(faults.len(), 2);
        assert!(faults[0].starts_with(
            "metadata.generateName: Invalid value: \"A_-\": a lowercase RFC 1123 subdomain must consist of"
        ));
        assert!(
            faults[1].starts_with("metadata.name: Invalid value: \"a_b\": a lowercase RFC 1123 subdomain")
        );
    }

    #[test]
    fn a_type_may_take_any_name_that_fits_into_a_path() {
        let things = Descriptor { names: Names::PathSegment, ..Descriptor::NAMESPACED };
        let faults_of = |meta| faults(object_meta(&meta, &things, &Path::new("metadata")));
        for name in ["Capital", "under_score", "a:b", &"a".repeat(300)] {
            assert_eq!(faults_of(named(name)), [""; 0], "{name}");
        }
        let expected = ["metadata.name: Invalid value: \"a/b\": may not contain '/'"];
        assert_eq!(faults_of(named("a/b")), expected);
        assert_eq!(faults_of(named("..")), ["metadata.name: Invalid value: \"..\": may not be '..'"]);
        let prefixed = |prefix: &str| ObjectMeta { generate_name: Some(prefix.to_owned()), ..named("a") };
        assert_eq!(faults_of(prefixed("..")), [""; 0]);
        let expected = ["metadata.generateName: Invalid value: \"%\": may not contain '%'"];
        assert_eq!(faults_of(prefixed("%")), expected);
    }

    #[test]
    fn the_scope_decides_on_the_namespace() {
        let cluster = Descriptor { scope: Scope::Cluster, ..Descriptor::NAMESPACED };
        assert_eq!(
            faults_of(&ObjectMeta { namespace: None, ..named("a") }),
            ["metadata.namespace: Required value"]
        );
        assert_eq!(
            faults_of(&ObjectMeta { namespace: Some("a.b".to_owned()), ..named("a") }),
            ["metadata.namespace: Invalid value: \"a.b\": must not contain dots"]
        );
        assert_eq!(
            faults(object_meta(&named("a"), &cluster, &Path::new("metadata"))),
            ["metadata.namespace: Forbidden: not allowed on this type"]
        );
    }

    #[test]
    fn the_generation_is_not_negative() {
        assert_eq!(
            faults_of(&ObjectMeta { generation: Some(-1), ..named("a") }),
            ["metadata.generation: Invalid value: -1: must be greater than or equal to 0"]
        );
    }

    #[test]
    fn finalizers_are_qualified_names_and_deletion_has_one_way() {
        assert_eq!(
            faults_of(&with_finalizers(&["example.com/a", "kubernetes", "orphan"])),
            Vec::<String>::new()
        );
        assert_eq!(faults_of(&with_finalizers(&["a b"])).len(), 1);
        assert_eq!(
            faults_of(&with_finalizers(&["orphan", "foregroundDeletion"])),
            ["metadata.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\"]: \
              finalizer orphan and foregroundDeletion cannot be both set"]
        );
    }

    #[test]
    fn a_finalizer_of_ones_own_without_a_domain_is_warned_of() {
        let meta = with_finalizers(&["example.com/a", "orphan", "foregroundDeletion", "kubernetes", "mine"]);
        assert_eq!(
            finalizer_warnings(&meta),
            ["metadata.finalizers: \"mine\": prefer a domain-qualified finalizer name to avoid \
              accidental conflicts with other finalizer writers"]
        );
    }

    #[test]
    fn an_object_that_is_being_deleted_takes_no_new_finalizers() {
        let deleting = |finalizers: &[&str]| ObjectMeta {
            deletion_timestamp: time("2024-01-15T10:30:00Z"),
            ..with_finalizers(finalizers)
        };
        let old = deleting(&["example.com/a", "example.com/b"]);
        assert_eq!(faults_of_update(&deleting(&["example.com/b"]), &old), Vec::<String>::new());
        assert_eq!(
            faults_of_update(&deleting(&["example.com/d", "example.com/a", "example.com/c"]), &old),
            [
                "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, \
              found new finalizers []string{\"example.com/c\", \"example.com/d\"}"
            ]
        );
    }

    #[test]
    fn the_identity_of_an_object_does_not_change() {
        let old = ObjectMeta { creation_timestamp: time("2024-01-15T10:30:00Z"), ..named("a") };
        let new = ObjectMeta {
            name: Some("b".to_owned()),
            namespace: None,
            uid: Some("u".to_owned()),
            deletion_timestamp: time("2024-01-15T10:30:01Z"),
            deletion_grace_period_seconds: Some(0),
            ..ObjectMeta::default()
        };
        assert_eq!(
            faults_of_update(&new, &old),
            [
                "metadata.name: Invalid value: \"b\": field is immutable",
                "metadata.namespace: Invalid value: \"\": field is immutable",
                "metadata.uid: Invalid value: \"u\": field is immutable",
                "metadata.creationTimestamp: Invalid value: null: field is immutable",
                "metadata.deletionTimestamp: Invalid value: \"2024-01-15T10:30:01Z\": field is immutable",
                "metadata.deletionGracePeriodSeconds: Invalid value: 0: field is immutable",
            ]
        );
        assert_eq!(faults_of_update(&old, &old), Vec::<String>::new());
    }

    #[test]
    fn the_generation_does_not_go_back() {
        let at = |generation| ObjectMeta { generation: Some(generation), ..named("a") };
        assert_eq!(
            faults_of_update(&at(1), &at(2)),
            ["metadata.generation: Invalid value: 1: must not be decremented"]
        );
    }

    #[test]
    fn an_update_is_held_to_the_rules_of_sets_and_lists() {
        let labels = BTreeMap::from([("a b".to_owned(), String::new())]);
        let new = ObjectMeta { labels: Some(labels), ..named("a") };
        assert_eq!(faults_of_update(&new, &named("a")).len(), 1);
    }
}
