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
    /// Whether an apply takes over fields that others manage.
    pub force: bool,
}

impl WriteOptions {
    /// Reads the options of a write; `kind` is `CreateOptions` or `UpdateOptions`.
    ///
    /// # Errors
    /// 422 for values that are not known.
    pub fn parse(query: &Query, kind: &str) -> Result<Self, ApiError> {
        Self::parse_checked(query, kind, Vec::new())
    }

    /// Reads the options of a patch; `apply` says whether it is a server-side apply.
    ///
    /// # Errors
    /// 422 for values that are not known, `force` without an apply, and an apply without a field manager.
    pub fn parse_patch(query: &Query, apply: bool) -> Result<Self, ApiError> {
        let mut errors = Vec::new();
        if apply && query.text("fieldManager").is_empty() {
            errors.push(field::Error::required(&Path::new("fieldManager"), "is required for apply patch"));
        }
        if !apply && query.get("force").is_some() {
            let why = "may not be specified for non-apply patch";
            errors.push(field::Error::forbidden(&Path::new("force"), why));
        }
        Self::parse_checked(query, "PatchOptions", errors)
    }

    fn parse_checked(query: &Query, kind: &str, mut errors: field::Errors) -> Result<Self, ApiError> {
        let field_manager = query.text("fieldManager").to_owned();
        errors.extend(validation::field_manager(&field_manager, &Path::new("fieldManager")));
        let dry_run = parse_dry_run(&query.all("dryRun").collect::<Vec<_>>(), &mut errors);
        let field_validation = parse_field_validation(query.text("fieldValidation"), &mut errors);
        if errors.is_empty() {
            let force = query.flag("force");
            return Ok(Self { dry_run, field_manager, field_validation, force });
        }
        Err(ApiError::invalid(GROUP, kind, "", &errors))
    }

    /// Names the program that writes where nobody is named: its user agent up to the first `/`.
    #[must_use]
    pub fn by_agent(mut self, user_agent: &str) -> Self {
        if self.field_manager.is_empty() {
            self.field_manager = validation::manager_of_agent(user_agent);
        }
        self
    }
}

/// Reads `dryRun`, a list of stages of which there is one; a fault names the whole list.
pub(super) fn parse_dry_run<T: AsRef<str>>(stages: &[T], errors: &mut field::Errors) -> bool {
    let stages: Vec<&str> = stages.iter().map(AsRef::as_ref).collect();
    if stages.iter().any(|stage| *stage != "All") {
        errors.push(field::Error::not_supported(&Path::new("dryRun"), stages.as_slice(), &["All"]));
    }
    !stages.is_empty()
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
