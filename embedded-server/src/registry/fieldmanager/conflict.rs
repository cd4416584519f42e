//! Fields that somebody else manages, and how the client is told.
//!
//! Source: `apimachinery/pkg/util/managedfields/internal/conflict.go`.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::StatusCause;

use super::managers::Identity;
use super::path::PathElement;
use super::set::FieldSet;
use crate::meta::ApiError;

/// A field that somebody else manages and the client wants to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::registry) struct Conflict {
    manager: Identity,
    path: Vec<PathElement>,
}

impl Conflict {
    /// Returns one conflict per field that another manager holds.
    pub(super) fn all(manager: &Identity, fields: &FieldSet) -> Vec<Self> {
        fields.paths().into_iter().map(|path| Self { manager: manager.clone(), path }).collect()
    }

    /// Tells whether the field is in a set.
    pub(super) fn is_in(&self, set: &FieldSet) -> bool {
        let Some((last, parents)) = self.path.split_last() else { return false };
        let parent =
            parents.iter().try_fold(set, |set, element| set.branch(element).map(|branch| &branch.below));
        parent.and_then(|set| set.branch(last)).is_some_and(|branch| branch.member)
    }

    fn path(&self) -> String {
        self.path.iter().map(ToString::to_string).collect()
    }

    fn cause(&self) -> StatusCause {
        StatusCause {
            reason: Some("FieldManagerConflict".to_owned()),
            message: Some(format!("conflict with {}", self.manager.describe())),
            field: Some(self.path()),
        }
    }
}

/// Words the failure of an apply.
pub(super) fn to_error(conflicts: &[Conflict]) -> ApiError {
    ApiError::apply_conflict(message(conflicts), conflicts.iter().map(Conflict::cause).collect())
}

fn message(conflicts: &[Conflict]) -> String {
    if let [one] = conflicts {
        return format!(
            "Apply failed with 1 conflict: conflict with {}: {}",
            one.manager.describe(),
            one.path()
        );
    }
    let by_manager = conflicts.chunk_by(|a, b| a.manager == b.manager);
    let lines = by_manager.flat_map(|group| {
        let head = format!("conflicts with {}:", group[0].manager.describe());
        std::iter::once(head).chain(group.iter().map(|conflict| format!("- {}", conflict.path())))
    });
    format!("Apply failed with {} conflicts: {}", conflicts.len(), lines.collect::<Vec<_>>().join("\n"))
}
