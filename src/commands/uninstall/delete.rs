//! The deletion itself: stage after stage, each waited for, saying what for.

use serde_json::Value;

use super::{AGAIN, inhabitants};
use crate::cluster::{Cluster, ClusterError, Delete, Id, Kind};
use crate::commands::deadline::{Deadline, Look};
use crate::failure::Hint;
use crate::printer::{Printer, Step};
use crate::uninstall::{Item, LABELS, Noted, Plan, Stage};

const GROUPS: &str = "/apis";
const GROUP_VERSION: &str = "workflow.example.com/v1alpha1";

/// Who deletes what, and until when.
pub(super) struct Deleting<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) namespace: &'a str,
    pub(super) deadline: Deadline,
    pub(super) printer: &'a Printer,
}

impl Deleting<'_> {
    /// Deletes what `plan` says. Returns what came of it: a namespace that somebody has moved into meanwhile stays.
    pub(super) async fn carry_out(&self, mut plan: Plan) -> anyhow::Result<Plan> {
        self.settle_namespace(&mut plan).await;
        let stages = [
            (Stage::Registration, "Taking the API out of kube-apiserver"),
            (Stage::Server, "Stopping the server"),
            (Stage::Rights, "Deleting its rights"),
            (Stage::Rest, "Deleting what it needed"),
            (Stage::Volume, "Deleting the volume"),
        ];
        for (stage, doing) in stages {
            self.delete(&plan, stage, doing).await?;
        }
        self.settle_namespace(&mut plan).await;
        self.delete(&plan, Stage::Namespace, "Deleting the namespace").await?;
        Ok(plan)
    }

    async fn delete(&self, plan: &Plan, stage: Stage, doing: &'static str) -> anyhow::Result<()> {
        let items: Vec<_> = plan.delete.iter().filter(|item| item.stage == stage).collect();
        if items.is_empty() {
            return Ok(());
        }
        let step = self.printer.step(doing);
        for item in &items {
            let delete = Delete { uid: Some(item.uid.clone()), ..Delete::default() };
            self.cluster.objects.delete(&item.id, &delete).await?;
        }
        self.until_gone(&step, doing, async || self.still_there(&items).await).await?;
        match stage {
            Stage::Registration => self.until_gone(&step, doing, async || self.still_served().await).await,
            Stage::Server => self.until_gone(&step, doing, async || self.still_running().await).await,
            _ => Ok(()),
        }
    }

    /// Asks again until nothing is left to wait for.
    async fn until_gone(
        &self,
        step: &Step,
        doing: &str,
        left: impl AsyncFn() -> Result<Vec<String>, ClusterError>,
    ) -> anyhow::Result<()> {
        let look = async || {
            let left = left().await?;
            let waiting = || Look::NotYet(format!("waiting for {}", left.join(", ")));
            Ok(if left.is_empty() { Look::There(()) } else { waiting() })
        };
        self.deadline.until(step, doing, look).await.hint(AGAIN)
    }

    async fn still_there(&self, items: &[&Item]) -> Result<Vec<String>, ClusterError> {
        let mut left = Vec::new();
        for item in items {
            let found = self.cluster.objects.get(&item.id).await?;
            let same = found.filter(|object| object["metadata"]["uid"] == item.uid.as_str());
            left.extend(same.map(|object| held(&item.id, &object)));
        }
        Ok(left)
    }

    /// Whoever looks at what the cluster serves must not find Workflows any more.
    async fn still_served(&self) -> Result<Vec<String>, ClusterError> {
        let list = self.cluster.json(GROUPS).await?;
        let groups = list["groups"].as_array().into_iter().flatten();
        let mut versions = groups.flat_map(|group| group["versions"].as_array().into_iter().flatten());
        let served = versions.any(|version| version["groupVersion"] == GROUP_VERSION);
        Ok(served.then(|| format!("kube-apiserver to forget {GROUP_VERSION}")).into_iter().collect())
    }

    async fn still_running(&self) -> Result<Vec<String>, ClusterError> {
        let pods = self.cluster.objects.list(Kind::POD, Some(self.namespace), LABELS).await?;
        Ok(pods.iter().filter_map(|pod| Some(held(&Id::of(pod).ok()?, pod))).collect())
    }

    /// Keeps the namespace where somebody else has something in it by now.
    async fn settle_namespace(&self, plan: &mut Plan) {
        let Some(at) = plan.delete.iter().position(|item| item.stage == Stage::Namespace) else { return };
        let why = match inhabitants::of(self.cluster, self.namespace).await {
            Ok(others) => others.first().map(|first| format!("it holds {first}")),
            Err(error) => Some(format!("it cannot be known what else is in it: {}", error.why())),
        };
        if let Some(why) = why {
            let item = plan.delete.remove(at);
            plan.keep.push(Noted::new(item.id, why));
        }
    }
}

/// Says what holds an object that is on its way out.
fn held(id: &Id, object: &Value) -> String {
    let texts = |list: &Value, field: Option<&str>| -> Vec<String> {
        let items = list.as_array().into_iter().flatten();
        let texts = items.filter_map(|item| field.map_or(item, |field| &item[field]).as_str());
        texts.map(ToOwned::to_owned).collect()
    };
    let finalizers = texts(&object["metadata"]["finalizers"], None);
    let conditions = object["status"]["conditions"].as_array().into_iter().flatten();
    let conditions = conditions.filter(|_| id.kind() == Kind::NAMESPACE).filter(|it| it["status"] == "True");
    let messages: Vec<_> = conditions.filter_map(|it| it["message"].as_str()).collect();
    match (finalizers.as_slice(), messages.as_slice()) {
        ([], []) => id.to_string(),
        (finalizers, []) => format!("{id} (held by {})", finalizers.join(", ")),
        (_, messages) => format!("{id} ({})", messages.join("; ")),
    }
}
