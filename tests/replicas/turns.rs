//! What began at one server goes on at another.

use futures::{StreamExt, TryStreamExt};
use kube::ResourceExt;
use kube::api::{ListParams, PostParams, WatchEvent, WatchParams};

use super::fleet::Fleet;
use super::storage::{Kind, Storage, on_every_storage};
use super::workers::workflow;

on_every_storage!(a_watch_goes_on_at_another_server, a_list_in_pages_goes_on_at_another_server);

async fn fleet_with(storage: &Storage, objects: u64) -> Fleet {
    let fleet = Fleet::start(2, &storage.url()).await;
    for number in 0..objects {
        let object = workflow(&format!("object-{number:02}"), number);
        fleet.any().create(&PostParams::default(), &object).await.unwrap();
    }
    fleet
}

async fn a_watch_goes_on_at_another_server(kind: Kind) {
    let storage = Storage::start(kind).await;
    let fleet = fleet_with(&storage, 0).await;
    let list = fleet.workflows(0).list(&ListParams::default()).await.unwrap();
    let mut revision = list.metadata.resource_version.unwrap();
    for number in 0..20_usize {
        let object = workflow(&format!("object-{number}"), 0);
        let created = fleet.any().create(&PostParams::default(), &object).await.unwrap();
        let turn = fleet.workflows(number % 2);
        let mut events = turn.watch(&WatchParams::default(), &revision).await.unwrap().boxed();
        let Some(WatchEvent::Added(told)) = events.try_next().await.unwrap() else {
            panic!("the creation is told");
        };
        assert_eq!(told.resource_version(), created.resource_version());
        revision = told.resource_version().unwrap();
    }
}

async fn a_list_in_pages_goes_on_at_another_server(kind: Kind) {
    let storage = Storage::start(kind).await;
    let fleet = fleet_with(&storage, 20).await;
    let first = fleet.workflows(0).list(&ListParams::default().limit(7)).await.unwrap();
    fleet.any().create(&PostParams::default(), &workflow("object-19-later", 0)).await.unwrap();
    let (mut names, mut page, mut turn) = (Vec::new(), first, 1);
    loop {
        names.extend(page.items.iter().map(ResourceExt::name_any));
        let Some(token) = page.metadata.continue_.filter(|token| !token.is_empty()) else { break };
        let parameters = ListParams::default().limit(7).continue_token(&token);
        page = fleet.workflows(turn).list(&parameters).await.unwrap();
        turn = 1 - turn;
    }
    let expected: Vec<_> = (0..20).map(|number| format!("object-{number:02}")).collect();
    assert_eq!(names, expected, "the state of the first page, and nothing that came later");
}
