//! References to the objects that own an object.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use serde_json::json;

use crate::meta::field::{Error, Errors, Path};

/// Returns every rule that the entries of `ownerReferences` break: each complete, none an Event, and at most
/// one the controller.
pub(super) fn owner_references(owners: &[OwnerReference], path: &Path) -> Errors {
    let mut errors: Errors = owners.iter().flat_map(|owner| owner_reference(owner, path)).collect();
    let mut controllers = owners.iter().filter(|owner| owner.controller == Some(true)).map(kind_and_name);
    if let Some(first) = controllers.next() {
        errors.extend(controllers.map(|other| {
            let detail = format!(
                "Only one reference can have Controller set to true. Found \"true\" in references for {first} and {other}"
            );
            Error::invalid(path, json!(owners), detail)
        }));
    }
    errors
}

fn kind_and_name(owner: &OwnerReference) -> String {
    format!("{}/{}", owner.kind, owner.name)
}

fn owner_reference(owner: &OwnerReference, path: &Path) -> Errors {
    let mut errors = Errors::new();
    let (group, version) = group_and_version(&owner.api_version);
    if version.is_empty() {
        let value = owner.api_version.as_str();
        errors.push(Error::invalid(&path.child("apiVersion"), value, "version must not be empty"));
    }
    for (name, value) in [("kind", &owner.kind), ("name", &owner.name), ("uid", &owner.uid)] {
        if value.is_empty() {
            errors.push(Error::invalid(&path.child(name), "", "must not be empty"));
        }
    }
    if (group, version, owner.kind.as_str()) == ("", "v1", "Event") {
        errors.push(Error::invalid(path, json!(owner), "/v1, Kind=Event is disallowed from being an owner"));
    }
    errors
}

/// Takes an `apiVersion` apart; both parts are empty when it has more than one `/`.
fn group_and_version(api_version: &str) -> (&str, &str) {
    match api_version.split_once('/') {
        None => ("", api_version),
        Some((_, rest)) if rest.contains('/') => ("", ""),
        Some((group, version)) => (group, version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(api_version: &str, kind: &str, name: &str) -> OwnerReference {
        OwnerReference {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            uid: "u".to_owned(),
            ..OwnerReference::default()
        }
    }

    fn faults(owners: &[OwnerReference]) -> Vec<String> {
        owner_references(owners, &Path::new("owners")).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn complete_references_are_accepted() {
        let controller = OwnerReference { controller: Some(true), ..owner("apps/v1", "Deployment", "d") };
        assert!(
            faults(&[owner("v1", "Pod", "p"), owner("example.com/v1", "Event", "e"), controller]).is_empty()
        );
    }

    #[test]
    fn every_missing_field_is_named() {
        assert_eq!(
            faults(&[OwnerReference::default()]),
            [
                "owners.apiVersion: Invalid value: \"\": version must not be empty",
                "owners.kind: Invalid value: \"\": must not be empty",
                "owners.name: Invalid value: \"\": must not be empty",
                "owners.uid: Invalid value: \"\": must not be empty",
            ]
        );
    }

    #[test]
    fn an_api_version_needs_a_version() {
        for api_version in ["apps/", "/", "a/b/c"] {
            let expected =
                format!("owners.apiVersion: Invalid value: \"{api_version}\": version must not be empty");
            assert_eq!(faults(&[owner(api_version, "K", "n")]), [expected]);
        }
    }

    #[test]
    fn an_event_owns_nothing() {
        let faults = faults(&[owner("v1", "Event", "e")]);
        assert!(faults[0].ends_with(": /v1, Kind=Event is disallowed from being an owner"), "{faults:?}");
    }

    #[test]
    fn there_is_at_most_one_controller() {
        let controller = |name| OwnerReference { controller: Some(true), ..owner("v1", "Pod", name) };
        let faults = faults(&[controller("a"), owner("v1", "Pod", "x"), controller("b"), controller("c")]);
        assert_eq!(faults.len(), 2);
        assert!(faults[0].ends_with(
            ": Only one reference can have Controller set to true. Found \"true\" in references for Pod/a and Pod/b"
        ));
        assert!(faults[1].ends_with("for Pod/a and Pod/c"));
    }
}
