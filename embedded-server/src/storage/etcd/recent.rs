//! The newest changes, in memory, for all who follow them: one watch at etcd feeds any number of watches here.

use std::collections::VecDeque;

use parking_lot::Mutex;
use tokio::sync::watch;

use super::fault::Fault;
use crate::storage::{Changes, Event, Prefix, Revision, StorageError};

/// How many changes are kept, and how many bytes they may have together.
const MOST: (usize, usize) = (4096, 8 << 20);

/// How many changes a watch takes over at once.
const CHUNK: usize = 512;

#[derive(Debug)]
pub(super) struct Recent {
    state: Mutex<State>,
    /// Tells those who wait to look again.
    news: watch::Sender<()>,
}

#[derive(Debug)]
struct State {
    events: VecDeque<Event>,
    bytes: usize,
    /// Every change after this one is among `events`, up to and including `up_to`.
    after: Revision,
    up_to: Revision,
    /// Counts how often the thread was lost, and changes with it.
    era: u64,
    closed: bool,
}

/// What somebody who follows finds.
#[derive(Debug)]
pub(super) enum Found {
    /// Changes.
    News(Changes),
    /// There are none yet.
    Nothing,
    /// What comes next is no longer in memory.
    Forgotten,
    /// What came next was lost.
    Lost {
        /// The oldest revision from which changes are known.
        oldest: Revision,
    },
    /// Nothing will come.
    Closed,
}

impl Recent {
    /// Begins with what comes after `after`.
    pub(super) fn after(after: Revision) -> Self {
        let state = State { events: VecDeque::new(), bytes: 0, after, up_to: after, era: 0, closed: false };
        Self { state: Mutex::new(state), news: watch::Sender::new(()) }
    }

    /// Returns which era it is; whoever follows says it when he looks.
    pub(super) fn era(&self) -> u64 {
        self.state.lock().era
    }

    /// Returns the revision up to which all changes are known.
    pub(super) fn up_to(&self) -> Revision {
        self.state.lock().up_to
    }

    /// Returns what tells when to look again.
    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// Looks for changes below `prefix` after `after`.
    pub(super) fn look(&self, prefix: &Prefix, after: Revision, era: u64) -> Found {
        let state = self.state.lock();
        if state.closed {
            return Found::Closed;
        }
        if state.era != era {
            return Found::Lost { oldest: state.after };
        }
        if after < state.after {
            return Found::Forgotten;
        }
        if after >= state.up_to {
            return Found::Nothing;
        }
        Found::News(state.changes(prefix, after))
    }

    /// Adds changes, which come after all that are there.
    pub(super) fn add(&self, changes: Changes) {
        let mut state = self.state.lock();
        if changes.up_to <= state.up_to {
            return;
        }
        for event in changes.events {
            state.bytes += size(&event);
            state.events.push_back(event);
        }
        state.up_to = changes.up_to;
        state.trim();
        self.news.send_replace(());
    }

    /// Goes on after `after`; what was before is lost.
    pub(super) fn start_anew(&self, after: Revision) {
        let mut state = self.state.lock();
        state.events.clear();
        (state.bytes, state.after, state.up_to) = (0, after, after);
        state.era += 1;
        self.news.send_replace(());
    }

    /// Waits until everything up to `revision` is known.
    ///
    /// # Errors
    /// When some of it is not going to be.
    pub(super) async fn reached(&self, revision: Revision, era: u64) -> Result<(), Fault> {
        let mut news = self.subscribe();
        loop {
            news.mark_unchanged();
            {
                let state = self.state.lock();
                match () {
                    () if state.closed => return Err(Fault::Closed),
                    () if state.era != era => return Err(Fault::Compacted),
                    () if state.up_to >= revision => return Ok(()),
                    () => {}
                }
            }
            // The sender lives as long as this.
            news.changed().await.unwrap_or_default();
        }
    }

    /// Ends everything that follows.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.events.clear();
        self.news.send_replace(());
    }

    /// Fails once it is closed.
    pub(super) fn check_open(&self) -> Result<(), StorageError> {
        if self.state.lock().closed { Err(Fault::Closed.into()) } else { Ok(()) }
    }
}

impl State {
    /// Returns a chunk of what comes after `after`. A revision is never divided.
    fn changes(&self, prefix: &Prefix, after: Revision) -> Changes {
        let begin = self.events.partition_point(|event| event.revision <= after);
        let last = self.events.get(begin + CHUNK - 1).map_or(self.up_to, |event| event.revision);
        let end = self.events.partition_point(|event| event.revision <= last);
        let wanted = self.events.range(begin..end).filter(|event| prefix.contains(&event.key));
        Changes { events: wanted.cloned().collect(), up_to: last }
    }

    /// Forgets the oldest changes, whole revisions at a time, while there are too many.
    fn trim(&mut self) {
        while self.events.len() > MOST.0 || self.bytes > MOST.1 {
            let Some(oldest) = self.events.front().map(|event| event.revision) else { return };
            while let Some(event) = self.events.pop_front_if(|event| event.revision == oldest) {
                self.bytes -= size(&event);
            }
            self.after = oldest;
        }
    }
}

/// Returns about how much memory an event takes.
fn size(event: &Event) -> usize {
    let value = event.value.as_ref().map_or(0, bytes::Bytes::len);
    let previous = event.previous.as_ref().map_or(0, |(previous, _)| previous.len());
    event.key.as_str().len() + value + previous
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Key;

    fn event(revision: u64) -> Event {
        let key = Key::from_stored(&format!("a/{revision}"));
        Event { key, revision: Revision(revision), value: Some("x".into()), previous: None }
    }

    fn filled(revisions: impl IntoIterator<Item = u64>) -> Recent {
        let recent = Recent::after(Revision(1));
        for revision in revisions {
            recent.add(Changes { events: vec![event(revision)], up_to: Revision(revision) });
        }
        recent
    }

    #[test]
    fn who_follows_finds_everything_once() {
        let recent = filled((1..=2000).map(|number| number * 3));
        let (mut after, mut found) = (Revision(1), Vec::new());
        while let Found::News(changes) = recent.look(&Prefix::all(), after, 0) {
            found.extend(changes.events.iter().map(|event| event.revision.0));
            after = changes.up_to;
        }
        assert!(found.into_iter().eq((1..=2000).map(|number| number * 3)));
    }

    #[test]
    fn a_revision_with_many_changes_is_not_divided() {
        let recent = Recent::after(Revision(1));
        recent.add(Changes { events: vec![event(5); 2 * CHUNK], up_to: Revision(5) });
        let Found::News(changes) = recent.look(&Prefix::all(), Revision(1), 0) else { panic!("no news") };
        assert_eq!((changes.events.len(), changes.up_to), (2 * CHUNK, Revision(5)));
    }

    #[test]
    fn memory_is_bounded_and_who_is_too_slow_is_told() {
        let recent = filled(2..6000);
        assert_eq!(recent.state.lock().events.len(), MOST.0);
        assert!(matches!(recent.look(&Prefix::all(), Revision(1), 0), Found::Forgotten));
        let oldest = recent.state.lock().after;
        assert!(matches!(recent.look(&Prefix::all(), oldest, 0), Found::News(_)));
    }

    #[test]
    fn who_followed_before_the_thread_was_lost_is_told() {
        let recent = filled(2..10);
        recent.start_anew(Revision(20));
        assert!(matches!(recent.look(&Prefix::all(), Revision(5), 0), Found::Lost { oldest: Revision(20) }));
        assert!(matches!(recent.look(&Prefix::all(), Revision(20), recent.era()), Found::Nothing));
    }
}
