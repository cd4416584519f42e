//! The proof that it works: a request through kube-apiserver that the server answers, and a handshake with every server
//! that verifies against what kube-apiserver trusts.

use anyhow::{Context, bail};

use super::certificates::published;
use super::report::Replica;
use super::session::Session;
use crate::commands::deadline::{Deadline, Look};
use crate::proof::{self, Answer, Expectation, Question, Seen};

/// Proves it; returns the servers.
pub(super) async fn prove(session: &Session<'_>, deadline: &Deadline) -> anyhow::Result<Vec<Replica>> {
    let step = session.begin("proving that the API works", "Proving that the API works");
    deadline.until(&step, "A request through kube-apiserver", async || Ok(ask(session).await)).await?;
    let replicas = deadline.until(&step, "The handshakes", async || shake_hands(session).await).await?;
    drop(step);
    session.printer.done(format_args!(
        "A request through kube-apiserver was answered, and {} verified",
        match replicas.len() {
            1 => "the handshake with the server".to_owned(),
            count => format!("the handshakes with all {count} servers"),
        }
    ));
    Ok(replicas)
}

/// Whoever may install need not be allowed to look at Workflows; which resources there are, everybody may ask.
async fn ask(session: &Session<'_>) -> Look<()> {
    let client = &session.cluster.client;
    let answer = match proof::ask(client, Question::Workflows).await {
        Answer::Forbidden(_) => proof::ask(client, Question::Resources).await,
        answer => answer,
    };
    match answer {
        Answer::Answered => Look::There(()),
        other => Look::NotYet(other.to_string()),
    }
}

async fn shake_hands(session: &Session<'_>) -> anyhow::Result<Look<Vec<Replica>>> {
    let (client, namespace) = (&session.cluster.client, session.namespace());
    let registration = session.cluster.objects.get(&session.registration()).await?;
    let trust = published(&registration.context("the APIService is gone")?);
    let expectation =
        Expectation { trust: &trust, host: &proof::host(namespace), now: session.cluster.now().await? };
    let replicas = proof::replicas(client, namespace).await?;
    if replicas.is_empty() {
        bail!("no server runs");
    }
    let seen = proof::shake_hands(client, namespace, replicas, &expectation).await;
    let judged: Result<Vec<_>, _> = seen.iter().map(judged).collect();
    Ok(judged.map_or_else(Look::NotYet, Look::There))
}

fn judged(seen: &Seen) -> Result<Replica, String> {
    let name = seen.replica.name.clone();
    match &seen.shown {
        Err(error) => Err(format!("pod {name}: {error:#}")),
        Ok(shown) => match &shown.verdict {
            Err(why) => Err(format!("the certificate of pod {name}: {why}")),
            Ok(()) => Ok(Replica { name, fingerprint: shown.leaf.fingerprint().to_string() }),
        },
    }
}
