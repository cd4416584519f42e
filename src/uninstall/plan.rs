//! The decision: what becomes of each object.

use serde_json::Value;
use thiserror::Error;

use super::found::{Found, home, is_ours, leads_to};
use crate::cluster::{Id, Kind};
use crate::pki::SERVICE;

/// When something is deleted. Each stage begins when all of the one before it is gone.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Stage {
    /// The APIService: from now on kube-apiserver knows of no Workflows.
    Registration,
    /// What runs, and how it is reached.
    Server,
    /// What the server was allowed outside of its namespace.
    Rights,
    /// What it needed in its namespace.
    Rest,
    /// The data.
    Volume,
    /// The namespace.
    Namespace,
}

/// What becomes of the objects.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Plan {
    /// What is deleted, in this order.
    pub(crate) delete: Vec<Item>,
    /// What is wfctl's and stays.
    pub(crate) keep: Vec<Noted>,
    /// What only looks as if it was wfctl's.
    pub(crate) leave: Vec<Noted>,
    /// What is worth knowing before.
    pub(crate) warnings: Vec<String>,
}

/// Something that is deleted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Item {
    /// When.
    pub(crate) stage: Stage,
    /// What.
    pub(crate) id: Id,
    /// Which of those that were ever called so.
    pub(crate) uid: String,
}

/// Something that stays.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Noted {
    /// What.
    pub(crate) id: Id,
    /// Why.
    pub(crate) why: String,
    /// What deletes it.
    pub(crate) command: String,
}

impl Noted {
    /// Says why something stays.
    pub(crate) fn new(id: Id, why: String) -> Self {
        let command = id.deletion();
        Self { id, why, command }
    }
}

/// Why nothing may be deleted.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(crate) enum Blocked {
    /// Somebody else's APIService needs our Service.
    #[error(
        "APIService {0} leads to the server but is not wfctl's; without the server no namespace could be deleted"
    )]
    Registration(String),
    /// The installation is somewhere else.
    #[error("nothing is installed in the namespace {here}, but in {there}")]
    Elsewhere {
        /// Where nothing is.
        here: String,
        /// Where something is.
        there: String,
    },
}

impl Blocked {
    /// Returns what to do first.
    pub(crate) fn hint(&self) -> String {
        match self {
            Self::Registration(name) => format!("kubectl delete apiservice {name}, if nobody needs it"),
            Self::Elsewhere { there, .. } => format!("wfctl uninstall -n {there}"),
        }
    }
}

/// What an object is to this uninstallation.
enum Fate {
    Delete(Stage),
    Keep(String),
    Leave(String),
}

/// Decides what becomes of what was found; `purge` deletes the data, too.
pub(crate) fn plan(found: &Found, purge: bool) -> Result<Plan, Blocked> {
    let mut plan = Plan { delete: Vec::new(), keep: Vec::new(), leave: Vec::new(), warnings: Vec::new() };
    for object in &found.objects {
        let Ok(id) = Id::of(object) else { continue };
        match fate(found, object, &id, purge) {
            Fate::Delete(stage) => plan.delete.push(Item { stage, id, uid: uid(object) }),
            Fate::Keep(why) => plan.keep.push(Noted::new(id, why)),
            Fate::Leave(why) => plan.leave.push(Noted::new(id, why)),
        }
    }
    check_elsewhere(found, &plan)?;
    check_registrations(found, &plan)?;
    settle_namespace(found, &mut plan);
    plan.delete.sort_by_key(|item| item.stage);
    plan.warnings = warnings(found, &plan, purge);
    Ok(plan)
}

fn uid(object: &Value) -> String {
    object["metadata"]["uid"].as_str().unwrap_or_default().to_owned()
}

fn fate(found: &Found, object: &Value, id: &Id, purge: bool) -> Fate {
    if !is_ours(object) {
        return Fate::Leave("it is called like one of wfctl's, but not labelled so".to_owned());
    }
    if let Some(home) = elsewhere(found, object, id) {
        return Fate::Keep(format!("it belongs to what is installed in {home}"));
    }
    if id.kind() == Kind::PERSISTENT_VOLUME_CLAIM && !purge {
        return Fate::Keep("it holds the Workflows; --purge deletes it".to_owned());
    }
    Fate::Delete(stage(id))
}

/// Returns the other installation that an object outside of namespaces belongs to. Roles are shared by all.
fn elsewhere<'f>(found: &'f Found, object: &'f Value, id: &Id) -> Option<&'f str> {
    if id.namespace() == Some(&found.namespace) || id.kind() == Kind::NAMESPACE {
        return None;
    }
    if id.kind() == Kind::CLUSTER_ROLE {
        return other_home(found);
    }
    home(object).filter(|home| *home != found.namespace)
}

