//! What others have to say about a write: guards and mutating admission before it is validated, validating admission after.
//!
//! Source of the order: `apiserver/pkg/endpoints/handlers/{create,update,patch}.go`.

use super::apply::Writer;
use super::operation::Context;
use super::{Registry, Strategy, check};
use crate::admission::{Mutate, Operation, Review};
use crate::codec::Tree;
use crate::meta::{ApiError, Descriptor, FieldValidation, ObjectMeta, Resource, WriteOptions};

/// Returns what admission is shown of a write.
pub(super) fn review<'a>(
    operation: Operation,
    resource: &'a Descriptor,
    metadata: &'a ObjectMeta,
    context: &'a Context,
    options: &WriteOptions,
) -> Review<'a> {
    Review {
        operation,
        resource,
        namespace: check::text(metadata.namespace.as_ref()),
        name: name(metadata),
        user: &context.user,
        dry_run: options.dry_run,
    }
}

/// Returns the name of an object, or how it is to begin.
fn name(metadata: &ObjectMeta) -> &str {
    match check::text(metadata.name.as_ref()) {
        "" => check::text(metadata.generate_name.as_ref()),
        name => name,
    }
}

impl<S: Strategy> Registry<S> {
    /// Returns what mutating admission makes of an object, not yet prepared to be stored; none when there is nobody
    /// who would change it.
    pub(super) async fn mutated(
        &self,
        operation: Operation,
        context: &Context,
        object: &S::Object,
        writer: &Writer<'_, S::Object>,
        options: &WriteOptions,
    ) -> Result<Option<S::Object>, ApiError> {
        let form = writer.form();
        let review = review(operation, form.descriptor(), object.metadata(), context, options);
        self.admission.guard(review).await?;
        if !self.admission.mutates() {
            return Ok(None);
        }
        let mut value = form.to_value(object)?;
        self.admission.mutate(review, &mut value).await?;
        let tree = Tree { value, duplicates: Vec::new() };
        let mut mutated =
            form.decode_value(tree, FieldValidation::Ignore).map_err(ApiError::internal)?.object;
        mutated.metadata_mut().managed_fields.clone_from(&object.metadata().managed_fields);
        Ok(Some(mutated))
    }
}
