//! What one server has answered, every other one shows at once.

use kube::ResourceExt;
use kube::api::{ListParams, PostParams};

use super::fleet::Fleet;
use super::storage::{Kind, Storage, on_every_storage};
use super::times;
use super::workers::{value, workflow};

on_every_storage!(whoever_wrote_reads_it_at_every_server);

async fn whoever_wrote_reads_it_at_every_server(kind: Kind) {
    let storage = Storage::start(kind).await;
    let fleet = Fleet::start(2, &storage.url()).await;
    let created = fleet.any().create(&PostParams::default(), &workflow("own", 0)).await.unwrap();
    let mut revision = created.resource_version();
    for round in 1..=times(500, 3_000) {
        let mut next = workflow("own", round as u64);
        next.metadata.resource_version = revision;
        let writer = fastrand::usize(..2);
        let written = fleet.workflows(writer).replace("own", &PostParams::default(), &next).await.unwrap();
        revision = written.resource_version();
        let other = fleet.workflows(1 - writer);
        let read = match fastrand::bool() {
            true => other.get("own").await.unwrap(),
            false => other.list(&ListParams::default()).await.unwrap().items.remove(0),
        };
        assert_eq!((value(&read), read.resource_version()), (Some(round as u64), revision.clone()));
    }
}
