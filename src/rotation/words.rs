//! What is found and done, in words.

use serde_json::Value;

use super::look::Look;
use crate::names::TRUST_MANAGER;
use crate::pki::rotate::{Action, Why};
use crate::proof::Seen;

/// Says what a step does.
pub(super) fn step(action: &Action, look: &Look) -> String {
    match action {
        Action::Begin(why) => format!("making a new authority: {}", of_authority(*why)),
        Action::Revert => "going back to the authority before".to_owned(),
        Action::Distribute { trust } => publishing(trust.len(), look),
        Action::AwaitTrust => "waiting until every kube-apiserver has heard of it and answers".to_owned(),
        Action::Switch(why) => format!("issuing a new serving certificate: {}", of_leaf(*why)),
        Action::AwaitReplicas { behind } => {
            format!("waiting until the serving certificate is served by {}", lagging(behind, look))
        }
        Action::AwaitGrace => "watching every replica serve the certificate for a while".to_owned(),
        Action::Forget => "deleting the key of the authority before".to_owned(),
        Action::Seal => "shutting out whoever might still switch back".to_owned(),
        Action::Retire { trust } => format!("leaving {} in the caBundle", authorities(trust.len())),
        Action::Rest { until } => format!("all is well; the next renewal is due at {until}"),
    }
}

/// Says what a step will do. When what is yet to be made is due for renewal, nobody knows before it is made.
pub(super) fn planned(action: &Action, look: &Look, changes: bool) -> String {
    match action {
        Action::Rest { .. } if changes => "all is well".to_owned(),
        action => step(action, look),
    }
}

/// Where trust is missing because somebody else took it away, he is named.
fn publishing(count: usize, look: &Look) -> String {
    let what = format!("publishing {} in the caBundle", authorities(count));
    changer(&look.service).map_or_else(|| what.clone(), |who| format!("{what}: {who} changed it"))
}

fn authorities(count: usize) -> String {
    if count == 1 { "1 authority".to_owned() } else { format!("{count} authorities") }
}

fn of_authority(why: Why) -> &'static str {
    match why {
        Why::Missing => "there is none that can be read",
        Why::Incomplete => "its key is missing or belongs to another",
        other => of_any(other),
    }
}

fn of_leaf(why: Why) -> &'static str {
    match why {
        Why::Missing => "there is none that can be read",
        Why::Incomplete => "its key is missing or belongs to another, or it lacks a name",
        other => of_any(other),
    }
}

fn of_any(why: Why) -> &'static str {
    match why {
        Why::Asked => "it was asked for",
        Why::Missing | Why::Incomplete => "it cannot be used",
        Why::NotYetValid => "the one that is there is not valid yet",
        Why::Aged => "less than a third of its life is left",
        Why::Expired => "the one that is there has expired",
        Why::OtherIssuer => "another authority issues now",
    }
}

