//! Rules of metadata that hold for every type and are not a matter of validation.
//!
//! Source: `apiserver/pkg/registry/rest/{meta,update}.go` and `apiserver/pkg/endpoints/handlers/rest.go`.

use std::collections::HashSet;

use crate::cacher::Place;
use crate::meta::{ApiError, Descriptor, ObjectMeta};

/// Brings the namespace of a body and of the request's path together.
pub(super) fn namespace(metadata: &mut ObjectMeta, place: &Place) -> Result<(), ApiError> {
    match metadata.namespace.as_deref().unwrap_or_default() {
        "" => {}
        given if given == place.namespace => {}
        _ => {
            let why = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(ApiError::bad_request(why));
        }
    }
    metadata.namespace = (!place.namespace.is_empty()).then(|| place.namespace.clone());
    Ok(())
}

/// Checks that the name in a body is the one in the path.
pub(super) fn name(metadata: &ObjectMeta, place: &Place) -> Result<(), ApiError> {
    let given = metadata.name.as_deref().unwrap_or_default();
    if given == place.name {
        return Ok(());
    }
    Err(ApiError::bad_request(format!(
        "the name of the object ({given}) does not match the name on the URL ({})",
        place.name
    )))
}

/// Checks that a body that names an identity names the stored one.
pub(super) fn uid(new: &ObjectMeta, old: &ObjectMeta, of: &Descriptor) -> Result<(), ApiError> {
    let (given, stored) = (text(new.uid.as_ref()), text(old.uid.as_ref()));
    if given.is_empty() || given == stored {
        return Ok(());
    }
    let why = format!("Precondition failed: UID in precondition: {given}, UID in object meta: {stored}");
    Err(ApiError::conflict(of, text(old.name.as_ref()), &why))
}

/// Clears what only the server says about a new object.
pub(super) fn wipe(metadata: &mut ObjectMeta) {
    metadata.uid = None;
    metadata.creation_timestamp = None;
    metadata.deletion_timestamp = None;
    metadata.deletion_grace_period_seconds = None;
    metadata.self_link = None;
}

/// Restores what only the server says about a stored object.
pub(super) fn preserve(new: &mut ObjectMeta, old: &ObjectMeta) {
    new.uid.clone_from(&old.uid);
    new.creation_timestamp.clone_from(&old.creation_timestamp);
    new.deletion_timestamp.clone_from(&old.deletion_timestamp);
    new.deletion_grace_period_seconds = old.deletion_grace_period_seconds;
    new.generation = old.generation;
    new.self_link = None;
}

/// Removes owners that are named twice and returns the warning about it.
pub(super) fn dedup_owners(metadata: &mut ObjectMeta) -> Option<String> {
    let owners = metadata.owner_references.as_mut()?;
    let mut seen = HashSet::new();
    let mut twice = Vec::new();
    let mut kept = Vec::with_capacity(owners.len());
    for owner in owners.drain(..) {
        if kept.contains(&owner) {
            if seen.insert(owner.uid.clone()) {
                twice.push(owner.uid);
            }
        } else {
            kept.push(owner);
        }
    }
    *owners = kept;
    (!twice.is_empty()).then(|| {
        format!(
            ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, \
             and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: \
             {}",
            twice.join(", ")
        )
    })
}

/// Drops empty collections, which Go does not write.
pub(super) fn tidy(metadata: &mut ObjectMeta) {
    fn drop_empty<C>(field: &mut Option<C>, is_empty: fn(&C) -> bool) {
        if field.as_ref().is_some_and(is_empty) {
            *field = None;
        }
    }
    drop_empty(&mut metadata.labels, |map| map.is_empty());
    drop_empty(&mut metadata.annotations, |map| map.is_empty());
    drop_empty(&mut metadata.finalizers, Vec::is_empty);
    drop_empty(&mut metadata.owner_references, Vec::is_empty);
    for field in [&mut metadata.name, &mut metadata.namespace, &mut metadata.generate_name, &mut metadata.uid]
    {
        drop_empty(field, String::is_empty);
    }
}

pub(super) fn text(field: Option<&String>) -> &str {
    field.map_or("", String::as_str)
}
