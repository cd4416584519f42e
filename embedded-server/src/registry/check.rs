//! Rules of metadata that hold for every type and are not a matter of validation.
//!
//! Source: `apiserver/pkg/registry/rest/{meta,update}.go` and `apiserver/pkg/endpoints/handlers/rest.go`.

use crate::cacher::Place;
use crate::meta::field::{self, Path};
use crate::meta::{ApiError, Descriptor, NoRevision, ObjectMeta, Revision};

/// Checks that an object that names a namespace names that of the request's path.
pub(super) fn namespace(metadata: &ObjectMeta, place: &Place) -> Result<(), ApiError> {
    let given = text(metadata.namespace.as_ref());
    if given.is_empty() || place.namespace.is_empty() || given == place.namespace {
        return Ok(());
    }
    let why = "the namespace of the provided object does not match the namespace sent on the request";
    Err(ApiError::bad_request(why))
}

/// Puts an object into the namespace of the request's path.
pub(super) fn put_in_namespace(metadata: &mut ObjectMeta, place: &Place) -> Result<(), ApiError> {
    namespace(metadata, place)?;
    metadata.namespace = (!place.namespace.is_empty()).then(|| place.namespace.clone());
    Ok(())
}

/// Checks that the name in a body is the one in the path.
pub(super) fn name(metadata: &ObjectMeta, place: &Place) -> Result<(), ApiError> {
    let wanted = &place.name;
    match text(metadata.name.as_ref()) {
        given if given == wanted => Ok(()),
        "" => Err(ApiError::bad_request(format!(
            "the name of the object ({wanted} based on URL) was undeterminable: name must be provided"
        ))),
        given => Err(ApiError::bad_request(format!(
            "the name of the object ({given}) does not match the name on the URL ({wanted})"
        ))),
    }
}

/// Checks that a new state that names an identity names the stored one.
pub(super) fn uid(new: &ObjectMeta, old: &ObjectMeta, of: &Descriptor) -> Result<(), ApiError> {
    let (given, stored) = (text(new.uid.as_ref()), text(old.uid.as_ref()));
    if given.is_empty() || given == stored {
        return Ok(());
    }
    Err(precondition(of, old, &format!("UID in precondition: {given}, UID in object meta: {stored}")))
}

/// 409 for a precondition that the store is said to have found broken.
pub(super) fn precondition(of: &Descriptor, stored: &ObjectMeta, why: &str) -> ApiError {
    let name = text(stored.name.as_ref());
    let place = [of.group, of.plural, text(stored.namespace.as_ref()), name];
    let key = place.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/");
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{key}, ResourceVersion: 0, AdditionalErrorMsg: \
         Precondition failed: {why}"
    );
    ApiError::conflict(of, name, &why)
}

/// Checks that a change was made to the stored version.
pub(super) fn version(new: &ObjectMeta, old: &ObjectMeta, of: &Descriptor) -> Result<(), ApiError> {
    let revision = |metadata: &ObjectMeta| match text(metadata.resource_version.as_ref()) {
        "" => Ok(Revision::ZERO),
        given => given.parse().map_err(|why: NoRevision| ApiError::unclassified(why)),
    };
    let name = text(old.name.as_ref());
    match revision(new)? {
        Revision::ZERO => {
            let path = Path::new("metadata").child("resourceVersion");
            let error = field::Error::invalid(&path, 0, "must be specified for an update");
            // Where a kind is due, the source puts the resource.
            Err(ApiError::invalid(of.group, of.plural, name, &[error]))
        }
        given if given == revision(old)? => Ok(()),
        _ => Err(ApiError::modified(of, name)),
    }
}

/// Checks that a new object names no version, as the store does in the source; zero and what is no number name
/// none.
pub(super) fn unversioned(metadata: &ObjectMeta) -> Result<(), ApiError> {
    match text(metadata.resource_version.as_ref()).parse() {
        Ok(1..=u64::MAX) => {
            Err(ApiError::unclassified("resourceVersion should not be set on objects to be created"))
        }
        Ok(0) | Err(_) => Ok(()),
    }
}

/// Clears what only the server says about a new object.
pub(super) fn wipe(metadata: &mut ObjectMeta) {
    metadata.uid = None;
    metadata.creation_timestamp = None;
    metadata.deletion_timestamp = None;
    metadata.deletion_grace_period_seconds = None;
    metadata.self_link = None;
}

/// Restores what only the server says about a stored object. What is left may differ only where validation says
/// that it must not.
pub(super) fn preserve(new: &mut ObjectMeta, old: &ObjectMeta) {
    if text(new.uid.as_ref()).is_empty() {
        new.uid.clone_from(&old.uid);
    }
    if old.creation_timestamp.is_some() {
        new.creation_timestamp.clone_from(&old.creation_timestamp);
    }
    if old.deletion_timestamp.is_some() {
        new.deletion_timestamp.clone_from(&old.deletion_timestamp);
    }
    new.deletion_grace_period_seconds =
        new.deletion_grace_period_seconds.or(old.deletion_grace_period_seconds);
    new.generation = old.generation;
    new.self_link = None;
}

/// When an owner was found to be named twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// In what a client sent.
    Sent,
    /// In what came of a patch.
    Patched,
}

/// Removes owners that are named more than once and returns the warning about it, with their uid as often as
/// they were removed.
pub(super) fn dedup_owners(metadata: &mut ObjectMeta, found: Found) -> Option<String> {
    let owners = metadata.owner_references.as_mut()?;
    let mut kept = Vec::with_capacity(owners.len());
    let mut removed = Vec::new();
    for owner in owners.drain(..) {
        if kept.contains(&owner) { removed.push(owner.uid) } else { kept.push(owner) }
    }
    *owners = kept;
    let when = if found == Found::Patched { " after mutating admission happens" } else { "" };
    (!removed.is_empty()).then(|| {
        format!(
            ".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in \
             1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) \
             observed: {}",
            removed.join(", ")
        )
    })
}

/// Drops the record of who manages what, which can be large, and tells whether there was one.
pub(super) fn forget_managers(metadata: &mut ObjectMeta) -> bool {
    metadata.managed_fields.take().is_some()
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
