//! Proof that a backend keeps its promises: one named check per promise of [`Backend`].
//!
//! Whoever writes a backend runs this against it, and needs no other test of the contract:
//!
//! ```
//! # use std::sync::Arc;
//! # use embedded_server::storage::{Backend, Memory, conformance};
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! conformance::run(conformance::WINDOW, async || Arc::new(Memory::with_window(1000)) as Arc<dyn Backend>).await;
//! # });
//! ```
//!
//! A store that several processes can share has to pass [`run_shared`], too.
//!
//! What neither can see from outside, that what was answered survives a crash, a backend has to show by tests of its
//! own.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a check fails by panicking, like the test it is run from"
)]
#![expect(clippy::needless_pass_by_value, reason = "values are written where they are used: `text(1)`")]

mod instances;
mod reads;
mod tools;
mod watches;
mod writes;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::BoxFuture;

#[cfg(test)]
pub(super) use self::tools::events;
use super::Backend;

/// A window that is large enough for every check and small enough for compaction to be checked quickly.
pub const WINDOW: usize = 1000;

/// How long a check may take before it counts as stuck.
const PATIENCE: Duration = Duration::from_secs(120);

/// A store as the checks use it.
type Store = Arc<dyn Backend>;

/// A check of one promise on an empty store, given the store's window.
type Check = fn(Store, usize) -> BoxFuture<'static, ()>;

/// Opens another instance on a store that may have some.
pub type Open = Arc<dyn Fn() -> BoxFuture<'static, Arc<dyn Backend>> + Send + Sync>;

/// A check of several instances on one store, which is empty.
type SharedCheck = fn(Open, usize) -> BoxFuture<'static, ()>;

/// Lists checks with their names.
macro_rules! checks {
    ($($module:ident: $($name:ident),+;)+) => {
        &[$($((stringify!($name), |store, window| $module::$name(store, window).boxed())),+),+]
    };
}

/// Every check, in the order of the contract's promises.
const CHECKS: &[(&str, Check)] = checks! {
    writes:
        create_stores_only_where_nothing_is,
        update_replaces_only_the_expected_revision,
        delete_removes_only_the_expected_revision,
        a_conflict_tells_what_is_stored,
        a_refused_write_leaves_no_trace,
        parallel_increments_are_all_counted,
        racing_creates_have_one_winner,
        any_bytes_can_be_stored,
        a_dropped_commit_happens_wholly_or_not_at_all;
    reads:
        an_answered_write_is_seen_by_every_read,
        a_list_is_ordered_and_stays_below_its_prefix,
        a_list_is_one_cut_through_the_history;
    watches:
        a_watch_yields_what_came_after_its_revision,
        a_watch_from_the_empty_store_sees_the_first_write,
        a_watch_from_the_future_waits_for_it,
        a_watch_stays_below_its_prefix,
        events_tell_what_stood_before,
        a_watch_has_no_gaps_under_parallel_writers,
        a_list_and_a_watch_from_it_miss_nothing,
        a_dropped_watch_disturbs_nobody,
        a_watch_behind_the_window_is_told,
        closing_ends_everything;
};

/// Every check of several instances.
const SHARED_CHECKS: &[(&str, SharedCheck)] = checks! {
    instances:
        an_answered_write_is_seen_through_every_instance,
        increments_through_several_instances_are_all_counted,
        racing_creates_through_several_instances_have_one_winner,
        every_instance_yields_the_same_history,
        a_watch_goes_on_through_another_instance,
        closing_an_instance_leaves_the_others,
        everything_is_there_when_all_instances_were_closed;
};

/// Runs every check, each on a store of its own from `make`, which has to be empty and to remember about
/// `window` events, at least [`WINDOW`].
///
/// # Panics
/// When the backend breaks a promise; the message begins with the number and the name of the check.
pub async fn run(window: usize, make: impl AsyncFn() -> Arc<dyn Backend>) {
    assert!(window >= WINDOW, "the checks need a window of {WINDOW} events");
    for (index, (name, check)) in CHECKS.iter().enumerate() {
        passes(index + 1, name, check(make().await, window)).await;
    }
}

/// Runs every check of several instances on one store, each on what `make` returns: what opens instances on an empty
/// store that remembers at least [`WINDOW`] events.
///
/// # Panics
/// As [`run`].
pub async fn run_shared(window: usize, make: impl AsyncFn() -> Open) {
    assert!(window >= WINDOW, "the checks need a window of {WINDOW} events");
    for (index, (name, check)) in SHARED_CHECKS.iter().enumerate() {
        passes(index + 1, name, check(make().await, window)).await;
    }
}

async fn passes(number: usize, name: &str, check: BoxFuture<'static, ()>) {
    match tokio::time::timeout(PATIENCE, AssertUnwindSafe(check).catch_unwind()).await {
        Ok(Ok(())) => {}
        Ok(Err(payload)) => panic!("check {number} `{name}` failed: {}", tools::message(&*payload)),
        Err(_) => panic!("check {number} `{name}` did not finish within {PATIENCE:?}"),
    }
}
