//! A bounded memory in which everything is forgotten after a while.

use std::collections::{HashMap, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use jiff::Timestamp;

/// Values that are good for some time each. When there are too many, the oldest is forgotten first.
#[derive(Debug)]
pub(super) struct Memory<K, V> {
    most: usize,
    entries: HashMap<K, Entry<V>>,
    /// What was remembered when, oldest first; an entry that was replaced since stands here twice.
    order: VecDeque<(K, Timestamp)>,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    since: Timestamp,
    until: Timestamp,
}

impl<K: Clone + Eq + Hash, V> Memory<K, V> {
    /// Returns an empty memory of at most `most` values.
    pub(super) fn new(most: usize) -> Self {
        Self { most, entries: HashMap::new(), order: VecDeque::new() }
    }

    /// Returns a value that is good at `now`. After the clock was put back, what was remembered later than `now`
    /// is good no more.
    pub(super) fn get(&self, key: &K, now: Timestamp) -> Option<&V> {
        let entry = self.entries.get(key)?;
        (entry.since <= now && now < entry.until).then_some(&entry.value)
    }

    /// Remembers a value from `now` on.
    pub(super) fn put(&mut self, key: K, value: V, now: Timestamp, good_for: Duration) {
        let until = now.saturating_add(good_for).unwrap_or(Timestamp::MAX);
        self.forget_until(now);
        self.order.push_back((key.clone(), now));
        self.entries.insert(key, Entry { value, since: now, until });
    }

    /// Forgets, beginning with the oldest, what is over, and one more where there is no room otherwise.
    fn forget_until(&mut self, now: Timestamp) {
        while let Some((key, since)) = self.order.front() {
            let entry = self.entries.get(key).filter(|entry| entry.since == *since);
            let stays = entry.is_some_and(|entry| entry.since <= now && now < entry.until);
            if stays && self.order.len() < self.most {
                return;
            }
            if entry.is_some() {
                self.entries.remove(key);
            }
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    const TEN: Duration = Duration::from_secs(10);

    fn at(second: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_000 + second)
    }

    #[test]
    fn a_value_is_good_until_its_time_is_over() {
        let mut memory = Memory::new(8);
        memory.put("a", 1, at(0), TEN);
        assert_eq!(memory.get(&"a", at(9)), Some(&1));
        assert_eq!(memory.get(&"a", at(10)), None);
        assert_eq!(memory.get(&"b", at(0)), None);
    }

    #[test]
    fn nothing_outlives_a_clock_that_is_put_back() {
        let mut memory = Memory::new(8);
        memory.put("a", 1, at(0), TEN);
        assert_eq!(memory.get(&"a", at(-1)), None);
    }

    #[test]
    fn the_oldest_makes_room() {
        let mut memory = Memory::new(2);
        for (second, key) in ["a", "b", "c"].into_iter().enumerate() {
            memory.put(key, second, at(0), TEN);
        }
        assert_eq!(memory.get(&"a", at(1)), None);
        assert_eq!(memory.get(&"b", at(1)), Some(&1));
        assert_eq!(memory.get(&"c", at(1)), Some(&2));
    }

    #[test]
    fn a_value_that_was_replaced_keeps_its_new_time() {
        let mut memory = Memory::new(3);
        memory.put("a", 1, at(0), TEN);
        memory.put("a", 2, at(5), TEN);
        memory.put("b", 3, at(11), TEN);
        assert_eq!(memory.get(&"a", at(12)), Some(&2));
        assert_eq!(memory.order.len(), 2);
    }
}