/// Names the replicas, and says of each what it does instead.
fn lagging(behind: &[String], look: &Look) -> String {
    let seen = |name: &String| look.replicas.iter().find(|seen| seen.replica.name == *name);
    let words = behind.iter().map(|name| match seen(name).map(|seen| &seen.shown) {
        Some(Ok(shown)) => format!("{name} (it serves {:.16})", shown.leaf.fingerprint()),
        Some(Err(error)) => format!("{name} ({error:#})"),
        None => name.clone(),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// Says all that is wrong.
pub(crate) fn findings(look: &Look, namespace: &str) -> Vec<String> {
    let certificates = authority(look).into_iter().chain(serving(look, namespace)).chain(bundle(look));
    certificates.chain(look.replicas.iter().filter_map(replica)).collect()
}

fn authority(look: &Look) -> Option<String> {
    let what = "the authority in Secret workflow-apiserver-ca";
    let Some(pair) = &look.authorities.issuing else {
        return Some(format!("{what} {}", missing(look.authorities.revision.as_ref())));
    };
    let usable = pair.authority().is_some();
    let problem = if usable { pair.facts.check_valid(look.now).err() } else { None };
    match problem {
        Some(problem) => Some(format!("{what}: {problem}")),
        None if usable => None,
        None => Some(format!("{what} lacks the key that belongs to it")),
    }
}

fn serving(look: &Look, namespace: &str) -> Option<String> {
    let what = "the serving certificate in Secret workflow-apiserver-certs";
    let Some(pair) = &look.serving.pair else {
        return Some(format!("{what} {}", missing(look.serving.revision.as_ref())));
    };
    if let Some(flaw) = pair.flaw(namespace) {
        return Some(format!("{what} {flaw}"));
    }
    let problem = look.authorities.certificates().check(&pair.facts, look.now).err();
    problem.map(|problem| format!("{what}: {problem}"))
}

fn missing(revision: Option<&String>) -> &'static str {
    if revision.is_some() { "cannot be read" } else { "is missing" }
}

/// Between two steps of a rotation, the authority before is trusted alone.
fn bundle(look: &Look) -> Option<String> {
    let authorities = &look.observed.authorities;
    let mut ours = authorities.issuing.iter().chain(&authorities.previous);
    let published = &look.observed.published;
    let what = match published.len() {
        _ if look.trust.unreadable => "the caBundle of the APIService cannot be read",
        0 => "the APIService has no caBundle",
        _ if ours.all(|authority| !published.contains(&authority.fingerprint)) => {
            "the caBundle of the APIService lacks the authority that issues"
        }
        _ => return stranger(look),
    };
    Some(changer(&look.service).map_or_else(|| what.to_owned(), |who| format!("{what}: {who} changed it")))
}

/// An authority that is not ours came with a rotation that is not over, or from somebody else.
fn stranger(look: &Look) -> Option<String> {
    let ours = look.authorities.certificates().fingerprints();
    let who = changer(&look.service).filter(|_| !look.observed.published.is_subset(&ours))?;
    Some(format!("the caBundle of the APIService has an authority that is not wfctl's: {who} changed it"))
}

fn replica(seen: &Seen) -> Option<String> {
    let name = &seen.replica.name;
    match &seen.shown {
        Ok(shown) => {
            shown.verdict.as_ref().err().map(|why| format!("what {name} serves is not accepted: {why}"))
        }
        Err(error) => Some(format!("{name} shows no certificate: {error:#}")),
    }
}

/// Says who last wrote the caBundle, where it was not wfctl.
pub(crate) fn changer(service: &Value) -> Option<String> {
    let managers = service["metadata"]["managedFields"].as_array()?;
    let wrote = |entry: &&Value| entry["fieldsV1"]["f:spec"].get("f:caBundle").is_some();
    let ours = |entry: &&Value| entry["manager"] == TRUST_MANAGER;
    let others = managers.iter().filter(wrote).filter(|entry| !ours(entry));
    let last = others.max_by_key(|entry| entry["time"].as_str())?;
    let (manager, time) = (last["manager"].as_str()?, last["time"].as_str().unwrap_or("an unknown time"));
    Some(format!("{manager} at {time}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn who_wrote_the_bundle_is_known_unless_it_was_wfctl() {
        let entry = |manager: &str, time: &str, field: &str| json!({"manager": manager, "time": time, "fieldsV1": {"f:spec": {field: {}}}});
        let ours = entry(TRUST_MANAGER, "2026-01-03T00:00:00Z", "f:caBundle");
        let service = |others: Vec<Value>| json!({"metadata": {"managedFields": others}});
        assert_eq!(changer(&service(vec![ours.clone()])), None);
        let others = vec![
            entry("kubectl-edit", "2026-01-02T00:00:00Z", "f:caBundle"),
            entry("argocd", "2026-01-01T00:00:00Z", "f:caBundle"),
            entry("wfctl", "2026-01-04T00:00:00Z", "f:group"),
            ours,
        ];
        assert_eq!(changer(&service(others)).as_deref(), Some("kubectl-edit at 2026-01-02T00:00:00Z"));
    }
}
