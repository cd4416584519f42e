//! The options of watches: which objects, from where on, for how long.

use std::time::Duration;

use super::read::{WITH_CONTINUE, check};
use super::{GetOptions, Query, ResourceVersionMatch, Selector};
use crate::meta::field::{self, Path};
use crate::meta::{ApiError, Revision};

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchFrom {
    /// With the objects of a state, as additions, then what changes after it.
    State(GetOptions),
    /// With what changes after a revision.
    After(Revision),
    /// With what changes after the most recent state, or after whatever state is at hand.
    Now(GetOptions),
}

/// What a watch asks for.
#[derive(Clone, Debug)]
pub struct WatchOptions {
    /// Which objects.
    pub selector: Selector,
    /// Where it begins.
    pub from: WatchFrom,
    /// Whether bookmarks are wanted; after the objects of a state one is marked as the end of them.
    pub bookmarks: bool,
    /// How long it may last; none for the server's choice.
    pub timeout: Option<Duration>,
}

impl WatchOptions {
    /// Reads the options of a watch.
    ///
    /// # Errors
    /// 400 for values that cannot be read, 422 for combinations that make no sense, 500 without a reason for a
    /// resource version that is no number.
    pub fn parse(query: &Query) -> Result<Self, ApiError> {
        let selector = Selector::parse(query)?;
        let seconds = query.number("timeoutSeconds")?.and_then(|seconds| u64::try_from(seconds).ok());
        let from = Self::parse_from(query)?;
        let timeout = seconds.filter(|&seconds| seconds > 0).map(Duration::from_secs);
        Ok(Self { selector, from, bookmarks: query.flag("allowWatchBookmarks"), timeout })
    }

    fn parse_from(query: &Query) -> Result<WatchFrom, ApiError> {
        check(&watch_faults(query))?;
        let initial = query.optional_flag("sendInitialEvents");
        let version = GetOptions::version(query)?;
        Ok(match (initial, version) {
            (Some(true), version) => WatchFrom::State(version),
            (_, GetOptions::NotOlderThan(after)) => WatchFrom::After(after),
            (Some(false), version) => WatchFrom::Now(version),
            (None, version) => WatchFrom::State(version),
        })
    }
}

/// Returns what in a watch's options does not go together.
fn watch_faults(query: &Query) -> field::Errors {
    let rv_match = query.text("resourceVersionMatch");
    let from_anywhere = matches!(query.text("resourceVersion"), "" | "0");
    let initial = query.optional_flag("sendInitialEvents").is_some();
    let implied = !initial && rv_match.is_empty() && from_anywhere;
    let other_match = rv_match != ResourceVersionMatch::NOT_OLDER_THAN;
    let path = Path::new("resourceVersionMatch");
    let forbidden = |why: &str| field::Error::forbidden(&path, why);
    let faults = [
        (
            initial && other_match,
            forbidden("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"),
        ),
        (
            !rv_match.is_empty() && !initial,
            forbidden("resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"),
        ),
        (!rv_match.is_empty() && other_match, {
            field::Error::not_supported(&path, rv_match, &[ResourceVersionMatch::NOT_OLDER_THAN])
        }),
        ((implied || !rv_match.is_empty()) && !query.text("continue").is_empty(), forbidden(WITH_CONTINUE)),
    ];
    faults.into_iter().filter(|(holds, _)| *holds).map(|(_, error)| error).collect()
}
