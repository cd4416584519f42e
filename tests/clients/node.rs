//! The informers of `@kubernetes/client-node`, with node/follow.js.

use tokio::process::Command;

use super::follower::Follower;
use super::program::follow;
use super::selection::{ALL, LABELLED, NAMESPACE, RUNNING, Selection};
use super::stage::Stage;
use super::story;

/// Where `.ci/tools clients` puts a copy of the program beside its packages.
const PROGRAM: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/clients/node/follow.js");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs node with the packages of node/package.json"]
async fn what_informers_in_javascript_keep_stays_the_same_as_a_list() {
    let mut stage = Stage::open().await;
    let mut followers = [ALL, NAMESPACE, LABELLED, RUNNING].map(|selection| node(&stage, selection));
    story::play(&mut stage, &mut followers).await;
}

fn node(stage: &Stage, selection: Selection) -> Follower {
    let mut command = Command::new("node");
    command.arg(PROGRAM);
    follow(stage, "an informer", command, selection)
}
