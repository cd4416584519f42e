//! Server-side apply and the record of who manages which field, at the border between typed objects and the
//! field manager's JSON.
//!
//! Source: `apiserver/pkg/endpoints/handlers/patch.go`, `apiserver/pkg/endpoints/handlers/fieldmanager`.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::fieldmanager::{self, Manager};
use super::form::{Form, Forms};
use super::operation::Body;
use crate::codec::{BodyFormat, Tree, parse_tree};
use crate::meta::{ApiError, FieldValidation, Resource, Subresource, WriteOptions};

/// Who writes an object, in which version, and what his fields mean.
#[derive(Debug)]
pub(super) struct Writer<'a, H> {
    form: &'a Form<H>,
    forms: Arc<Forms<H>>,
    name: &'a str,
    force: bool,
    part: Option<Subresource>,
    now: Timestamp,
}

/// Reads the configuration of an apply. It may be YAML; JSON, which is YAML too, is read as what it is.
pub(super) fn read(body: &Body, validation: FieldValidation) -> Result<Tree, ApiError> {
    let tree = match parse_tree(&body.bytes, BodyFormat::Json) {
        Ok(tree) => tree,
        Err(_) => parse_tree(&body.bytes, BodyFormat::Yaml)
            .map_err(|why| ApiError::bad_request(format!("error decoding YAML: {why}")))?,
    };
    if !tree.duplicates.is_empty() && validation == FieldValidation::Strict {
        let twice: Vec<_> =
            tree.duplicates.iter().map(|path| format!("duplicate field \"{path}\"")).collect();
        return Err(ApiError::bad_request(format!("error strict decoding YAML: {}", twice.join(", "))));
    }
    Ok(tree)
}

impl<'a, H: Resource> Writer<'a, H> {
    pub(super) fn new(
        form: &'a Form<H>,
        forms: Arc<Forms<H>>,
        options: &'a WriteOptions,
        part: Option<Subresource>,
        now: Timestamp,
    ) -> Self {
        Self { form, forms, name: &options.field_manager, force: options.force, part, now }
    }

    /// Returns the version in which the writer sees objects.
    pub(super) fn form(&self) -> &'a Form<H> {
        self.form
    }

    /// Returns all versions of the type.
    pub(super) fn forms(&self) -> &Arc<Forms<H>> {
        &self.forms
    }

    /// Returns the part of the object that is written; none for the whole.
    pub(super) fn part(&self) -> Option<Subresource> {
        self.part
    }

    /// Returns the version that an object says it is in; none when it is not served.
    pub(super) fn form_of(&self, object: &Value) -> Option<&Form<H>> {
        match object.get("apiVersion").and_then(Value::as_str).unwrap_or_default() {
            "" => Some(self.form),
            api_version => self.forms.find(api_version),
        }
    }

    fn manager(&self) -> Manager<'_> {
        Manager {
            name: self.name,
            subresource: self.part.map_or("", Subresource::as_str),
            api_version: self.form.api_version(),
            force: self.force,
            now: self.now,
        }
    }

    /// Returns what an object becomes, or a new one, when the writer applies a configuration to it.
    pub(super) fn apply(&self, live: Option<&Value>, config: &Value) -> Result<Value, ApiError> {
        fieldmanager::apply(live, config, &self.manager(), &*self.forms).map_err(ApiError::from)
    }

    /// Sets the times of managers back if an object comes out otherwise as it was, whatever was done to it since its
    /// managers were recorded.
    pub(super) fn keep_times(&self, live: &[u8], new: &mut H) -> Result<(), ApiError> {
        self.record(Some(live), new, true)
    }

    /// Records in an object that is otherwise as it is to be stored who manages which field of it. `live` is what
    /// it was before; an apply has made its record already.
    pub(super) fn record(&self, live: Option<&[u8]>, new: &mut H, applied: bool) -> Result<(), ApiError> {
        let live = live.map(|live| self.form.to_value_of_stored(live)).transpose()?;
        let mut value = self.form.to_value(new)?;
        match &live {
            live if !applied => {
                fieldmanager::track_update(live.as_ref(), &mut value, &self.manager(), &*self.forms);
            }
            Some(live) => fieldmanager::keep_times(live, &mut value),
            None => {}
        }
        let entries = value.get_mut("metadata").and_then(|metadata| metadata.get_mut("managedFields"));
        let entries =
            entries.map(Value::take).filter(|entries| entries.as_array().is_some_and(|e| !e.is_empty()));
        let entries = entries.map(serde_json::from_value).transpose().map_err(ApiError::internal)?;
        new.metadata_mut().managed_fields = entries;
        Ok(())
    }
}
