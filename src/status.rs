//! How an installation is: `(&Facts, now) -> Report`, pure. [`facts`] says what can be known of a cluster, each other
//! module judges a part of it, [`table`] shows the report to people. Talks to nobody.

mod aggregator;
mod certificates;
mod cluster;
pub(crate) mod facts;
mod objects;
pub(crate) mod permissions;
pub(crate) mod registration;
mod renewal;
mod report;
mod rollout;
mod round_trip;
mod storage;
pub(crate) mod table;
#[cfg(test)]
mod tests;
mod verdict;

use jiff::Timestamp;

pub(crate) use self::facts::Facts;
pub(crate) use self::report::Report;
use crate::cluster::ClusterError;

/// Says that the cluster cannot be reached: nothing else is known then.
pub(crate) fn unreached(error: &ClusterError) -> Report {
    Report::of(vec![cluster::unreached(error.why(), error.hint())])
}

/// Judges `facts` at `now`, the time that the cluster tells.
pub(crate) fn judge(facts: &Facts, now: Timestamp) -> Report {
    if facts.objects.are_missing() {
        let missing = [cluster::checks(facts, now), vec![objects::nothing(facts)]];
        return Report::of(missing.into_iter().flatten().collect());
    }
    let sections = [
        cluster::checks(facts, now),
        objects::checks(facts),
        rollout::checks(facts),
        certificates::checks(facts, now),
        registration::checks(facts),
        storage::checks(facts),
        round_trip::checks(facts),
    ];
    Report::of(sections.into_iter().flatten().collect())
}
