//! A cluster in small: three objects with resourceVersions, replicas that reload when they get to it, several
//! kube-apiservers that hear of a new caBundle late, and rotators that can die or be overtaken between any two
//! reads or writes.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::observed::{Authorities, Issuer, Life, Observed, Replica, Served, Serving};
use super::witness::{Requests, Witness};
use super::*;

const DAY: i64 = 24 * 60 * 60;

/// A certificate is a number here.
pub(super) fn print(number: u64) -> Fingerprint {
    Fingerprint::of(&number.to_be_bytes())
}

#[derive(Clone, Debug)]
pub(super) struct Object<T> {
    pub(super) revision: u64,
    pub(super) content: T,
}

#[derive(Clone, Debug)]
pub(super) struct AuthoritySecret {
    pub(super) issuing: Issuer,
    pub(super) previous: Option<Issuer>,
}

#[derive(Clone, Debug)]
pub(super) struct ServingSecret {
    pub(super) leaf: Option<Served>,
    pub(super) complete: bool,
    pub(super) sealed_for: Option<String>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Pod {
    pub(super) name: String,
    pub(super) fetched: Option<Served>,
    pub(super) serves: Option<Served>,
    pub(super) unreachable: bool,
}

#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) time: u64,
    pub(super) authorities: Option<Object<AuthoritySecret>>,
    pub(super) serving: Option<Object<ServingSecret>>,
    pub(super) published: Object<BTreeSet<Fingerprint>>,
    /// What was published when; the last entry is what is there now.
    history: Vec<(u64, BTreeSet<Fingerprint>)>,
    pub(super) pods: Vec<Pod>,
    last: u64,
}

impl World {
    pub(super) fn empty() -> Self {
        let published = Object { revision: 0, content: BTreeSet::new() };
        let history = vec![(0, BTreeSet::new())];
        Self { time: 0, authorities: None, serving: None, published, history, pods: Vec::new(), last: 0 }
    }

    /// A cluster where all is well.
    pub(super) fn steady(replicas: usize) -> Self {
        let mut world = Self::empty();
        let issuing = world.new_authority(Timestamp::UNIX_EPOCH);
        let leaf = world.new_leaf(&issuing, Timestamp::UNIX_EPOCH);
        let trust = BTreeSet::from([issuing.fingerprint]);
        world.history = vec![(0, trust.clone())];
        world.published = Object { revision: world.fresh(), content: trust };
        world.authorities =
            Some(Object { revision: world.fresh(), content: AuthoritySecret { issuing, previous: None } });
        let secret = ServingSecret { leaf: Some(leaf), complete: true, sealed_for: None };
        world.serving = Some(Object { revision: world.fresh(), content: secret });
        (0..replicas).for_each(|_| world.start_pod());
        (0..replicas).for_each(|at| world.fetch(at));
        (0..replicas).for_each(|at| world.adopt(at));
        world
    }

    /// A number that nothing else has.
    pub(super) fn fresh(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + Duration::from_secs(self.time)
    }

    pub(super) fn new_authority(&mut self, now: Timestamp) -> Issuer {
        Issuer { fingerprint: print(self.fresh()), life: life(now, 730), usable: true }
    }

    pub(super) fn new_leaf(&mut self, issuer: &Issuer, now: Timestamp) -> Served {
        Served { fingerprint: print(self.fresh()), issuer: Some(issuer.fingerprint), life: life(now, 90) }
    }

    pub(super) fn start_pod(&mut self) {
        let name = format!("pod-{}", self.fresh());
        self.pods.push(Pod { name, ..Pod::default() });
    }

    /// A pod hears of the Secret; a pair that cannot be used changes nothing.
    pub(super) fn fetch(&mut self, at: usize) {
        let secret = self.serving.as_ref().map(|object| &object.content);
        let usable = secret.filter(|secret| secret.complete).and_then(|secret| secret.leaf.clone());
        if let (Some(pod), Some(leaf)) = (self.pods.get_mut(at), usable) {
            pod.fetched = Some(leaf);
        }
    }

    /// A pod begins to serve what it heard of.
    pub(super) fn adopt(&mut self, at: usize) {
        if let Some(pod) = self.pods.get_mut(at) {
            pod.serves = pod.fetched.clone().or(pod.serves.take());
        }
    }

