//! SIGKILL during writes, again and again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::timeout;

use super::replay::{Checkpoint, Replay};
use super::support::{Home, PATIENCE, Protocol, Workflows, workflows};
use super::writer::{Phase, Writer, Writing};
use super::{Objects, list, random};

const ROUNDS: usize = 50;
const WRITERS: usize = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_kills_lose_no_acknowledged_write_and_leave_no_gap_in_a_watch() {
    let mut random = random();
    let (home, began) = (Home::new(), Instant::now());
    let mut writers: Vec<_> = (0..WRITERS).map(|number| Writer::new(number, random.fork())).collect();
    let mut replay = Replay::from_the_beginning();
    for round in 0..=ROUNDS {
        let server = home.start();
        // Both protocols take their turns; after the last kill nothing is written any more.
        let protocol = if round % 2 == 0 { Protocol::Http1 } else { Protocol::Http2 };
        let writes = if round == ROUNDS { 0 } else { random.usize(10..120) };
        let api = workflows(server.client(protocol).await);
        let (revision, stored) = list(&api).await;
        check(&mut writers, &stored);
        let phase = Phase::new();
        let mut following = follow(replay, &api, (revision, stored), &phase);
        let writing =
            (writes > 0).then(|| Writing::start(std::mem::take(&mut writers), &api, revision, &phase));
        following.caught_up().await;
        phase.acknowledged(writes).await;
        tokio::time::sleep(Duration::from_micros(random.u64(..3000))).await;
        phase.end();
        server.kill();
        replay = following.ended().await;
        if let Some(writing) = writing {
            writers = writing.ended().await;
        }
    }
    eprintln!("{ROUNDS} kills, {} events, in {:?}", replay.events, began.elapsed());
}

/// Holds what is stored against what the writers know of it.
fn check(writers: &mut [Writer], stored: &Objects) {
    let mut known = 0;
    for writer in writers {
        let own = writer.own(stored);
        known += own.len();
        writer.ledger.check(&own);
    }
    assert_eq!(known, stored.len(), "nobody wrote some of these: {:?}", stored.keys());
}

/// A replay that goes on in a task of its own.
struct Following {
    task: tokio::task::JoinHandle<Replay>,
    caught_up: oneshot::Receiver<()>,
}

fn follow(
    replay: Replay,
    api: &Workflows,
    (revision, objects): (u64, Objects),
    phase: &Arc<Phase>,
) -> Following {
    let (reached, caught_up) = oneshot::channel();
    let checkpoint = Checkpoint { revision, objects, reached };
    let task = tokio::spawn(replay.follow(api.clone(), checkpoint, Arc::clone(phase)));
    Following { task, caught_up }
}

impl Following {
    /// Waits until the replay is where the list was.
    async fn caught_up(&mut self) {
        let caught_up = timeout(PATIENCE, &mut self.caught_up).await;
        assert!(matches!(caught_up, Ok(Ok(()))), "the watch did not come to where the list was");
    }

    async fn ended(self) -> Replay {
        timeout(PATIENCE, self.task).await.expect("the watch does not end").unwrap()
    }
}
