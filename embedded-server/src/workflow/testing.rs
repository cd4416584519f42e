//! Workflows for tests, built in the words of the test.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};

use super::{Workflow, WorkflowStep};

/// Returns a workflow of this name in the namespace `default`, without steps.
pub(crate) fn workflow(name: &str) -> Workflow {
    let metadata = ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some("default".to_owned()),
        ..ObjectMeta::default()
    };
    Workflow { metadata, ..Workflow::default() }
}

/// Adds to a workflow, one word of a test at a time.
pub(crate) trait Builder {
    fn with_step(self, name: &str, image: &str) -> Self;
    fn with_env(self, name: &str, value: &str) -> Self;
    fn with_schedule(self, schedule: &str) -> Self;
    fn with_timeout(self, timeout: &str) -> Self;
    fn with_phase(self, phase: &str) -> Self;
    fn with_message(self, message: &str) -> Self;
    fn with_generation(self, generation: i64) -> Self;
    fn created_at(self, time: &str) -> Self;
    fn started_at(self, time: &str) -> Self;
    fn completed_at(self, time: &str) -> Self;
}

impl Builder for Workflow {
    fn with_step(mut self, name: &str, image: &str) -> Self {
        let step = WorkflowStep { name: name.to_owned(), image: image.to_owned(), ..WorkflowStep::default() };
        self.spec.steps.push(step);
        self
    }

    fn with_env(mut self, name: &str, value: &str) -> Self {
        let step = self.spec.steps.last_mut().expect("a step to add to");
        step.env.insert(name.to_owned(), value.to_owned());
        self
    }

    fn with_schedule(mut self, schedule: &str) -> Self {
        self.spec.schedule = schedule.to_owned();
        self
    }

    fn with_timeout(mut self, timeout: &str) -> Self {
        self.spec.timeout = timeout.to_owned();
        self
    }

    fn with_phase(mut self, phase: &str) -> Self {
        self.status.phase = phase.to_owned();
        self
    }

    fn with_message(mut self, message: &str) -> Self {
        self.status.message = message.to_owned();
        self
    }

    fn with_generation(mut self, generation: i64) -> Self {
        self.metadata.generation = Some(generation);
        self
    }

    fn created_at(mut self, time: &str) -> Self {
        self.metadata.creation_timestamp = Some(Time(at(time)));
        self
    }

    fn started_at(mut self, time: &str) -> Self {
        self.status.start_time = Some(Time(at(time)));
        self
    }

    fn completed_at(mut self, time: &str) -> Self {
        self.status.completion_time = Some(Time(at(time)));
        self
    }
}

/// Returns a moment on 15 January 2024, UTC, from its `hh:mm:ss`.
pub(crate) fn at(time: &str) -> Timestamp {
    format!("2024-01-15T{time}Z").parse().expect("a time")
}
