//! A Kubernetes cluster in the process of a test: enough of one to install into, and to be proven in.
//!
//! Its API server is this project's own library, which serves the core types by one generic type. Around it stand the
//! parts that make a cluster of an API server: the controllers, a node that runs pods as real processes of this very
//! binary, and the aggregation layer. They say what those of Kubernetes say where somebody reads it.
//!
//! It deliberately knows no schemas (lists are replaced as a whole), no scheduling, no network but this machine's, and
//! access rules for ServiceAccounts only, beside what a test refuses. Test programs take it in as `mod standin` at their root.

mod access;
mod address;
mod admission;
mod aggregator;
mod body;
mod bootstrap;
mod controllers;
mod discovery;
mod front;
mod hub;
mod journal;
mod kinds;
mod knobs;
mod logs;
mod node;
mod object;
#[path = "../support/pki.rs"]
mod pki;
mod pods;
mod reviews;
mod rules;
mod tls;
mod witness;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use embedded_server::admission::Chain;
use embedded_server::authentication;
use embedded_server::clock::{Clock, SystemClock};
use embedded_server::endpoints::{Builder, VersionInfo};
use embedded_server::meta::Revision;
use embedded_server::storage::{Backend, Memory, Prefix};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use kube::{Client, ResourceExt};
use serde_json::Value;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub(crate) use self::access::ADMIN;
use self::access::{Refusals, Rule, Tokens};
use self::admission::{InNamespace, WithinQuota};
use self::hub::Hub;
pub(crate) use self::journal::{Entry, Grip};
use self::journal::{Fault, Held, Journal};
use self::kinds::Ground;
use self::knobs::Knobs;
pub(crate) use self::knobs::Trouble;
use self::logs::Logs;
use self::pki::Authority;
pub(crate) use self::witness::Witness;

