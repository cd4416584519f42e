//! An installation in memory: objects with resourceVersions, replicas that reload, kube-apiservers that hear of a
//! caBundle late, and a clock that only moves while everybody waits.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use embedded_server::server::pem;
use jiff::Timestamp;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::installation::{Change, Installation, Part};
use super::objects::{self, Trust};
use crate::cluster::{ClusterError, Reason};
use crate::pki::inspect::Facts;
use crate::pki::rotate::Pace;
use crate::pki::{OwnKeys, own_authority};
use crate::proof::{Answer, Expectation, Load, Replica, Seen, Shown, host};

pub(super) const NAMESPACE: &str = "workflow-system";
/// How long a replica takes to reload.
const RELOAD: Duration = Duration::from_secs(1);

pub(super) struct Stage {
    state: Mutex<State>,
    began: Instant,
    epoch: Timestamp,
}

#[derive(Default)]
struct State {
    objects: [Option<Value>; 3],
    revision: u64,
    pods: Vec<Pod>,
    /// When the serving Secret changed last.
    changed: Option<Instant>,
    /// What was published when.
    published: Vec<(Instant, Value)>,
    writes: Vec<Part>,
    /// How many more writes land before whoever writes dies.
    lives: Option<usize>,
    /// How many more reads fail.
    away: usize,
}

struct Pod {
    name: String,
    shows: Option<String>,
    reloads: bool,
}

impl Stage {
    /// Begins where `wfctl install` is done: all is well, with `replicas`.
    pub(super) fn installed(replicas: usize) -> Arc<Self> {
        Self::at("2026-01-01T00:00:00Z", replicas)
    }

    pub(super) fn at(epoch: &str, replicas: usize) -> Arc<Self> {
        let epoch = epoch.parse().unwrap();
        let stage = Self { state: Mutex::default(), began: Instant::now(), epoch };
        let keys = OwnKeys::issue(epoch, NAMESPACE).unwrap();
        let bundle = [keys.authority.facts().clone()].into_iter().collect();
        let service = json!({"spec": {"service": {"namespace": NAMESPACE}}});
        stage.set(Part::Trust, Some(merged(service, &objects::trust(&bundle))));
        stage.set(Part::Authorities, Some(objects::authorities(&(&keys.authority).into(), None)));
        stage.set(Part::Serving, Some(objects::serving(&keys.serving, &keys.authority)));
        (0..replicas).for_each(|_| stage.start_replica(true));
        stage.forget_the_past();
        Arc::new(stage)
    }

    /// Every kube-apiserver has heard of everything.
    fn forget_the_past(&self) {
        let mut state = self.state.lock();
        let last = state.published.pop();
        state.published = last.into_iter().collect();
        state.writes.clear();
    }

    pub(super) fn start_replica(&self, reloads: bool) {
        let mut state = self.state.lock();
        let shows = state.objects[Part::Serving as usize].as_ref().map(certificate);
        let name = format!("workflow-apiserver-{}", state.pods.len());
        state.pods.push(Pod { name, shows, reloads });
    }

    pub(super) fn set(&self, part: Part, object: Option<Value>) {
        self.state.lock().set(part, object);
    }

    pub(super) fn get_now(&self, part: Part) -> Option<Value> {
        self.state.lock().objects[part as usize].clone()
    }

    pub(super) fn writes(&self) -> Vec<Part> {
        self.state.lock().writes.clone()
    }

    /// Lets whoever writes die after `writes` of them.
    pub(super) fn kill_after(&self, writes: Option<usize>) {
        self.state.lock().lives = writes;
    }

    pub(super) fn be_away_for(&self, reads: usize) {
        self.state.lock().away = reads;
    }

    pub(super) fn stop_reloading(&self, at: usize) {
        self.state.lock().pods[at].reloads = false;
    }

    pub(super) fn reload_again(&self) {
        self.state.lock().pods.iter_mut().for_each(|pod| pod.reloads = true);
    }

    /// Somebody writes a caBundle of his own.
    pub(super) fn meddle(&self) {
        let stranger = own_authority(self.epoch).unwrap();
        let bundle = [stranger.facts().clone()].into_iter().collect();
        let entry = json!({
            "manager": "kubectl-edit", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {"f:caBundle": {}}},
        });
        let service = self.get_now(Part::Trust).unwrap();
        let service = merged(service, &objects::trust(&bundle));
        self.set(Part::Trust, Some(merged(service, &json!({"metadata": {"managedFields": [entry]}}))));
    }

    /// Says whether nothing is left to do: one authority, its leaf everywhere, and only it trusted.
    pub(super) fn is_steady(&self) -> bool {
        let authorities = objects::AuthoritySecret::read(self.get_now(Part::Authorities).as_ref());
        let trust = Trust::read(&self.get_now(Part::Trust).unwrap());
        let leaf = certificate(&self.get_now(Part::Serving).unwrap());
        let issuing = authorities.issuing.unwrap().facts;
        let pods = &self.state.lock().pods;
        authorities.previous.is_none()
            && trust.bundle.fingerprints() == [issuing.fingerprint()].into()
            && Facts::from_pem(&leaf).unwrap().check_chain(&issuing).is_ok()
            && pods.iter().all(|pod| pod.shows.as_ref() == Some(&leaf))
    }

    /// Requests that any kube-apiserver may get, and any replica.
    pub(super) fn load(self: &Arc<Self>) -> Load {
        let asker = || {
            let stage = Arc::clone(self);
            move || std::future::ready(stage.answer())
        };
        Load::start([asker(), asker()], Duration::from_millis(500))
    }

    pub(super) fn answer(&self) -> Answer {
        let now = self.time();
        let host = host(NAMESPACE);
        let mut state = self.state.lock();
        state.reload();
        for service in state.trusted_somewhere() {
            let trust = Trust::read(service).bundle;
            let expectation = Expectation { trust: &trust, host: &host, now };
            for pod in &state.pods {
                if let Some(Err(why)) = pod.shows.as_ref().map(|pem| checked(pem, &expectation)) {
                    return Answer::Refused(format!("{}: {why}", pod.name));
                }
            }
        }
        Answer::Answered
    }

    fn time(&self) -> Timestamp {
        self.epoch + self.began.elapsed()
    }
}

