//! A list: one consistent cut, read in pages of a bounded size at one revision.

use bytes::{BufMut, Bytes, BytesMut};

use super::fault::Fault;
use super::head::{Head, from_etcd};
use super::layout::{Layout, Span};
use super::store::Store;
use super::wire::{self, RangeRequest, RangeResponse};
use crate::storage::{KeyValue, Prefix, Result, Snapshot, StorageError};

/// How many keys the first page has, when nothing is known of their size, and how many any page has at most.
const KEYS: (i64, i64) = (100, 10_000);

/// How many bytes a page should have.
const PAGE: usize = 2 << 20;

/// How often to begin anew when etcd compacts what is being read.
const ATTEMPTS: usize = 3;

/// Reads everything below `prefix`.
pub(super) async fn list(store: &Store, prefix: &Prefix) -> Result<Snapshot> {
    for _ in 1..ATTEMPTS {
        match cut(store, prefix).await {
            Err(Fault::Compacted) => {}
            cut => return Ok(cut?),
        }
    }
    cut(store, prefix).await.map_err(|fault| match fault {
        Fault::Compacted => StorageError::Unavailable(fault.into()),
        fault => fault.into(),
    })
}

async fn cut(store: &Store, prefix: &Prefix) -> std::result::Result<Snapshot, Fault> {
    let span = store.layout.objects(prefix);
    let (head, mut page) = first_page(store, &span).await?;
    let mut items = Vec::new();
    loop {
        let next = next_request(&page, &span, head.seen_at);
        items.extend(page.kvs.into_iter().filter_map(|stored| item(&store.layout, stored)));
        let Some(next) = next else { break };
        page = store.client.range(&next).await?;
    }
    let oldest = head.oldest(store.compacted().await?);
    Ok(Snapshot { revision: head.revision(), oldest, items })
}

/// Reads the head and the first keys at the newest revision.
async fn first_page(store: &Store, span: &Span) -> std::result::Result<(Head, RangeResponse), Fault> {
    let (key, range_end) = (span.begin.clone(), span.end.clone());
    let page = RangeRequest { key, range_end, limit: KEYS.0, revision: 0 };
    let answer = store.client.ranges(vec![RangeRequest::one(store.layout.head()), page]).await?;
    let mut ranges = answer.responses.into_iter().filter_map(|response| response.range);
    let (Some(head), Some(page)) = (ranges.next(), ranges.next()) else {
        return Err(Fault::Malformed { missing: "range" });
    };
    Ok((Head::of(&head, wire::revision(answer.header))?, page))
}

/// Asks for the page after `page`, if there is one.
fn next_request(page: &RangeResponse, span: &Span, revision: i64) -> Option<RangeRequest> {
    let last = page.kvs.last().filter(|_| page.more)?;
    let range_end = span.end.clone();
    Some(RangeRequest { key: after(&last.key), range_end, limit: limit_after(page), revision })
}

/// Returns how many keys make a page, judging by those of another.
fn limit_after(page: &RangeResponse) -> i64 {
    let bytes: usize = page.kvs.iter().map(|stored| stored.key.len() + stored.value.len()).sum();
    let keys = PAGE * page.kvs.len() / bytes.max(1);
    i64::try_from(keys).unwrap_or(KEYS.1).clamp(1, KEYS.1)
}

/// Returns the first key after `key`.
fn after(key: &Bytes) -> Bytes {
    let mut next = BytesMut::with_capacity(key.len() + 1);
    next.put_slice(key);
    next.put_u8(0);
    next.freeze()
}

fn item(layout: &Layout, stored: wire::KeyValue) -> Option<KeyValue> {
    let key = layout.key(&stored.key)?;
    Some(KeyValue { key, value: stored.value, revision: from_etcd(stored.mod_revision) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(keys: usize, bytes: usize) -> RangeResponse {
        let stored = wire::KeyValue { key: "k".into(), value: vec![0; bytes].into(), ..Default::default() };
        RangeResponse { kvs: vec![stored; keys], more: true, ..Default::default() }
    }

    #[test]
    fn pages_are_of_about_the_same_size_whatever_the_values_are() {
        assert_eq!(limit_after(&page(100, 0)), KEYS.1);
        assert!((1900..2100).contains(&limit_after(&page(100, 1024))));
        assert_eq!(limit_after(&page(3, 3 << 20)), 1);
    }
}
