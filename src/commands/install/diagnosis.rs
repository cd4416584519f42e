//! Why a rollout is not done: a pure look at the objects, in the words of whoever knows best.

use serde_json::Value;

/// How many of the last lines of a program that crashed are shown.
const LINES: usize = 8;
/// A program that crashed so often will not come up by itself.
const CRASHES: u64 = 3;
/// What no waiting mends.
const LOST: [&str; 2] = ["InvalidImageName", "ErrImageNeverPull"];

/// Where a rollout stands.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Rollout {
    /// So many servers run, all of them what was applied.
    Done(u64),
    /// It is under way; why it is not done.
    Going(String),
    /// It will not be done; why.
    Lost(String),
}

/// Tells where the rollout of `deployment` stands. Without its `events` less is known of the reasons.
pub(super) fn rollout(deployment: &Value, sets: &[Value], pods: &[Value], events: &[Value]) -> Rollout {
    let wanted = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
    let status = &deployment["status"];
    let count = |field: &str| status[field].as_u64().unwrap_or(0);
    let seen = count("observedGeneration") >= deployment["metadata"]["generation"].as_u64().unwrap_or(0);
    let counts = ["updatedReplicas", "readyReplicas", "availableReplicas", "replicas"].map(count);
    if seen && counts == [wanted; 4] {
        return Rollout::Done(wanted);
    }
    let newest = newest(pods);
    if let Some(why) = newest.iter().copied().find_map(lost) {
        return Rollout::Lost(why);
    }
    let trouble = newest.iter().copied().find_map(|pod| trouble(pod, events));
    let trouble = trouble.or_else(|| sets.iter().find_map(not_created));
    Rollout::Going(
        trouble.unwrap_or_else(|| format!("{} of {wanted} servers are ready", count("readyReplicas"))),
    )
}

/// Returns the pods of the newest ReplicaSet: those before it are on their way out.
fn newest(pods: &[Value]) -> Vec<&Value> {
    let hash = |pod: &&Value| pod["metadata"]["labels"]["pod-template-hash"].as_str().map(str::to_owned);
    let alive = || pods.iter().filter(|pod| pod["metadata"]["deletionTimestamp"].is_null());
    let newest =
        alive().max_by_key(|pod| pod["metadata"]["creationTimestamp"].as_str()).and_then(|pod| hash(&pod));
    alive().filter(|pod| hash(pod) == newest).collect()
}

fn lost(pod: &Value) -> Option<String> {
    containers(pod).find_map(|container| {
        let reason = waiting(container)?.0;
        let crashes = container["restartCount"].as_u64().unwrap_or(0);
        let hopeless = LOST.contains(&reason) || (reason == "CrashLoopBackOff" && crashes >= CRASHES);
        hopeless.then(|| said(pod, &in_container(container)))
    })
}

fn trouble(pod: &Value, events: &[Value]) -> Option<String> {
    if condition(pod, "Ready").is_some_and(|ready| ready["status"] == "True") {
        return None;
    }
    let container = || containers(pod).find(|it| waiting(it).or(ended(it)).is_some()).map(in_container);
    let why = unscheduled(pod).or_else(container);
    let complaint = || complaint(pod, events);
    let why = match why {
        Some(why) if why.contains(": ") => why,
        Some(why) => complaint().map_or(why.clone(), |complaint| format!("{why}: {complaint}")),
        None => complaint().unwrap_or_else(|| "it is not ready yet".to_owned()),
    };
    Some(said(pod, &why))
}

fn said(pod: &Value, why: &str) -> String {
    format!("pod {}: {why}", pod["metadata"]["name"].as_str().unwrap_or_default())
}

fn unscheduled(pod: &Value) -> Option<String> {
    let scheduled = condition(pod, "PodScheduled").filter(|condition| condition["status"] == "False")?;
    Some(format!("no node takes it: {}", scheduled["message"].as_str().unwrap_or("nobody says why")))
}