impl State {
    fn set(&mut self, part: Part, object: Option<Value>) {
        self.revision += 1;
        let revision = json!({"metadata": {"resourceVersion": self.revision.to_string()}});
        let object = object.map(|object| merged(object, &revision));
        match (part, &object) {
            (Part::Serving, Some(_)) => self.changed = Some(Instant::now()),
            (Part::Trust, Some(service)) => self.published.push((Instant::now(), service.clone())),
            _ => {}
        }
        self.objects[part as usize] = object;
    }

    fn reload(&mut self) {
        let secret = self.objects[Part::Serving as usize].as_ref().map(certificate);
        let heard = self.changed.is_some_and(|at| at.elapsed() >= RELOAD);
        for pod in self.pods.iter_mut().filter(|pod| pod.reloads && heard) {
            pod.shows = secret.clone().or(pod.shows.take());
        }
    }

    /// What was published at some moment of the last while, some kube-apiserver still goes by.
    fn trusted_somewhere(&self) -> impl Iterator<Item = &Value> {
        let is_over = |pair: &&[(Instant, Value)]| pair[1].0.elapsed() >= Pace::default().settle - RELOAD;
        let over = self.published.windows(2).filter(is_over).count();
        self.published[over..].iter().map(|(_, service)| service)
    }
}

#[async_trait]
impl Installation for Stage {
    fn namespace(&self) -> &str {
        NAMESPACE
    }

    async fn now(&self) -> Result<Timestamp, ClusterError> {
        let mut state = self.state.lock();
        if state.away > 0 {
            state.away -= 1;
            return Err(refused(Reason::Unreachable));
        }
        Ok(self.time())
    }

    async fn get(&self, part: Part) -> Result<Option<Value>, ClusterError> {
        tokio::task::yield_now().await;
        Ok(self.get_now(part))
    }

    async fn put(&self, change: &Change) -> Result<(), ClusterError> {
        tokio::task::yield_now().await;
        let mut state = self.state.lock();
        let there = state.objects[change.part as usize].clone();
        let revision = there.as_ref().and_then(|object| object["metadata"]["resourceVersion"].as_str());
        if revision != change.revision.as_deref() {
            return Err(refused(Reason::Conflict));
        }
        state.writes.push(change.part);
        state.set(change.part, Some(merged(there.unwrap_or_default(), &change.patch)));
        match &mut state.lives {
            Some(0) => Err(refused(Reason::Other)),
            Some(lives) => {
                *lives -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    async fn handshakes(&self, expectation: &Expectation<'_>) -> Result<Vec<Seen>, ClusterError> {
        tokio::task::yield_now().await;
        let mut state = self.state.lock();
        state.reload();
        Ok(state.pods.iter().map(|pod| seen(pod, expectation)).collect())
    }
}

fn seen(pod: &Pod, expectation: &Expectation<'_>) -> Seen {
    let replica = Replica { name: pod.name.clone(), address: None, port: 8443 };
    let shown = pod
        .shows
        .as_ref()
        .map(|pem| Shown { leaf: Facts::from_pem(pem).unwrap(), verdict: checked(pem, expectation) });
    Seen { replica, shown: shown.ok_or_else(|| anyhow::anyhow!("it does not answer")) }
}

fn checked(certificate: &str, expectation: &Expectation<'_>) -> Result<(), crate::proof::Rejected> {
    expectation.check(&pem::certificates(certificate.as_bytes()).unwrap())
}

fn certificate(secret: &Value) -> String {
    String::from_utf8(BASE64_STANDARD.decode(secret["data"]["tls.crt"].as_str().unwrap()).unwrap()).unwrap()
}

fn refused(reason: Reason) -> ClusterError {
    ClusterError::new("change", "what is on stage", reason, "because the test says so")
}

/// Merges as RFC 7386 says.
fn merged(mut object: Value, patch: &Value) -> Value {
    let Value::Object(patch) = patch else { return patch.clone() };
    if !object.is_object() {
        object = json!({});
    }
    for (key, change) in patch {
        if change.is_null() {
            object.as_object_mut().unwrap().remove(key);
        } else {
            object[key] = merged(object[key].take(), change);
        }
    }
    object
}
