//! A process that is killed while it writes: every write it was told of is there afterwards.
//!
//! The process is this test program, started again with [`DIRECTORY`] set; it writes the name of each
//! acknowledged write to its output, and is killed after some of them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use futures::StreamExt;

use super::{create, key, open};
use crate::storage::conformance::events as events_of;
use crate::storage::{Backend, Prefix, Revision, Write};

/// The environment variable that makes the test a writer, and says where.
const DIRECTORY: &str = "SLED_CRASH_DIRECTORY";

/// What precedes a written name in the writer's output, to tell it from the test harness's own.
const MARK: &str = "acknowledged ";

#[test]
fn every_acknowledged_write_survives_a_kill() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        return write_until_killed(Path::new(&directory));
    }
    let directory = tempfile::tempdir().unwrap();
    let mut acknowledged = BTreeMap::new();
    for round in 1..=5 {
        run_and_kill(directory.path(), round * 150, &mut acknowledged);
        check(directory.path(), &acknowledged);
    }
    assert!(acknowledged.len() >= 5 * 150, "only {} writes", acknowledged.len());
}

/// Runs the writer and kills it after so many acknowledgements; those that it still made are counted, too.
fn run_and_kill(directory: &Path, after: usize, acknowledged: &mut BTreeMap<String, u64>) {
    let mut writer = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "--nocapture",
            "storage::sled::tests::crash::every_acknowledged_write_survives_a_kill",
        ])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(writer.stdout.take().unwrap());
    let mut count = 0;
    for line in output.lines().map_while(Result::ok) {
        let Some((_, written)) = line.split_once(MARK) else { continue };
        // The last line may be cut off; then it was not told to anybody.
        let Some((name, revision)) = written.strip_suffix('.').and_then(|line| line.split_once(' ')) else {
            continue;
        };
        acknowledged.insert(name.to_owned(), revision.parse().unwrap());
        count += 1;
        if count == after {
            writer.kill().unwrap();
        }
    }
    assert!(!writer.wait().unwrap().success(), "the writer was not killed");
}

/// Checks that each acknowledged write is there, and that log and state agree.
fn check(directory: &Path, acknowledged: &BTreeMap<String, u64>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store = open(directory, 1_000_000);
        let snapshot = store.list(&Prefix::all()).await.unwrap();
        let found: BTreeMap<_, _> = snapshot.items.iter().map(|item| (item.key.as_str(), item)).collect();
        for (name, revision) in acknowledged {
            let key = key(name);
            let item =
                found.get(key.as_str()).unwrap_or_else(|| panic!("{key} of revision {revision} is lost"));
            assert!(item.revision.0 >= *revision, "the last write of {key} is lost");
            assert!(item.value.starts_with(name.as_bytes()), "the value of {key} is damaged");
        }
        let watch = events_of(store.watch(&Prefix::all(), Revision::FIRST).await.unwrap());
        let count = usize::try_from(snapshot.revision.0 - Revision::FIRST.0).unwrap();
        let mut revisions = watch.take(count).map(|event| event.unwrap().revision.0);
        for expected in Revision::FIRST.next().0..=snapshot.revision.0 {
            assert_eq!(revisions.next().await, Some(expected), "the log has a gap");
        }
    });
}

/// Creates and updates objects, now and then large ones, from many tasks at once, and tells of each.
fn write_until_killed(directory: &Path) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let store = Arc::new(open(directory, 1_000_000));
        let first = store.revision().await.unwrap();
        let tasks = (0..32).map(|task| tokio::spawn(write_forever(Arc::clone(&store), first, task)));
        futures::future::join_all(tasks.collect::<Vec<_>>()).await;
    });
}

async fn write_forever(store: Arc<super::Sled>, first: Revision, task: u32) {
    for round in 0_u32.. {
        let name = format!("{first}-{task}-{round}");
        let size = if round % 40 == 7 { 1_500_000 } else { 1000 };
        let revision = create(&store, &name, format!("{name}{}", "x".repeat(size))).await;
        tell(&name, revision);
        let update = Write::Update { expect: revision, value: format!("{name} updated").into() };
        let revision = store.commit(&key(&name), update).await.unwrap();
        tell(&name, revision);
    }
}

fn tell(name: &str, revision: Revision) {
    // One call per line, so that lines of different tasks do not mix.
    let line = format!("{MARK}{name} {revision}.\n");
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}
