//! The `kubernetes` package's dynamic client, with python/follow.py.

use tokio::process::Command;

use super::follower::Follower;
use super::program::follow;
use super::selection::{ALL, LABELLED, NAMESPACE, RUNNING, Selection};
use super::stage::Stage;
use super::story;

/// Where `.ci/tools clients` makes an environment with the packages.
const PYTHON: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/clients/python/bin/python");
const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/python/follow.py");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs Python with the packages of python/requirements.txt"]
async fn what_python_keeps_stays_the_same_as_a_list() {
    let mut stage = Stage::open().await;
    let mut followers = [
        python(&stage, "list", ALL),
        python(&stage, "list", RUNNING),
        python(&stage, "watch-list", NAMESPACE),
        python(&stage, "watch-list", LABELLED),
    ];
    story::play(&mut stage, &mut followers).await;
}

/// Starts a client whose first objects come with a list or with a watch.
fn python(stage: &Stage, first: &str, selection: Selection) -> Follower {
    let mut command = Command::new(PYTHON);
    command.arg(PROGRAM).arg(first);
    follow(stage, &format!("Python ({first})"), command, selection)
}
