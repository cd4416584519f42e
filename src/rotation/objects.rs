//! What stands in the three objects: read without ever failing, because what is broken is to be repaired.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::pki::bundle::Bundle;
use crate::pki::inspect::Facts;
use crate::pki::rotate::observed::{Issuer, Life};
use crate::pki::{Authority, PrivateKey, SERVICE, Usage, service_names};

/// The annotation of the serving Secret that names the resourceVersion of the authority Secret.
const SEAL: &str = "workflow.example.com/sealed-for";
const CERTIFICATE: &str = "tls.crt";
const KEY: &str = "tls.key";
const TRUSTED: &str = "ca.crt";
const PREVIOUS_CERTIFICATE: &str = "previous.crt";
const PREVIOUS_KEY: &str = "previous.key";

/// A certificate that can be read, and its key, if there is any.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    /// What the certificate says.
    pub(crate) facts: Facts,
    pub(super) certificate: String,
    pub(super) key: Option<PrivateKey>,
}

/// The authority Secret.
#[derive(Clone, Debug, Default)]
pub(crate) struct AuthoritySecret {
    /// Its resourceVersion; none where it does not exist.
    pub(crate) revision: Option<String>,
    /// The authority that issues.
    pub(crate) issuing: Option<Pair>,
    /// The one before it.
    pub(crate) previous: Option<Pair>,
}

/// The serving Secret.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServingSecret {
    /// Its resourceVersion; none where it does not exist.
    pub(crate) revision: Option<String>,
    /// What is to be served.
    pub(crate) pair: Option<Pair>,
    /// The resourceVersion of the authority Secret that it was sealed for.
    pub(crate) sealed_for: Option<String>,
    /// The authorities that it says it is trusted by.
    pub(crate) trusted: Bundle,
}

/// The APIService.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trust {
    /// Its resourceVersion.
    pub(crate) revision: Option<String>,
    /// The caBundle; empty where it is missing or cannot be read.
    pub(crate) bundle: Bundle,
    /// Whether it has a caBundle that cannot be read.
    pub(crate) unreadable: bool,
}

impl Pair {
    fn read(secret: &Value, certificate: &str, key: &str) -> Option<Self> {
        let certificate = text(secret, certificate)?;
        let facts = Facts::from_pem(&certificate).ok()?;
        Some(Self { facts, certificate, key: text(secret, key).map(PrivateKey::from_pem) })
    }

    /// Returns the authority that this is, if it can issue.
    pub(super) fn authority(&self) -> Option<Authority> {
        Authority::from_pem(self.certificate.clone(), self.key.clone()?).ok()
    }

    /// Says whether a server in `namespace` can serve with it, leaving aside its validity.
    pub(crate) fn serves(&self, namespace: &str) -> bool {
        self.flaw(namespace).is_none()
    }

    /// Says why no server in `namespace` can serve with it, leaving aside its validity.
    pub(super) fn flaw(&self, namespace: &str) -> Option<&'static str> {
        let names = service_names(SERVICE, namespace);
        match () {
            () if !self.has_key() => Some("lacks the key that belongs to it"),
            () if self.facts.check_names(&names).is_err() => {
                Some("is not good for every name of the Service")
            }
            () if self.facts.check_usage(Usage::Server).is_err() => Some("is not one of a server"),
            () => None,
        }
    }

    fn has_key(&self) -> bool {
        self.key.as_ref().is_some_and(|key| self.facts.check_key(key).is_ok())
    }

    pub(super) fn issuer(&self) -> Issuer {
        Issuer {
            fingerprint: self.facts.fingerprint(),
            life: life(&self.facts),
            usable: self.authority().is_some(),
        }
    }

    fn key_text(&self) -> Option<&str> {
        self.key.as_ref().map(PrivateKey::expose_pem)
    }
}

impl AuthoritySecret {
    /// Reads the Secret.
    pub(super) fn read(secret: Option<&Value>) -> Self {
        secret.map_or_else(Self::default, |secret| Self {
            revision: revision(secret),
            issuing: Pair::read(secret, CERTIFICATE, KEY),
            previous: Pair::read(secret, PREVIOUS_CERTIFICATE, PREVIOUS_KEY),
        })
    }

    /// Returns the certificates in it.
    pub(super) fn certificates(&self) -> Bundle {
        self.issuing.iter().chain(&self.previous).map(|pair| pair.facts.clone()).collect()
    }
}

impl ServingSecret {
    /// Reads the Secret.
    pub(super) fn read(secret: Option<&Value>) -> Self {
        secret.map_or_else(Self::default, |secret| Self {
            revision: revision(secret),
            pair: Pair::read(secret, CERTIFICATE, KEY),
            sealed_for: secret["metadata"]["annotations"][SEAL].as_str().map(ToOwned::to_owned),
            trusted: text(secret, TRUSTED).and_then(|pem| Bundle::from_pem(&pem).ok()).unwrap_or_default(),
        })
    }
}

impl Trust {
    /// Reads the APIService.
    pub(super) fn read(service: &Value) -> Self {
        let text = service["spec"]["caBundle"].as_str().filter(|text| !text.is_empty());
        let bundle = text.map(|text| decoded(text).and_then(|pem| Bundle::from_pem(&pem).ok()));
        Self {
            revision: revision(service),
            unreadable: matches!(bundle, Some(None)),
            bundle: bundle.flatten().unwrap_or_default(),
        }
    }
}

/// Writes the authorities; one that is not there any more is taken away.
pub(super) fn authorities(issuing: &Pair, previous: Option<&Pair>) -> Value {
    json!({ "data": {
        CERTIFICATE: encoded(&issuing.certificate),
        KEY: issuing.key_text().map(encoded),
        PREVIOUS_CERTIFICATE: previous.map(|pair| encoded(&pair.certificate)),
        PREVIOUS_KEY: previous.and_then(Pair::key_text).map(encoded),
    }})
}

/// Writes what is to be served, and by whom it was issued.
pub(super) fn serving(leaf: &crate::pki::Leaf, authority: &Authority) -> Value {
    json!({ "data": {
        CERTIFICATE: encoded(&leaf.certificate),
        KEY: encoded(leaf.key.expose_pem()),
        TRUSTED: encoded(authority.certificate()),
    }})
}

/// Writes the seal.
pub(super) fn seal(revision: &str) -> Value {
    json!({ "metadata": { "annotations": { SEAL: revision } } })
}

/// Writes whom to trust. A certificate is checked, then: both at once is refused by kube-apiserver.
pub(super) fn trust(bundle: &Bundle) -> Value {
    json!({ "spec": { "caBundle": encoded(&bundle.to_pem()), "insecureSkipTLSVerify": null } })
}

pub(super) fn life(facts: &Facts) -> Life {
    Life { not_before: facts.not_before, not_after: facts.not_after }
}

fn revision(object: &Value) -> Option<String> {
    object["metadata"]["resourceVersion"].as_str().map(ToOwned::to_owned)
}

fn text(secret: &Value, key: &str) -> Option<String> {
    decoded(secret["data"][key].as_str()?)
}

fn decoded(text: &str) -> Option<String> {
    String::from_utf8(BASE64_STANDARD.decode(text).ok()?).ok()
}

fn encoded(text: &str) -> String {
    BASE64_STANDARD.encode(text)
}

impl From<&Authority> for Pair {
    fn from(authority: &Authority) -> Self {
        Self {
            facts: authority.facts().clone(),
            certificate: authority.certificate().to_owned(),
            key: Some(authority.key().clone()),
        }
    }
}
