//! Watchers, and a writer whose store lets it down.

use super::*;

async fn watcher(cache: &Cacher, labels: &str, from: WatchFrom) -> Watcher {
    cache.watch(selecting(labels), from).await.unwrap()
}

#[tokio::test]
async fn a_watcher_sees_objects_enter_and_leave_its_selection() {
    let store = Flaky::remembering(100);
    let cache = cache(&store, 100).await;
    let mut watcher = watcher(&cache, "app=x", WatchFrom::After(Revision::FIRST)).await;
    for label in ["y", "x", "x", "y", "y", "x"] {
        store.put("a", label).await;
    }
    store.remove("a").await;
    for expected in ["ADDED a@3", "MODIFIED a@4", "DELETED a@5", "ADDED a@7", "DELETED a@8"] {
        assert_eq!(said(&mut watcher).await, expected);
    }
}

#[tokio::test]
async fn a_watcher_begins_with_the_state_and_says_where_it_ends() {
    let store = Flaky::remembering(100);
    let cache = cache(&store, 100).await;
    for name in ["b", "a", "c"] {
        store.put(name, if name == "c" { "y" } else { "x" }).await;
    }
    let mut watcher = watcher(&cache, "app=x", WatchFrom::State(GetOptions::MostRecent)).await;
    store.put("d", "x").await;
    for expected in ["ADDED a@3", "ADDED b@2", "END @4", "ADDED d@5"] {
        assert_eq!(said(&mut watcher).await, expected);
    }
}

#[tokio::test]
async fn a_watcher_that_is_too_slow_is_told_so() {
    let store = Flaky::remembering(100);
    let cache = cache(&store, 2).await;
    let mut watcher = watcher(&cache, "", WatchFrom::After(Revision::FIRST)).await;
    for label in ["x", "y", "z"] {
        store.put("a", label).await;
    }
    cache.view(GetOptions::MostRecent).await.unwrap();
    assert_eq!(said(&mut watcher).await, "too old resource version: 1 (2)");
}

#[tokio::test]
async fn many_watchers_share_one_encoding() {
    let store = Flaky::remembering(100);
    let cache = cache(&store, 100).await;
    let mut watchers = Vec::new();
    for _ in 0..3 {
        watchers.push(watcher(&cache, "", WatchFrom::After(Revision::FIRST)).await);
    }
    store.put("a", "x").await;
    store.remove("a").await;
    for _ in 0..2 {
        let mut frames = Vec::new();
        for watcher in &mut watchers {
            let Some(Delivery::Event(event)) = watcher.next().await else { panic!("an event") };
            frames.push(event.frame());
        }
        assert!(frames.iter().all(|frame| frame.as_ptr() == frames[0].as_ptr()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_writer_that_lost_the_store_comes_back_and_its_watchers_miss_nothing() {
    let store = Flaky::remembering(100);
    let cache = cache(&store, 100).await;
    let mut watcher = watcher(&cache, "", WatchFrom::After(Revision::FIRST)).await;
    store.put("a", "x").await;
    assert_eq!(said(&mut watcher).await, "ADDED a@2");
    store.cut();
    tokio::time::sleep(Duration::from_millis(1)).await;
    assert!(!cache.is_following());
    store.put("b", "x").await;
    store.remove("a").await;
    assert_eq!([said(&mut watcher).await, said(&mut watcher).await], ["ADDED b@3", "DELETED a@4"]);
    assert!(cache.is_following());
}

#[tokio::test(start_paused = true)]
async fn what_the_store_forgot_meanwhile_is_no_longer_promised() {
    let store = Flaky::remembering(2);
    let cache = cache(&store, 100).await;
    let mut watcher = watcher(&cache, "", WatchFrom::After(Revision::FIRST)).await;
    store.put("a", "x").await;
    assert_eq!(said(&mut watcher).await, "ADDED a@2");
    store.cut();
    tokio::time::sleep(Duration::from_millis(1)).await;
    for name in ["b", "c", "d"] {
        store.put(name, "x").await;
    }
    assert_eq!(said(&mut watcher).await, "too old resource version: 2 (3)");
    let view = cache.view(GetOptions::MostRecent).await.unwrap();
    assert_eq!(spelled(&view, &selecting("")), ["a@2", "b@3", "c@4", "d@5"]);
}

#[tokio::test(start_paused = true)]
async fn reads_wait_for_a_writer_that_lost_the_store() {
    let store = Flaky::remembering(100);
    let cache = cache(&store, 100).await;
    store.cut();
    store.put("a", "x").await;
    let view = cache.view(GetOptions::MostRecent).await.unwrap();
    assert_eq!(spelled(&view, &selecting("")), ["a@2"]);
}

#[tokio::test(start_paused = true)]
async fn a_cache_whose_store_says_nothing_does_not_claim_to_follow_it() {
    let store = Flaky::remembering(100);
    let cache = cache(&store, 100).await;
    for silent in [true, false] {
        store.is_silent(silent);
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert_eq!(cache.is_following(), !silent);
    }
}

#[tokio::test]
async fn a_store_that_is_closed_ends_reads() {
    let store = Flaky::remembering(100);
    let cache = cache(&store, 100).await;
    store.close().await;
    assert!(matches!(cache.view(GetOptions::MostRecent).await, Err(CacheError::Storage(_))));
    assert!(cache.view(GetOptions::Any).await.is_ok());
}
