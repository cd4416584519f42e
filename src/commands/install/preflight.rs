//! Whether the cluster would take it, before anything is changed: what can be known by looking, and, for the objects
//! themselves, what kube-apiserver says when it is asked to apply them without storing anything.

use std::collections::BTreeSet;

use anyhow::anyhow;
use embedded_server::meta::duration::human;
use futures::future::join_all;
use serde_json::Value;

use super::record::Record;
use super::session::{MANAGER, Session};
use super::survey::{Readable, Survey, is_ours};
use crate::cluster::{ClusterError, Id, Kind, Permission, Reason, Write};
use crate::failure::Hint;
use crate::pki::SERVICE;

/// The oldest release that takes all that is applied.
const OLDEST: (u32, u32) = (1, 27);
/// How far the clocks may be apart before it is worth a word.
const APART: i64 = 60;
/// What has to be looked at while waiting.
const WATCHED: [&Kind; 2] = [Kind::POD, Kind::REPLICA_SET];

/// An object to apply, and what would come of it.
#[derive(Debug)]
pub(super) struct Entry {
    /// The object.
    pub(super) object: Value,
    /// Which it is.
    pub(super) id: Id,
    /// What is there.
    pub(super) live: Option<Value>,
    /// What would be there; nothing where only a namespace that is still to be made could tell.
    pub(super) would: Option<Value>,
}

/// Something that is in the way.
#[derive(Debug)]
enum Problem {
    Refused(ClusterError),
    Found { what: String, hint: String },
}

/// Checks the cluster and every object; returns what would come of each.
///
/// # Errors
///
/// Something is in the way; all of it is printed when it is more than one thing.
pub(super) async fn check(
    session: &Session<'_>,
    survey: &Survey,
    wanted: &Record,
    wait: bool,
) -> anyhow::Result<Vec<Entry>> {
    let _step = session.begin("checking what the cluster would take", "Checking what the cluster would take");
    let mut problems = found(survey, session.namespace());
    let record = wanted.secret(session.namespace());
    let objects = wanted.objects().iter().chain([&record]).filter(|object| survey.may_apply(object));
    let objects = objects.filter(|object| !is_told_already(object, survey, session.namespace()));
    let looks = join_all(objects.map(|object| look(session, survey, object))).await;
    let mut entries = Vec::new();
    for look in looks {
        match look {
            Ok(entry) => entries.push(entry),
            Err(problem) => problems.push(problem),
        }
    }
    problems.extend(not_allowed(session, &entries, wait).await?);
    conclude(session, problems)?;
    if let Some(warning) = clock_warning(survey) {
        session.printer.warning(warning);
    }
    session.printer.done(format_args!(
        "The cluster ({}, {}) takes {} objects",
        session.cluster.server,
        survey.greeting.version,
        entries.len()
    ));
    Ok(entries)
}

/// Lets the cluster check the objects that had no namespace before.
pub(super) async fn check_inside(session: &Session<'_>, entries: &[Entry]) -> anyhow::Result<()> {
    let unchecked = entries.iter().filter(|entry| entry.would.is_none());
    let checks = join_all(unchecked.map(async |entry| dry_run(session, &entry.object).await)).await;
    conclude(session, checks.into_iter().filter_map(Result::err).map(Problem::Refused).collect())
}

async fn look(session: &Session<'_>, survey: &Survey, object: &Value) -> Result<Entry, Problem> {
    let id = Id::of(object).map_err(Problem::Refused)?;
    let live = session.cluster.objects.get(&id).await.map_err(|error| unreadable(&id, error))?;
    if let Some(live) = live.as_ref().filter(|live| !is_ours(live)) {
        return Err(foreign(&id, live));
    }
    let homeless = id.namespace() == Some(session.namespace()) && survey.namespace.is_none();
    let would = if homeless { None } else { Some(dry_run(session, object).await.map_err(Problem::Refused)?) };
    Ok(Entry { object: object.clone(), id, live, would })
}

/// The only objects that not every cluster knows are those of cert-manager.
fn unreadable(id: &Id, error: ClusterError) -> Problem {
    if id.kind() != Kind::CERTIFICATE || error.reason != Reason::UnknownKind {
        return Problem::Refused(error);
    }
    Problem::Found {
        what: "cert-manager is not installed: the cluster does not know Certificates of cert-manager.io/v1".to_owned(),
        hint: "install cert-manager first, https://cert-manager.io/docs/installation; without --cert-manager, and with --reset where an earlier run remembers it, wfctl issues certificates itself".to_owned(),
    }
}

