//! Delete and deletecollection. Source: `apiserver/pkg/registry/generic/registry/store.go`,
//! `apiserver/pkg/registry/rest/delete.go`.

use std::sync::Arc;

use bytes::Bytes;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::StatusDetails;
use tokio::time::Instant;

use super::admit::{Asked, Step};
use super::form::Form;
use super::operation::{Context, ListOutcome, Outcome};
use super::{Current, Registry, Strategy, WRITE_DEADLINE, check, storage_error};
use crate::cacher::Place;
use crate::codec::{Encoded, EventType};
use crate::meta::{
    ApiError, DeleteOptions, ListOptions, ObjectMeta, Propagation, Reason, Resource, Status, Time,
};
use crate::storage::{StorageError, Write};

const ORPHAN: &str = "orphan";
const FOREGROUND: &str = "foregroundDeletion";

impl<S: Strategy> Registry<S> {
    pub(super) async fn delete(
        &self,
        form: &Form<S::Object>,
        context: &Context,
        place: &Place,
        options: &DeleteOptions,
    ) -> Result<Outcome, ApiError> {
        let deadline = Instant::now() + WRITE_DEADLINE;
        let mut current = self.current(place, "delete").await?;
        let mut object = Self::decode(&current.encoded.json())?;
        check_preconditions::<S>(object.metadata(), options)?;
        loop {
            let step = Step::Delete { old: &object, options };
            let forms = Arc::clone(&self.forms.read());
            self.admit_deletion(&Asked { step, form, forms, part: None, context }).await?;
            current = match self.remove(place, &current, object, options).await? {
                Removed::Done(outcome) => return Ok(outcome),
                Removed::Lost(fresher) if Instant::now() < deadline => fresher,
                Removed::Lost(_) => return Err(ApiError::deadline_exceeded()),
            };
            object = Self::decode(&current.encoded.json())?;
            check_stored_preconditions::<S>(object.metadata(), options)?;
        }
    }

    /// Deletes the object, or marks it as deleted while finalizers keep it.
    async fn remove(
        &self,
        place: &Place,
        current: &Current,
        mut object: S::Object,
        options: &DeleteOptions,
    ) -> Result<Removed, ApiError> {
        let uid = object.metadata().uid.clone();
        let changed = self.mark(object.metadata_mut(), options);
        let expect = current.revision;
        if object.metadata().finalizers.is_none() {
            let success = Outcome::Status(Box::new(success::<S>(place, uid)));
            return self.commit_removal(place, Write::Delete { expect }, options, success).await;
        }
        let code = if options.orphan_dependents == Some(false) { 202 } else { 200 };
        if !changed {
            return Ok(Removed::Done(Outcome::Object { code, object: current.encoded.clone() }));
        }
        let stored = Bytes::from(Self::encode(&mut object)?);
        if options.dry_run {
            let object = framed(&stored, current)?;
            return Ok(Removed::Done(Outcome::Object { code, object }));
        }
        match self.backend.commit(&self.key(place), Write::Update { expect, value: stored.clone() }).await {
            Ok(revision) => {
                let object = Encoded::new(EventType::Modified, &stored, revision);
                let object = object.map_err(ApiError::internal)?;
                Ok(Removed::Done(Outcome::Object { code, object }))
            }
            Err(error) => lost::<S>(error, place),
        }
    }

    async fn commit_removal(
        &self,
        place: &Place,
        write: Write,
        options: &DeleteOptions,
        success: Outcome,
    ) -> Result<Removed, ApiError> {
        if options.dry_run {
            return Ok(Removed::Done(success));
        }
        match self.backend.commit(&self.key(place), write).await {
            Ok(_) => Ok(Removed::Done(success)),
            Err(error) => lost::<S>(error, place),
        }
    }

    /// Notes in the metadata that the object is to be deleted, and tells whether that is news.
    fn mark(&self, metadata: &mut ObjectMeta, options: &DeleteOptions) -> bool {
        let finalizers = finalizers(metadata, options.propagation);
        let news = finalizers != metadata.finalizers || metadata.deletion_timestamp.is_none();
        metadata.finalizers = finalizers;
        if metadata.deletion_timestamp.is_none() {
            metadata.deletion_timestamp = Some(Time(self.clock.now()));
            metadata.deletion_grace_period_seconds = Some(0);
            metadata.generation = metadata.generation.map(|generation| match generation {
                0 => 0,
                counted => counted + 1,
            });
        }
        news
    }

