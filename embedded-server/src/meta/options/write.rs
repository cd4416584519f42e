//! The options of creates, updates and patches.

use super::{GROUP, Query};
use crate::meta::field::{self, Path};
use crate::meta::{ApiError, validation};

/// What to do about fields of a body that the type does not have, or has twice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    /// Drop them.
    Ignore,
    /// Drop them and warn.
    #[default]
    Warn,
    /// Refuse the request.
    Strict,
}

/// What a create, update or patch asks for besides its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteOptions {
    /// Do everything but write.
    pub dry_run: bool,
    /// Who takes the fields over; empty for the default.
    pub field_manager: String,
    /// What to do about unknown and duplicate fields.
    pub field_validation: FieldValidation,
}

impl WriteOptions {
    /// Reads the options of a write; `kind` is `CreateOptions`, `UpdateOptions` or `PatchOptions`.
    ///
    /// # Errors
    /// 422 for values that are not known.
    pub fn parse(query: &Query, kind: &str) -> Result<Self, ApiError> {
        let mut errors = Vec::new();
        let dry_run = parse_dry_run(query.all("dryRun"), &mut errors);
        let field_validation = parse_field_validation(query.text("fieldValidation"), &mut errors);
        let field_manager = query.text("fieldManager").to_owned();
        errors.extend(validation::field_manager(&field_manager, &Path::new("fieldManager")));
        if errors.is_empty() {
            return Ok(Self { dry_run, field_manager, field_validation });
        }
        Err(ApiError::invalid(GROUP, kind, "", &errors))
    }
}

pub(super) fn parse_dry_run<'v>(values: impl Iterator<Item = &'v str>, errors: &mut field::Errors) -> bool {
    let mut dry_run = false;
    for value in values {
        dry_run = true;
        if value != "All" {
            errors.push(field::Error::not_supported(&Path::new("dryRun"), value, &["All"]));
        }
    }
    dry_run
}

fn parse_field_validation(text: &str, errors: &mut field::Errors) -> FieldValidation {
    match text {
        "Ignore" => FieldValidation::Ignore,
        "" | "Warn" => FieldValidation::Warn,
        "Strict" => FieldValidation::Strict,
        other => {
            let supported = ["", "Ignore", "Strict", "Warn"];
            errors.push(field::Error::not_supported(&Path::new("fieldValidation"), other, &supported));
            FieldValidation::Warn
        }
    }
}