/// A binding cannot be checked before its role is there.
async fn dry_run(session: &Session<'_>, object: &Value) -> Result<Value, ClusterError> {
    let write = Write::by(MANAGER).forced().dry(true);
    match session.cluster.objects.apply(object, write).await {
        Err(error) if error.reason == Reason::NotFound && object.get("roleRef").is_some() => {
            Ok(object.clone())
        }
        answer => answer,
    }
}

/// Returns what is in the way by what was found.
fn found(survey: &Survey, namespace: &str) -> Vec<Problem> {
    let found = [
        old_release(survey),
        no_aggregation(&survey.aggregation),
        ending_namespace(survey),
        stolen(survey.registration.as_ref(), namespace),
    ];
    found.into_iter().flatten().map(|(what, hint)| Problem::Found { what, hint }).collect()
}

type Found = Option<(String, String)>;

fn old_release(survey: &Survey) -> Found {
    let (major, minor) = OLDEST;
    (survey.greeting.release < OLDEST).then(|| {
        let what = format!(
            "the cluster is of version {}, and {major}.{minor} is the oldest that will do",
            survey.greeting.version
        );
        (what, "upgrade the cluster, or take another --context".to_owned())
    })
}

fn no_aggregation(aggregation: &Readable) -> Found {
    let configured = match aggregation {
        Readable::There(map) => {
            map["data"]["requestheader-client-ca-file"].as_str().is_some_and(|ca| !ca.is_empty())
        }
        Readable::Absent => false,
        Readable::Hidden => true,
    };
    let what = "the aggregation layer of the cluster is not configured: ConfigMap kube-system/extension-apiserver-authentication names no authority of front proxies";
    let hint = "start kube-apiserver with --requestheader-client-ca-file and the other flags of the aggregation layer";
    (!configured).then(|| (what.to_owned(), hint.to_owned()))
}

fn ending_namespace(survey: &Survey) -> Found {
    let namespace = survey.namespace.as_ref().filter(|_| survey.namespace_ends())?;
    let name = namespace["metadata"]["name"].as_str()?;
    let hint = format!("wait until it is gone: kubectl wait --for=delete namespace/{name}");
    Some((format!("the namespace {name} is being deleted"), hint))
}

/// Of a namespace that ends, or an API that somebody else has, no object need tell once more.
fn is_told_already(object: &Value, survey: &Survey, namespace: &str) -> bool {
    let is_stolen = || stolen(survey.registration.as_ref(), namespace).is_some();
    survey.namespace_ends() || object["kind"] == Kind::API_SERVICE.kind && is_stolen()
}

/// Tells who has the API, if it is not this installation.
fn stolen(registration: Option<&Value>, namespace: &str) -> Found {
    let registration = registration?;
    let name = registration["metadata"]["name"].as_str().unwrap_or_default();
    let service = &registration["spec"]["service"];
    let text = |field: &str| service[field].as_str().unwrap_or_default();
    if service.is_null() {
        let what = format!(
            "APIService {name} is kube-apiserver's own: a CustomResourceDefinition serves this group"
        );
        return Some((what, "delete that CustomResourceDefinition first, if nobody needs it".to_owned()));
    }
    let owner = (text("namespace"), text("name"));
    (owner != (namespace, SERVICE)).then(|| {
        let what = format!("APIService {name} belongs to Service {}/{}", owner.0, owner.1);
        let hint = match owner.1 {
            SERVICE => format!("-n {} works on that installation", owner.0),
            _ => format!("if nobody needs it: kubectl delete apiservice {name}"),
        };
        (what, hint)
    })
}

fn foreign(id: &Id, live: &Value) -> Problem {
    let manager = live["metadata"]["labels"]["app.kubernetes.io/managed-by"].as_str();
    let whose =
        manager.map_or_else(|| "somebody else".to_owned(), |manager| format!("{manager}, as its label says"));
    Problem::Found {
        what: format!("{id} is there already and belongs to {whose}"),
        hint: format!("if nobody needs it: {}", id.deletion()),
    }
}

/// Asks for the permissions that no dry run can try.
async fn not_allowed(session: &Session<'_>, entries: &[Entry], wait: bool) -> anyhow::Result<Vec<Problem>> {
    let watched = WATCHED.into_iter().filter(|_| wait).map(|kind| ("list", kind));
    let asked = untried(entries).into_iter().chain(watched);
    let asked =
        asked.map(async |(verb, kind)| session.cluster.objects.may(verb, kind, session.namespace()).await);
    let answers = join_all(asked).await.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(answers.into_iter().filter_map(Result::err).map(Problem::Refused).collect())
}

/// Returns what takes a permission that was not tried, each once.
fn untried(entries: &[Entry]) -> Vec<(&'static str, &'static Kind)> {
    let mut kinds: Vec<_> =
        entries.iter().filter(|entry| entry.would.is_none()).map(|entry| entry.id.kind()).collect();
    kinds.sort_by_key(|kind| kind.plural);
    kinds.dedup();
    kinds.into_iter().flat_map(|kind| ["create", "patch"].map(|verb| (verb, kind))).collect()
}

