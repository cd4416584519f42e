//! kube-apiserver's side of it: whom it trusts, and whether it reaches the server.

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::certificates::{needed, published};
use super::session::Session;
use crate::cluster::{Reason, Write};
use crate::commands::deadline::{Deadline, Look};
use crate::names::{AUTHORITY_SECRET, SERVING_SECRET, TRUST_MANAGER};
use crate::pki::bundle::Bundle;

/// Lets kube-apiserver trust who issues the certificates, and those that it trusted before: taking them away is for a
/// rotation.
pub(super) async fn publish(session: &Session<'_>, deadline: &Deadline) -> anyhow::Result<()> {
    let step = session.begin("telling kube-apiserver whom to trust", "Telling kube-apiserver whom to trust");
    let changed = deadline.until(&step, "The caBundle", async || attempt(session).await).await?;
    drop(step);
    session.printer.done(match changed {
        true => "kube-apiserver is told whom to trust",
        false => "kube-apiserver trusts the right authority",
    });
    Ok(())
}

/// Bound to what was read: a rotation that is under way is not undone.
async fn attempt(session: &Session<'_>) -> anyhow::Result<Look<bool>> {
    let objects = &session.cluster.objects;
    let registration = objects.get(&session.registration()).await?.context("the APIService is gone")?;
    let authority = objects.get(&session.secret(AUTHORITY_SECRET)).await?;
    let serving = objects.get(&session.secret(SERVING_SECRET)).await?;
    let Some(patch) = patch(&registration, &needed([authority.as_ref(), serving.as_ref()])) else {
        return Ok(Look::There(false));
    };
    match objects.patch(&session.registration(), &patch, Write::by(TRUST_MANAGER)).await {
        Ok(_) => Ok(Look::There(true)),
        Err(error) if error.reason == Reason::Conflict => {
            Ok(Look::NotYet("somebody else writes it too".to_owned()))
        }
        Err(error) if matches!(error.reason, Reason::Forbidden(_)) => {
            Ok(Look::Never(format!("{error}: {}", error.why())))
        }
        Err(error) => Err(error.into()),
    }
}

fn patch(registration: &Value, needed: &Bundle) -> Option<Value> {
    let published = published(registration);
    if needed.fingerprints().is_subset(&published.fingerprints()) {
        return None;
    }
    let bundle = BASE64_STANDARD.encode(published.merge(needed).to_pem());
    let revision = registration["metadata"]["resourceVersion"].clone();
    Some(json!({
        "metadata": { "resourceVersion": revision },
        "spec": { "caBundle": bundle, "insecureSkipTLSVerify": null },
    }))
}

/// Waits until kube-apiserver says that it reaches the server.
pub(super) async fn available(session: &Session<'_>, deadline: &Deadline) -> anyhow::Result<()> {
    let step = session.begin("waiting for the API to be available", "Waiting for the API to be available");
    deadline.until(&step, "The APIService", async || is_available(session).await).await?;
    drop(step);
    session.printer.done("kube-apiserver calls the API available");
    Ok(())
}

async fn is_available(session: &Session<'_>) -> anyhow::Result<Look<()>> {
    let found = session.cluster.objects.get(&session.registration()).await?;
    Ok(judged(&found.context("the APIService is gone")?))
}

fn judged(registration: &Value) -> Look<()> {
    let conditions = registration["status"]["conditions"].as_array();
    let available = conditions.into_iter().flatten().find(|condition| condition["type"] == "Available");
    let Some(available) = available else {
        return Look::NotYet("kube-apiserver has not looked yet".to_owned());
    };
    let text = |field: &str| available[field].as_str().unwrap_or_default();
    match text("status") {
        "True" => Look::There(()),
        _ => Look::NotYet(format!("not available, {}: {}", text("reason"), text("message"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::OwnKeys;

    fn bundle(keys: &OwnKeys) -> Bundle {
        Bundle::from_pem(keys.authority.certificate()).unwrap()
    }

    fn registration(trusted: &str) -> Value {
        json!({"metadata": {"resourceVersion": "7"}, "spec": {"caBundle": BASE64_STANDARD.encode(trusted)}})
    }

    #[test]
    fn trust_is_added_to_what_there_is_and_never_taken_away() {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let [old, new] = [(), ()].map(|()| OwnKeys::issue(now, "a").unwrap());
        let both = bundle(&old).merge(&bundle(&new));
        let patch = patch(&registration(&bundle(&old).to_pem()), &bundle(&new)).unwrap();
        assert_eq!(patch["spec"]["caBundle"], BASE64_STANDARD.encode(both.to_pem()));
        assert_eq!(patch["metadata"]["resourceVersion"], "7");
        assert_eq!(super::patch(&registration(&both.to_pem()), &bundle(&new)), None);
    }

    #[test]
    fn garbage_is_replaced() {
        let keys = OwnKeys::issue("2026-01-01T00:00:00Z".parse().unwrap(), "a").unwrap();
        let patch = patch(&registration("garbage"), &bundle(&keys)).unwrap();
        assert_eq!(patch["spec"]["caBundle"], BASE64_STANDARD.encode(bundle(&keys).to_pem()));
    }

    #[test]
    fn the_aggregator_is_quoted() {
        let of = |status: &str| {
            let condition = json!({"type": "Available", "status": status, "reason": "MissingEndpoints", "message": "no endpoints"});
            judged(&json!({"status": {"conditions": [condition]}}))
        };
        assert!(matches!(of("True"), Look::There(())));
        let Look::NotYet(why) = of("False") else { panic!() };
        assert_eq!(why, "not available, MissingEndpoints: no endpoints");
        assert!(matches!(judged(&json!({})), Look::NotYet(_)));
    }
}
