//! What happens while clients follow: a thousand writes, and every way to lose a server.

use futures::StreamExt;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use serde_json::json;

use super::follower::Follower;
use super::picture::compare;
use super::selection::NAMESPACE;
use super::stage::Stage;
use super::writers::{Writers, manifest};

/// How many writes there are in an act; in four of them a thousand.
pub(crate) const WRITES: usize = 250;

/// What happens to the connections while others write.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// They break.
    Cut,
    /// The server is killed and comes again, elsewhere and with all it had.
    Kill,
    /// They break, and no new ones are let in until all is written.
    Away,
    /// The server is asked to leave, ends them, and comes again.
    Stop,
    /// Nobody is let in until so much was written that the server no longer knows the changes since then. It
    /// answers 410, and everybody has to begin anew.
    Forget,
}

impl Act {
    /// Those with writes of many.
    pub(crate) const FOUR: [Self; 4] = [Self::Cut, Self::Kill, Self::Away, Self::Stop];
}

/// Plays the whole story. After each act everybody comes to the same as a list shows.
pub(crate) async fn play(stage: &mut Stage, followers: &mut [Follower]) {
    let mut writers = Writers::start(stage);
    hold_against_a_list(stage, followers).await;
    for (number, act) in Act::FOUR.into_iter().chain([Act::Forget]).enumerate() {
        let before = stage.relay.relayed();
        act.play(stage, &mut writers, number * WRITES).await;
        hold_against_a_list(stage, followers).await;
        let new = stage.relay.relayed() - before;
        assert!(new >= followers.len(), "somebody kept his connection through {act:?}: {new} are new");
    }
}

async fn hold_against_a_list(stage: &mut Stage, followers: &mut [Follower]) {
    let mark = stage.mark().await;
    for follower in followers {
        let copy = follower.at(&mark).await;
        let listed = follower.picture.of_all(&stage.list(&follower.selection).await);
        compare(&follower.name, &copy, &listed);
    }
}

impl Act {
    /// Plays this act, which comes after a number of writes.
    pub(crate) async fn play(self, stage: &mut Stage, writers: &mut Writers, written: usize) {
        if matches!(self, Self::Away | Self::Forget) {
            stage.relay.close();
        }
        if matches!(self, Self::Forget) {
            return forget(stage).await;
        }
        writers.allow(WRITES);
        writers.written(written + WRITES / 2).await;
        match self {
            Self::Cut => stage.relay.cut(),
            Self::Kill => stage.kill().await,
            Self::Stop => stage.stop().await,
            Self::Away | Self::Forget => {}
        }
        writers.written(written + WRITES).await;
        stage.let_in();
    }
}

/// Writes more than the server keeps of the past, which is 64 MiB.
async fn forget(stage: &Stage) {
    let api: Api<DynamicObject> = NAMESPACE.api(stage.direct());
    let mut large = manifest("large", &json!({}), 1);
    large.data["spec"]["steps"][0]["env"] = json!({ "PADDING": "x".repeat(2 << 20) });
    let created = api.create(&PostParams::default(), &large).await.unwrap().resource_version().unwrap();
    for number in 0..36 {
        let label = Patch::Merge(json!({ "metadata": { "labels": { "number": number.to_string() } } }));
        api.patch_metadata("large", &PatchParams::default(), &label).await.unwrap();
    }
    api.delete("large", &DeleteParams::default()).await.unwrap();
    let first = api.watch(&WatchParams::default(), &created).await.unwrap().boxed().next().await;
    assert!(
        matches!(first, Some(Ok(WatchEvent::Error(status))) if status.code == 410),
        "nothing was forgotten"
    );
    stage.let_in();
}