fn clock_warning(survey: &Survey) -> Option<String> {
    let ahead = survey.ahead.as_secs();
    let way = if ahead < 0 { "behind" } else { "ahead of" };
    let apart = human(survey.ahead.abs());
    (ahead.abs() > APART).then(|| {
        format!(
            "the clock of this machine is {apart} {way} that of the cluster; certificates go by the cluster's"
        )
    })
}

/// One problem is the error itself; several are listed before it, each once.
fn conclude(session: &Session<'_>, mut problems: Vec<Problem>) -> anyhow::Result<()> {
    let lines: BTreeSet<_> = problems.iter().map(Problem::line).collect();
    if lines.len() < 2 {
        return problems.pop().map_or(Ok(()), |problem| Err(problem.into()));
    }
    for line in &lines {
        session.printer.problem(line);
    }
    let hints: BTreeSet<_> = problems.iter().filter_map(Problem::hint).collect();
    let hints: Vec<_> = hints.into_iter().collect();
    let count = lines.len();
    Err(anyhow!("{count} things keep wfctl from installing; nothing was changed"))
        .hint(hints.join("\nhint: "))
}

impl Problem {
    fn permission(&self) -> Option<&Permission> {
        match self {
            Self::Refused(ClusterError { reason: Reason::Forbidden(permission), .. }) => {
                permission.as_deref()
            }
            _ => None,
        }
    }

    fn line(&self) -> String {
        match (self, self.permission()) {
            (_, Some(permission)) => format!("it takes the permission to {permission}"),
            (Self::Refused(error), _) => format!("{error}: {}", error.why()),
            (Self::Found { what, .. }, _) => what.clone(),
        }
    }

    fn hint(&self) -> Option<String> {
        match (self, self.permission()) {
            (_, Some(_)) => Some("--as and --context act as somebody else".to_owned()),
            (Self::Refused(error), _) => error.hint(),
            (Self::Found { hint, .. }, _) => Some(hint.clone()),
        }
    }
}

impl From<Problem> for anyhow::Error {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Refused(error) => error.into(),
            Problem::Found { what, hint } => {
                let hinted = Err::<(), _>(anyhow!(what)).hint(hint);
                hinted.err().unwrap_or_else(|| anyhow!("nothing is in the way"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn service(namespace: &str, name: &str) -> Value {
        json!({"metadata": {"name": "v1alpha1.x"}, "spec": {"service": {"namespace": namespace, "name": name}}})
    }

    fn thief(registration: &Value) -> Option<String> {
        stolen(Some(registration), "workflow-system").map(|(what, hint)| format!("{what}; {hint}"))
    }

    #[test]
    fn an_api_of_somebody_else_is_not_taken() {
        assert_eq!(stolen(None, "workflow-system"), None);
        assert_eq!(thief(&service("workflow-system", "workflow-apiserver")), None);
        assert_eq!(
            thief(&service("other", "workflow-apiserver")).unwrap(),
            "APIService v1alpha1.x belongs to Service other/workflow-apiserver; -n other works on that installation"
        );
        assert!(thief(&service("a", "b")).unwrap().contains("belongs to Service a/b; if nobody needs it: "));
        let local = json!({"metadata": {"name": "v1alpha1.x"}, "spec": {}});
        assert!(thief(&local).unwrap().contains("a CustomResourceDefinition serves this group"));
    }

    #[test]
    fn aggregation_without_an_authority_is_not_configured() {
        let map = |data: Value| Readable::There(Box::new(json!({"data": data})));
        assert!(no_aggregation(&Readable::Absent).is_some());
        assert!(no_aggregation(&map(json!({"client-ca-file": "x"}))).is_some());
        assert_eq!(no_aggregation(&map(json!({"requestheader-client-ca-file": "x"}))), None);
        assert_eq!(no_aggregation(&Readable::Hidden), None);
    }

    #[test]
    fn a_cluster_without_cert_manager_is_told_from_one_that_refuses() {
        let certificate = Id::namespaced(Kind::CERTIFICATE, "a", "b");
        let error = |reason| ClusterError::new("get", "Certificate a/b", reason, "404 page not found");
        let missing = unreadable(&certificate, error(Reason::UnknownKind));
        assert!(missing.line().starts_with("cert-manager is not installed: "), "{}", missing.line());
        assert!(missing.hint().is_some_and(|hint| hint.starts_with("install cert-manager first")));
        assert!(matches!(unreadable(&certificate, error(Reason::Unavailable)), Problem::Refused(_)));
    }
}
