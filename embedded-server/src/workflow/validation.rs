//! What a Workflow has to keep to, beyond what its metadata has to.

use std::collections::BTreeSet;

use super::{Workflow, WorkflowPhase, WorkflowSpec, WorkflowStatus, WorkflowStep, cron, image};
use crate::meta::duration;
use crate::meta::field::{Error, Errors, Path};
use crate::meta::validation::{dns1123_label, env_var_name};

/// Returns every rule that a workflow breaks.
pub(super) fn validate(workflow: &Workflow) -> Errors {
    let mut errors = spec(&workflow.spec, &Path::new("spec"));
    errors.extend(status(&workflow.status, &Path::new("status")));
    errors
}

fn spec(spec: &WorkflowSpec, path: &Path) -> Errors {
    let mut errors = steps(&spec.steps, &path.child("steps"));
    errors.extend(schedule(&spec.schedule, &path.child("schedule")));
    errors.extend(timeout(&spec.timeout, &path.child("timeout")));
    errors
}

fn steps(steps: &[WorkflowStep], path: &Path) -> Errors {
    let mut names = BTreeSet::new();
    let mut errors = Errors::new();
    for (index, of) in steps.iter().enumerate() {
        let path = path.index(index);
        errors.extend(step(of, &path));
        if !of.name.is_empty() && !names.insert(of.name.as_str()) {
            errors.push(Error::duplicate(&path.child("name"), of.name.as_str()));
        }
    }
    errors
}

fn step(step: &WorkflowStep, path: &Path) -> Errors {
    let mut errors = name(&step.name, &path.child("name"));
    errors.extend(image(&step.image, &path.child("image")));
    let path = path.child("env");
    errors.extend(step.env.keys().filter_map(|name| {
        let detail = env_var_name(name)?;
        Some(Error::invalid(&path.key(name), name.as_str(), detail))
    }));
    errors
}

fn name(name: &str, path: &Path) -> Errors {
    if name.is_empty() {
        return vec![Error::required(path, "")];
    }
    dns1123_label(name).into_iter().map(|detail| Error::invalid(path, name, detail)).collect()
}

fn image(image: &str, path: &Path) -> Option<Error> {
    if image.is_empty() {
        return Some(Error::required(path, ""));
    }
    image::fault(image).map(|detail| Error::invalid(path, image, detail))
}

fn schedule(schedule: &str, path: &Path) -> Option<Error> {
    let fault = if schedule.is_empty() { None } else { cron::fault(schedule) };
    fault.map(|detail| Error::invalid(path, schedule, detail))
}

/// Checks a timeout. One of zero means none, as its absence does: clients that are written in Go send it when it is
/// not set.
fn timeout(timeout: &str, path: &Path) -> Option<Error> {
    if timeout.is_empty() {
        return None;
    }
    let detail = match duration::parse_go(timeout) {
        Ok(limit) if !limit.is_negative() => return None,
        Ok(_) => "must be greater than or equal to 0".to_owned(),
        Err(error) => error.to_string(),
    };
    Some(Error::invalid(path, timeout, detail))
}