    pub(super) fn publish(&mut self, trust: BTreeSet<Fingerprint>) {
        self.published = Object { revision: self.fresh(), content: trust.clone() };
        self.history.push((self.time, trust));
    }

    /// What any kube-apiserver may trust by now: what was published at some moment of the last while.
    fn trusted_somewhere(&self) -> impl Iterator<Item = &BTreeSet<Fingerprint>> {
        let since = self.time.saturating_sub(Pace::default().settle.as_secs());
        let superseded = self.history.windows(2).filter(move |pair| pair[1].0 <= since).count();
        self.history[superseded..].iter().map(|(_, trust)| trust)
    }

    /// Says whether every kube-apiserver accepts what every pod serves, or will serve without being told more.
    pub(super) fn is_consistent(&self) -> bool {
        let in_pods = self.pods.iter().flat_map(|pod| pod.serves.iter().chain(&pod.fetched));
        let secret = self.serving.iter().flat_map(|object| &object.content.leaf);
        in_pods.chain(secret).all(|leaf| self.accepts(leaf))
    }

    /// Says whether every kube-apiserver accepts what every pod serves now.
    pub(super) fn serves_well(&self) -> bool {
        self.pods.iter().flat_map(|pod| &pod.serves).all(|leaf| self.accepts(leaf))
    }

    fn accepts(&self, leaf: &Served) -> bool {
        let accepts = |trust: &BTreeSet<_>| leaf.issuer.is_some_and(|issuer| trust.contains(&issuer));
        self.trusted_somewhere().all(accepts)
    }

    pub(super) fn is_steady(&self) -> bool {
        let (Some(authorities), Some(serving)) = (&self.authorities, &self.serving) else { return false };
        let issuing = authorities.content.issuing.fingerprint;
        let leaf = &serving.content.leaf;
        authorities.content.previous.is_none()
            && self.published.content == BTreeSet::from([issuing])
            && leaf.as_ref().is_some_and(|leaf| leaf.issuer == Some(issuing))
            && self.pods.iter().all(|pod| pod.serves == *leaf)
    }
}

fn life(now: Timestamp, days: i64) -> Life {
    Life {
        not_before: now - SignedDuration::from_mins(5),
        not_after: now + SignedDuration::from_secs(days * DAY),
    }
}

/// A process that rotates, between two of its reads or writes.
#[derive(Clone, Debug)]
pub(super) struct Rotator {
    pub(super) intent: Intent,
    /// How far its clock is off, in seconds.
    pub(super) skew: i64,
    witness: Witness,
    stage: Stage,
    observed: Observed,
    revisions: Revisions,
    began: u64,
}

#[derive(Clone, Debug, Default)]
enum Stage {
    #[default]
    Serving,
    Published,
    Authorities,
    Replicas,
    Act(Action),
}

/// What each object's resourceVersion was when it was read.
#[derive(Clone, Debug, Default)]
struct Revisions {
    serving: Option<u64>,
    authorities: Option<u64>,
    published: u64,
}

impl Rotator {
    pub(super) fn new(intent: Intent, skew: i64) -> Self {
        Self {
            intent,
            skew,
            witness: Witness::default(),
            stage: Stage::default(),
            observed: Observed::default(),
            revisions: Revisions::default(),
            began: 0,
        }
    }

    /// Reads one thing, or writes one thing; returns the action it took.
    pub(super) fn step(&mut self, world: &mut World) -> Option<Action> {
        match std::mem::take(&mut self.stage) {
            Stage::Serving => self.read_serving(world),
            Stage::Published => self.read_published(world),
            Stage::Authorities => self.read_authorities(world),
            Stage::Replicas => self.read_replicas(world),
            Stage::Act(action) => return self.act(world, action),
        }
        None
    }

    /// Reads all there is, and acts.
    pub(super) fn round(&mut self, world: &mut World) -> Action {
        loop {
            if let Some(action) = self.step(world) {
                return action;
            }
        }
    }

    pub(super) fn is_about_to_switch(&self) -> bool {
        matches!(self.stage, Stage::Act(Action::Switch(_)))
    }

