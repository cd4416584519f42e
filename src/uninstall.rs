//! What an uninstallation deletes, keeps and leaves: `(Found, purge) -> Plan`, pure. Talks to nobody.
//!
//! # The order
//!
//! An APIService whose server is gone holds up the deletion of every namespace in its cluster. So it goes first, and
//! before anything that the server needs; its own rights go once no server runs that could miss them.

mod found;
mod plan;
#[cfg(test)]
mod tests;
pub(crate) mod text;

pub(crate) use self::found::{Found, is_ours};
#[cfg(test)]
pub(crate) use self::plan::Blocked;
pub(crate) use self::plan::{Item, Noted, Plan, Stage, plan};

/// What objects of wfctl are labelled with.
pub(crate) const LABELS: &str = "app.kubernetes.io/managed-by=wfctl,app.kubernetes.io/part-of=workflow";
