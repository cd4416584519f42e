//! A client that keeps its own copy of what a selector selects, as strict as no real one: each event has to make
//! sense where it stands, and after each the copy has to be the list of its version.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::{Answer, Events, TestServer};

/// What a client follows, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Follows {
    pub(super) path: &'static str,
    pub(super) selectors: &'static str,
    pub(super) begin: Begin,
    /// Whether it wants bookmarks; without them it can only wait for the end of a watch to know that it has seen
    /// everything.
    pub(super) bookmarks: bool,
}

/// Where the first objects come from, with the query that says so.
#[derive(Clone, Copy, Debug)]
pub(super) enum Begin {
    List(&'static str),
    /// They come as additions, with a bookmark at their end.
    Watch(&'static str),
}

type Copy = BTreeMap<String, Value>;

pub(super) struct Informer {
    follows: Follows,
    copy: Copy,
    /// The version of the copy; none as long as it is not complete.
    version: Option<u64>,
    events: Option<Events>,
    /// What the copy was, at each version that it went through since it was begun.
    past: Vec<(u64, Copy)>,
}

impl Informer {
    pub(super) fn new(follows: Follows) -> Self {
        Self { follows, copy: Copy::new(), version: None, events: None, past: Vec::new() }
    }

    /// Loses the connection, and of what was seen the last steps; all of it, if it was not complete.
    pub(super) fn disconnect(&mut self, back: usize) {
        self.events = None;
        if self.version.is_none() {
            return self.forget();
        }
        self.past.truncate(self.past.len().saturating_sub(back).max(1));
        let (version, copy) = self.past.last().cloned().unwrap();
        (self.version, self.copy) = (Some(version), copy);
    }

    /// Reads all there is, and compares the copy with a list.
    pub(super) async fn check(&mut self, server: &TestServer) {
        let listed = server.get(self.target("")).await.expect(200);
        let newest = version_of(&listed.json()["metadata"]);
        self.read(server, newest).await;
        assert_eq!(self.copy, copy_of(&listed), "{:?} at {newest}", self.follows);
        if self.follows.bookmarks {
            assert_eq!(self.version, Some(newest), "{:?}", self.follows);
        }
    }

    /// Reads up to version `newest`; without bookmarks, as much as there is.
    async fn read(&mut self, server: &TestServer, newest: u64) {
        if !self.follows.bookmarks {
            self.events = None;
        }
        while self.version.is_none_or(|version| version < newest) {
            match self.connected(server).await {
                // Its time is over. It was opened after the last write.
                None if !self.follows.bookmarks => return,
                None => self.disconnect(0),
                Some(event) => self.take(server, event).await,
            }
        }
    }

    /// Returns the next event, on a new connection if there is none.
    async fn connected(&mut self, server: &TestServer) -> Option<Value> {
        if self.events.is_none() {
            let query = match (self.version, self.follows.begin) {
                (None, Begin::List(query)) => self.list(server, query).await,
                (None, Begin::Watch(query)) => query.to_owned(),
                (Some(version), _) => format!("resourceVersion={version}"),
            };
            let more = if self.follows.bookmarks { "allowWatchBookmarks=true" } else { "timeoutSeconds=9" };
            let events = server.get(self.target(&format!("watch=true&{more}&{query}"))).events().await;
            assert_eq!(events.head.status, 200);
            self.events = Some(events);
        }
        self.events.as_mut().unwrap().next().await
    }

    fn forget(&mut self) {
        *self = Self::new(self.follows);
    }

    /// Lists, page by page if the query says so; returns the query of the watch that goes on from there.
    async fn list(&mut self, server: &TestServer, query: &str) -> String {
        let mut answer = server.get(self.target(query)).await.expect(200);
        loop {
            self.copy.append(&mut copy_of(&answer));
            let metadata = answer.json()["metadata"].take();
            let Some(token) = metadata["continue"].as_str() else {
                self.reach(version_of(&metadata));
                return format!("resourceVersion={}", version_of(&metadata));
            };
            answer = server.get(self.target(&format!("{query}&continue={token}"))).await.expect(200);
        }
    }

    async fn take(&mut self, server: &TestServer, mut event: Value) {
        let (kind, object) = (event["type"].as_str().unwrap().to_owned(), event["object"].take());
        match &*kind {
            "ERROR" => {
                assert_eq!(object["code"], 410, "{object}");
                self.forget();
            }
            "BOOKMARK" => self.bookmark(&object["metadata"]),
            "ADDED" if self.version.is_none() => {
                let (key, object) = entry(object);
                assert_eq!(self.copy.insert(key, object), None, "added twice to the beginning");
            }
            _ => {
                self.apply(&kind, object);
                self.compare(server).await;
            }
        }
    }

    fn bookmark(&mut self, metadata: &Value) {
        let first = metadata["annotations"]["k8s.io/initial-events-end"] == "true";
        assert_eq!(first, self.version.is_none(), "{:?}: {metadata}", self.follows);
        assert!(self.version <= Some(version_of(metadata)), "a bookmark of the past");
        self.reach(version_of(metadata));
    }

    fn apply(&mut self, kind: &str, object: Value) {
        let version = version_of(&object["metadata"]);
        assert!(
            self.version.is_some_and(|seen| seen < version),
            "{kind} of {version} after {:?}",
            self.version
        );
        let (key, object) = entry(object);
        let before = match kind {
            "DELETED" => self.copy.remove(&key),
            _ => self.copy.insert(key, object.clone()),
        };
        assert_eq!(before.is_none(), kind == "ADDED", "{:?}: {kind} of {object}", self.follows);
        if kind == "DELETED" {
            assert_eq!(before.map(without_version), Some(without_version(object)), "it leaves as it was");
        }
        self.reach(version);
    }

    fn reach(&mut self, version: u64) {
        self.version = Some(version);
        self.past.push((version, self.copy.clone()));
    }

    /// Compares the copy with a list of just its version.
    async fn compare(&self, server: &TestServer) {
        let version = self.version.unwrap();
        let exact = format!("resourceVersion={version}&resourceVersionMatch=Exact");
        let listed = server.get(self.target(&exact)).await.expect(200);
        assert_eq!(version_of(&listed.json()["metadata"]), version);
        assert_eq!(self.copy, copy_of(&listed), "{:?} at {version}", self.follows);
    }

    fn target(&self, query: &str) -> String {
        format!("{}?{}&{query}", self.follows.path, self.follows.selectors)
    }
}

fn copy_of(list: &Answer) -> Copy {
    list.json()["items"].as_array().unwrap().iter().cloned().map(entry).collect()
}

/// Returns the key of an object, and the object without what lists leave out.
fn entry(mut object: Value) -> (String, Value) {
    let metadata = &object["metadata"];
    let key = format!("{}/{}", metadata["namespace"].as_str().unwrap(), metadata["name"].as_str().unwrap());
    let fields = object.as_object_mut().unwrap();
    fields.remove("kind");
    fields.remove("apiVersion");
    (key, object)
}

fn without_version(mut object: Value) -> Value {
    object["metadata"]["resourceVersion"].take();
    object
}

fn version_of(metadata: &Value) -> u64 {
    metadata["resourceVersion"].as_str().unwrap().parse().unwrap()
}
