//! Everything that can be lost is lost while clients write.

use std::sync::Arc;

use kube::api::ListParams;

use super::fleet::Fleet;
use super::follower::{self, Follower};
use super::history::History;
use super::informer::{Informer, listed};
use super::storage::{Kind, Storage, on_every_storage};
use super::times;
use super::workers::Workers;

on_every_storage!(
    nothing_is_lost_when_connections_to_the_store_are_cut,
    nothing_is_lost_when_the_store_is_killed_and_comes_back,
    nothing_is_lost_when_the_store_hangs_for_a_while,
    nothing_is_lost_when_servers_are_killed
);

/// Servers under load, with all that is needed to judge them.
struct Scene {
    storage: Storage,
    fleet: Arc<Fleet>,
    history: Arc<History>,
    workers: Workers,
    followers: Vec<Follower>,
    informers: Vec<Informer>,
}

impl Scene {
    async fn begin(kind: Kind, replicas: usize) -> Self {
        let storage = Storage::start(kind).await;
        let fleet = Arc::new(Fleet::start(replicas, &storage.url()).await);
        let history = Arc::new(History::default());
        let mut followers = Vec::new();
        for _ in 0..3 {
            followers.push(Follower::start(&fleet).await);
        }
        let informers = Informer::of_every_kind(&fleet);
        let workers = Workers::start(&fleet, &history);
        Self { storage, fleet, history, workers, followers, informers }
    }

    /// Stops the clients and judges what they and those who followed have seen.
    async fn judge(self) {
        self.workers.stop().await;
        follower::end(&self.fleet).await;
        let mut stories = Vec::new();
        for follower in self.followers {
            stories.push(follower.seen().await);
        }
        assert!(stories.iter().all(|story| *story == stories[0]), "all followers saw the same");
        self.history.check_against(&stories[0]);
        self.history.check_linearizable();
        check_equal(&self.fleet).await;
        let listed = listed(&self.fleet.any()).await;
        for informer in self.informers {
            assert_eq!(informer.kept().await, listed, "an informer ends with what a list shows");
        }
        self.fleet.check_memory();
    }
}

/// Fails unless all servers list the same.
async fn check_equal(fleet: &Fleet) {
    let mut lists = Vec::new();
    for replica in 0..fleet.len() {
        let list = fleet.workflows(replica).list(&ListParams::default()).await.unwrap();
        lists.push((list.metadata.resource_version, serde_json::to_value(list.items).unwrap()));
    }
    assert!(lists.iter().all(|list| *list == lists[0]), "all servers list the same");
}

async fn nothing_is_lost_when_connections_to_the_store_are_cut(kind: Kind) {
    let mut scene = Scene::begin(kind, 2).await;
    for _ in 0..times(10, 200) {
        scene.workers.write(fastrand::usize(5..40)).await;
        scene.storage.relay.cut();
    }
    scene.workers.write(20).await;
    scene.judge().await;
}

async fn nothing_is_lost_when_the_store_is_killed_and_comes_back(kind: Kind) {
    let mut scene = Scene::begin(kind, 2).await;
    for _ in 0..times(2, 20) {
        scene.workers.write(50).await;
        scene.storage.kill();
        let answer = scene.fleet.until_ready_is(0, 500).await;
        assert!(answer.text.contains("[-]storage-readiness failed"), "{answer:?}");
        let refused = scene.fleet.get(0, "/apis/workflow.example.com/v1alpha1/workflows").await;
        assert!(matches!(refused.code, 503 | 504) && refused.retry_after, "{refused:?}");
        scene.storage.restart();
        scene.fleet.until_ready_is(0, 200).await;
    }
    scene.workers.write(50).await;
    scene.judge().await;
}

async fn nothing_is_lost_when_the_store_hangs_for_a_while(kind: Kind) {
    let mut scene = Scene::begin(kind, 3).await;
    for _ in 0..times(1, 10) {
        scene.workers.write(50).await;
        scene.storage.pause();
        scene.fleet.until_ready_is(0, 500).await;
        let refused = scene.fleet.get(1, "/apis/workflow.example.com/v1alpha1/workflows").await;
        assert!(matches!(refused.code, 503 | 504) && refused.retry_after, "{refused:?}");
        scene.storage.go_on();
        scene.fleet.until_ready_is(0, 200).await;
    }
    scene.workers.write(50).await;
    scene.judge().await;
}

async fn nothing_is_lost_when_servers_are_killed(kind: Kind) {
    let mut scene = Scene::begin(kind, 3).await;
    for _ in 0..times(3, 30) {
        scene.workers.write(50).await;
        scene.fleet.replace(fastrand::usize(..scene.fleet.len())).await;
    }
    scene.workers.write(50).await;
    scene.judge().await;
}
