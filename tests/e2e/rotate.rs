//! Certificates are replaced while clients write and watch; whoever does it is killed, doubled, robbed, deceived.
//!
//! All of these work on the one installation, so they run one after the other.

use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kube::ResourceExt;
use kube::api::{Api, DynamicObject, ListParams, PostParams};
use serde_json::Value;
use tokio::task::JoinSet;
use tokio::time::interval;

use crate::clients::{LAST, Written, create, seen, workflows};
use crate::installation::installed;
use crate::kubectl::Kubectl;
use crate::lines::Lines;
use crate::namespace::Namespace;
use crate::workflow;

const ROTATIONS: usize = 10;
/// Each asks ten times a second: fifty requests a second altogether.
const CLIENTS: usize = 5;
const PACE: Duration = Duration::from_millis(100);
const WATCHES: usize = 20;
const SYSTEM: &str = "workflow-system";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs a cluster: make e2e-rotate"]
async fn ten_rotations_fail_no_request_and_lose_no_event() {
    let namespace = tokio::task::spawn_blocking(|| Namespace::new("rotate")).await.unwrap();
    let api = workflows(namespace.name()).await;
    let begin = api.list(&ListParams::default()).await.unwrap().metadata.resource_version.unwrap();
    let watches: JoinSet<_> = (0..WATCHES).map(|_| seen(api.clone(), begin.clone())).collect();
    let over = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for client in 0..CLIENTS {
        clients.spawn(Sent::until(workflows(namespace.name()).await, client, Arc::clone(&over)));
    }
    let began = Instant::now();
    let said = tokio::task::spawn_blocking(|| [(); ROTATIONS].map(|()| rotated(&["certs", "rotate"]))).await;
    let said = said.expect("every rotation succeeds");
    over.store(true, Ordering::SeqCst);
    let sent = clients.join_all().await.into_iter().fold(Sent::default(), Sent::and);
    create(&api, LAST).await;
    let seen = watches.join_all().await;
    report(&sent, &said, began.elapsed());
    assert_eq!(sent.failures, Vec::<String>::new());
    for seen in seen {
        let lost: Vec<_> = sent.written.difference(&seen).collect();
        assert!(lost.is_empty(), "of {} writes a watch missed {lost:?}", sent.written.len());
    }
}

#[expect(clippy::print_stderr, reason = "the figures are what this is run for")]
fn report(sent: &Sent, said: &[String], took: Duration) {
    let (requests, failed, written) = (sent.requests, sent.failures.len(), sent.written.len());
    eprintln!("{ROTATIONS} rotations in {} s: {failed} of {requests} requests failed", took.as_secs());
    eprintln!("{written} events for each of {WATCHES} watches");
    eprintln!("what the rotations counted themselves: {}", said.join(", "));
}

/// What a client sent.
#[derive(Default)]
struct Sent {
    requests: usize,
    failures: Vec<String>,
    written: Written,
}

impl Sent {
    /// Writes one Workflow, then lists nine times, and so on; what fails is not tried again.
    async fn until(api: Api<DynamicObject>, client: usize, over: Arc<AtomicBool>) -> Self {
        let (mut sent, mut pace) = (Self::default(), interval(PACE));
        while !over.load(Ordering::SeqCst) {
            pace.tick().await;
            let asked = match sent.requests % 10 {
                0 => sent.write(&api, &format!("w{client}-{}", sent.requests)).await,
                _ => api.list(&ListParams::default().limit(1)).await.map(drop),
            };
            sent.requests += 1;
            sent.failures.extend(asked.err().map(|error| format!("{error:?}")));
        }
        sent
    }

    async fn write(&mut self, api: &Api<DynamicObject>, name: &str) -> kube::Result<()> {
        let object = serde_json::from_value(workflow(name)).unwrap();
        let created = api.create(&PostParams::default(), &object).await?;
        self.written.insert((name.to_owned(), created.resource_version().unwrap()));
        Ok(())
    }

