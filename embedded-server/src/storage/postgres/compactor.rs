//! The one task that forgets: keeps the history within its bounds, a step at a time.
//!
//! Every replica runs one. They lock the one row that holds the horizon, which no writer needs, and whoever finds it
//! locked leaves the work to the other. A step is one statement: who reads sees it wholly or not at all. Forgetting
//! a change takes with it the value that it replaced, and itself when it was a deletion. What still stands stays,
//! however old it is.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::PostgresOptions;
use super::fault::{Fault, chain};
use super::feed::Progress;
use super::lane::Lane;
use super::session::Session;

/// How often is looked for something to forget.
const EVERY: Duration = Duration::from_secs(30);

/// How long nothing is forgotten after it was looked for, however much there is.
const PAUSE: Duration = Duration::from_secs(1);

/// The most changes that a step forgets.
const STEP: i64 = 2000;

/// What goes is named by arrays: joined to a part of unknown size, the whole table would be read for each step.
const FORGET: &str = "
    WITH begin AS (
        SELECT compacted FROM horizon FOR UPDATE SKIP LOCKED
    ), oldest AS (
        SELECT changes.revision, changes.position, changes.made
        FROM begin CROSS JOIN LATERAL (
            SELECT * FROM changes WHERE changes.revision > begin.compacted ORDER BY changes.revision LIMIT $4
        ) changes
    ), target AS (
        SELECT max(oldest.revision) AS revision FROM oldest CROSS JOIN store
        WHERE oldest.revision <= store.revision - $1
            OR oldest.position <= store.position - $2
            OR oldest.made < now() - make_interval(secs => $3)
    ), forgotten AS (
        SELECT changes.revision, changes.previous, changes.value IS NULL AS deletion
        FROM begin CROSS JOIN target JOIN changes
        ON changes.revision > begin.compacted AND changes.revision <= target.revision
    ), replaced AS (
        DELETE FROM changes WHERE revision = ANY (ARRAY(SELECT previous FROM forgotten))
    ), deletions AS (
        DELETE FROM changes WHERE revision = ANY (ARRAY(SELECT revision FROM forgotten WHERE deletion))
    ), moved AS (
        UPDATE horizon SET compacted = target.revision FROM target WHERE target.revision IS NOT NULL
    )
    SELECT count(*) FROM forgotten";

/// Processes come and go; who has not written for a day will not look for a signature any more.
const FORGET_WRITERS: &str = "DELETE FROM writers WHERE wrote < now() - interval '1 day'";

/// Compacts until aborted.
pub(super) async fn run(lane: Arc<Lane>, options: PostgresOptions, mut progress: watch::Receiver<Progress>) {
    loop {
        let work = lane.ask(|session| {
            let options = options.clone();
            async move { forget(&session, &options).await }
        });
        if let Err(fault) = work.await {
            tracing::warn!(error = %chain(&fault), "old changes cannot be forgotten");
        }
        sleep(PAUSE).await;
        let jitter = EVERY.mul_f64(fastrand::f64() / 2.0);
        tokio::select! {
            () = sleep(EVERY + jitter) => {}
            _ = progress.wait_for(|progress| options.is_far_exceeded(progress)) => {}
        }
    }
}

/// Forgets all that there is to forget.
async fn forget(session: &Session, options: &PostgresOptions) -> Result<(), Fault> {
    session.query(FORGET_WRITERS, &[]).await?;
    let (changes, bytes) = (bound(options.log_events), bound(options.log_bytes));
    let seconds = options.log_age.as_secs_f64();
    loop {
        let rows = session.query(FORGET, &[&changes, &bytes, &seconds, &STEP]).await?;
        let forgotten: i64 = rows.first().map_or(Ok(0), |row| row.try_get(0))?;
        if forgotten < STEP {
            return Ok(());
        }
    }
}

fn bound(most: u64) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

impl PostgresOptions {
    /// Tells whether there are so many changes that it is better not to wait.
    fn is_far_exceeded(&self, progress: &Progress) -> bool {
        progress.revision - progress.compacted > bound(self.log_events.saturating_add(self.log_events / 10))
    }
}
