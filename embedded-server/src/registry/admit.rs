//! What others have to say about a write: guards and mutating admission before it is validated, validating admission after.
//!
//! Source of the order: `apiserver/pkg/endpoints/handlers/{create,update,patch}.go`.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::apply::Writer;
use super::form::{Form, Forms};
use super::operation::Context;
use super::{Registry, Strategy, check};
use crate::admission::{Mutate, Objects, Operation, Review, Validate};
use crate::codec::Tree;
use crate::meta::{
    ApiError, DeleteOptions, Descriptor, FieldValidation, ObjectMeta, Propagation, Resource, Subresource,
    WriteOptions,
};

/// A write, as those see it who have a say in it.
#[derive(Debug)]
pub(super) struct Asked<'a, H> {
    pub(super) step: Step<'a, H>,
    pub(super) form: &'a Form<H>,
    pub(super) forms: Arc<Forms<H>>,
    pub(super) part: Option<Subresource>,
    pub(super) context: &'a Context,
}

/// What is done to an object.
#[derive(Debug)]
pub(super) enum Step<'a, H> {
    Create { new: &'a H, options: &'a WriteOptions },
    Update { new: &'a H, old: &'a H, options: &'a WriteOptions },
    Delete { old: &'a H, options: &'a DeleteOptions },
}

impl<'a, H: Resource> Asked<'a, H> {
    /// Returns the write of a writer.
    pub(super) fn by(step: Step<'a, H>, writer: &Writer<'a, H>, context: &'a Context) -> Self {
        let (form, forms) = (writer.form(), Arc::clone(writer.forms()));
        Self { step, form, forms, part: writer.part(), context }
    }

    /// Returns what admission is shown.
    fn review(&self) -> Review<'_> {
        let (operation, metadata, dry_run) = match &self.step {
            Step::Create { new, options } => (Operation::Create, new.metadata(), options.dry_run),
            Step::Update { new, options, .. } => (Operation::Update, new.metadata(), options.dry_run),
            Step::Delete { old, options } => (Operation::Delete, old.metadata(), options.dry_run),
        };
        Review {
            operation,
            resource: self.form.descriptor(),
            subresource: self.part,
            namespace: check::text(metadata.namespace.as_ref()),
            name: name(metadata),
            user: &self.context.user,
            dry_run,
            objects: self,
            warnings: &self.context.warnings,
            annotations: &self.context.annotations,
        }
    }

    fn form_in(&self, version: &Descriptor) -> Result<&Form<H>, ApiError> {
        let form = self.forms.find(&version.api_version());
        form.ok_or_else(|| ApiError::internal(format!("{} is not served", version.api_version())))
    }
}

/// Returns the name of an object, or how it is to begin.
fn name(metadata: &ObjectMeta) -> &str {
    match check::text(metadata.name.as_ref()) {
        "" => check::text(metadata.generate_name.as_ref()),
        name => name,
    }
}

impl<H: Resource> Objects for Asked<'_, H> {
    fn object(&self) -> Result<Option<Value>, ApiError> {
        match self.step {
            Step::Create { new, .. } | Step::Update { new, .. } => self.form.to_value(new).map(Some),
            Step::Delete { .. } => Ok(None),
        }
    }

    fn old_object(&self) -> Result<Option<Value>, ApiError> {
        match self.step {
            Step::Update { old, .. } | Step::Delete { old, .. } => self.form.to_value(old).map(Some),
            Step::Create { .. } => Ok(None),
        }
    }

    fn options(&self) -> Value {
        match &self.step {
            Step::Create { options, .. } => write_options("CreateOptions", options),
            Step::Update { options, .. } => write_options("UpdateOptions", options),
            Step::Delete { options, .. } => delete_options(options),
        }
    }

    fn versions(&self) -> Vec<&'static Descriptor> {
        self.forms.descriptors()
    }

    fn read(&self, object: Value, from: &Descriptor, to: &Descriptor) -> Result<Value, ApiError> {
        let tree = Tree { value: object, duplicates: Vec::new() };
        let decoded = self.form_in(from)?.decode_value(tree, FieldValidation::Ignore);
        self.form_in(to)?.to_value(&decoded.map_err(ApiError::internal)?.object)
    }
}

fn options(kind: &str, dry_run: bool) -> Map<String, Value> {
    let mut options = Map::new();
    options.insert("kind".to_owned(), kind.into());
    options.insert("apiVersion".to_owned(), "meta.k8s.io/v1".into());
    if dry_run {
        options.insert("dryRun".to_owned(), json!(["All"]));
    }
    options
}

fn write_options(kind: &str, asked: &WriteOptions) -> Value {
    let mut options = options(kind, asked.dry_run);
    if !asked.field_manager.is_empty() {
        options.insert("fieldManager".to_owned(), asked.field_manager.as_str().into());
    }
    let validation = match asked.field_validation {
        FieldValidation::Ignore => Some("Ignore"),
        FieldValidation::Warn => None,
        FieldValidation::Strict => Some("Strict"),
    };
    options.extend(validation.map(|validation| ("fieldValidation".to_owned(), validation.into())));
    options.into()
}

fn delete_options(asked: &DeleteOptions) -> Value {
    let mut options = options("DeleteOptions", asked.dry_run);
    let propagation = match asked.propagation.filter(|_| asked.orphan_dependents.is_none()) {
        None => None,
        Some(Propagation::Orphan) => Some("Orphan"),
        Some(Propagation::Background) => Some("Background"),
        Some(Propagation::Foreground) => Some("Foreground"),
    };
    options.extend(propagation.map(|policy| ("propagationPolicy".to_owned(), policy.into())));
    options.extend(asked.orphan_dependents.map(|orphan| ("orphanDependents".to_owned(), orphan.into())));
    let (uid, version) = (&asked.uid, &asked.resource_version);
    let mut preconditions = Map::new();
    preconditions.extend(uid.as_ref().map(|uid| ("uid".to_owned(), uid.as_str().into())));
    preconditions.extend(version.as_ref().map(|at| ("resourceVersion".to_owned(), at.as_str().into())));
    if !preconditions.is_empty() {
        options.insert("preconditions".to_owned(), preconditions.into());
    }
    options.into()
}

impl<S: Strategy> Registry<S> {
    /// Returns what mutating admission makes of an object, not yet prepared to be stored; none when there is nobody
    /// who would change it.
    pub(super) async fn mutated(&self, asked: &Asked<'_, S::Object>) -> Result<Option<S::Object>, ApiError> {
        let review = asked.review();
        self.admission.guard(review).await?;
        if self.admission.is_idle() {
            return Ok(None);
        }
        let Some(mut value) = asked.object()? else { return Ok(None) };
        self.admission.mutate(review, Some(&mut value)).await?;
        let tree = Tree { value, duplicates: Vec::new() };
        let decoded = asked.form.decode_value(tree, FieldValidation::Ignore);
        Ok(Some(decoded.map_err(ApiError::internal)?.object))
    }

    /// Asks everybody who may object to a deletion.
    pub(super) async fn admit_deletion(&self, asked: &Asked<'_, S::Object>) -> Result<(), ApiError> {
        let review = asked.review();
        if !self.admission.is_idle() {
            self.admission.mutate(review, None).await?;
        }
        self.admission.validate(review).await
    }

    /// Asks everybody who may object to what is to be stored.
    pub(super) async fn admit(&self, asked: &Asked<'_, S::Object>) -> Result<(), ApiError> {
        self.admission.validate(asked.review()).await
    }
}
