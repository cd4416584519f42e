//! What the window keeps and lets go.

use tokio::time::Instant;

use super::*;
use crate::cacher::window::{Change, Window};
use crate::codec::EventType;

fn object(revision: u64, size: usize) -> Arc<Object> {
    let json =
        format!(r#"{{"apiVersion":"a/v1","kind":"Thing","metadata":{{"name":"{}"}}}}"#, "x".repeat(size));
    Arc::new(Object::new("ns/a".into(), json.as_bytes(), Revision(revision), EventType::Added).unwrap())
}

/// A window of ten changes, each of which replaced an object of `size` bytes a second after the one before.
fn window(size: usize, start: Instant) -> Window {
    let mut window = Window::starting_at(Revision(0));
    for revision in 1..=10 {
        window.push(Arc::new(Change {
            revision: Revision(revision),
            at: start + Duration::from_secs(revision),
            object: Some(object(revision, size)),
            previous: Some(object(revision - 1, size)),
            farewell: std::sync::OnceLock::new(),
        }));
    }
    window
}

fn kept(window: &Window) -> Vec<u64> {
    window.after(Revision(0), usize::MAX).map(|change| change.revision.0).collect()
}

const ALL: Limits = Limits { changes: usize::MAX, bytes: usize::MAX, age: Duration::MAX };

#[test]
fn the_newest_changes_are_kept() {
    let now = Instant::now();
    let mut window = window(1, now);
    window.trim(Limits { changes: 3, ..ALL }, now);
    assert_eq!(kept(&window), [8, 9, 10]);
    assert_eq!(window.oldest(), Revision(7));
}

#[test]
fn changes_of_large_objects_are_fewer() {
    let now = Instant::now();
    let mut window = window(10_000, now);
    window.trim(Limits { bytes: 35_000, ..ALL }, now);
    assert_eq!(kept(&window), [8, 9, 10]);
    window.trim(Limits { bytes: 0, ..ALL }, now);
    assert_eq!((kept(&window), window.oldest()), (vec![], Revision(10)));
}

#[test]
fn old_changes_go() {
    let now = Instant::now();
    let mut window = window(1, now);
    window.trim(Limits { age: Duration::from_secs(4), ..ALL }, now + Duration::from_secs(12));
    assert_eq!(kept(&window), [8, 9, 10]);
}

#[test]
fn within_its_limits_nothing_goes() {
    let now = Instant::now();
    let mut window = window(1, now);
    window.trim(ALL, now + Duration::from_secs(1000));
    assert_eq!((kept(&window).len(), window.oldest()), (10, Revision(0)));
}

#[test]
fn changes_are_found_by_the_revision_they_follow() {
    let window = window(1, Instant::now());
    let after = |revision, most| {
        window.after(Revision(revision), most).map(|change| change.revision.0).collect::<Vec<_>>()
    };
    assert_eq!(after(7, 2), [8, 9]);
    assert_eq!(after(9, usize::MAX), [10]);
    assert_eq!(after(10, 5), [0; 0]);
    assert_eq!(after(99, 5), [0; 0]);
}