fn in_container(container: &Value) -> String {
    let (reason, message) = waiting(container).or_else(|| ended(container)).unwrap_or(("Waiting", ""));
    let crash = ended(container).or_else(|| terminated(&container["lastState"]));
    match crash {
        Some((why, lines)) if !lines.is_empty() => {
            format!("{reason}: it ended with {why}, and said:\n{}", last_lines(lines))
        }
        Some((why, _)) if why != reason => format!("{reason}: it ended with {why}"),
        _ if message.is_empty() => reason.to_owned(),
        _ => format!("{reason}: {message}"),
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    last.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn containers(pod: &Value) -> impl Iterator<Item = &Value> {
    let all = ["initContainerStatuses", "containerStatuses"].map(|field| pod["status"][field].as_array());
    all.into_iter().flatten().flatten()
}

fn waiting(container: &Value) -> Option<(&str, &str)> {
    let waiting = container["state"]["waiting"].as_object()?;
    let text = |field: &str| waiting.get(field).and_then(Value::as_str).unwrap_or_default();
    Some((text("reason"), text("message")))
}

fn ended(container: &Value) -> Option<(&str, &str)> {
    terminated(&container["state"])
}

fn terminated(state: &Value) -> Option<(&str, &str)> {
    let terminated = state["terminated"].as_object()?;
    let text = |field: &str| terminated.get(field).and_then(Value::as_str).unwrap_or_default();
    Some((text("reason"), text("message")))
}

fn condition<'v>(object: &'v Value, kind: &str) -> Option<&'v Value> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

/// Returns the newest thing that somebody complained of about a pod: a probe, a volume, an image.
fn complaint(pod: &Value, events: &[Value]) -> Option<String> {
    let about = |event: &&Value| {
        event["type"] == "Warning" && event["involvedObject"]["uid"] == pod["metadata"]["uid"]
    };
    let when =
        |event: &&Value| event["lastTimestamp"].as_str().or(event["eventTime"].as_str()).map(str::to_owned);
    let newest = events.iter().filter(about).max_by_key(when)?;
    newest["message"].as_str().map(|message| message.trim().to_owned())
}

/// A quota, or Pod Security, keeps pods from being made at all.
fn not_created(set: &Value) -> Option<String> {
    let failure = condition(set, "ReplicaFailure").filter(|condition| condition["status"] == "True")?;
    Some(format!("no pod is made: {}", failure["message"].as_str().unwrap_or("nobody says why")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn deployment(ready: u64) -> Value {
        json!({
            "metadata": {"generation": 2},
            "spec": {"replicas": 1},
            "status": {
                "observedGeneration": 2,
                "replicas": 1,
                "updatedReplicas": 1,
                "readyReplicas": ready,
                "availableReplicas": ready,
            },
        })
    }

    fn pod(status: &Value) -> Value {
        let labels = json!({"pod-template-hash": "a"});
        let metadata =
            json!({"name": "p", "uid": "1", "labels": labels, "creationTimestamp": "2026-01-01T00:00:00Z"});
        let mut pod = json!({ "metadata": metadata });
        pod["status"] = status.clone();
        pod
    }

    fn of_pod(status: &Value) -> Rollout {
        rollout(&deployment(0), &[], &[pod(status)], &[])
    }

    fn waiting_for(reason: &str, message: &str) -> Value {
        json!({"containerStatuses": [{"state": {"waiting": {"reason": reason, "message": message}}}]})
    }

    fn going(why: &str) -> Rollout {
        Rollout::Going(why.to_owned())
    }

    #[test]
    fn it_is_done_when_all_servers_run_what_was_applied_and_no_others_do() {
        assert_eq!(rollout(&deployment(1), &[], &[], &[]), Rollout::Done(1));
        let mut old = deployment(1);
        old["metadata"]["generation"] = json!(3);
        assert_eq!(rollout(&old, &[], &[], &[]), going("1 of 1 servers are ready"));
        let mut surplus = deployment(1);
        surplus["status"]["replicas"] = json!(2);
        assert_eq!(rollout(&surplus, &[], &[], &[]), going("1 of 1 servers are ready"));
    }

    #[test]
    fn an_image_that_is_not_there_is_waited_for_and_one_that_cannot_be_is_not() {
        let why = "pod p: ImagePullBackOff: Back-off pulling image \"x\"";
        assert_eq!(of_pod(&waiting_for("ImagePullBackOff", "Back-off pulling image \"x\"")), going(why));
        let lost = Rollout::Lost("pod p: ErrImageNeverPull: x is not present".to_owned());
        assert_eq!(of_pod(&waiting_for("ErrImageNeverPull", "x is not present")), lost);
    }

    #[test]
    fn a_crash_is_shown_with_its_last_lines_and_given_up_after_a_few() {
        let crash = |count: u64| {
            let ended = json!({"terminated": {"reason": "Error", "message": "starting\nerror: no store\n"}});
            let container = json!({"restartCount": count, "lastState": ended, "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}});
            of_pod(&json!({"containerStatuses": [container]}))
        };
        let why =
            "pod p: CrashLoopBackOff: it ended with Error, and said:\n    starting\n    error: no store";
        assert_eq!(crash(1), going(why));
        assert_eq!(crash(3), Rollout::Lost(why.to_owned()));
    }

    #[test]
    fn the_scheduler_and_the_quota_are_quoted() {
        let condition =
            json!({"type": "PodScheduled", "status": "False", "message": "0/1 nodes are available"});
        assert_eq!(
            of_pod(&json!({"conditions": [condition]})),
            going("pod p: no node takes it: 0/1 nodes are available")
        );
        let failure = json!({"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"});
        let set = json!({"status": {"conditions": [failure]}});
        assert_eq!(rollout(&deployment(0), &[set], &[], &[]), going("no pod is made: exceeded quota"));
    }

    #[test]
    fn a_probe_and_a_volume_speak_by_their_events() {
        let event = json!({
            "type": "Warning",
            "involvedObject": {"uid": "1"},
            "lastTimestamp": "2026-01-01T00:00:00Z",
            "message": "Readiness probe failed: HTTP probe failed with statuscode: 500",
        });
        let running = pod(&json!({"containerStatuses": [{"state": {"running": {}}}]}));
        assert_eq!(
            rollout(&deployment(0), &[], &[running], &[event]),
            going("pod p: Readiness probe failed: HTTP probe failed with statuscode: 500")
        );
    }

    #[test]
    fn the_pods_of_the_version_before_are_nobodys_trouble() {
        let mut old = pod(&waiting_for("ErrImageNeverPull", ""));
        old["metadata"]["labels"]["pod-template-hash"] = json!("old");
        let mut new = pod(&waiting_for("ContainerCreating", ""));
        new["metadata"]["creationTimestamp"] = json!("2026-01-02T00:00:00Z");
        assert_eq!(rollout(&deployment(0), &[], &[old, new], &[]), going("pod p: ContainerCreating"));
    }
}
