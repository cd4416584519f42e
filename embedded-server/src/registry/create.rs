//! Create. Source: `apiserver/pkg/registry/rest/create.go`, `apiserver/pkg/endpoints/handlers/create.go`.

use bytes::Bytes;

use super::admit::{Asked, Step};
use super::apply::Writer;
use super::form::Form;
use super::operation::{Body, Context, Outcome};
use super::{Registry, Strategy, check, generate, storage_error};
use crate::cacher::Place;
use crate::codec::{Decoded, Encoded, EventType, Tree};
use crate::meta::field::{Errors, Path};
use crate::meta::{ApiError, Names, ObjectMeta, Resource, Revision, Time, WriteOptions, validation};
use crate::storage::{StorageError, Write};

/// How many names are tried for an object that asked for a generated one.
const NAME_ATTEMPTS: usize = 8;

impl<S: Strategy> Registry<S> {
    pub(super) async fn create(
        &self,
        form: &Form<S::Object>,
        context: &Context,
        place: &Place,
        body: &Body,
        options: &WriteOptions,
    ) -> Result<Outcome, ApiError> {
        let decoded = form.decode(body, options.field_validation)?;
        context.warnings.extend(decoded.warnings);
        let mut object = decoded.object;
        context.warnings.extend(check::dedup_owners(object.metadata_mut(), check::Found::Sent));
        self.prepare_new(&mut object, place)?;
        let writer = self.writer(form, options, None);
        writer.record(None, &mut object, false)?;
        self.mutate_new(context, &mut object, place, &writer, options).await?;
        let generated = is_generated(object.metadata());
        let attempts = if generated { NAME_ATTEMPTS } else { 1 };
        for attempt in 1..=attempts {
            if generated {
                let base = check::text(object.metadata().generate_name.as_ref());
                object.metadata_mut().name = Some(generate::name(base));
            }
            self.admit_new(context, &object, &writer, options).await?;
            if !options.dry_run {
                check::unversioned(object.metadata())?;
            }
            let mut inserted = self.insert(&mut object, generated, options.dry_run).await?;
            if matches!(inserted, Inserted::TooLarge(_)) && check::forget_managers(object.metadata_mut()) {
                inserted = self.insert(&mut object, generated, options.dry_run).await?;
            }
            match inserted {
                Inserted::Done(object) => return Ok(Outcome::Object { code: 201, object }),
                Inserted::Exists(_) if attempt < attempts => {}
                Inserted::Exists(error) | Inserted::TooLarge(error) => return Err(error),
            }
        }
        Err(ApiError::generated_name_taken(Self::RESOURCE, ""))
    }

    /// Makes an object of a configuration that is applied where there is none; none when somebody was faster.
    pub(super) async fn create_applied(
        &self,
        context: &Context,
        place: &Place,
        config: &Tree,
        options: &WriteOptions,
        writer: &Writer<'_, S::Object>,
    ) -> Result<Option<Encoded>, ApiError> {
        match &context.may_create {
            Some(gate) => gate.check().await?,
            None => return Err(ApiError::not_found(Self::RESOURCE, &place.name)),
        }
        let decoded = applied(config, options, writer)?;
        context.warnings.extend(decoded.warnings);
        let mut object = decoded.object;
        let uid = check::text(object.metadata().uid.as_ref());
        if !uid.is_empty() {
            let why = format!(
                "uid mismatch: the provided object specified uid {uid}, and no existing object was found"
            );
            return Err(ApiError::conflict(Self::RESOURCE, &place.name, &why));
        }
        check::namespace(object.metadata(), place)?;
        check::name(object.metadata(), place)?;
        context.warnings.extend(check::dedup_owners(object.metadata_mut(), check::Found::Patched));
        self.prepare_new(&mut object, place)?;
        writer.record(None, &mut object, true)?;
        self.mutate_new(context, &mut object, place, writer, options).await?;
        self.admit_new(context, &object, writer, options).await?;
        match self.insert(&mut object, false, options.dry_run).await? {
            Inserted::Done(object) => Ok(Some(object)),
            Inserted::Exists(_) => Ok(None),
            Inserted::TooLarge(error) => Err(error),
        }
    }

    /// Makes a client's object one that can be stored.
    fn prepare_new(&self, object: &mut S::Object, place: &Place) -> Result<(), ApiError> {
        let metadata = object.metadata_mut();
        check::put_in_namespace(metadata, place)?;
        check::wipe(metadata);
        check::tidy(metadata);
        self.strategy.prepare_for_create(object);
        Ok(())
    }

