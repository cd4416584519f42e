//! Put and patch: one bounded loop that reads, changes, checks and compares before it sets.
//!
//! Source: `apiserver/pkg/registry/rest/update.go`, `apiserver/pkg/registry/generic/registry/store.go`.

use std::sync::Arc;

use bytes::Bytes;
use tokio::time::Instant;

use super::admit::{Asked, Step};
use super::apply::Writer;
use super::form::Form;
use super::operation::{Change, Context, Outcome};
use super::{Current, Registry, Strategy, WRITE_DEADLINE, check, patch, storage_error};
use crate::cacher::Place;
use crate::codec::{Encoded, EventType};
use crate::meta::field::Path;
use crate::meta::{ApiError, Reason, Resource, Subresource, WriteOptions, validation};
use crate::storage::{StorageError, Write};

impl<S: Strategy> Registry<S> {
    pub(super) async fn update(
        &self,
        form: &Form<S::Object>,
        context: &Context,
        place: &Place,
        part: Option<Subresource>,
        change: &Change,
        options: &WriteOptions,
    ) -> Result<Outcome, ApiError> {
        let change = patch::prepare(change, form, options.field_validation)?;
        if let patch::Prepared::Replace(new) = &change {
            check::namespace(new.object.metadata(), place)?;
            check::name(new.object.metadata(), place)?;
        }
        let writer = self.writer(form, options, part);
        let deadline = Instant::now() + WRITE_DEADLINE;
        let mut current = match self.found_or_created(context, place, part, &change, options, &writer).await?
        {
            Found::There(current) => current,
            Found::Created(object) => return Ok(Outcome::Object { code: 201, object }),
        };
        loop {
            let json = current.encoded.json();
            let old = Self::decode(&json)?;
            if let patch::Prepared::Replace(new) = &change {
                check::uid(new.object.metadata(), old.metadata(), Self::RESOURCE)?;
            }
            let changed = change.apply(&json, options.field_validation, &writer)?;
            context.warnings.extend(changed.warnings);
            let mut new = changed.object;
            context.warnings.extend(check::dedup_owners(new.metadata_mut(), change.finds_owners()));
            self.prepare_changed(&mut new, &old, place, part)?;
            writer.record(Some(&json), &mut new, change.configuration().is_some())?;
            let asked = Asked::by(Step::Update { new: &new, old: &old, options }, &writer, context);
            if let Some(mutated) = self.mutated(&asked).await? {
                let managers = new.metadata_mut().managed_fields.take();
                new = mutated;
                new.metadata_mut().managed_fields = managers;
                context.warnings.extend(check::dedup_owners(new.metadata_mut(), check::Found::Patched));
                self.prepare_changed(&mut new, &old, place, part)?;
                writer.keep_times(&json, &mut new)?;
            }
            self.admit_changed(context, &new, &old, &writer, options).await?;
            let mut replaced = self.replace(place, &current, &mut new, options.dry_run).await?;
            let lean = change.configuration().is_none() && matches!(replaced, Replaced::TooLarge(_));
            if lean && check::forget_managers(new.metadata_mut()) {
                replaced = self.replace(place, &current, &mut new, options.dry_run).await?;
            }
            match replaced {
                Replaced::Done(object) => return Ok(Outcome::Object { code: 200, object }),
                Replaced::Lost(fresher) if Instant::now() < deadline => current = fresher,
                Replaced::Lost(_) => return Err(ApiError::deadline_exceeded()),
                Replaced::TooLarge(error) => return Err(error),
            }
        }
    }

