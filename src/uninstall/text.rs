//! A plan, and what became of it, as people and programs read it.

use serde::Serialize;

use super::plan::{Item, Noted, Plan};
use crate::cluster::Id;

/// What was done, or would be. The shape of its JSON is a promise.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    /// Whether nothing was done.
    pub(crate) dry_run: bool,
    /// What was deleted.
    pub(crate) deleted: Vec<Object>,
    /// What is wfctl's and stays.
    pub(crate) kept: Vec<Stays>,
    /// What is not wfctl's and stays.
    pub(crate) left: Vec<Stays>,
}

/// An object.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Object {
    kind: &'static str,
    namespace: Option<String>,
    name: String,
}

/// An object that stays.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Stays {
    #[serde(flatten)]
    object: Object,
    /// Why.
    reason: String,
    /// What deletes it.
    command: String,
}

impl Outcome {
    /// Returns what comes of `plan`.
    pub(crate) fn of(plan: &Plan, dry_run: bool) -> Self {
        Self {
            dry_run,
            deleted: plan.delete.iter().map(|item| object(&item.id)).collect(),
            kept: plan.keep.iter().map(stays).collect(),
            left: plan.leave.iter().map(stays).collect(),
        }
    }
}

fn object(id: &Id) -> Object {
    Object {
        kind: id.kind().kind,
        namespace: id.namespace().map(ToOwned::to_owned),
        name: id.name().to_owned(),
    }
}

fn stays(noted: &Noted) -> Stays {
    Stays { object: object(&noted.id), reason: noted.why.clone(), command: noted.command.clone() }
}

/// Shows what would be done at `server`, and what would stay.
pub(crate) fn intentions(plan: &Plan, server: &str) -> String {
    listed(plan, server) + &staying(plan) + &warned(plan)
}

/// Shows what is going to be done at `server`; what stays is told at the end.
pub(crate) fn deletions(plan: &Plan, server: &str) -> String {
    listed(plan, server) + &warned(plan)
}

fn listed(plan: &Plan, server: &str) -> String {
    match plan.delete.as_slice() {
        [] => String::new(),
        items => format!("Deletes from {server}:\n{}", items.iter().map(deleted).collect::<String>()),
    }
}

fn warned(plan: &Plan) -> String {
    plan.warnings.iter().map(|warning| format!("{warning}\n")).collect()
}

/// Shows that there is nothing to do.
pub(crate) fn nothing(plan: &Plan, namespace: &str) -> String {
    format!("Nothing of wfctl is to be deleted for the namespace {namespace}.\n{}", staying(plan))
}

/// Shows what was done.
pub(crate) fn done(plan: &Plan) -> String {
    let deleted = match plan.delete.len() {
        1 => "1 object".to_owned(),
        several => format!("{several} objects"),
    };
    format!("Deleted {deleted}.\n{}", staying(plan))
}

/// Shows what stays, and what would delete it.
pub(crate) fn staying(plan: &Plan) -> String {
    let section = |title: &str, noted: &[Noted]| match noted {
        [] => String::new(),
        noted => format!("{title}\n{}", noted.iter().map(left).collect::<String>()),
    };
    section("Keeps:", &plan.keep) + &section("Leaves, because it is not wfctl's:", &plan.leave)
}

fn deleted(item: &Item) -> String {
    format!("  {}\n", item.id)
}

fn left(noted: &Noted) -> String {
    format!("  {}: {}\n    {}\n", noted.id, noted.why, noted.command)
}
