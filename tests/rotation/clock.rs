//! A cluster whose clock is behind everybody else's. The job that renews lives in one whose clock is ahead.

use std::sync::Arc;

use embedded_server::clock::{Clock, ManualClock, SystemClock};
use jiff::SignedDuration;

use super::installation::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_over_by_the_own_clock_is_good_if_the_cluster_says_so() {
    let clock = ManualClock::at(SystemClock.now() - SignedDuration::from_hours(24 * 400));
    let cluster = installed_at(Arc::new(clock)).await;
    let witness = witness(&cluster);
    let idle = report(&cluster, "--if-needed", 0).await;
    assert_eq!(idle["rotated"], false, "{idle}");
    let report = report(&cluster, "", 0).await;
    assert_eq!((&report["rotated"], &report["requests"]["failed"]), (&true.into(), &0.into()));
    was_trusted(witness).await;
    is_well(&cluster).await;
}
