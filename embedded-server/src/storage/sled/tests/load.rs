//! Loads to measure and to trace, for people; they assert nothing about time.

use std::sync::Arc;
use std::time::Instant;

use super::{create, open};
use crate::storage::Backend;

/// Writes from many tasks at once and prints the rate. Its numbers mean something in a release build:
///
/// ```text
/// LOAD_TASKS=64 LOAD_WRITES=100000 cargo test --release -p embedded-server --lib -- --ignored --nocapture commits_per_second
/// ```
///
/// The proof that every answer follows a sync is the trace of a few writes: between the `pwrite64` of a write
/// to the database file and its `answered` stands an `fdatasync` of that file.
///
/// ```text
/// LOAD_TASKS=1 LOAD_WRITES=20 strace -f -y -e trace=pwrite64,sync_file_range,fdatasync,fsync,write \
///     <the test program> --ignored --nocapture commits_per_second
/// ```
#[test]
#[ignore = "needs a quiet machine, and strace for the proof"]
#[expect(clippy::print_stderr, reason = "the figures are what it is for, and the trace shows the answers")]
fn commits_per_second() {
    let setting = |name: &str, default: usize| {
        std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
    };
    let (tasks, writes) = (setting("LOAD_TASKS", 64), setting("LOAD_WRITES", 20_000));
    let directory = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let before = usage();
    let started = Instant::now();
    runtime.block_on(async {
        let store = Arc::new(open(directory.path(), 100_000));
        eprintln!("opened in {:?}: {}", started.elapsed(), resident());
        let started = Instant::now();
        let work = (0..tasks).map(|task| tokio::spawn(write(Arc::clone(&store), task, writes / tasks)));
        futures::future::join_all(work.collect::<Vec<_>>()).await;
        let rate = writes as f64 / started.elapsed().as_secs_f64();
        let cpu = (usage() - before) * 1000.0 / writes as f64;
        eprintln!("{rate:.0} commits/s, {cpu:.4} CPU seconds per 1,000, {}", resident());
        store.close().await;
    });
}

async fn write(store: Arc<super::Sled>, task: usize, count: usize) {
    let value = "x".repeat(1024);
    for round in 0..count {
        let revision = create(&store, format!("{task}-{round}"), &value).await;
        if count <= 100 {
            answered(revision);
        }
    }
}

#[expect(clippy::print_stderr, reason = "shows the answer in the trace")]
fn answered(revision: crate::storage::Revision) {
    eprintln!("answered {revision}");
}

/// Returns the CPU seconds of this process so far.
fn usage() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u32 = fields[11..13].iter().map(|field| field.parse::<u32>().unwrap()).sum();
    f64::from(ticks) / 100.0
}

/// Returns the resident size of this process as the system tells it.
fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().find(|line| line.starts_with("VmRSS")).unwrap().to_owned()
}