    /// Lets others change a new object, and only then says which one it is and since when.
    async fn mutate_new(
        &self,
        context: &Context,
        object: &mut S::Object,
        place: &Place,
        writer: &Writer<'_, S::Object>,
        options: &WriteOptions,
    ) -> Result<(), ApiError> {
        let asked = Asked::by(Step::Create { new: object, options }, writer, context);
        if let Some(mutated) = self.mutated(&asked).await? {
            let managers = object.metadata_mut().managed_fields.take();
            *object = mutated;
            object.metadata_mut().managed_fields = managers;
            context.warnings.extend(check::dedup_owners(object.metadata_mut(), check::Found::Patched));
            self.prepare_new(object, place)?;
        }
        let metadata = object.metadata_mut();
        metadata.uid = Some(generate::uid());
        metadata.creation_timestamp = Some(Time(self.clock.now()));
        Ok(())
    }

    async fn admit_new(
        &self,
        context: &Context,
        object: &S::Object,
        writer: &Writer<'_, S::Object>,
        options: &WriteOptions,
    ) -> Result<(), ApiError> {
        let metadata = object.metadata();
        let errors = self.broken_rules(object);
        if !errors.is_empty() {
            let name = check::text(metadata.name.as_ref());
            return Err(ApiError::invalid(Self::RESOURCE.group, Self::RESOURCE.kind, name, &errors));
        }
        context.warnings.extend(self.strategy.warnings(object));
        self.admit(&Asked::by(Step::Create { new: object, options }, writer, context)).await
    }

    /// Returns every rule that a new object breaks. A type that leaves names to the server leaves it all metadata, and
    /// the server looks at it when the type has no more to say.
    fn broken_rules(&self, object: &S::Object) -> Errors {
        let of_type = self.strategy.validate(object);
        if Self::RESOURCE.names == Names::PathSegment && !of_type.is_empty() {
            return of_type;
        }
        let mut errors = validation::object_meta(object.metadata(), Self::RESOURCE, &Path::new("metadata"));
        errors.extend(of_type);
        errors
    }

    async fn insert(
        &self,
        object: &mut S::Object,
        generated: bool,
        dry_run: bool,
    ) -> Result<Inserted, ApiError> {
        let metadata = object.metadata();
        let name = check::text(metadata.name.as_ref()).to_owned();
        let place = Place { namespace: check::text(metadata.namespace.as_ref()).to_owned(), name };
        let stored = Bytes::from(Self::encode(object)?);
        let committed = if dry_run {
            self.pretend_create(&place).await
        } else {
            self.backend.commit(&self.key(&place), Write::Create(stored.clone())).await
        };
        match committed {
            Ok(revision) => {
                let encoded = Encoded::new(EventType::Added, &stored, revision);
                encoded.map(Inserted::Done).map_err(ApiError::internal)
            }
            Err(StorageError::Conflict { current }) => {
                let terminating = current.is_some_and(|current| is_terminating::<S>(&current.value));
                Ok(Inserted::Exists(exists::<S>(&place, generated, terminating)))
            }
            Err(error @ StorageError::TooLarge) => {
                Ok(Inserted::TooLarge(storage_error::<S>(&error, "create")))
            }
            Err(error) => Err(storage_error::<S>(&error, "create")),
        }
    }

    /// Does what a commit does, but for the commit.
    async fn pretend_create(&self, place: &Place) -> Result<Revision, StorageError> {
        match self.backend.get(&self.key(place)).await? {
            Some(current) => Err(StorageError::Conflict { current: Some(current) }),
            None => Ok(Revision::ZERO),
        }
    }
}

/// Returns the object that a configuration alone makes.
fn applied<H: Resource>(
    config: &Tree,
    options: &WriteOptions,
    writer: &Writer<'_, H>,
) -> Result<Decoded<H>, ApiError> {
    let value = writer.apply(None, &config.value)?;
    let tree = Tree { value, duplicates: config.duplicates.clone() };
    let decoded = writer.form().decode_value(tree, options.field_validation);
    decoded.map_err(|problem| ApiError::bad_request(problem.to_string()))
}

/// What came of an attempt to store a new object.
enum Inserted {
    Done(Encoded),
    Exists(ApiError),
    TooLarge(ApiError),
}

fn is_generated(metadata: &ObjectMeta) -> bool {
    check::text(metadata.name.as_ref()).is_empty() && !check::text(metadata.generate_name.as_ref()).is_empty()
}

fn exists<S: Strategy>(place: &Place, generated: bool, terminating: bool) -> ApiError {
    let resource = &S::Object::DESCRIPTOR;
    match (generated, terminating) {
        (true, _) => ApiError::generated_name_taken(resource, &place.name),
        (false, true) => {
            ApiError::already_exists(resource, &place.name).prefixed("object is being deleted: ")
        }
        (false, false) => ApiError::already_exists(resource, &place.name),
    }
}

fn is_terminating<S: Strategy>(stored: &[u8]) -> bool {
    serde_json::from_slice::<S::Object>(stored)
        .is_ok_and(|object| object.metadata().deletion_timestamp.is_some())
}
