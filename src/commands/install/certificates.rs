//! Keys for the server, where it has none that are good. What is healthy is never replaced: that is for a rotation.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::Value;

use super::cert_manager;
use super::report::Certified;
use super::session::Session;
use super::survey::Survey;
use crate::cluster::{Id, Write};
use crate::manifest::{self, Manifest};
use crate::names::{AUTHORITY_SECRET, SECRETS_MANAGER, SERVING_SECRET};
use crate::pki::bundle::Bundle;
use crate::pki::inspect::Facts;
use crate::pki::{Authority, OwnKeys, PrivateKey, SERVICE, own_serving, service_names};
use crate::values::{Certificates, Values};

/// What is kept of cert-manager's is trusted already: only a rotation replaces it with nobody left out.
const BACK: &str =
    "cert-manager issued them: wfctl certs rotate, or the next renewal, replaces them with wfctl's own";

/// What has to be made.
#[derive(Debug)]
enum Decision {
    Keep,
    Leaf(Box<Authority>),
    Everything,
}

/// Makes what is missing, and stores it.
pub(super) async fn issue(
    session: &Session<'_>,
    survey: &Survey,
    values: &Values,
) -> anyhow::Result<Certified> {
    let _step = session.begin("making certificates", "Making certificates");
    let now = survey.greeting.now;
    let (keys, certified) = match decide(now, session.namespace(), survey) {
        Decision::Keep => {
            session.printer.done("The certificates are good, and stay");
            if survey.authority.is_none() && survey.serving.as_ref().is_some_and(cert_manager::wrote) {
                session.printer.note(BACK);
            }
            return Ok(Certified::Kept);
        }
        Decision::Leaf(authority) => {
            let serving = own_serving(&authority, now, session.namespace())?;
            (OwnKeys { authority: *authority, serving }, Certified::Reissued)
        }
        Decision::Everything => (OwnKeys::issue(now, session.namespace())?, Certified::Issued),
    };
    for secret in secrets(values, keys)? {
        session.cluster.objects.apply(&secret, Write::by(SECRETS_MANAGER).forced()).await?;
    }
    session.printer.done(match certified {
        Certified::Reissued => "A new serving certificate, of the authority that was there",
        _ => "A new authority, and a serving certificate",
    });
    Ok(certified)
}

fn decide(now: Timestamp, namespace: &str, survey: &Survey) -> Decision {
    let authority =
        survey.authority.as_ref().and_then(authority).filter(|it| it.facts().check_valid(now).is_ok());
    let published = survey.registration.as_ref().map(published).unwrap_or_default();
    let own: Bundle = authority.iter().map(|authority| authority.facts().clone()).collect();
    let trusted = published.merge(&own);
    if survey.serving.as_ref().is_some_and(|serving| is_good(serving, namespace, &trusted, now)) {
        return Decision::Keep;
    }
    authority.map_or(Decision::Everything, |authority| Decision::Leaf(Box::new(authority)))
}

/// Reads the authority of its Secret.
fn authority(secret: &Value) -> Option<Authority> {
    Authority::from_pem(text(secret, "tls.crt")?, PrivateKey::from_pem(text(secret, "tls.key")?)).ok()
}

fn is_good(serving: &Value, namespace: &str, trusted: &Bundle, now: Timestamp) -> bool {
    let read = || Some((Facts::from_pem(&text(serving, "tls.crt")?).ok()?, text(serving, "tls.key")?));
    read().is_some_and(|(leaf, key)| {
        leaf.check_key(&PrivateKey::from_pem(key)).is_ok()
            && leaf.check_names(&service_names(SERVICE, namespace)).is_ok()
            && trusted.check(&leaf, now).is_ok()
    })
}

/// Returns who is trusted by an APIService; nobody where that cannot be read.
pub(super) fn published(registration: &Value) -> Bundle {
    let decoded = registration["spec"]["caBundle"].as_str().and_then(decoded);
    decoded.and_then(|pem| Bundle::from_pem(&pem).ok()).unwrap_or_default()
}

/// Returns the certificates in the Secrets that have to be trusted.
pub(super) fn needed(secrets: [Option<&Value>; 2]) -> Bundle {
    let [authority, serving] = secrets;
    let authority = authority.and_then(|secret| text(secret, "tls.crt"));
    let issuer = serving.and_then(|secret| text(secret, "ca.crt"));
    let found = [authority, issuer].into_iter().flatten().filter_map(|pem| Bundle::from_pem(&pem).ok());
    found.fold(Bundle::default(), |all, one| all.merge(&one))
}

fn secrets(values: &Values, keys: OwnKeys) -> anyhow::Result<Vec<Value>> {
    let mut values = values.clone();
    values.certificates = Certificates::Own(Some(Box::new(keys)));
    values.with_secrets = true;
    let objects = manifest::render(&values)?.into_iter().map(Manifest::into_object);
    let named = |object: &Value| {
        Id::of(object).is_ok_and(|id| [AUTHORITY_SECRET, SERVING_SECRET].contains(&id.name()))
    };
    Ok(objects.filter(|object| object["kind"] == "Secret" && named(object)).collect())
}

fn text(secret: &Value, key: &str) -> Option<String> {
    decoded(secret["data"][key].as_str()?)
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()
}
