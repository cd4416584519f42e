//! What can stand behind flags whose values are found out: in the kubeconfig, or in the cluster that the words before
//! lead to. Nothing is found out before it is asked for, and not for longer than somebody waits who pressed a key.

use std::env;
use std::ffi::OsString;
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCandidates, ArgValueCompleter, CompletionCandidate};
use serde_json::Value;
use tokio::runtime::Builder;
use tokio::time::timeout;

use super::urls;
use crate::cluster::{Access, Kind, Patience};
use crate::settings;

/// How long a cluster is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Returns `command` with offers for all values that can be found out behind `words`.
pub(super) fn offered(command: Command, words: &[OsString]) -> Command {
    everywhere(command, &Arc::new(access(words)))
}

fn everywhere(command: Command, access: &Arc<Access>) -> Command {
    let command = command.mut_args(|argument| offer(argument, access));
    command.mut_subcommands(|command| everywhere(command, access))
}

fn offer(argument: Arg, access: &Arc<Access>) -> Arg {
    match argument.get_id().as_str() {
        "context" => argument.add(found(access, Access::contexts)),
        "namespace" => argument.add(found(access, |access| names(access, Kind::NAMESPACE))),
        "storage_class" => argument.add(found(access, |access| names(access, Kind::STORAGE_CLASS))),
        "cert_manager" => argument.add(found(access, issuers)),
        "set" => argument.add(found(access, |_| keys())),
        "storage" | "from" | "to" | "url" => argument.add(ArgValueCompleter::new(urls::of_storage)),
        _ => argument,
    }
}

fn found(
    access: &Arc<Access>,
    find: impl Fn(&Access) -> Vec<String> + Send + Sync + 'static,
) -> ArgValueCandidates {
    let access = Arc::clone(access);
    ArgValueCandidates::new(move || find(&access).into_iter().map(CompletionCandidate::new).collect())
}

/// Returns the cluster that `words` lead to.
fn access(words: &[OsString]) -> Access {
    Access {
        kubeconfig: values(words, "--kubeconfig").next_back().map(|path| at_home(&path)),
        context: values(words, "--context").next_back(),
        user: values(words, "--as").next_back(),
        groups: values(words, "--as-group").collect(),
    }
}

/// Returns the values of a flag, behind `=` or as a word of their own; an empty one is still to be typed.
fn values<'w>(words: &'w [OsString], flag: &'w str) -> impl DoubleEndedIterator<Item = String> + 'w {
    let value = move |(at, word): (usize, &'w OsString)| {
        let behind = word.to_str()?.strip_prefix(flag)?;
        let apart = || words.get(at + 1).and_then(|word| word.to_str()).filter(|_| behind.is_empty());
        behind.strip_prefix('=').or_else(apart).filter(|value| !value.is_empty()).map(str::to_owned)
    };
    words.iter().enumerate().filter_map(value)
}

/// Words come as they were typed: no shell has read them.
fn at_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), env::home_dir()) {
        (Some(below), Some(home)) => home.join(below),
        _ => PathBuf::from(path),
    }
}

/// Returns the names of all objects of a kind.
fn names(access: &Access, kind: &'static Kind) -> Vec<String> {
    let access = access.clone();
    let listed = async move {
        let cluster = access.connect(Patience::OneAnswer).await?;
        anyhow::Ok(cluster.objects.list(kind, None, "").await?)
    };
    let objects = in_time(listed).unwrap_or_default();
    let name = |object: &Value| object["metadata"]["name"].as_str().map(str::to_owned);
    objects.iter().filter_map(name).collect()
}

fn issuers(access: &Access) -> Vec<String> {
    let named = |kind: &'static Kind| {
        names(access, kind).into_iter().map(|name| format!("{}/{name}", kind.kind)).collect::<Vec<_>>()
    };
    [Kind::CLUSTER_ISSUER, Kind::ISSUER].into_iter().flat_map(named).collect()
}

fn keys() -> Vec<String> {
    settings::keys().into_iter().map(|key| key + "=").collect()
}

/// Waits for an answer, or no longer; whatever is still under way then ends with the process.
fn in_time<T: Send + 'static>(answer: impl Future<Output = anyhow::Result<T>> + Send + 'static) -> Option<T> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().ok()?;
    let answer = runtime.block_on(async { timeout(PATIENCE, tokio::spawn(answer)).await });
    runtime.shutdown_background();
    answer.ok()?.ok()?.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn the_cluster_is_the_one_that_the_words_lead_to() {
        let access =
            access(&words("wfctl status --kubeconfig=/a --context b --as me --as-group c --as-group=d"));
        assert_eq!(access.kubeconfig, Some("/a".into()));
        assert_eq!((access.context.as_deref(), access.user.as_deref()), (Some("b"), Some("me")));
        assert_eq!(access.groups, ["c", "d"]);
    }

    #[test]
    fn what_is_still_to_be_typed_leads_nowhere() {
        assert_eq!(access(&words("wfctl status --context ")), Access::default());
        assert_eq!(access(&words("wfctl status --context= --kubeconfig")), Access::default());
    }
}
