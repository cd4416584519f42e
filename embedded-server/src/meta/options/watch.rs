//! The options of watches: which objects, from where on, for how long.

use std::time::Duration;

use super::read::{invalid_list_options, parse_match};
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
        let rv_match = parse_match(query)?;
        let initial = query.optional_flag("sendInitialEvents");
        check_initial_events(initial, rv_match)?;
        let version = GetOptions::version(query)?;
        Ok(match (initial, version) {
            (Some(true), version) => WatchFrom::State(version),
            (_, GetOptions::NotOlderThan(after)) => WatchFrom::After(after),
            (Some(false), version) => WatchFrom::Now(version),
            (None, version) => WatchFrom::State(version),
        })
    }
}

fn check_initial_events(
    initial: Option<bool>,
    rv_match: Option<ResourceVersionMatch>,
) -> Result<(), ApiError> {
    let path = Path::new("resourceVersionMatch");
    let error = match (initial, rv_match) {
        (None, None) | (Some(_), Some(ResourceVersionMatch::NotOlderThan)) => return Ok(()),
        (None, Some(_)) => field::Error::forbidden(
            &path,
            "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
        (Some(_), None) => field::Error::forbidden(
            &path,
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
        (Some(_), Some(ResourceVersionMatch::Exact)) => {
            field::Error::not_supported(&path, "Exact", &["NotOlderThan"])
        }
    };
    Err(invalid_list_options(&[error]))
}
