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
        let policy = options.propagation_policy.as_deref();
        if let (Some(policy), Some(_)) = (policy, options.orphan_dependents) {
            let detail = "orphanDependents and deletionPropagation cannot be both set";
            errors.push(field::Error::invalid(&Path::new("propagationPolicy"), policy, detail));
        }
        let propagation = parse_propagation(policy, &mut errors);
        let dry_run = parse_dry_run(&options.dry_run.unwrap_or_default(), &mut errors);
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
            let supported = ["Foreground", "Background", "Orphan", "nil"];
            errors.push(field::Error::not_supported(&Path::new("propagationPolicy"), other, &supported));
            None
        }
    }
}
