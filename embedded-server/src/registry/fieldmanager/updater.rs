//! What a change means for those who manage the object's fields.
//!
//! Source: structured-merge-diff `merge/update.go`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use super::Versions;
use super::conflict::Conflict;
use super::managers::{Identity, Managed, Managers};
use super::schema::Schema;
use super::set::FieldSet;
use super::typed::{self, Comparison};

/// A change to an object through one of its versions.
pub(super) struct Updater<'a> {
    pub(super) versions: &'a dyn Versions,
    /// The version that the change is made in.
    pub(super) schema: &'a Schema,
    /// The subresource that is changed; empty for the object itself. It says which fields the change cannot
    /// touch.
    pub(super) subresource: &'a str,
}

/// The step from one object to another, and how they differ.
pub(super) struct Step<'v> {
    old: &'v Value,
    new: &'v Value,
    compared: Comparison,
}

impl Step<'_> {
    /// Tells whether nothing changes.
    pub(super) fn is_none(&self) -> bool {
        self.compared.is_same()
    }
}

/// Fields that a change took from a manager.
type Taken = (Identity, FieldSet);

impl Updater<'_> {
    /// Returns the step from `old` to `new`.
    pub(super) fn step<'v>(&self, old: &'v Value, new: &'v Value) -> Step<'v> {
        Step { old, new, compared: self.compare_at(self.schema, old, new) }
    }

    /// Takes from all managers what a step changes; returns what that is. `except` keeps what it has.
    fn take(&self, step: &Step<'_>, managers: &mut Managers, except: Option<&Identity>) -> Vec<Taken> {
        let mut others = BTreeMap::new();
        let mut taken = Vec::new();
        managers.0.retain(|identity, managed| {
            if except == Some(identity) {
                return true;
            }
            let compared = match managed.api_version.as_str() {
                own if own == self.schema.api_version() => Some(&step.compared),
                other => {
                    others.entry(other.to_owned()).or_insert_with(|| self.compare_in(other, step)).as_ref()
                }
            };
            let Some(compared) = compared else { return false };
            if !compared.is_same() {
                let fields = managed.fields.intersection(&compared.changed());
                managed.fields = managed.fields.difference(&fields).difference(&compared.removed);
                if !fields.is_empty() {
                    taken.push((identity.clone(), fields));
                }
            }
            true
        });
        managers.forget_idle();
        taken
    }

    /// Compares the objects of a step in another version; none when that is no longer served.
    fn compare_in(&self, api_version: &str, step: &Step<'_>) -> Option<Comparison> {
        let schema = self.versions.at(api_version)?;
        let old = self.versions.convert(step.old, api_version)?;
        let new = self.versions.convert(step.new, api_version)?;
        Some(self.compare_at(schema, &old, &new))
    }

    /// Compares two objects in the version of a schema, leaving out what the change cannot touch.
    fn compare_at(&self, schema: &Schema, old: &Value, new: &Value) -> Comparison {
        typed::compare(schema.root(), old, new).without(schema.reset_fields(self.subresource))
    }

    /// Follows up on an object that a client wrote as a whole. Returns the fields that it changed.
    pub(super) fn update(&self, step: &Step<'_>, managers: &mut Managers) -> FieldSet {
        self.reconcile(managers);
        self.take(step, managers, None);
        step.compared.changed()
    }

    /// Applies a configuration: returns the object that becomes of it.
    ///
    /// # Errors
    /// The fields that others manage, unless the change is forced.
    pub(super) fn apply(
        &self,
        live: &Value,
        config: &Value,
        managers: &mut Managers,
        manager: &Identity,
        force: bool,
    ) -> Result<Value, Vec<Conflict>> {
        self.reconcile(managers);
        let merged = typed::merge(self.schema.root(), live, config);
        let fields = typed::field_set(self.schema.root(), config);
        let fields = fields.recursive_difference(self.schema.reset_fields(self.subresource));
        let time = managers.0.get(manager).and_then(|managed| managed.time);
        let managed = Managed { api_version: self.schema.api_version().to_owned(), fields, time };
        let last = managers.0.insert(manager.clone(), managed);
        let new = match last {
            Some(last) => self.prune(merged, config, managers, manager, &last),
            None => merged,
        };
        let taken = self.take(&self.step(live, &new), managers, Some(manager));
        if force || taken.is_empty() {
            return Ok(new);
        }
        Err(taken.iter().flat_map(|(manager, fields)| Conflict::all(manager, fields)).collect())
    }

    /// Brings all sets up to date with the schemas they are of; forgets those whose version is gone.
    fn reconcile(&self, managers: &mut Managers) {
        managers.0.retain(|_, managed| match self.versions.at(&managed.api_version) {
            Some(schema) => {
                managed.fields = typed::reconcile(schema.root(), std::mem::take(&mut managed.fields));
                true
            }
            None => false,
        });
    }

    /// Removes what a manager applied last time, does not apply this time, and nobody else manages.
    ///
    /// What the configuration sets to an empty object or list is empty then and not `null`: here the source
    /// needs a second apply to get there.
    fn prune(
        &self,
        merged: Value,
        config: &Value,
        managers: &Managers,
        manager: &Identity,
        last: &Managed,
    ) -> Value {
        let now = managers.0.get(manager).map(|managed| &managed.fields);
        let same_version = last.api_version == self.schema.api_version();
        if same_version && now.is_some_and(|now| last.fields.difference(now).is_empty()) {
            return merged;
        }
        match self.pruned(&merged, managers, last) {
            Some(pruned) => typed::merge(self.schema.root(), &pruned, config),
            None => merged,
        }
    }

    fn pruned(&self, merged: &Value, managers: &Managers, last: &Managed) -> Option<Value> {
        let at = self.versions.at(&last.api_version)?.root();
        let merged = self.in_version(merged, &last.api_version)?;
        let owned = typed::with_named_fields(Some(at), &last.fields);
        let mut pruned = typed::remove(at, &merged, &owned);
        for version in versions_of(managers, &last.api_version) {
            pruned = self.add_back_managed(&merged, &pruned, managers, &last.api_version, version)?;
        }
        let full = |object: &Value| typed::with_named_fields(Some(at), &typed::field_set(at, object));
        let gone = full(&merged).difference(&full(&pruned)).intersection(&owned);
        self.in_version(&typed::remove(at, &merged, &gone), self.schema.api_version()).map(Cow::into_owned)
    }

    /// Restores what managers in one version manage; both objects are in the version `written`.
    fn add_back_managed(
        &self,
        merged: &Value,
        pruned: &Value,
        managers: &Managers,
        written: &str,
        version: &str,
    ) -> Option<Value> {
        let Some(schema) = self.versions.at(version) else { return Some(pruned.clone()) };
        let at = schema.root();
        let (merged, pruned) = if version == written {
            (Cow::Borrowed(merged), Cow::Borrowed(pruned))
        } else {
            (
                Cow::Owned(self.versions.convert(merged, version)?),
                Cow::Owned(self.versions.convert(pruned, version)?),
            )
        };
        let full = |set: &FieldSet| typed::with_named_fields(Some(at), set);
        let managed = managers.0.values().filter(|managed| managed.api_version == version);
        let managed = managed.fold(FieldSet::default(), |all, managed| all.union(&managed.fields));
        let keep = full(&typed::field_set(at, &pruned)).union(&full(&managed));
        let restored = typed::remove(at, &merged, &full(&typed::field_set(at, &merged)).difference(&keep));
        if version == written { Some(restored) } else { self.versions.convert(&restored, written) }
    }

    /// Returns an object that may be in another version in this one.
    fn in_version<'v>(&self, object: &'v Value, api_version: &str) -> Option<Cow<'v, Value>> {
        if object.get("apiVersion").and_then(Value::as_str) == Some(api_version) {
            return Some(Cow::Borrowed(object));
        }
        self.versions.convert(object, api_version).map(Cow::Owned)
    }
}

/// Returns the versions that managers name their fields in, beginning with `first`.
fn versions_of<'m>(managers: &'m Managers, first: &'m str) -> Vec<&'m str> {
    let mut versions: Vec<&str> = managers.0.values().map(|managed| managed.api_version.as_str()).collect();
    versions.sort_unstable_by_key(|version| (*version != first, *version));
    versions.dedup();
    versions
}
