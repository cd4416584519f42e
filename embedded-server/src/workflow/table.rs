//! The columns of `kubectl get workflows`. What is not there reads `<none>`, as in the tables of Kubernetes.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::Value;

use super::{Workflow, WorkflowPhase};
use crate::meta::duration;
use crate::registry::{Cell, Column};

const NONE: &str = "<none>";

/// The columns after `Name`; those of priority 1 are shown by `-o wide`.
pub(super) const COLUMNS: [Column<Workflow>; 9] = [
    column("Phase", "string", 0, "Where in its life the run is.", |of| or_none(&of.status.phase)),
    column("Schedule", "string", 0, "When the workflow runs, as a cron expression.", |of| {
        or_none(&of.spec.schedule)
    }),
    column("Steps", "integer", 0, "How many steps there are.", |of| Value::from(of.spec.steps.len()).into()),
    column("Age", "date", 0, "How long ago the workflow was created.", |of| {
        since(of.metadata.creation_timestamp.as_ref(), "<unknown>")
    }),
    column("Timeout", "string", 1, "How long a run may take.", |of| or_none(&of.spec.timeout)),
    column("Started", "date", 1, "How long ago the run started.", |of| {
        since(of.status.start_time.as_ref(), NONE)
    }),
    column("Duration", "string", 1, "How long the run took, or has taken so far.", run_duration),
    column("Images", "string", 1, "The images of the steps.", |of| or_none(&images(of))),
    column("Message", "string", 1, "Why the phase is what it is.", |of| or_none(&of.status.message)),
];

const fn column(
    name: &'static str,
    kind: &'static str,
    priority: i32,
    description: &'static str,
    cell: fn(&Workflow) -> Cell,
) -> Column<Workflow> {
    Column { name, kind, format: "", description, priority, cell }
}

fn text(text: &str) -> Cell {
    Value::from(text).into()
}

fn or_none(value: &str) -> Cell {
    text(if value.is_empty() { NONE } else { value })
}

fn since(start: Option<&Time>, otherwise: &str) -> Cell {
    start.map_or_else(|| text(otherwise), |start| start.0.into())
}

/// Returns how long the run took; of one that has ended without saying when, nothing can be told.
fn run_duration(workflow: &Workflow) -> Cell {
    let status = &workflow.status;
    let has_ended = WorkflowPhase::from_name(&status.phase).is_some_and(WorkflowPhase::is_final);
    match (&status.start_time, &status.completion_time) {
        (Some(start), Some(end)) => text(&duration::human(end.0.duration_since(start.0))),
        (Some(start), None) if !has_ended => start.0.into(),
        _ => text(NONE),
    }
}

/// Returns the images in the order of their steps, each once.
fn images(workflow: &Workflow) -> String {
    let mut images: Vec<&str> = Vec::new();
    for step in &workflow.spec.steps {
        if !images.contains(&step.image.as_str()) {
            images.push(&step.image);
        }
    }
    images.join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{Builder, at, workflow};
    use super::*;
    use crate::registry::Cells;

    /// Returns the row without the name, as it reads at a time of day.
    fn row(workflow: &Workflow, now: &str) -> Vec<Value> {
        let mut out = Vec::new();
        let cells = COLUMNS.iter().map(|column| (column.cell)(workflow));
        Cells::new("", cells).write(&mut out, at(now));
        let mut row: Vec<Value> = serde_json::from_slice(&out).unwrap();
        row.split_off(1)
    }

    fn cell(workflow: &Workflow, name: &str, now: &str) -> Value {
        let column = COLUMNS.iter().position(|column| column.name == name).unwrap();
        row(workflow, now).swap_remove(column)
    }

    #[test]
    fn the_narrow_columns_come_first() {
        let names = |priority| {
            let columns = COLUMNS.iter().filter(move |column| column.priority == priority);
            columns.map(|column| column.name).collect::<Vec<_>>()
        };
        assert_eq!(names(0), ["Phase", "Schedule", "Steps", "Age"]);
        assert_eq!(names(1), ["Timeout", "Started", "Duration", "Images", "Message"]);
        assert!(COLUMNS.is_sorted_by_key(|column| column.priority));
    }

    #[test]
    fn a_running_workflow_fills_every_column() {
        let running = workflow("a")
            .with_step("build", "golang:1.21")
            .with_step("lint", "linter")
            .with_step("test", "golang:1.21")
            .with_schedule("@daily")
            .with_timeout("30m")
            .with_phase("Running")
            .with_message("step lint")
            .created_at("10:00:00")
            .started_at("10:30:00");
        let expected =
            json!(["Running", "@daily", 3, "35m", "30m", "5m", "5m", "golang:1.21,linter", "step lint"]);
        assert_eq!(json!(row(&running, "10:35:00")), expected);
    }

    #[test]
    fn what_is_not_there_is_said_to_be_so() {
        let none = "<none>";
        let expected = json!([none, none, 0, "<unknown>", none, none, none, none, none]);
        assert_eq!(json!(row(&workflow("a"), "10:00:00")), expected);
    }

    #[test]
    fn the_duration_stops_when_the_run_does() {
        let started = workflow("a").started_at("10:30:00");
        let of = |workflow: &Workflow| cell(workflow, "Duration", "12:00:00");
        assert_eq!(of(&started), "90m");
        assert_eq!(of(&started.clone().with_phase("Running")), "90m");
        assert_eq!(of(&started.clone().with_phase("Succeeded").completed_at("10:30:42")), "42s");
        assert_eq!(of(&started.with_phase("Failed")), "<none>");
        assert_eq!(of(&workflow("a").with_phase("Failed").completed_at("10:30:42")), "<none>");
    }
}
