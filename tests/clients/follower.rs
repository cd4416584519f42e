//! A client that follows, as the test sees it: copies of what it keeps, one for each mark that it has seen.

use serde_json::Value;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::picture::{Gallery, Picture, key};
use super::selection::Selection;
use super::support::PATIENCE;

/// The object that every selection selects. In any list it is the last, so that whoever reads one and comes to
/// it has read all.
pub(crate) const MARKED: &str = "default/zz-marked";
/// The label of that object which says how far the test is.
pub(crate) const MARK: &str = "mark";

/// A client that goes on until this is dropped.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) name: String,
    pub(crate) selection: Selection,
    pub(crate) picture: Picture,
    copies: watch::Receiver<Copy>,
    _task: JoinSet<()>,
}

/// What a client kept when it saw a mark.
#[derive(Clone, Debug, Default)]
struct Copy {
    mark: String,
    gallery: Gallery,
}

/// How a client tells the test what it keeps.
#[derive(Debug)]
pub(crate) struct Reports {
    picture: Picture,
    copies: watch::Sender<Copy>,
}

impl Follower {
    /// Lets a client begin; it has failed when its task ends.
    pub(crate) fn start<F>(
        name: &str,
        selection: Selection,
        picture: Picture,
        task: impl FnOnce(Reports) -> F,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let sender = watch::Sender::new(Copy::default());
        let copies = sender.subscribe();
        let task = JoinSet::from_iter([task(Reports { picture, copies: sender })]);
        Self { name: format!("{name} with {selection:?}"), selection, picture, copies, _task: task }
    }

    /// Waits until the client has seen a mark; returns what it kept then.
    pub(crate) async fn at(&mut self, mark: &str) -> Gallery {
        let seen = timeout(PATIENCE, self.copies.wait_for(|copy| copy.mark == mark)).await;
        match seen {
            Ok(Ok(copy)) => copy.gallery.clone(),
            Ok(Err(_)) => panic!("{} gave up before mark {mark}", self.name),
            Err(_) => panic!("{} does not come to mark {mark}", self.name),
        }
    }
}

impl Reports {
    /// Tells what the client keeps, if it has seen a mark that was not told yet.
    pub(crate) fn tell(&self, objects: &[Value]) {
        let Some(mark) = objects.iter().find_map(mark_of) else { return };
        if self.copies.borrow().mark != mark {
            self.copies.send_replace(Copy { mark, gallery: self.picture.of_all(objects) });
        }
    }
}

pub(crate) fn name_of(key: &str) -> &str {
    key.rsplit_once('/').unwrap().1
}

/// Returns the mark on an object, if it is the one that is marked.
fn mark_of(object: &Value) -> Option<String> {
    let mark = object["metadata"]["labels"][MARK].as_str();
    mark.filter(|_| key(object) == MARKED).map(str::to_owned)
}
