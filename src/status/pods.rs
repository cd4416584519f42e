//! What is wrong with a pod, in the words of whoever knows it best: the scheduler, the kubelet, or the program itself
//! with its last lines.

use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Pod, PodCondition};

/// How many of the last lines of a program are shown.
const LINES: usize = 3;

/// Returns the name of `pod`.
pub(super) fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}

/// Says whether `pod` is on its way out: what it does is no longer of interest.
pub(super) fn is_ending(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

/// Returns the images that `pod` is to run.
pub(super) fn images(pod: &Pod) -> impl Iterator<Item = &str> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    containers.filter_map(|container| container.image.as_deref())
}

/// Says whether `pod` is ready to be asked.
pub(super) fn is_ready(pod: &Pod) -> bool {
    condition(pod, "Ready").is_some_and(|condition| condition.status == "True")
}

/// Says whether `pod` has only just been put somewhere: that it does not serve yet is no trouble.
pub(super) fn is_starting(pod: &Pod) -> bool {
    let mut containers = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    let is_pending = pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Pending"));
    let runs = pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Running"));
    (is_pending || runs) && unscheduled(pod).is_none() && containers.all(starts)
}

fn starts(container: &ContainerStatus) -> bool {
    let state = container.state.as_ref();
    let waiting =
        state.and_then(|state| state.waiting.as_ref()).and_then(|waiting| waiting.reason.as_deref());
    let runs = state.is_some_and(|state| state.running.is_some());
    let first = runs && container.restart_count == 0 && container.started != Some(true);
    first || matches!(waiting, Some("ContainerCreating" | "PodInitializing"))
}

/// Returns why `pod` does not serve, if it does not.
pub(super) fn trouble(pod: &Pod) -> Option<String> {
    if is_ready(pod) {
        return None;
    }
    let why = unscheduled(pod).or_else(|| container(pod)).or_else(|| phase(pod));
    why.or_else(|| Some("it is not ready".to_owned()))
}

fn condition<'p>(pod: &'p Pod, kind: &str) -> Option<&'p PodCondition> {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().find(|condition| condition.type_ == kind)
}

fn unscheduled(pod: &Pod) -> Option<String> {
    let condition = condition(pod, "PodScheduled").filter(|condition| condition.status == "False")?;
    Some(format!("no node takes it: {}", condition.message.as_deref().unwrap_or("nobody says why")))
}

fn container(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let all = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
    all.into_iter()
        .find_map(|container| waiting(container).or_else(|| ended(container)).or_else(|| unready(container)))
}

fn waiting(container: &ContainerStatus) -> Option<String> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.as_deref().unwrap_or("waiting");
    let last = container.last_state.as_ref().and_then(|state| state.terminated.as_ref());
    let why = last.map(end).or_else(|| waiting.message.clone());
    Some(why.map_or_else(|| reason.to_owned(), |why| format!("{reason}: {why}")))
}

fn ended(container: &ContainerStatus) -> Option<String> {
    container.state.as_ref()?.terminated.as_ref().map(end)
}

fn unready(container: &ContainerStatus) -> Option<String> {
    let runs = container.state.as_ref()?.running.is_some();
    (runs && !container.ready).then(|| "it runs, but its readiness probe fails".to_owned())
}

fn end(terminated: &ContainerStateTerminated) -> String {
    let reason = terminated.reason.as_deref().unwrap_or("Error");
    let ended = format!("{reason}, exit status {}", terminated.exit_code);
    match terminated.message.as_deref().map(last_lines).filter(|lines| !lines.is_empty()) {
        Some(lines) => format!("{ended}: {lines}"),
        None => ended,
    }
}

fn last_lines(message: &str) -> String {
    let lines: Vec<_> = message.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    lines[lines.len().saturating_sub(LINES)..].join(" | ")
}

fn phase(pod: &Pod) -> Option<String> {
    let status = pod.status.as_ref()?;
    let phase = status.phase.as_deref().filter(|phase| *phase != "Running")?;
    let why = status.message.as_deref().or(status.reason.as_deref());
    Some(why.map_or_else(|| phase.to_owned(), |why| format!("{phase}: {why}")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn trouble_of(status: Value) -> Option<String> {
        trouble(&serde_json::from_value(Value::from_iter([("status", status)])).unwrap())
    }

    fn with_container(container: Value) -> String {
        let defaults =
            json!({"name": "apiserver", "image": "i", "imageID": "", "ready": false, "restartCount": 0});
        let mut status = defaults.as_object().unwrap().clone();
        let Value::Object(container) = container else { panic!("a container is an object") };
        status.extend(container);
        trouble_of(json!({"phase": "Running", "containerStatuses": [status]})).unwrap()
    }

    #[test]
    fn a_pod_that_is_ready_is_in_no_trouble() {
        assert_eq!(trouble_of(json!({"conditions": [{"type": "Ready", "status": "True"}]})), None);
    }

    #[test]
    fn the_scheduler_is_quoted() {
        let condition =
            json!({"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"});
        let trouble = trouble_of(json!({"phase": "Pending", "conditions": [condition]}));
        assert_eq!(trouble.unwrap(), "no node takes it: 0/3 nodes are available");
    }

    #[test]
    fn an_image_that_cannot_be_pulled_says_why() {
        let waiting = json!({"reason": "ImagePullBackOff", "message": "not found"});
        assert_eq!(with_container(json!({"state": {"waiting": waiting}})), "ImagePullBackOff: not found");
    }

    #[test]
    fn a_crash_shows_its_last_lines() {
        let waiting = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}});
        let last =
            json!({"terminated": {"exitCode": 1, "reason": "Error", "message": "a\nb\nc\nerror: d\n"}});
        assert_eq!(
            with_container(json!({"state": waiting, "lastState": last})),
            "CrashLoopBackOff: Error, exit status 1: b | c | error: d"
        );
        let killed = json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}});
        assert_eq!(with_container(json!({"state": killed})), "OOMKilled, exit status 137");
    }

    #[test]
    fn a_program_that_runs_unready_fails_its_probe() {
        assert_eq!(
            with_container(json!({"state": {"running": {}}})),
            "it runs, but its readiness probe fails"
        );
    }

    #[test]
    fn an_evicted_pod_says_so() {
        let status = json!({"phase": "Failed", "reason": "Evicted", "message": "low on memory"});
        assert_eq!(trouble_of(status).unwrap(), "Failed: low on memory");
    }
}