    pub(super) async fn delete_collection(
        &self,
        form: &Form<S::Object>,
        context: &Context,
        place: Place,
        list: ListOptions,
        options: &DeleteOptions,
    ) -> Result<Outcome, ApiError> {
        let outcome = self.list(place, list).await?;
        let Outcome::List(ListOutcome { items, .. }) = &outcome else { return Ok(outcome) };
        for item in items {
            let place = place_of(item.key());
            match self.delete(form, context, &place, options).await {
                Ok(_) => {}
                Err(error) if error.reason() == Reason::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Ok(outcome)
    }
}

/// What came of an attempt to delete.
enum Removed {
    Done(Outcome),
    /// Somebody else wrote first; this is what he wrote.
    Lost(Current),
}

fn lost<S: Strategy>(error: StorageError, place: &Place) -> Result<Removed, ApiError> {
    match error {
        StorageError::Conflict { current } => Current::after_conflict::<S>(current, place).map(Removed::Lost),
        error => Err(storage_error::<S>(&error, "delete")),
    }
}

fn framed(stored: &[u8], current: &Current) -> Result<Encoded, ApiError> {
    Encoded::new(EventType::Modified, stored, current.revision).map_err(ApiError::internal)
}

fn place_of(key: &str) -> Place {
    let (namespace, name) = key.rsplit_once('/').unwrap_or(("", key));
    Place { namespace: namespace.to_owned(), name: name.to_owned() }
}

fn check_preconditions<S: Strategy>(metadata: &ObjectMeta, options: &DeleteOptions) -> Result<(), ApiError> {
    let name = check::text(metadata.name.as_ref());
    let resource = &S::Object::DESCRIPTOR;
    let stored = check::text(metadata.uid.as_ref());
    if let Some(uid) = options.uid.as_deref().filter(|uid| *uid != stored) {
        let why = format!(
            "the UID in the precondition ({uid}) does not match the UID in record ({stored}). The object might \
             have been deleted and then recreated"
        );
        return Err(ApiError::precondition_failed(resource, name, &why));
    }
    let stored = check::text(metadata.resource_version.as_ref());
    if let Some(version) = options.resource_version.as_deref().filter(|version| *version != stored) {
        let why = format!(
            "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record \
             ({stored}). The object might have been modified"
        );
        return Err(ApiError::precondition_failed(resource, name, &why));
    }
    Ok(())
}

/// Checks preconditions as the store does at the commit; they fail here only when somebody else wrote since they were
/// first checked.
fn check_stored_preconditions<S: Strategy>(
    stored: &ObjectMeta,
    options: &DeleteOptions,
) -> Result<(), ApiError> {
    let broken = |wanted: &Option<String>, what: &str, there: Option<&String>| {
        let there = check::text(there);
        let wanted = wanted.as_deref().filter(|wanted| *wanted != there)?;
        let why = format!("{what} in precondition: {wanted}, {what} in object meta: {there}");
        Some(check::precondition(&S::Object::DESCRIPTOR, stored, &why))
    };
    let uid = broken(&options.uid, "UID", stored.uid.as_ref());
    let version = || broken(&options.resource_version, "ResourceVersion", stored.resource_version.as_ref());
    uid.or_else(version).map_or(Ok(()), Err)
}

/// Returns the finalizers that the garbage collector's part in a deletion asks for.
fn finalizers(metadata: &ObjectMeta, propagation: Option<Propagation>) -> Option<Vec<String>> {
    let mut finalizers = metadata.finalizers.clone().unwrap_or_default();
    let wanted = match propagation {
        None => return metadata.finalizers.clone(),
        Some(Propagation::Orphan) => Some(ORPHAN),
        Some(Propagation::Foreground) => Some(FOREGROUND),
        Some(Propagation::Background) => None,
    };
    finalizers.retain(|f| Some(f.as_str()) == wanted || !matches!(f.as_str(), ORPHAN | FOREGROUND));
    if let Some(wanted) = wanted.filter(|wanted| !finalizers.iter().any(|f| f == wanted)) {
        finalizers.push(wanted.to_owned());
    }
    (!finalizers.is_empty()).then_some(finalizers)
}

fn success<S: Strategy>(place: &Place, uid: Option<String>) -> Status {
    let resource = &S::Object::DESCRIPTOR;
    Status {
        status: Some("Success".to_owned()),
        details: Some(StatusDetails {
            name: Some(place.name.clone()),
            group: Some(resource.group.to_owned()),
            kind: Some(resource.plural.to_owned()),
            uid,
            ..StatusDetails::default()
        }),
        ..Status::default()
    }
}
