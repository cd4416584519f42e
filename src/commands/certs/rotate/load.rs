//! The requests that go through kube-apiserver while certificates are rotated.

use std::time::Duration;

use crate::cluster::{Access, Client, Patience};
use crate::proof::{Answer, Load, Question, ask};

/// How many connections carry them.
const ASKERS: usize = 4;
/// How often each does: twenty requests a second altogether.
const PACE: Duration = Duration::from_millis(200);

/// Begins to send requests; says whether they are answered now.
pub(super) async fn start(access: &Access) -> anyhow::Result<(Load, bool)> {
    let mut clients = Vec::new();
    for _ in 0..ASKERS {
        clients.push(access.connect(Patience::OneAnswer).await?.client);
    }
    let (question, answered) = question(&access.connect(Patience::OneAnswer).await?.client).await;
    let askers = clients.into_iter().map(|client| {
        move || {
            let client = client.clone();
            async move { ask(&client, question).await }
        }
    });
    Ok((Load::start(askers, PACE), answered))
}

/// What reaches the store proves more; but whoever renews certificates need not be allowed to ask it.
async fn question(client: &Client) -> (Question, bool) {
    if ask(client, Question::Workflows).await == Answer::Answered {
        return (Question::Workflows, true);
    }
    (Question::Resources, ask(client, Question::Resources).await == Answer::Answered)
}
