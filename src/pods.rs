//! What keeps a pod from serving, in the words of whoever knows it best: the scheduler, the kubelet, whoever complained
//! of it in an event, or the program itself with its last lines. A pure look at the pod and at what is known beside it,
//! for which [`evidence()`] asks the cluster.

mod evidence;

use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Event, Pod, PodCondition};

pub(crate) use self::evidence::{Evidence, evidence};

/// How many of the last lines of a program are shown one below the other.
const LINES: usize = 10;
/// How many of them are shown in one line.
const FEW: usize = 3;
/// What no waiting mends.
const LOST: [&str; 2] = ["InvalidImageName", "ErrImageNeverPull"];
const BACK_OFF: &str = "CrashLoopBackOff";

/// What keeps a pod from serving.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Trouble {
    why: String,
    lines: Vec<String>,
}

impl Trouble {
    /// Tells it with the last lines of a program that crashed, one below the other.
    pub(crate) fn in_full(&self) -> String {
        let lines: String = self.lines.iter().map(|line| format!("\n    {line}")).collect();
        if lines.is_empty() { self.why.clone() } else { format!("{}, and said:{lines}", self.why) }
    }

    /// Tells it in one line.
    pub(crate) fn in_a_line(&self) -> String {
        let few = self.lines[self.lines.len().saturating_sub(FEW)..].iter().map(|line| line.trim());
        let few = few.collect::<Vec<_>>().join(" | ");
        if few.is_empty() { self.why.clone() } else { format!("{}: {few}", self.why) }
    }
}

impl From<String> for Trouble {
    fn from(why: String) -> Self {
        Self { why, lines: Vec::new() }
    }
}

/// Returns the name of `pod`.
pub(crate) fn name(pod: &Pod) -> &str {
    pod.metadata.name.as_deref().unwrap_or_default()
}

/// Says whether `pod` is on its way out: what it does is no longer of interest.
pub(crate) fn is_ending(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}

/// Returns the images that `pod` is to run.
pub(crate) fn images(pod: &Pod) -> impl Iterator<Item = &str> {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    containers.filter_map(|container| container.image.as_deref())
}

/// Says whether `pod` is ready to be asked.
pub(crate) fn is_ready(pod: &Pod) -> bool {
    condition(pod, "Ready").is_some_and(|condition| condition.status == "True")
}

/// Says whether `pod` has only just been put somewhere: that it does not serve yet is no trouble.
pub(crate) fn is_starting(pod: &Pod) -> bool {
    let is_pending = pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Pending"));
    let runs = pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Running"));
    (is_pending || runs) && unscheduled(pod).is_none() && containers(pod).all(starts)
}

/// Says whether no waiting lets `pod` run.
pub(crate) fn is_lost(pod: &Pod) -> bool {
    containers(pod).filter_map(waits_for).any(|reason| LOST.contains(&reason))
}

/// Says whether `pod` is held back for a while because it crashed again and again.
pub(crate) fn is_held_back(pod: &Pod) -> bool {
    containers(pod).filter_map(waits_for).any(|reason| reason == BACK_OFF)
}

/// Returns how often `pod` has crashed.
pub(crate) fn crashes(pod: &Pod) -> i32 {
    containers(pod).map(|container| container.restart_count).max().unwrap_or_default()
}

/// Returns what keeps `pod` from serving, if something does.
pub(crate) fn trouble(pod: &Pod, evidence: &Evidence) -> Option<Trouble> {
    if is_ready(pod) {
        return None;
    }
    let said = unscheduled(pod).map(Trouble::from).or_else(|| in_container(pod, evidence));
    let said = said.or_else(|| failed(pod)).or_else(|| complaint(pod, &evidence.events).map(Trouble::from));
    said.or_else(|| Some(unready(pod).into()))
}

