//! Why a rollout is not done: a pure look at the objects of the version that is being rolled out. What is wrong with a
//! pod is for [`pods`] to say.

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};

use crate::pods::{self, Evidence};

/// A program that crashed so often will not come up by itself.
const CRASHES: i32 = 3;
/// What ReplicaSets and their pods are told apart by.
const HASH: &str = "pod-template-hash";

/// Where a rollout stands.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Rollout {
    /// So many servers run, all of them what was applied.
    Done(i32),
    /// It is under way; why it is not done.
    Going(String),
    /// It will not be done; why.
    Lost(String),
}

/// How often pods had crashed before, by their names: that is not held against what was applied since.
pub(super) type Crashes = BTreeMap<String, i32>;

/// A Deployment, and what has been made of it.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) deployment: Deployment,
    pub(super) sets: Vec<ReplicaSet>,
    pub(super) pods: Vec<Pod>,
}

impl Seen {
    /// Tells where the rollout stands, which began when pods had crashed as often as `before` says.
    pub(super) fn rollout(&self, evidence: &Evidence, before: &Crashes) -> Rollout {
        let wanted = self.deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
        let status = self.deployment.status.clone().unwrap_or_default();
        let ready = status.ready_replicas.unwrap_or(0);
        let counts = [status.updated_replicas, status.available_replicas, status.replicas];
        let complete = ready == wanted && counts.iter().all(|count| count.unwrap_or(0) == wanted);
        if complete && status.observed_generation >= self.deployment.metadata.generation {
            return Rollout::Done(wanted);
        }
        if let Some(why) =
            self.current().find(|pod| is_hopeless(pod, before)).and_then(|pod| told(pod, evidence))
        {
            return Rollout::Lost(why);
        }
        let trouble = self.current().find_map(|pod| told(pod, evidence));
        let trouble = trouble.or_else(|| self.set().and_then(not_created));
        Rollout::Going(trouble.unwrap_or_else(|| format!("{ready} of {wanted} servers are ready")))
    }

    /// Returns the pods of what was applied: those before it are on their way out.
    pub(super) fn current(&self) -> impl Iterator<Item = &Pod> {
        let current = self.set().and_then(|set| set.metadata.labels.as_ref()?.get(HASH));
        let hash = |pod: &Pod| pod.metadata.labels.as_ref().and_then(|labels| labels.get(HASH).cloned());
        let alive = self.pods.iter().filter(|pod| !pods::is_ending(pod));
        alive.filter(move |pod| current.is_some() && hash(pod).as_ref() == current)
    }

    /// Returns the ReplicaSet of what was applied, once there is one. Source: `FindNewReplicaSet` in
    /// `pkg/controller/deployment/util/deployment_util.go`.
    fn set(&self) -> Option<&ReplicaSet> {
        let wanted = self.deployment.spec.as_ref().map(|spec| &spec.template)?;
        let is_of = |set: &&ReplicaSet| {
            let template = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
            template.is_some_and(|template| without_hash(template) == without_hash(wanted))
        };
        self.sets.iter().filter(is_of).min_by_key(|set| set.metadata.creation_timestamp.clone())
    }
}

fn without_hash(template: &PodTemplateSpec) -> PodTemplateSpec {
    let mut template = template.clone();
    if let Some(labels) = template.metadata.as_mut().and_then(|metadata| metadata.labels.as_mut()) {
        labels.remove(HASH);
    }
    template
}

fn is_hopeless(pod: &Pod, before: &Crashes) -> bool {
    let crashes = pods::crashes(pod) - before.get(pods::name(pod)).copied().unwrap_or_default();
    pods::is_lost(pod) || (pods::is_held_back(pod) && crashes >= CRASHES)
}

fn told(pod: &Pod, evidence: &Evidence) -> Option<String> {
    let trouble = pods::trouble(pod, evidence)?;
    Some(format!("pod {}: {}", pods::name(pod), trouble.in_full()))
}

