//! What is in the cluster before anything is done.

use serde_json::Value;

use super::record::{self, Record};
use super::session::Session;
use crate::cluster::{Greeting, Id, Kind};
use crate::names::{AUTHORITY_SECRET, SERVING_SECRET};
use embedded_server::clock::{Clock, SystemClock};
use jiff::SignedDuration;

/// What is there.
#[derive(Debug)]
pub(super) struct Survey {
    /// Version and time of the cluster.
    pub(super) greeting: Greeting,
    /// How far this machine's clock is ahead of the cluster's.
    pub(super) ahead: SignedDuration,
    /// The ConfigMap that says how aggregated servers are reached; nothing where it does not exist, or may not be read.
    pub(super) aggregation: Readable,
    /// The APIService.
    pub(super) registration: Option<Value>,
    /// The namespace.
    pub(super) namespace: Option<Value>,
    /// What an earlier run remembered.
    pub(super) record: Option<Record>,
    /// The Secret with the authority.
    pub(super) authority: Option<Value>,
    /// The Secret with the serving certificate.
    pub(super) serving: Option<Value>,
}

/// An object that need not be readable.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Readable {
    /// It is there.
    There(Box<Value>),
    /// It is not.
    Absent,
    /// It may be.
    Hidden,
}

impl Survey {
    /// Asks side by side.
    pub(super) async fn take(session: &Session<'_>) -> anyhow::Result<Self> {
        let _step = session.begin("looking at the cluster", "Looking at the cluster");
        let objects = &session.cluster.objects;
        let greeting = session.cluster.greet().await?;
        let ahead = SystemClock.now().duration_since(greeting.now);
        let aggregation =
            Id::namespaced(Kind::CONFIG_MAP, "kube-system", "extension-apiserver-authentication");
        let namespace = Id::cluster(Kind::NAMESPACE, session.namespace());
        let [record, authority, serving] =
            [record::NAME, AUTHORITY_SECRET, SERVING_SECRET].map(|name| session.secret(name));
        let registration = session.registration();
        let (aggregation, registration, namespace, record, authority, serving) = tokio::join!(
            objects.get(&aggregation),
            objects.get(&registration),
            objects.get(&namespace),
            objects.get(&record),
            objects.get(&authority),
            objects.get(&serving),
        );
        Ok(Self {
            greeting,
            ahead,
            aggregation: match aggregation {
                Ok(found) => found.map_or(Readable::Absent, |found| Readable::There(Box::new(found))),
                Err(_) => Readable::Hidden,
            },
            registration: registration?,
            namespace: namespace?,
            record: record?.as_ref().and_then(Record::read),
            authority: authority?,
            serving: serving?,
        })
    }

    /// Says whether the namespace is there and was made by wfctl.
    pub(super) fn owns_namespace(&self) -> bool {
        self.namespace.as_ref().is_some_and(is_ours)
    }

    /// Says whether the namespace is being deleted.
    pub(super) fn namespace_ends(&self) -> bool {
        self.namespace.as_ref().is_some_and(|namespace| !namespace["metadata"]["deletionTimestamp"].is_null())
    }

    /// Says whether the namespace is to be made, or is wfctl's to change; one that somebody else made is used as it is.
    pub(super) fn may_apply(&self, object: &Value) -> bool {
        object["kind"] != Kind::NAMESPACE.kind || self.namespace.is_none() || self.owns_namespace()
    }
}

/// Says whether wfctl made `object`.
pub(super) fn is_ours(object: &Value) -> bool {
    let labels = &object["metadata"]["labels"];
    labels["app.kubernetes.io/managed-by"] == "wfctl" && labels["app.kubernetes.io/part-of"] == "workflow"
}