fn starts(container: &ContainerStatus) -> bool {
    let runs = container.state.as_ref().is_some_and(|state| state.running.is_some());
    let first = runs && container.restart_count == 0 && container.started != Some(true);
    first || matches!(waits_for(container), Some("ContainerCreating" | "PodInitializing"))
}

fn waits_for(container: &ContainerStatus) -> Option<&str> {
    container.state.as_ref()?.waiting.as_ref()?.reason.as_deref()
}

fn containers(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    let status = pod.status.iter();
    status
        .flat_map(|status| status.init_container_statuses.iter().chain(&status.container_statuses).flatten())
}

fn condition<'p>(pod: &'p Pod, kind: &str) -> Option<&'p PodCondition> {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().find(|condition| condition.type_ == kind)
}

fn unscheduled(pod: &Pod) -> Option<String> {
    let condition = condition(pod, "PodScheduled").filter(|condition| condition.status == "False")?;
    Some(format!("no node takes it: {}", condition.message.as_deref().unwrap_or("nobody says why")))
}

/// Returns what is wrong with the first container that does not run.
fn in_container(pod: &Pod, evidence: &Evidence) -> Option<Trouble> {
    containers(pod).find_map(|container| {
        let state = container.state.as_ref()?;
        let log = evidence.last_words(pod, container);
        match (&state.waiting, &state.terminated) {
            (Some(waiting), _) => {
                let reason = waiting.reason.as_deref().unwrap_or("waiting");
                let last = container.last_state.as_ref().and_then(|state| state.terminated.as_ref());
                let crash = last.map(|last| crash(&format!("{reason}: "), last, log));
                crash.or_else(|| Some(waiting_for(reason, waiting.message.as_deref(), pod, evidence).into()))
            }
            (None, Some(ended)) => Some(crash("", ended, log)),
            (None, None) => None,
        }
    })
}

fn waiting_for(reason: &str, message: Option<&str>, pod: &Pod, evidence: &Evidence) -> String {
    let message = message.filter(|message| !message.is_empty()).map(str::to_owned);
    let why = message.or_else(|| complaint(pod, &evidence.events));
    why.map_or_else(|| reason.to_owned(), |why| format!("{reason}: {why}"))
}

/// Returns how a program ended. Its log says more than what the kubelet kept of it.
fn crash(held: &str, ended: &ContainerStateTerminated, log: Option<&str>) -> Trouble {
    let reason = ended.reason.as_deref().unwrap_or("Error");
    let why = format!("{held}{reason}, exit status {}", ended.exit_code);
    let said = log.or(ended.message.as_deref()).unwrap_or_default();
    let lines: Vec<_> = said.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    Trouble { why, lines: last.iter().map(|line| (*line).to_owned()).collect() }
}

fn failed(pod: &Pod) -> Option<Trouble> {
    let status = pod.status.as_ref()?;
    let (phase, why) = (status.phase.as_deref()?, status.message.as_deref().or(status.reason.as_deref())?);
    Some(format!("{phase}: {why}").into())
}

/// Returns the newest thing that somebody complained of about a pod: a probe, a volume, an image.
fn complaint(pod: &Pod, events: &[Event]) -> Option<String> {
    let about = |event: &&Event| {
        event.type_.as_deref() == Some("Warning") && event.involved_object.uid == pod.metadata.uid
    };
    let when = |event: &&Event| {
        let last = event.last_timestamp.as_ref().map(|time| time.0);
        last.or(event.event_time.as_ref().map(|time| time.0))
    };
    let newest = events.iter().filter(about).max_by_key(when)?;
    newest.message.as_deref().map(|message| message.trim().to_owned())
}

