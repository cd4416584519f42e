//! Every certificate of an installation, wherever it is, and what is wrong with it.

use embedded_server::server::pem;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::look::Look;
use super::objects::Pair;
use crate::pki::bundle::Bundle;
use crate::pki::inspect::Facts;
use crate::proof::{Expectation, Seen, host};

/// A certificate, or the place where one should be.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Certificate {
    /// What it is for.
    pub(crate) role: Role,
    /// Where it is.
    pub(crate) place: String,
    /// What it says; nothing where there is none that can be read.
    #[serde(flatten)]
    pub(crate) facts: Option<Said>,
    /// What is wrong with it.
    pub(crate) problem: Option<String>,
}

/// What a certificate is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Role {
    /// It issues.
    Authority,
    /// It issued before.
    PreviousAuthority,
    /// It is to be served.
    Serving,
    /// kube-apiserver trusts it.
    Trusted,
    /// A replica serves it.
    Served,
    /// Front proxies are trusted by it.
    FrontProxy,
}

/// What a certificate says.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Said {
    /// Its SHA-256 fingerprint in hexadecimal digits.
    pub(crate) fingerprint: String,
    /// The names that it is good for.
    pub(crate) names: Vec<String>,
    /// The first moment of its life.
    pub(crate) not_before: Timestamp,
    /// The last moment of its life.
    pub(crate) not_after: Timestamp,
    /// How much of it is left; negative when it is over.
    pub(crate) seconds_left: i64,
}

/// Returns all certificates of the installation in `namespace`, and those of `front_proxy`, in the order of trust: who
/// issues, what is issued, who is trusted, what is served.
pub(crate) fn certificates(look: &Look, front_proxy: &Bundle, namespace: &str) -> Vec<Certificate> {
    let host = host(namespace);
    let expectation = Expectation { trust: &look.trust.bundle, host: &host, now: look.now };
    let own = look.cert_manager().is_none();
    let authority = own.then(|| authority(look)).into_iter();
    let previous = look.authorities.previous.iter().map(|pair| {
        present(look, Role::PreviousAuthority, AUTHORITIES, &pair.facts, life(&pair.facts, look.now))
    });
    let trusted = bundle(look, Role::Trusted, "APIService caBundle", &look.trust.bundle);
    let proxies = bundle(look, Role::FrontProxy, "ConfigMap extension-apiserver-authentication", front_proxy);
    let served = look.replicas.iter().map(|seen| replica(look, seen));
    let serving = serving(look, &expectation, namespace);
    let nobody = look.trust.bundle.fingerprints().is_empty().then(|| nobody(look));
    authority
        .chain(previous)
        .chain([serving])
        .chain(nobody)
        .chain(trusted)
        .chain(served)
        .chain(proxies)
        .collect()
}

const AUTHORITIES: &str = "Secret workflow-apiserver-ca";
const SERVING: &str = "Secret workflow-apiserver-certs";

impl Look {
    /// Returns the Certificate of cert-manager that the caBundle comes from, if it comes from one.
    pub(crate) fn cert_manager(&self) -> Option<&str> {
        self.service["metadata"]["annotations"]["cert-manager.io/inject-ca-from"].as_str()
    }
}

impl Certificate {
    /// Says whether its life is over within `time`.
    pub(crate) fn ends_within(&self, time: SignedDuration) -> bool {
        self.facts.as_ref().is_some_and(|said| said.seconds_left < time.as_secs())
    }
}

fn authority(look: &Look) -> Certificate {
    let Some(pair) = &look.authorities.issuing else {
        return absent(Role::Authority, AUTHORITIES, "there is none that can be read");
    };
    let key = pair.authority().is_none().then(|| "the key that belongs to it is missing".to_owned());
    present(look, Role::Authority, AUTHORITIES, &pair.facts, life(&pair.facts, look.now).or(key))
}

fn serving(look: &Look, expectation: &Expectation<'_>, namespace: &str) -> Certificate {
    let Some(pair) = &look.serving.pair else {
        return absent(Role::Serving, SERVING, "there is none that can be read");
    };
    let unusable = pair.flaw(namespace).map(|flaw| format!("it {flaw}"));
    present(look, Role::Serving, SERVING, &pair.facts, rejected(pair, expectation).or(unusable))
}

fn rejected(pair: &Pair, expectation: &Expectation<'_>) -> Option<String> {
    let chain = pem::certificates(pair.certificate.as_bytes()).unwrap_or_default();
    expectation.check(&chain).err().map(|why| why.to_string())
}

fn nobody(look: &Look) -> Certificate {
    let unreadable = look.trust.unreadable;
    let problem = if unreadable { "it cannot be read" } else { "there is none" };
    absent(Role::Trusted, "APIService caBundle", problem)
}

fn bundle<'a>(
    look: &'a Look,
    role: Role,
    place: &'static str,
    bundle: &'a Bundle,
) -> impl Iterator<Item = Certificate> {
    bundle.certificates().map(move |facts| present(look, role, place, facts, life(facts, look.now)))
}

fn replica(look: &Look, seen: &Seen) -> Certificate {
    let place = format!("Pod {}", seen.replica.name);
    match &seen.shown {
        Ok(shown) => {
            let problem = shown.verdict.as_ref().err().map(ToString::to_string);
            present(look, Role::Served, &place, &shown.leaf, problem)
        }
        Err(error) => absent(Role::Served, &place, &format!("{error:#}")),
    }
}

fn life(facts: &Facts, now: Timestamp) -> Option<String> {
    facts.check_valid(now).err().map(|problem| problem.to_string())
}

fn absent(role: Role, place: &str, problem: &str) -> Certificate {
    Certificate { role, place: place.to_owned(), facts: None, problem: Some(problem.to_owned()) }
}

fn present(look: &Look, role: Role, place: &str, facts: &Facts, problem: Option<String>) -> Certificate {
    let said = Said {
        fingerprint: facts.fingerprint().to_string(),
        names: facts.sans.iter().map(ToString::to_string).collect(),
        not_before: facts.not_before,
        not_after: facts.not_after,
        seconds_left: facts.not_after.duration_since(look.now).as_secs(),
    };
    Certificate { role, place: place.to_owned(), facts: Some(said), problem }
}
