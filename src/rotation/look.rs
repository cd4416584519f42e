//! A look at an installation: the reads, in the order that the machine relies on.

use jiff::Timestamp;
use serde_json::Value;

use super::installation::{Installation, Part};
use super::objects::{AuthoritySecret, ServingSecret, Trust, life};
use crate::cluster::ClusterError;
use crate::pki::bundle::Bundle;
use crate::pki::inspect::Facts;
use crate::pki::rotate::observed::{Authorities, Evidence, Observed, Replica, Served, Serving};
use crate::proof::{Expectation, Seen, host};

/// What was seen.
#[derive(Debug)]
pub(crate) struct Look {
    /// When, by the clock of the cluster.
    pub(crate) now: Timestamp,
    /// The serving Secret.
    pub(crate) serving: ServingSecret,
    /// The APIService as it is.
    pub(crate) service: Value,
    /// The APIService, understood.
    pub(crate) trust: Trust,
    /// The authority Secret.
    pub(crate) authorities: AuthoritySecret,
    /// The replicas.
    pub(crate) replicas: Vec<Seen>,
    /// The same for the machine, yet without evidence.
    pub(crate) observed: Observed,
}

impl Look {
    /// Looks; none where there is no APIService, and so nothing to rotate for.
    pub(crate) async fn at(installation: &dyn Installation) -> Result<Option<Self>, ClusterError> {
        let now = installation.now().await?;
        let serving = ServingSecret::read(installation.get(Part::Serving).await?.as_ref());
        let Some(service) = installation.get(Part::Trust).await? else { return Ok(None) };
        let trust = Trust::read(&service);
        let authorities = AuthoritySecret::read(installation.get(Part::Authorities).await?.as_ref());
        let host = host(installation.namespace());
        let expectation = Expectation { trust: &trust.bundle, host: &host, now };
        let replicas = installation.handshakes(&expectation).await?;
        let mut look =
            Self { now, serving, service, trust, authorities, replicas, observed: Observed::default() };
        look.observed = look.observed(installation.namespace());
        Ok(Some(look))
    }

    /// Returns every authority that is known by its certificate.
    pub(crate) fn known(&self) -> Bundle {
        self.trust.bundle.merge(&self.authorities.certificates()).merge(&self.serving.trusted)
    }

    fn observed(&self, namespace: &str) -> Observed {
        let known = self.known();
        let serving = &self.serving;
        Observed {
            serving: Serving {
                leaf: serving.pair.as_ref().map(|pair| served(&pair.facts, &known)),
                complete: serving.pair.as_ref().is_some_and(|pair| pair.serves(namespace)),
                sealed_for: serving.sealed_for.clone(),
            },
            published: self.trust.bundle.fingerprints(),
            authorities: Authorities {
                issuing: self.authorities.issuing.as_ref().map(super::objects::Pair::issuer),
                previous: self.authorities.previous.as_ref().map(super::objects::Pair::issuer),
                revision: self.authorities.revision.clone().unwrap_or_default(),
            },
            replicas: self.replicas.iter().map(|seen| replica(seen, &known)).collect(),
            evidence: Evidence::default(),
        }
    }
}

fn replica(seen: &Seen, known: &Bundle) -> Replica {
    let serves = seen.shown.as_ref().ok().map(|shown| served(&shown.leaf, known));
    Replica { name: seen.replica.name.clone(), serves }
}

fn served(leaf: &Facts, known: &Bundle) -> Served {
    let issuer = known.issuer_of(leaf).map(Facts::fingerprint);
    Served { fingerprint: leaf.fingerprint(), issuer, life: life(leaf) }
}