/// How long anything may take that should happen soon; long, for machines that have much to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// A cluster that runs until it is dropped, and its pods with it.
pub(crate) struct Cluster {
    hub: Arc<Hub>,
    store: Arc<dyn Backend>,
    _tasks: JoinSet<()>,
    home: TempDir,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Output {
    /// The exit status; none when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

fn namespaces_are_active(contents: &BTreeMap<String, Value>) -> bool {
    let mut namespaces = contents.iter().filter(|(key, _)| key.starts_with("/namespaces/"));
    namespaces.all(|(_, namespace)| namespace["status"]["phase"] == "Active")
}

impl Cluster {
    /// Starts an empty cluster.
    pub(crate) async fn start() -> Self {
        Self::at(Arc::new(SystemClock)).await
    }

    /// Starts an empty cluster with a clock of its own, which its API server tells all clients; its controllers have
    /// looked after what is there from the start.
    pub(crate) async fn at(clock: Arc<dyn Clock>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = listener.local_addr().unwrap().to_string();
        let store: Arc<dyn Backend> = Arc::new(Memory::new());
        let front = Authority::new("front-proxy");
        let hub = Arc::new(hub(&store, clock, &front, server, home.path().to_owned()).await);
        let mut tasks = controllers::start(&hub);
        tasks.spawn(Arc::clone(&hub).tell_changes(Arc::clone(&store)));
        tasks.spawn(front::accept(listener, Arc::clone(&hub)));
        bootstrap::fill(&hub, &front).await.unwrap();
        let cluster = Self { hub, store, _tasks: tasks, home };
        std::fs::write(cluster.kubeconfig(), cluster.hub.kubeconfig(&access::token(ADMIN))).unwrap();
        cluster.until(namespaces_are_active).await;
        cluster
    }

    /// Returns the kubeconfig of [`ADMIN`].
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.home.path().join("kubeconfig")
    }

    /// Returns a client of the cluster itself, whose requests nobody writes down, refuses or holds.
    pub(crate) fn client(&self) -> Client {
        self.hub.client.clone()
    }

    /// Makes pods fail from now on, or no longer.
    pub(crate) fn trouble(&self, trouble: impl Into<Option<Trouble>>) {
        self.hub.knobs.set(trouble.into());
        self.hub.changes.send_modify(|_| {});
    }

    /// Lets the aggregation layer find from now on that servers do not answer, or no longer. `URL` in `why` is what it
    /// asked for.
    pub(crate) fn leave_unanswered(&self, why: Option<&str>) {
        self.hub.knobs.leave_unanswered(why.map(str::to_owned));
        self.hub.changes.send_modify(|_| {});
    }

    /// Refuses [`ADMIN`] what a rule covers.
    pub(crate) fn refuse(&self, rule: &str) {
        self.refuse_to(ADMIN, rule);
    }

    /// Refuses somebody what a rule covers.
    pub(crate) fn refuse_to(&self, user: &str, rule: &str) {
        self.hub.refusals.refuse(user, Rule::new(rule));
    }

    /// Refuses nothing any more.
    pub(crate) fn allow_all(&self) {
        self.hub.refusals.forget();
    }

    /// Answers one request that a rule covers with a failure, after `spared` others; dry runs do not count.
    pub(crate) fn fail(&self, rule: &str, spared: usize, code: u16, reason: &'static str) {
        self.hub.journal.plan(Rule::new(rule), spared, Fault::Answer(code, reason));
    }

    /// Holds one request that a rule covers, after `spared` others; dry runs do not count.
    pub(crate) fn hold(&self, rule: &str, spared: usize) -> Grip {
        let (held, grip) = Held::new();
        self.hub.journal.plan(Rule::new(rule), spared, Fault::Hold(held));
        grip
    }

    /// Returns all requests through the door that could have changed something, in order.
    pub(crate) fn journal(&self) -> Vec<Entry> {
        self.hub.journal.entries()
    }

    /// Forgets the requests so far.
    pub(crate) fn clear_journal(&self) {
        self.hub.journal.clear();
    }

    /// Returns everything that is stored, by the library's keys: `apps/deployments/NAMESPACE/NAME`.
    pub(crate) async fn contents(&self) -> BTreeMap<String, Value> {
        let snapshot = self.store.list(&Prefix::all()).await.unwrap();
        let parsed = |item: &[u8]| serde_json::from_slice(item).unwrap();
        snapshot.items.iter().map(|item| (item.key.as_str().to_owned(), parsed(&item.value))).collect()
    }

    /// Waits until what is stored is as wanted.
    pub(crate) async fn until(&self, wanted: impl Fn(&BTreeMap<String, Value>) -> bool) {
        let mut changes = self.hub.changes.subscribe();
        let waiting = async {
            while !wanted(&self.contents().await) {
                changes.changed().await.unwrap();
            }
        };
        if timeout(PATIENCE, waiting).await.is_err() {
            let contents: Vec<_> = self.contents().await.into_iter().collect();
            panic!("it never came to that; what is stored is {contents:#?}");
        }
    }

    /// Lets a CronJob's time come, and returns how its Job ended.
    pub(crate) async fn run_cron_job(&self, namespace: &str, name: &str) -> Job {
        let of: CronJob = self.hub.find(namespace, name).await.unwrap();
        let job = controllers::jobs::trigger(&self.hub, &of).await.unwrap();
        let key = format!("batch/jobs/{namespace}/{}", job.name_any());
        let over = |job: &Value| !job["status"]["conditions"].is_null();
        self.until(|contents| contents.get(&key).is_none_or(over)).await;
        self.hub.find(namespace, &job.name_any()).await.unwrap()
    }

    /// Returns what a pod has written.
    pub(crate) fn log_of(&self, namespace: &str, pod: &str) -> Option<String> {
        self.hub.logs.read(namespace, pod, false)
    }

    /// Returns the program under test, as [`ADMIN`] runs it.
    pub(crate) fn wfctl(&self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wfctl"));
        command
            .args(arguments)
            .env_clear()
            .env("KUBECONFIG", self.kubeconfig())
            .env("HOME", self.home.path())
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Returns the program under test, as a ServiceAccount runs it.
    pub(crate) fn wfctl_as(
        &self,
        namespace: &str,
        account: &str,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
    ) -> Command {
        let token = access::token(&format!("system:serviceaccount:{namespace}:{account}"));
        let path = self.home.path().join(format!("kubeconfig-of-{account}"));
        std::fs::write(&path, self.hub.kubeconfig(&token)).unwrap();
        let mut command = self.wfctl(arguments);
        command.env("KUBECONFIG", path);
        command
    }

    /// Begins to shake hands with everybody whom an APIService leads to.
    pub(crate) fn witness(&self, group: &'static str, version: &'static str) -> Witness {
        Witness::of(Arc::clone(&self.hub), group, version)
    }

    /// Runs the program under test to its end.
    pub(crate) async fn run(&self, line: &str) -> Output {
        let child = self.wfctl(line.split_whitespace()).spawn().unwrap();
        Output::of(child).await
    }
}

impl Output {
    /// Waits for the end of a program.
    pub(crate) async fn of(child: tokio::process::Child) -> Self {
        let output = child.wait_with_output().await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// Fails unless the program ended with this exit status.
    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

async fn hub(
    store: &Arc<dyn Backend>,
    clock: Arc<dyn Clock>,
    front: &Authority,
    server: String,
    home: PathBuf,
) -> Hub {
    let knobs = Arc::new(Knobs::default());
    let refusals = Arc::new(Refusals::new(Arc::clone(store)));
    let guards: Vec<Arc<dyn embedded_server::admission::Validate>> =
        vec![Arc::new(InNamespace(Arc::clone(store))), Arc::new(WithinQuota(Arc::clone(&knobs)))];
    let admission = Chain::default().guarded(guards);
    let ground = Ground { store: Arc::clone(store), clock: Arc::clone(&clock), admission };
    let users = || authentication::Union::new(vec![Arc::new(Tokens)]);
    let builder = Builder::new(users(), Arc::clone(&refusals) as _).clock(Arc::clone(&clock));
    let builder = kinds::serve(&ground).await.unwrap().into_iter().fold(builder, Builder::serve);
    let api = Arc::new(builder.version(version()).build(&server));
    Hub {
        client: hub::client(&api),
        api,
        clock,
        users: users(),
        refusals,
        knobs,
        journal: Journal::default(),
        logs: Logs::default(),
        authority: Authority::new("stand-in"),
        front_proxy: front.client("aggregator"),
        home,
        server,
        changes: watch::Sender::new(Revision::FIRST),
    }
}

fn version() -> VersionInfo {
    VersionInfo {
        major: "1".to_owned(),
        minor: "36".to_owned(),
        git_version: "v1.36.0".to_owned(),
        platform: "stand/in".to_owned(),
        ..VersionInfo::default()
    }
}
