//! Certificates that cert-manager issues: waits until it has, and tells meanwhile in its own words why it has not. An
//! installation that had an authority of its own goes on serving the old certificate until then.

use anyhow::Context;
use serde_json::Value;

use super::apply;
use super::certificates::{needed, published};
use super::report::Report;
use super::session::Session;
use crate::cluster::{ClusterError, Id, Kind};
use crate::commands::deadline::{Deadline, Look};
use crate::failure::Hint;
use crate::names::{AUTHORITY_SECRET, SERVING_SECRET};

/// By this annotation cert-manager knows the Secrets that it wrote.
const WRITTEN_FOR: &str = "cert-manager.io/certificate-name";

/// Says whether cert-manager wrote a Secret.
pub(super) fn wrote(secret: &Value) -> bool {
    secret["metadata"]["annotations"][WRITTEN_FOR] == SERVING_SECRET
}

/// Waits until the serving certificate is cert-manager's, and kube-apiserver trusts who issued it.
pub(super) async fn issued(session: &Session<'_>, deadline: &Deadline) -> anyhow::Result<()> {
    let step = session.begin("waiting for cert-manager", "Waiting for cert-manager to issue a certificate");
    let issued = deadline.until(&step, "The certificate of cert-manager", async || look(session).await).await;
    issued.hint(format!(
        "kubectl describe certificate -n {} {SERVING_SECRET} says more",
        session.namespace()
    ))?;
    drop(step);
    session.printer.done("cert-manager has issued a certificate, and told kube-apiserver whom to trust");
    Ok(())
}

/// Deletes the authority that an earlier run made: nothing that is served or trusted comes from it any more.
pub(super) async fn prune_authority(session: &Session<'_>, report: &mut Report) -> Result<(), ClusterError> {
    let id = session.secret(AUTHORITY_SECRET);
    if apply::delete(session, &id).await? {
        session.printer.done(format_args!("Deleted {id}, which is not needed any more"));
        report.pruned.push(id.to_string());
    }
    Ok(())
}

async fn look(session: &Session<'_>) -> anyhow::Result<Look<()>> {
    let objects = &session.cluster.objects;
    let certificate = Id::namespaced(Kind::CERTIFICATE, session.namespace(), SERVING_SECRET);
    let certificate = objects.get(&certificate).await?.context("the Certificate is gone")?;
    let secret = objects.get(&session.secret(SERVING_SECRET)).await?;
    let registration = objects.get(&session.registration()).await?.context("the APIService is gone")?;
    Ok(unfinished(&certificate, secret.as_ref(), &registration).map_or(Look::There(()), Look::NotYet))
}

/// Returns what is still to come.
fn unfinished(certificate: &Value, secret: Option<&Value>, registration: &Value) -> Option<String> {
    if let Some(why) = unready(certificate) {
        return Some(why);
    }
    let Some(secret) = secret.filter(|secret| wrote(secret)) else {
        return Some(format!("cert-manager has not written Secret {SERVING_SECRET} yet"));
    };
    let trusted = published(registration).fingerprints();
    let is_trusted = needed([None, Some(secret)]).fingerprints().is_subset(&trusted);
    (!is_trusted)
        .then(|| "cert-manager's cainjector has not written the caBundle yet; does it run?".to_owned())
}

fn unready(certificate: &Value) -> Option<String> {
    let mut conditions = certificate["status"]["conditions"].as_array().into_iter().flatten();
    let Some(ready) = conditions.find(|condition| condition["type"] == "Ready") else {
        return Some("cert-manager has not looked at the Certificate yet; does it run?".to_owned());
    };
    let text = |field: &str| ready[field].as_str().unwrap_or_default();
    let of = ready["observedGeneration"].as_i64().or(certificate["metadata"]["generation"].as_i64());
    match text("status") {
        "True" if of == certificate["metadata"]["generation"].as_i64() => None,
        "True" => Some("cert-manager has not seen the new Certificate yet".to_owned()),
        _ => Some(format!("{}: {}", text("reason"), text("message"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn certificate(ready: &Value) -> Value {
        json!({"metadata": {"generation": 2}, "status": {"conditions": [ready]}})
    }

    #[test]
    fn cert_manager_is_quoted() {
        let silent = unready(&json!({"metadata": {"generation": 1}})).unwrap();
        assert!(silent.ends_with("does it run?"), "{silent}");
        let missing =
            json!({"type": "Ready", "status": "False", "reason": "DoesNotExist", "message": "no issuer"});
        assert_eq!(unready(&certificate(&missing)).unwrap(), "DoesNotExist: no issuer");
    }

    #[test]
    fn what_was_issued_before_is_not_what_was_asked_for() {
        let ready =
            |seen: u8| certificate(&json!({"type": "Ready", "status": "True", "observedGeneration": seen}));
        assert!(unready(&ready(1)).is_some());
        assert_eq!(unready(&ready(2)), None);
        let own = json!({"metadata": {"annotations": {}}});
        let told = unfinished(&ready(2), Some(&own), &json!({})).unwrap();
        assert_eq!(told, "cert-manager has not written Secret workflow-apiserver-certs yet");
    }
}
