//! States that are no longer the newest.

use super::*;

#[tokio::test]
async fn going_back_undoes_what_changed() {
    let store = Flaky::remembering(100);
    let cache = cache(&store, 100).await;
    store.put("a", "x").await;
    store.put("b", "x").await;
    store.put("a", "y").await;
    store.remove("b").await;
    store.put("b", "z").await;
    cache.view(GetOptions::MostRecent).await.unwrap();
    for (revision, expected) in
        [(1, ""), (2, "a@2"), (3, "a@2 b@3"), (4, "a@4 b@3"), (5, "a@4"), (6, "a@4 b@6")]
    {
        let view = cache.view_at(Revision(revision)).await.unwrap();
        assert_eq!(view.revision(), Revision(revision));
        assert_eq!(spelled(&view, &selecting("")).join(" "), expected, "{revision}");
    }
    let then = cache.view_at(Revision(3)).await.unwrap();
    assert_eq!(spelled(&then, &selecting("app=x")).join(" "), "a@2 b@3");
}

#[tokio::test]
async fn a_cache_that_starts_late_knows_the_past_of_the_store() {
    let store = Flaky::remembering(100);
    for label in ["x", "y", "z"] {
        store.put("a", label).await;
    }
    store.remove("a").await;
    let cache = cache(&store, 2).await;
    let mut watcher = cache.watch(selecting(""), WatchFrom::After(Revision(3))).await.unwrap();
    assert_eq!([said(&mut watcher).await, said(&mut watcher).await], ["MODIFIED a@4", "DELETED a@5"]);
    assert_eq!(spelled(&cache.view_at(Revision(3)).await.unwrap(), &selecting("app=y")), ["a@3"]);
    assert!(matches!(
        cache.view_at(Revision(2)).await,
        Err(CacheError::TooOld { wanted: Revision(2), oldest: Revision(3) })
    ));
}

#[tokio::test(start_paused = true)]
async fn the_future_is_not_there_yet() {
    let store = Flaky::remembering(100);
    let cache = cache(&store, 100).await;
    store.put("a", "x").await;
    for read in [cache.view_at(Revision(8)).await, cache.view(GetOptions::NotOlderThan(Revision(8))).await] {
        assert!(matches!(read, Err(CacheError::TooNew { wanted: Revision(8), current: Revision(2) })));
    }
}

#[tokio::test]
async fn a_state_that_is_read_in_pages_is_at_hand() {
    let store = Flaky::remembering(100);
    let cache = cache(&store, 100).await;
    store.put("a", "x").await;
    let first = cache.view(GetOptions::MostRecent).await.unwrap();
    store.put("b", "x").await;
    store.remove("a").await;
    cache.view(GetOptions::MostRecent).await.unwrap();
    assert!(!cache.view_at(Revision(2)).await.unwrap().is(&first));
    cache.remember(&first);
    for _ in 0..3 {
        assert!(cache.view_at(Revision(2)).await.unwrap().is(&first));
        store.put("b", "y").await;
        cache.view(GetOptions::MostRecent).await.unwrap();
    }
    assert_eq!(spelled(&first, &selecting("")), ["a@2"]);
}

#[tokio::test]
async fn only_so_many_states_are_at_hand() {
    let store = Flaky::remembering(100);
    let cache = cache(&store, 100).await;
    store.put("a", "x").await;
    let first = cache.view(GetOptions::MostRecent).await.unwrap();
    cache.remember(&first);
    for _ in 0..40 {
        store.put("a", "y").await;
        cache.remember(&cache.view(GetOptions::MostRecent).await.unwrap());
    }
    let again = cache.view_at(Revision(2)).await.unwrap();
    assert!(!again.is(&first));
    assert_eq!(spelled(&again, &selecting("")), ["a@2"]);
}

#[tokio::test]
async fn a_state_goes_with_the_window() {
    let store = Flaky::remembering(100);
    let cache = cache(&store, 2).await;
    store.put("a", "x").await;
    cache.remember(&cache.view(GetOptions::MostRecent).await.unwrap());
    for label in ["x", "y", "z"] {
        store.put("a", label).await;
    }
    cache.view(GetOptions::MostRecent).await.unwrap();
    let gone = cache.view_at(Revision(2)).await;
    assert!(matches!(gone, Err(CacheError::TooOld { wanted: Revision(2), oldest: Revision(3) })));
}
