//! The options of deletes, from a query or from a body.

use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;

use super::write::parse_dry_run;
use super::{GROUP, Query};
use crate::meta::ApiError;
use crate::meta::field::{self, Path};

/// What happens to the objects that the deleted one owns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// They are left without an owner.
    Orphan,
    /// They are deleted afterwards.
    Background,
    /// They are deleted first.
    Foreground,
}

/// What a delete asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Do everything but delete.
    pub dry_run: bool,
    /// What happens to dependents; none for the default.
    pub propagation: Option<Propagation>,
    /// Whether the deprecated `orphanDependents=false` asked for the answer 202.
    pub orphan_dependents: Option<bool>,
    /// The uid the object must have.
    pub uid: Option<String>,
    /// The resource version the object must have.
    pub resource_version: Option<String>,
}

impl DeleteOptions {
    /// Reads the options from the query, for requests without a body.
    ///
    /// # Errors
    /// 422 for values that are not known or do not go together.
    pub fn parse(query: &Query) -> Result<Self, ApiError> {
        let options = meta::DeleteOptions {
            dry_run: Some(query.all("dryRun").map(str::to_owned).collect()),
            grace_period_seconds: query.number("gracePeriodSeconds")?,
            orphan_dependents: query.optional_flag("orphanDependents"),
            propagation_policy: query.get("propagationPolicy").map(str::to_owned),
            ..meta::DeleteOptions::default()
        };
        Self::check(options)
    }

    /// Takes the options over from a body.
    ///
    /// # Errors
    /// 422 for values that are not known or do not go together.
    pub fn check(options: meta::DeleteOptions) -> Result<Self, ApiError> {
        let mut errors = Vec::new();
        let dry_run = options.dry_run.unwrap_or_default();
        let dry_run = parse_dry_run(dry_run.iter().map(String::as_str), &mut errors);
        let propagation = parse_propagation(options.propagation_policy.as_deref(), &mut errors);
        if options.orphan_dependents.is_some() && options.propagation_policy.is_some() {
            let detail = "orphanDependents and deletionPropagation cannot be both set";
            errors.push(field::Error::invalid(
                &Path::new("propagationPolicy"),
                options.propagation_policy.unwrap_or_default(),
                detail,
            ));
        }
        if !errors.is_empty() {
            return Err(ApiError::invalid(GROUP, "DeleteOptions", "", &errors));
        }
        let preconditions = options.preconditions.unwrap_or_default();
        Ok(Self {
            dry_run,
            propagation: propagation.or(match options.orphan_dependents {
                Some(true) => Some(Propagation::Orphan),
                Some(false) => Some(Propagation::Background),
                None => None,
            }),
            orphan_dependents: options.orphan_dependents,
            uid: preconditions.uid,
            resource_version: preconditions.resource_version,
        })
    }
}

fn parse_propagation(text: Option<&str>, errors: &mut field::Errors) -> Option<Propagation> {
    match text {
        None => None,
        Some("Orphan") => Some(Propagation::Orphan),
        Some("Background") => Some(Propagation::Background),
        Some("Foreground") => Some(Propagation::Foreground),
        Some(other) => {
            let supported = ["Background", "Foreground", "Orphan"];
            errors.push(field::Error::not_supported(&Path::new("propagationPolicy"), other, &supported));
            None
        }
    }
}