    fn read_serving(&mut self, world: &World) {
        self.began = world.time;
        self.observed = Observed::default();
        self.revisions.serving = world.serving.as_ref().map(|object| object.revision);
        if let Some(ServingSecret { leaf, complete, sealed_for }) =
            world.serving.as_ref().map(|object| object.content.clone())
        {
            self.observed.serving = Serving { leaf, complete, sealed_for };
        }
        self.stage = Stage::Published;
    }

    fn read_published(&mut self, world: &World) {
        self.revisions.published = world.published.revision;
        self.observed.published = world.published.content.clone();
        self.stage = Stage::Authorities;
    }

    fn read_authorities(&mut self, world: &World) {
        self.revisions.authorities = world.authorities.as_ref().map(|object| object.revision);
        if let Some(Object { revision, content }) = world.authorities.clone() {
            self.observed.authorities = Authorities {
                issuing: Some(content.issuing),
                previous: content.previous,
                revision: revision.to_string(),
            };
        }
        self.stage = Stage::Replicas;
    }

    fn read_replicas(&mut self, world: &World) {
        let seen = |pod: &Pod| pod.serves.clone().filter(|_| !pod.unreachable);
        let replicas = world.pods.iter().map(|pod| Replica { name: pod.name.clone(), serves: seen(pod) });
        self.observed.replicas = replicas.collect();
        let requests = match world.serves_well() {
            true => Requests { answered: 5, failed: 0 },
            false => Requests { answered: 2, failed: 3 },
        };
        let look = Duration::from_secs(self.began)..Duration::from_secs(world.time);
        self.observed.evidence = self.witness.look(look, &self.observed, requests);
        self.stage = Stage::Act(next(self.now(world), &self.observed, self.intent, Pace::default()));
    }

    fn now(&self, world: &World) -> Timestamp {
        world.now() + SignedDuration::from_secs(self.skew)
    }

    /// Writes only over what was read.
    fn act(&mut self, world: &mut World, action: Action) -> Option<Action> {
        let landed = match &action {
            Action::Begin(_) | Action::Revert | Action::Forget => self.write_authorities(world, &action),
            Action::Switch(_) | Action::Seal => self.write_serving(world, &action),
            Action::Distribute { trust } | Action::Retire { trust } => self.write_published(world, trust),
            Action::AwaitTrust | Action::AwaitReplicas { .. } | Action::AwaitGrace | Action::Rest { .. } => {
                true
            }
        };
        if landed {
            self.intent = self.intent.after(&action);
        }
        Some(action)
    }

    fn write_authorities(&self, world: &mut World, action: &Action) -> bool {
        if world.authorities.as_ref().map(|object| object.revision) != self.revisions.authorities {
            return false;
        }
        let Authorities { issuing, previous, .. } = self.observed.authorities.clone();
        let content = match (action, issuing, previous) {
            (Action::Revert, Some(issuing), Some(previous)) => {
                AuthoritySecret { issuing: previous, previous: Some(issuing) }
            }
            (Action::Forget, Some(issuing), _) => AuthoritySecret { issuing, previous: None },
            (_, issuing, previous) => {
                let new = world.new_authority(self.now(world));
                AuthoritySecret { issuing: new, previous: issuing.or(previous) }
            }
        };
        world.authorities = Some(Object { revision: world.fresh(), content });
        true
    }

    fn write_serving(&self, world: &mut World, action: &Action) -> bool {
        if world.serving.as_ref().map(|object| object.revision) != self.revisions.serving {
            return false;
        }
        let Serving { leaf, complete, sealed_for } = self.observed.serving.clone();
        let content = match (action, &self.observed.authorities.issuing) {
            (Action::Seal, _) => {
                let revision = self.observed.authorities.revision.clone();
                ServingSecret { leaf, complete, sealed_for: Some(revision) }
            }
            (_, Some(issuing)) => {
                let leaf = world.new_leaf(issuing, self.now(world));
                ServingSecret { leaf: Some(leaf), complete: true, sealed_for }
            }
            (_, None) => panic!("nobody to issue"),
        };
        world.serving = Some(Object { revision: world.fresh(), content });
        true
    }

    fn write_published(&self, world: &mut World, trust: &BTreeSet<Fingerprint>) -> bool {
        let unchanged = world.published.revision == self.revisions.published;
        if unchanged {
            world.publish(trust.clone());
        }
        unchanged
    }
}