    /// Returns who writes, in a version.
    pub(super) fn writer<'a>(
        &self,
        form: &'a Form<S::Object>,
        options: &'a WriteOptions,
        part: Option<Subresource>,
    ) -> Writer<'a, S::Object> {
        Writer::new(form, Arc::clone(&self.forms.read()), options, part, self.clock.now())
    }

    /// Returns the object to change; an apply makes one where there is none.
    async fn found_or_created(
        &self,
        context: &Context,
        place: &Place,
        part: Option<Subresource>,
        change: &patch::Prepared<'_, S::Object>,
        options: &WriteOptions,
        writer: &Writer<'_, S::Object>,
    ) -> Result<Found, ApiError> {
        let missing = match self.current(place, "update").await {
            Err(error) if error.reason() == Reason::NotFound && part.is_none() => error,
            found => return found.map(Found::There),
        };
        let Some(config) = change.configuration() else { return Err(missing) };
        match self.create_applied(context, place, config, options, writer).await? {
            Some(object) => Ok(Found::Created(object)),
            None => self.current(place, "update").await.map(Found::There),
        }
    }

    /// Checks what a changed object claims to be and restores what a change cannot touch.
    fn prepare_changed(
        &self,
        new: &mut S::Object,
        old: &S::Object,
        place: &Place,
        part: Option<Subresource>,
    ) -> Result<(), ApiError> {
        check::put_in_namespace(new.metadata_mut(), place)?;
        check::name(new.metadata(), place)?;
        check::version(new.metadata(), old.metadata(), Self::RESOURCE)?;
        check::preserve(new.metadata_mut(), old.metadata());
        check::tidy(new.metadata_mut());
        self.strategy.prepare_for_update(part, new, old);
        Ok(())
    }

    async fn admit_changed(
        &self,
        context: &Context,
        new: &S::Object,
        old: &S::Object,
        writer: &Writer<'_, S::Object>,
        options: &WriteOptions,
    ) -> Result<(), ApiError> {
        let metadata = new.metadata();
        let path = Path::new("metadata");
        let mut errors = validation::object_meta(metadata, Self::RESOURCE, &path);
        errors.extend(validation::object_meta_update(metadata, old.metadata(), &path));
        errors.extend(self.strategy.validate_update(new, old));
        let name = check::text(metadata.name.as_ref());
        if !errors.is_empty() {
            return Err(ApiError::invalid(Self::RESOURCE.group, Self::RESOURCE.kind, name, &errors));
        }
        context.warnings.extend(self.strategy.update_warnings(new, old));
        self.admit(&Asked::by(Step::Update { new, old, options }, writer, context)).await
    }

    /// Writes `new` over `current`, or nothing when they are equal.
    async fn replace(
        &self,
        place: &Place,
        current: &Current,
        new: &mut S::Object,
        dry_run: bool,
    ) -> Result<Replaced, ApiError> {
        let metadata = new.metadata();
        let ends = metadata.deletion_timestamp.is_some() && metadata.finalizers.is_none();
        let stored = Bytes::from(Self::encode(new)?);
        let framed = |at| Encoded::new(EventType::Modified, &stored, at).map_err(ApiError::internal);
        let unwritten = framed(current.revision)?;
        if dry_run || unwritten.json() == current.encoded.json() {
            return Ok(Replaced::Done(unwritten));
        }
        let expect = current.revision;
        let write =
            if ends { Write::Delete { expect } } else { Write::Update { expect, value: stored.clone() } };
        match self.backend.commit(&self.key(place), write).await {
            Ok(_) if ends => Ok(Replaced::Done(unwritten)),
            Ok(revision) => Ok(Replaced::Done(framed(revision)?)),
            Err(StorageError::Conflict { current: None }) if ends => Ok(Replaced::Done(unwritten)),
            Err(StorageError::Conflict { current }) => {
                Current::after_conflict::<S>(current, place).map(Replaced::Lost)
            }
            Err(error @ StorageError::TooLarge) => {
                Ok(Replaced::TooLarge(storage_error::<S>(&error, "update")))
            }
            Err(error) => Err(storage_error::<S>(&error, "update")),
        }
    }
}

/// Where a change begins.
enum Found {
    There(Current),
    Created(Encoded),
}

/// What came of an attempt to write.
enum Replaced {
    Done(Encoded),
    /// Somebody else wrote first; this is what he wrote.
    Lost(Current),
    TooLarge(ApiError),
}
