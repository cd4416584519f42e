//! Many who count together through any server: nobody's step is lost.

use std::sync::Arc;

use kube::api::{DynamicObject, PostParams};
use kube::{Error, ResourceExt};
use tokio::task::JoinSet;

use super::fleet::Fleet;
use super::storage::{Kind, Storage, on_every_storage};
use super::times;
use super::workers::{value, workflow};

on_every_storage!(a_counter_that_fifty_clients_increment_ends_exact);

const CLIENTS: u64 = 50;

async fn a_counter_that_fifty_clients_increment_ends_exact(kind: Kind) {
    let storage = Storage::start(kind).await;
    let fleet = Arc::new(Fleet::start(3, &storage.url()).await);
    let steps = times(2, 20) as u64;
    fleet.any().create(&PostParams::default(), &workflow("counter", 0)).await.unwrap();
    let clients: JoinSet<()> = (0..CLIENTS).map(|_| count(Arc::clone(&fleet), steps)).collect();
    clients.join_all().await;
    for replica in 0..fleet.len() {
        let counter = fleet.workflows(replica).get("counter").await.unwrap();
        assert_eq!(value(&counter), Some(CLIENTS * steps));
    }
}

async fn count(fleet: Arc<Fleet>, steps: u64) {
    for _ in 0..steps {
        while !increment(&fleet).await {}
    }
}

/// Adds one, unless somebody comes between.
async fn increment(fleet: &Fleet) -> bool {
    let stored: DynamicObject = fleet.any().get("counter").await.unwrap();
    let mut next = workflow("counter", value(&stored).unwrap() + 1);
    next.metadata.resource_version = stored.resource_version();
    match fleet.any().replace("counter", &PostParams::default(), &next).await {
        Ok(_) => true,
        Err(Error::Api(status)) if status.code == 409 => false,
        Err(error) => panic!("{error}"),
    }
}