/// A quota, or Pod Security, keeps pods from being made at all.
fn not_created(set: &ReplicaSet) -> Option<String> {
    let mut conditions = set.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let failure = conditions.find(|it| it.type_ == "ReplicaFailure" && it.status == "True")?;
    Some(format!("no pod is made: {}", failure.message.as_deref().unwrap_or("nobody says why")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn template(image: &str) -> Value {
        let spec = json!({"containers": [{"name": "apiserver", "image": image}]});
        json!({"metadata": {"labels": {"app": "a"}}, "spec": spec})
    }

    /// A Deployment of the image `new`, of which so many servers are ready, and nothing else.
    fn seen(ready: u64) -> Seen {
        let deployment = json!({
            "metadata": {"generation": 2},
            "spec": {"replicas": 1, "selector": {}, "template": template("new")},
            "status": {
                "observedGeneration": 2,
                "replicas": 1,
                "updatedReplicas": 1,
                "readyReplicas": ready,
                "availableReplicas": ready,
            },
        });
        Seen { deployment: serde_json::from_value(deployment).unwrap(), ..Seen::default() }
    }

    fn set(image: &str, status: &Value) -> ReplicaSet {
        let labels = json!({HASH: image});
        let mut template = template(image);
        template["metadata"]["labels"][HASH] = json!(image);
        let spec = json!({"selector": {}, "template": template});
        serde_json::from_value(json!({"metadata": {"labels": labels}, "spec": spec, "status": status}))
            .unwrap()
    }

    fn pod(image: &str, container: &Value) -> Pod {
        let mut status =
            json!({"name": "apiserver", "image": image, "imageID": "", "ready": false, "restartCount": 0});
        status.as_object_mut().unwrap().extend(container.as_object().cloned().unwrap());
        let metadata = json!({"name": image, "labels": {HASH: image}});
        let pod =
            json!({"metadata": metadata, "status": {"phase": "Running", "containerStatuses": [status]}});
        serde_json::from_value(pod).unwrap()
    }

    fn waiting(image: &str, reason: &str) -> Pod {
        pod(image, &json!({"state": {"waiting": {"reason": reason}}}))
    }

    fn crashed(count: u64) -> Pod {
        let last = json!({"terminated": {"exitCode": 1, "reason": "Error", "message": "no store"}});
        let waiting = json!({"waiting": {"reason": "CrashLoopBackOff"}});
        pod("new", &json!({"restartCount": count, "lastState": last, "state": waiting}))
    }

    fn of_pods(pods: Vec<Pod>) -> Rollout {
        after(&Crashes::default(), pods)
    }

    fn after(before: &Crashes, pods: Vec<Pod>) -> Rollout {
        let sets = vec![set("old", &json!(null)), set("new", &json!(null))];
        Seen { sets, pods, ..seen(0) }.rollout(&Evidence::default(), before)
    }

    fn alone(seen: &Seen) -> Rollout {
        seen.rollout(&Evidence::default(), &Crashes::default())
    }

    fn going(why: &str) -> Rollout {
        Rollout::Going(why.to_owned())
    }

    #[test]
    fn it_is_done_when_all_servers_run_what_was_applied_and_no_others_do() {
        assert_eq!(alone(&seen(1)), Rollout::Done(1));
        let mut old = seen(1);
        old.deployment.metadata.generation = Some(3);
        assert_eq!(alone(&old), going("1 of 1 servers are ready"));
        let mut surplus = seen(1);
        surplus.deployment.status.as_mut().unwrap().replicas = Some(2);
        assert_eq!(alone(&surplus), going("1 of 1 servers are ready"));
    }

    #[test]
    fn an_image_that_is_not_there_is_waited_for_and_one_that_cannot_be_is_not() {
        assert_eq!(of_pods(vec![waiting("new", "ImagePullBackOff")]), going("pod new: ImagePullBackOff"));
        let lost = Rollout::Lost("pod new: ErrImageNeverPull".to_owned());
        assert_eq!(of_pods(vec![waiting("new", "ErrImageNeverPull")]), lost);
    }

    #[test]
    fn a_crash_is_given_up_after_a_few() {
        let why = "pod new: CrashLoopBackOff: Error, exit status 1, and said:\n    no store";
        assert_eq!(of_pods(vec![crashed(2)]), going(why));
        assert_eq!(of_pods(vec![crashed(3)]), Rollout::Lost(why.to_owned()));
    }

    #[test]
    fn crashes_from_before_do_not_count() {
        let before = Crashes::from([("new".to_owned(), 7)]);
        assert!(matches!(after(&before, vec![crashed(9)]), Rollout::Going(_)));
        assert!(matches!(after(&before, vec![crashed(10)]), Rollout::Lost(_)));
    }

    #[test]
    fn a_quota_is_quoted() {
        let failure = json!({"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"});
        let sets = vec![set("new", &json!({"replicas": 0, "conditions": [failure]}))];
        assert_eq!(alone(&Seen { sets, ..seen(0) }), going("no pod is made: exceeded quota"));
    }

    #[test]
    fn the_pods_of_the_version_before_are_nobodys_trouble() {
        let old = waiting("old", "ErrImageNeverPull");
        let new = waiting("new", "ContainerCreating");
        assert_eq!(of_pods(vec![old.clone(), new]), going("pod new: ContainerCreating"));
        assert_eq!(of_pods(vec![old.clone()]), going("0 of 1 servers are ready"));
        let unmade = Seen { sets: vec![set("old", &json!(null))], pods: vec![old], ..seen(0) };
        assert_eq!(alone(&unmade), going("0 of 1 servers are ready"));
    }
}