/// Returns where else something is installed.
fn other_home(found: &Found) -> Option<&str> {
    let outside = found.objects.iter().filter(|object| is_ours(object));
    outside.filter_map(home).find(|home| *home != found.namespace)
}

fn stage(id: &Id) -> Stage {
    let outside = id.namespace().is_none_or(|namespace| namespace == "kube-system");
    match id.kind() {
        kind if kind == Kind::API_SERVICE => Stage::Registration,
        kind if kind == Kind::SERVICE || kind == Kind::DEPLOYMENT || kind == Kind::CRON_JOB => Stage::Server,
        kind if kind == Kind::NAMESPACE => Stage::Namespace,
        kind if kind == Kind::PERSISTENT_VOLUME_CLAIM => Stage::Volume,
        kind if outside && is_a_right(kind) => Stage::Rights,
        _ => Stage::Rest,
    }
}

fn is_a_right(kind: &Kind) -> bool {
    [Kind::CLUSTER_ROLE, Kind::CLUSTER_ROLE_BINDING, Kind::ROLE_BINDING, Kind::ROLE].contains(&kind)
}

fn check_elsewhere(found: &Found, plan: &Plan) -> Result<(), Blocked> {
    match other_home(found) {
        Some(there) if plan.delete.is_empty() => {
            Err(Blocked::Elsewhere { here: found.namespace.clone(), there: there.to_owned() })
        }
        _ => Ok(()),
    }
}

/// An APIService that nobody deletes must not lose its Service.
fn check_registrations(found: &Found, plan: &Plan) -> Result<(), Blocked> {
    let service = Id::namespaced(Kind::SERVICE, &found.namespace, SERVICE);
    let deletes = |id: &Id| plan.delete.iter().any(|item| item.id == *id);
    if !deletes(&service) {
        return Ok(());
    }
    let leading = found.registrations.iter().filter(|it| leads_to(it, &found.namespace, SERVICE));
    let names = leading.filter_map(|it| it["metadata"]["name"].as_str());
    let mut kept = names.filter(|name| !deletes(&Id::cluster(Kind::API_SERVICE, name)));
    kept.next().map_or(Ok(()), |name| Err(Blocked::Registration(name.to_owned())))
}

/// A namespace takes all that is in it along: so it stays while anybody else has something there.
fn settle_namespace(found: &Found, plan: &mut Plan) {
    let Some(at) = plan.delete.iter().position(|item| item.stage == Stage::Namespace) else { return };
    if let Some(why) = inhabited(found, plan) {
        let item = plan.delete.remove(at);
        plan.keep.push(Noted::new(item.id, why));
    }
}

fn inhabited(found: &Found, plan: &Plan) -> Option<String> {
    let kept = plan.keep.iter().chain(&plan.leave).map(|noted| &noted.id);
    let mut here = kept.filter(|id| id.namespace() == Some(&found.namespace)).map(ToString::to_string);
    match &found.others {
        _ if let Some(first) = here.next() => Some(format!("it holds {first}")),
        None => Some("it cannot be known what else is in it".to_owned()),
        Some(others) => others.first().map(|first| format!("it holds {}", also(first, others.len() - 1))),
    }
}

fn also(first: &str, more: usize) -> String {
    if more == 0 { first.to_owned() } else { format!("{first} and {more} more") }
}

/// Only who takes the server away takes Workflows away.
fn warnings(found: &Found, plan: &Plan, purge: bool) -> Vec<String> {
    let matters = [Stage::Registration, Stage::Server, Stage::Volume];
    if !plan.delete.iter().any(|item| matters.contains(&item.stage)) {
        return Vec::new();
    }
    let owned = (!found.dependents.is_empty()).then(|| {
        let owned = found.dependents.join(", ");
        format!("Workflows own {owned}: Kubernetes may delete what is owned by what is no longer there.")
    });
    fate_of_workflows(found.workflows, purge).into_iter().chain(owned).collect()
}

fn fate_of_workflows(count: Option<u64>, purge: bool) -> Option<String> {
    let several = if purge {
        "are deleted with their volume"
    } else {
        "can no longer be reached; they stay where they are stored"
    };
    let one = if purge {
        "is deleted with its volume"
    } else {
        "can no longer be reached; it stays where it is stored"
    };
    match count {
        None if purge => Some("Nobody tells how many Workflows there are: all are deleted.".to_owned()),
        None => {
            Some("Nobody tells how many Workflows there are: they stay where they are stored.".to_owned())
        }
        Some(0) => None,
        Some(1) => Some(format!("1 Workflow {one}.")),
        Some(count) => Some(format!("{count} Workflows {several}.")),
    }
}
