//! Server-side apply: a configuration laid over an object.

use serde_json::Value;

use super::conflict::Conflict;
use super::managers::{Managers, Operation};
use super::schema::Schema;
use super::track::record_update;
use super::updater::Updater;
use super::{
    Manager, NEVER_OWNED, Rejection, Versions, identity, last_applied, managed_fields, order,
    set_managed_fields, type_of, typed,
};
use crate::meta::ApiError;

/// Manages what an object had before anybody applied to it.
const BEFORE_FIRST_APPLY: &str = "before-first-apply";

/// Applies a configuration to an object, or to none, which makes a new one of it.
///
/// The object that is returned is not yet validated, and a field that has lost its last entry is `null` in it.
///
/// # Errors
/// [`Rejection::Conflicts`] unless forced; [`Rejection::Refused`] for a configuration of another type, one that
/// carries managed fields, or one that does not fit the schema.
pub(in crate::registry) fn apply(
    live: Option<&Value>,
    config: &Value,
    request: &Manager<'_>,
    versions: &dyn Versions,
) -> Result<Value, Rejection> {
    let schema = schema_of(request, versions)?;
    check_type(config, schema)?;
    let (live, mut managers) = take_apart(live, config, versions)?;
    let updater = Updater { versions, schema, subresource: request.subresource };
    if managers.is_empty() {
        record_existing(&updater, &live, &mut managers, request);
    }
    check_config(config, schema)?;
    let mut object = apply_as_kubectl(&updater, &live, config, &mut managers, request)?;
    if request.name == last_applied::MANAGER {
        last_applied::keep_up_to_date(&mut object, config);
    }
    set_managed_fields(&mut object, managers.encode());
    Ok(object)
}

fn schema_of<'v>(request: &Manager<'_>, versions: &'v dyn Versions) -> Result<&'v Schema, Rejection> {
    let why =
        || Rejection::refuse(ApiError::internal(format!("there is no schema of {}", request.api_version)));
    versions.at(request.api_version).ok_or_else(why)
}

/// Source: `apimachinery/pkg/util/managedfields/internal/versioncheck.go`.
fn check_type(config: &Value, schema: &Schema) -> Result<(), Rejection> {
    if type_of(config) == (schema.api_version(), schema.kind()) {
        return Ok(());
    }
    Err(Rejection::refuse(ApiError::bad_request(format!("invalid object type: {}", show_type(config)))))
}

/// Names the type of an object as Go's `GroupVersionKind` does.
fn show_type(object: &Value) -> String {
    let (version, kind) = type_of(object);
    let slash = if version.contains('/') { "" } else { "/" };
    format!("{slash}{version}, Kind={kind}")
}

/// Returns the object to apply to without its managers, and its managers.
fn take_apart(
    live: Option<&Value>,
    config: &Value,
    versions: &dyn Versions,
) -> Result<(Value, Managers), Rejection> {
    let Some(live) = live else { return Ok((versions.blank(config), Managers::default())) };
    let managers = Managers::decode(managed_fields(live)).map_err(|why| {
        Rejection::refuse(ApiError::unclassified(format!("failed to decode managed fields: {}", why.0)))
    })?;
    let mut live = live.clone();
    set_managed_fields(&mut live, None);
    Ok((live, managers))
}

/// Source: `apimachinery/pkg/util/managedfields/internal/structuredmerge.go`.
fn check_config(config: &Value, schema: &Schema) -> Result<(), Rejection> {
    if managed_fields(config).is_some_and(Value::is_array) {
        return Err(Rejection::refuse(ApiError::bad_request("metadata.managedFields must be nil")));
    }
    typed::validate(schema.root(), config).map_err(|why| {
        let text = |name: &str| config.get("metadata").and_then(|of| of.get(name)).and_then(Value::as_str);
        let (namespace, name) = (text("namespace").unwrap_or_default(), text("name").unwrap_or_default());
        let of = format!("{namespace}/{name}; {}", show_type(config));
        Rejection::refuse(ApiError::unclassified(format!(
            "failed to create typed patch object ({of}): {why}"
        )))
    })
}

/// Gives all fields of an object that nobody applied to so far a manager.
///
/// Source: `apimachinery/pkg/util/managedfields/internal/skipnonapplied.go`.
fn record_existing(updater: &Updater<'_>, live: &Value, managers: &mut Managers, request: &Manager<'_>) {
    let request = Manager { name: BEFORE_FIRST_APPLY, ..*request };
    record_update(updater, &updater.step(&updater.versions.blank(live), live), managers, &request);
}

/// Applies; a conflict with what `kubectl` itself applied on the client's side is none.
fn apply_as_kubectl(
    updater: &Updater<'_>,
    live: &Value,
    config: &Value,
    managers: &mut Managers,
    request: &Manager<'_>,
) -> Result<Value, Rejection> {
    let migrates = request.name == last_applied::MANAGER;
    let before = migrates.then(|| managers.clone());
    let conflicts = match apply_once(updater, live, config, managers, request) {
        Ok(object) => return Ok(object),
        Err(conflicts) => conflicts,
    };
    let own = before.and_then(|before| Some((before, last_applied::untouched(live, updater.schema)?)));
    let Some((before, own)) = own else { return Err(Rejection::Conflicts(conflicts)) };
    let others: Vec<_> = conflicts.into_iter().filter(|conflict| !conflict.is_in(&own)).collect();
    if !others.is_empty() {
        return Err(Rejection::Conflicts(others));
    }
    *managers = before;
    apply_once(updater, live, config, managers, &Manager { force: true, ..*request })
        .map_err(Rejection::Conflicts)
}

/// Applies, and records the time if that changes the object.
///
/// Source: `apimachinery/pkg/util/managedfields/internal/managedfieldsupdater.go`.
fn apply_once(
    updater: &Updater<'_>,
    live: &Value,
    config: &Value,
    managers: &mut Managers,
    request: &Manager<'_>,
) -> Result<Value, Vec<Conflict>> {
    let identity = identity(request, Operation::Apply);
    let object = updater.apply(live, config, managers, &identity, request.force)?;
    if let Some(managed) = managers.0.get_mut(&identity) {
        managed.fields = managed.fields.difference(&NEVER_OWNED);
        if !order::equal(live, &object) {
            managed.time = Some(request.now);
        }
    }
    managers.forget_idle();
    Ok(object)
}
