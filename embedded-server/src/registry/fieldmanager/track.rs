//! Every write but an apply: what changed belongs to who changed it.

use serde_json::Value;

use super::managers::{self, Managed, Managers, Operation};
use super::updater::{Step, Updater};
use super::{Manager, NEVER_OWNED, Versions, identity, managed_fields, set_managed_fields};

/// Records in `new` who manages what after an object was created or changed as a whole.
///
/// A client that sends no managed fields, or such that make no sense, keeps those of the live object; one that
/// sends an empty list, or a single empty entry, has them forgotten.
pub(in crate::registry) fn track_update(
    live: Option<&Value>,
    new: &mut Value,
    request: &Manager<'_>,
    versions: &dyn Versions,
) {
    let Some(schema) = versions.at(request.api_version) else { return };
    let updater = Updater { versions, schema, subresource: request.subresource };
    let entries = match live {
        None => track_create(&updater, new, request),
        Some(live) => track_change(&updater, live, new, request),
    };
    set_managed_fields(new, entries);
    if let Some(live) = live {
        keep_times(live, new);
    }
}

fn track_create(updater: &Updater<'_>, new: &Value, request: &Manager<'_>) -> Option<Value> {
    let mut managers = managers_of(None, new, request);
    record_update(updater, &updater.step(&updater.versions.blank(new), new), &mut managers, request);
    managers.encode()
}

/// Returns the managed fields of a changed object. An object that nobody manages stays so until somebody
/// applies to it.
///
/// Source: `apimachinery/pkg/util/managedfields/internal/skipnonapplied.go`.
fn track_change(updater: &Updater<'_>, live: &Value, new: &Value, request: &Manager<'_>) -> Option<Value> {
    let step = updater.step(live, new);
    if step.is_none() {
        return managed_fields(live).cloned();
    }
    let mut managers = managers_of(Some(live), new, request);
    if !managers.is_empty() {
        record_update(updater, &step, &mut managers, request);
    }
    managers.encode()
}

/// Returns the managers that a write begins with.
///
/// Source: `apimachinery/pkg/util/managedfields/internal/fieldmanager.go`.
fn managers_of(live: Option<&Value>, new: &Value, request: &Manager<'_>) -> Managers {
    let sent = managed_fields(new).filter(|_| request.subresource.is_empty());
    if managers::is_reset(sent) {
        return Managers::default();
    }
    match Managers::decode(sent) {
        Ok(managers) if !managers.is_empty() => managers,
        _ => Managers::decode(live.and_then(managed_fields)).unwrap_or_default(),
    }
}

/// Gives what a write changes to who wrote it, beside what he has already.
///
/// Source: `apimachinery/pkg/util/managedfields/internal/{managedfieldsupdater,capmanagers}.go`.
pub(super) fn record_update(
    updater: &Updater<'_>,
    step: &Step<'_>,
    managers: &mut Managers,
    request: &Manager<'_>,
) {
    let fields = updater.update(step, managers).difference(&NEVER_OWNED);
    if !fields.is_empty() {
        let identity = identity(request, Operation::Update);
        let before = managers.0.get(&identity).map(|managed| managed.fields.union(&fields));
        let (api_version, time) = (request.api_version.to_owned(), Some(request.now));
        managers.0.insert(identity, Managed { api_version, fields: before.unwrap_or(fields), time });
    }
    managers.cap_updaters();
}

/// Sets the times in the managed fields of `new` back to those of `live` if nothing else is different, so that
/// a write that changes nothing is seen to change nothing.
///
/// Source: `apiserver/pkg/endpoints/handlers/fieldmanager/equality.go`.
pub(in crate::registry) fn keep_times(live: &Value, new: &mut Value) {
    let (Some(before), Some(after)) = (times(live), times(new)) else { return };
    if before != after && same_but_for_times(live, new) {
        let entries = managed_fields(live).cloned();
        set_managed_fields(new, entries);
    }
}

fn times(object: &Value) -> Option<Vec<Option<&Value>>> {
    let entries = managed_fields(object)?.as_array()?;
    Some(entries.iter().map(|entry| entry.get("time")).collect())
}

fn same_but_for_times(a: &Value, b: &Value) -> bool {
    let entries = |object| managed_fields(object).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let (before, after) = (entries(a), entries(b));
    before.len() == after.len()
        && before.iter().zip(after).all(|(a, b)| fields_but(a, &["time"]).eq(fields_but(b, &["time"])))
        && fields_but(a, &["metadata"]).eq(fields_but(b, &["metadata"]))
        && metadata_but_managers(a).eq(metadata_but_managers(b))
}

fn metadata_but_managers(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    fields_but(object.get("metadata").unwrap_or(&Value::Null), &["managedFields", "resourceVersion"])
}

fn fields_but<'v>(
    object: &'v Value,
    but: &'static [&'static str],
) -> impl Iterator<Item = (&'v String, &'v Value)> {
    object.as_object().into_iter().flatten().filter(move |(name, _)| !but.contains(&name.as_str()))
}