/// Checks a status. An end without a start is accepted, as it is for Jobs: a run that could not start failed
/// all the same.
fn status(status: &WorkflowStatus, path: &Path) -> Errors {
    let mut errors = Errors::new();
    if !status.phase.is_empty() && WorkflowPhase::from_name(&status.phase).is_none() {
        let phase = status.phase.as_str();
        errors.push(Error::not_supported(&path.child("phase"), phase, &WorkflowPhase::NAMES));
    }
    if let (Some(start), Some(completion)) = (&status.start_time, &status.completion_time)
        && completion < start
    {
        let completion = serde_json::json!(completion);
        let detail = "completionTime cannot be set before startTime";
        errors.push(Error::invalid(&path.child("completionTime"), completion, detail));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Builder, workflow};
    use super::*;

    fn faults(workflow: &Workflow) -> Vec<String> {
        validate(workflow).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn sound_workflows_are_accepted() {
        let table = [
            workflow("a"),
            workflow("a")
                .with_step("build", "golang:1.21")
                .with_step("test", "golang:1.21")
                .with_timeout("30m"),
            workflow("a")
                .with_step("build", "golang")
                .with_env("CGO_ENABLED", "0")
                .with_schedule("0 2 * * *"),
            workflow("a").with_timeout("0s"),
            workflow("a").with_phase("Running").started_at("10:30:00"),
            workflow("a").with_phase("Failed").completed_at("10:30:00"),
            workflow("a").with_phase("Succeeded").started_at("10:30:00").completed_at("10:30:00"),
        ];
        for workflow in table {
            assert_eq!(faults(&workflow), Vec::<String>::new());
        }
    }

    #[test]
    fn a_step_needs_a_name_and_an_image() {
        assert_eq!(
            faults(&workflow("a").with_step("build", "golang").with_step("", "")),
            ["spec.steps[1].name: Required value", "spec.steps[1].image: Required value"]
        );
    }

    #[test]
    fn the_names_of_steps_are_labels_and_unique() {
        let faults = faults(
            &workflow("a")
                .with_step("a", "i")
                .with_step("B", "i")
                .with_step("a", "i")
                .with_step(&"n".repeat(64), "i")
                .with_step("a.b", "i")
                .with_step("", "i")
                .with_step("", "i"),
        );
        assert!(
            faults[0]
                .starts_with("spec.steps[1].name: Invalid value: \"B\": a lowercase RFC 1123 label must")
        );
        let rest = &faults[1..];
        assert_eq!(rest[0], "spec.steps[2].name: Duplicate value: \"a\"");
        assert!(rest[1].ends_with("must be no more than 63 characters"), "{rest:?}");
        assert_eq!(rest[2], "spec.steps[4].name: Invalid value: \"a.b\": must not contain dots");
        assert_eq!(rest[3..], ["spec.steps[5].name: Required value", "spec.steps[6].name: Required value"]);
    }

    #[test]
    fn an_image_is_a_reference() {
        assert_eq!(
            faults(&workflow("a").with_step("build", "Golang")),
            [
                "spec.steps[0].image: Invalid value: \"Golang\": invalid reference format: repository name must be \
              lowercase (e.g. 'golang:1.21', or 'registry.example.com:5000/team/tool:v1')"
            ]
        );
    }

    #[test]
    fn environment_variables_have_sound_names() {
        assert_eq!(
            faults(
                &workflow("a")
                    .with_step("build", "golang")
                    .with_env("A=B", "")
                    .with_env("OK", "")
                    .with_env("", "")
            ),
            [
                "spec.steps[0].env[]: Invalid value: \"\": environment variable name must be non-empty",
                "spec.steps[0].env[A=B]: Invalid value: \"A=B\": a valid environment variable name must consist \
                 only of printable ASCII characters other than '='",
            ]
        );
    }

    #[test]
    fn a_schedule_is_a_cron_expression() {
        assert_eq!(
            faults(&workflow("a").with_schedule("61 * * * *")),
            ["spec.schedule: Invalid value: \"61 * * * *\": end of range (61) above maximum (59): 61"]
        );
    }

    #[test]
    fn a_timeout_is_a_duration_that_is_not_negative() {
        let table = [
            ("1d", "time: unknown unit \"d\" in duration \"1d\""),
            ("30", "time: missing unit in duration \"30\""),
            ("-1s", "must be greater than or equal to 0"),
        ];
        for (timeout, detail) in table {
            let expected = format!("spec.timeout: Invalid value: \"{timeout}\": {detail}");
            assert_eq!(faults(&workflow("a").with_timeout(timeout)), [expected]);
        }
    }

    #[test]
    fn a_phase_is_one_of_four() {
        assert_eq!(
            faults(&workflow("a").with_phase("running")),
            ["status.phase: Unsupported value: \"running\": supported values: \"Pending\", \"Running\", \
              \"Succeeded\", \"Failed\""]
        );
    }

    #[test]
    fn a_run_does_not_end_before_it_starts() {
        assert_eq!(
            faults(&workflow("a").started_at("10:30:00").completed_at("10:29:59")),
            [
                "status.completionTime: Invalid value: \"2024-01-15T10:29:59Z\": completionTime cannot be set before \
              startTime"
            ]
        );
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let bad = workflow("a")
            .with_step("B", "")
            .with_env("=", "")
            .with_schedule("x")
            .with_timeout("x")
            .with_phase("x");
        let paths: Vec<_> = validate(&bad).iter().map(|error| error.path().to_string()).collect();
        let expected = ["spec.steps[0].name", "spec.steps[0].image", "spec.steps[0].env[=]", "spec.schedule"];
        assert_eq!(paths[..4], expected);
        assert_eq!(paths[4..], ["spec.timeout", "status.phase"]);
    }
}