fn unready(pod: &Pod) -> String {
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    match phase.filter(|phase| *phase != "Running") {
        Some(phase) => phase.to_owned(),
        None if containers(pod).next().is_some() => "it runs, but its readiness probe fails".to_owned(),
        None => "it is not ready".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn trouble_with(status: &Value, evidence: &Evidence) -> Option<Trouble> {
        let metadata = json!({"name": "p", "uid": "1"});
        trouble(&serde_json::from_value(json!({"metadata": metadata, "status": status})).unwrap(), evidence)
    }

    fn trouble_of(status: &Value) -> Option<String> {
        trouble_with(status, &Evidence::default()).map(|trouble| trouble.in_a_line())
    }

    fn running(container: Value) -> Value {
        let defaults =
            json!({"name": "apiserver", "image": "i", "imageID": "", "ready": false, "restartCount": 0});
        let mut status = defaults.as_object().unwrap().clone();
        let Value::Object(container) = container else { panic!("a container is an object") };
        status.extend(container);
        json!({"phase": "Running", "containerStatuses": [status]})
    }

    fn with_container(container: Value) -> String {
        trouble_of(&running(container)).unwrap()
    }

    fn crashed() -> Value {
        let waiting = json!({"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}});
        let last =
            json!({"terminated": {"exitCode": 1, "reason": "Error", "message": "a\nb\nc\nerror: d\n"}});
        running(json!({"state": waiting, "lastState": last}))
    }

    fn complaints(messages: [&str; 2]) -> Evidence {
        let event = |(at, message): (usize, &str)| {
            serde_json::from_value(json!({
                "type": "Warning", "involvedObject": {"uid": "1"}, "message": message,
                "lastTimestamp": format!("2026-01-01T00:00:0{}Z", 9 - at),
            }))
        };
        let events = messages.into_iter().enumerate().map(event).collect::<Result<_, _>>().unwrap();
        Evidence { events, ..Evidence::default() }
    }

    #[test]
    fn a_pod_that_is_ready_is_in_no_trouble() {
        assert_eq!(trouble_of(&json!({"conditions": [{"type": "Ready", "status": "True"}]})), None);
    }

    #[test]
    fn the_scheduler_is_quoted() {
        let condition =
            json!({"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"});
        let trouble = trouble_of(&json!({"phase": "Pending", "conditions": [condition]}));
        assert_eq!(trouble.unwrap(), "no node takes it: 0/3 nodes are available");
    }

    #[test]
    fn an_image_that_cannot_be_pulled_says_why() {
        let waiting = json!({"reason": "ImagePullBackOff", "message": "not found"});
        assert_eq!(with_container(json!({"state": {"waiting": waiting}})), "ImagePullBackOff: not found");
    }

    #[test]
    fn a_crash_shows_its_last_lines() {
        assert_eq!(
            trouble_of(&crashed()).unwrap(),
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
    fn a_log_says_more_than_what_the_kubelet_kept() {
        let logs = [("p".to_owned(), "one\n  two\n".to_owned())].into();
        let trouble = trouble_with(&crashed(), &Evidence { logs, ..Evidence::default() }).unwrap();
        let told = "CrashLoopBackOff: Error, exit status 1, and said:\n    one\n      two";
        assert_eq!(trouble.in_full(), told);
        assert_eq!(trouble.in_a_line(), "CrashLoopBackOff: Error, exit status 1: one | two");
    }

    #[test]
    fn a_probe_and_a_volume_speak_by_the_newest_event() {
        let evidence = complaints(["statuscode: 500", "statuscode: 503"]);
        let probed = trouble_with(&running(json!({"state": {"running": {}}})), &evidence).unwrap();
        assert_eq!(probed.in_full(), "statuscode: 500");
        let creating = running(json!({"state": {"waiting": {"reason": "ContainerCreating"}}}));
        let mounted = trouble_with(&creating, &complaints(["MountVolume failed", ""])).unwrap();
        assert_eq!(mounted.in_full(), "ContainerCreating: MountVolume failed");
    }

    #[test]
    fn an_evicted_pod_says_so() {
        let status = json!({"phase": "Failed", "reason": "Evicted", "message": "low on memory"});
        assert_eq!(trouble_of(&status).unwrap(), "Failed: low on memory");
    }
}