    fn and(mut self, other: Self) -> Self {
        self.requests += other.requests;
        self.failures.extend(other.failures);
        self.written.extend(other.written);
        self
    }
}

#[test]
#[ignore = "needs a cluster: make e2e-rotate"]
fn whoever_is_killed_at_any_step_is_followed_by_another() {
    installed();
    for step in [
        "making a new authority",
        "publishing 2 authorities",
        "waiting until every kube-apiserver",
        "issuing a new serving certificate",
        "watching every replica",
        "deleting the key",
        "shutting out",
        "leaving 1 authority",
    ] {
        let mut killed = start(&["certs", "rotate"]);
        Lines::of(killed.stderr.take().unwrap()).wait_for(|line| line.contains(step));
        killed.kill().unwrap();
        killed.wait().unwrap();
        let last = rotated(&["certs", "rotate", "--if-needed"]);
        assert!(last.starts_with("0 of ") || last == "nothing to do", "after {step:?}: {last}");
        all_is_well();
    }
}

#[test]
#[ignore = "needs a cluster: make e2e-rotate"]
fn two_at_once_are_one() {
    installed();
    let both = [(); 2].map(|()| start(&["certs", "rotate", "-o", "json"]));
    let reports = both.map(|one| succeeded(&one.wait_with_output().unwrap()));
    let [one, other] = reports.map(|report| serde_json::from_str::<Value>(&report).unwrap());
    assert_eq!(one["authority"], other["authority"]);
    assert_eq!((&one["requests"]["failed"], &other["requests"]["failed"]), (&0.into(), &0.into()));
    all_is_well();
}

#[test]
#[ignore = "needs a cluster: make e2e-rotate"]
fn the_job_makes_everything_anew_with_the_rights_that_it_has() {
    installed();
    let system = Kubectl::admin().to_namespace(SYSTEM);
    system.ok("delete secret workflow-apiserver-ca workflow-apiserver-certs");
    let job = format!("renewal-{:06x}", fastrand::u32(..1 << 24));
    system.ok(&format!("create job {job} --from=cronjob/workflow-apiserver-renewal"));
    system.ok(&format!("wait --for=condition=complete job/{job} --timeout=5m"));
    let log = system.ok(&format!("logs job/{job}"));
    assert!(log.contains("Secret workflow-apiserver-ca is missing"), "{log}");
    assert!(log.contains("0 of "), "{log}");
    system.ok(&format!("delete job {job}"));
    all_is_well();
}

#[test]
#[ignore = "needs a cluster: make e2e-rotate"]
fn whoever_changes_the_bundle_is_named_and_it_is_put_right() {
    installed();
    let admin = Kubectl::admin();
    let leaf =
        admin.to_namespace(SYSTEM).ok(r"get secret workflow-apiserver-certs -o jsonpath={.data.tls\.crt}");
    let patch = format!(r#"{{"spec":{{"caBundle":"{leaf}"}}}}"#);
    admin.ok(&format!("patch apiservice v1alpha1.workflow.example.com --type=merge -p {patch}"));
    let listed = run(&["certs", "list"]);
    assert!(!listed.status.success(), "{}", text(&listed.stdout));
    let healed = run(&["certs", "rotate", "--if-needed"]);
    let said = text(&healed.stderr);
    assert!(said.contains("lacks the authority that issues: kubectl-patch at "), "{said}");
    assert!(succeeded(&healed).lines().any(|line| line.starts_with("0 of ")));
    all_is_well();
}

fn all_is_well() {
    succeeded(&run(&["certs", "list", "--fail-within", "50d"]));
}

/// Rotates, and returns what it says last.
fn rotated(arguments: &[&str]) -> String {
    succeeded(&run(arguments)).lines().last().unwrap_or_default().to_owned()
}

fn run(arguments: &[&str]) -> Output {
    start(arguments).wait_with_output().unwrap()
}

fn start(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wfctl"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[track_caller]
fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
