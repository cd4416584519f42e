//! What goes through kube-apiserver while certificates are rotated: requests, and watches that are held.

use std::time::Duration;

use futures::future::BoxFuture;

use crate::cluster::{Access, Client, Patience};
use crate::proof::{Answer, Ended, Load, Question, Watches, ask, watch};

/// How many connections carry them.
const ASKERS: usize = 4;
/// How often each does: twenty requests a second altogether.
const PACE: Duration = Duration::from_millis(200);
/// How long until a watch that broke off is opened again.
const PAUSE: Duration = Duration::from_millis(500);

/// What is under way.
pub(super) struct Traffic {
    /// The requests.
    pub(super) load: Load,
    /// The watches; none for who may not look at Workflows.
    pub(super) watches: Watches,
    /// Whether requests were answered at the beginning.
    pub(super) answered: bool,
}

impl Traffic {
    /// Begins to send requests and to hold watches.
    pub(super) async fn start(access: &Access) -> anyhow::Result<Self> {
        let mut clients = Vec::new();
        for _ in 0..ASKERS {
            clients.push(access.connect(Patience::OneAnswer).await?.client);
        }
        let (question, answered) = question(&access.connect(Patience::OneAnswer).await?.client).await;
        let watchers = if question == Question::Workflows { clients.clone() } else { Vec::new() };
        Ok(Self {
            load: Load::start(clients.into_iter().map(|client| asker(client, question)), PACE),
            watches: Watches::start(watchers.into_iter().map(watcher), PAUSE),
            answered,
        })
    }
}

fn asker(client: Client, question: Question) -> impl Fn() -> BoxFuture<'static, Answer> {
    move || {
        let client = client.clone();
        Box::pin(async move { ask(&client, question).await })
    }
}

fn watcher(client: Client) -> impl Fn() -> BoxFuture<'static, Ended> {
    move || {
        let client = client.clone();
        Box::pin(async move { watch(&client).await })
    }
}

/// What reaches the store proves more; but whoever renews certificates need not be allowed to ask it.
async fn question(client: &Client) -> (Question, bool) {
    if ask(client, Question::Workflows).await == Answer::Answered {
        return (Question::Workflows, true);
    }
    (Question::Resources, ask(client, Question::Resources).await == Answer::Answered)
}
