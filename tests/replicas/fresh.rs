//! What one server has answered, every other one shows at once.

use futures::future::join_all;
use kube::ResourceExt;
use kube::api::{ListParams, PostParams};

use super::fleet::Fleet;
use super::storage::{Kind, Storage, on_every_storage};
use super::times;
use super::workers::{value, workflow};

const SERVERS: usize = 3;
/// Each has a Workflow of its own, so that all read what is new while others write.
const WRITERS: usize = 8;

on_every_storage!(whoever_wrote_reads_it_at_every_server);

async fn whoever_wrote_reads_it_at_every_server(kind: Kind) {
    let storage = Storage::start(kind).await;
    let fleet = Fleet::start(SERVERS, &storage.url()).await;
    let rounds = times(500, 10_000).div_ceil(WRITERS);
    join_all((0..WRITERS).map(|writer| reads_what_it_wrote(&fleet, format!("own-{writer}"), rounds))).await;
}

/// Writes at one server and reads at another, as often as said.
async fn reads_what_it_wrote(fleet: &Fleet, name: String, rounds: usize) {
    let created = fleet.any().create(&PostParams::default(), &workflow(&name, 0)).await.unwrap();
    let mut revision = created.resource_version();
    for round in 1..=rounds {
        let mut next = workflow(&name, round as u64);
        next.metadata.resource_version = revision;
        let writer = fastrand::usize(..SERVERS);
        let written = fleet.workflows(writer).replace(&name, &PostParams::default(), &next).await.unwrap();
        revision = written.resource_version();
        let other = fleet.workflows((writer + fastrand::usize(1..SERVERS)) % SERVERS);
        let read = match fastrand::bool() {
            true => other.get(&name).await.unwrap(),
            false => {
                let all = other.list(&ListParams::default()).await.unwrap().items;
                all.into_iter().find(|one| one.name_any() == name).unwrap()
            }
        };
        assert_eq!((value(&read), read.resource_version()), (Some(round as u64), revision.clone()));
    }
}
