//! The `Workflow` resource: its type, its rules and its columns. Nothing else in the library says `Workflow`.

mod cron;
mod image;
mod strategy;
mod table;
#[cfg(test)]
pub(crate) mod testing;
mod types;
mod validation;
mod wire;

pub use strategy::WorkflowStrategy;
pub use types::{Workflow, WorkflowPhase, WorkflowSpec, WorkflowStatus, WorkflowStep};
