//! The job that renews, with the rights that its ServiceAccount has, over the years.

use std::sync::Arc;

use embedded_server::clock::{Clock, ManualClock, SystemClock};
use jiff::SignedDuration;
use k8s_openapi::api::batch::v1::Job;

use super::installation::*;
use super::standin::{Cluster, Output};

const ACCOUNT: &str = "workflow-apiserver-renewal";

fn days(days: i64) -> SignedDuration {
    SignedDuration::from_hours(24 * days)
}

/// Lets the CronJob run, and expects it to succeed.
async fn run(cluster: &Cluster) {
    let job: Job = cluster.run_cron_job(NAMESPACE, ACCOUNT).await;
    let succeeded = job.status.and_then(|status| status.succeeded);
    assert_eq!(succeeded, Some(1), "{:?}", logs(cluster).await);
}

async fn logs(cluster: &Cluster) -> Vec<Option<String>> {
    let contents = cluster.contents().await;
    let start = format!("/pods/{NAMESPACE}/");
    let pods = contents.keys().filter_map(|key| key.strip_prefix(&start));
    pods.filter(|pod| pod.starts_with(ACCOUNT)).map(|pod| cluster.log_of(NAMESPACE, pod)).collect()
}

/// Does what the job does, but for the waiting.
async fn renew(cluster: &Cluster) -> Output {
    let renewing = cluster.wfctl_as(NAMESPACE, ACCOUNT, rotation("--if-needed")).spawn().unwrap();
    Output::of(renewing).await.expect(0)
}

/// Returns what the job has written since the last time that this was asked for.
fn written(cluster: &Cluster) -> Vec<String> {
    let journal = cluster.journal().into_iter();
    let written: Vec<_> = journal.filter(|entry| entry.user.ends_with(ACCOUNT)).collect();
    assert!(written.iter().all(|entry| entry.code < 400), "{written:?}");
    cluster.clear_journal();
    written.into_iter().map(|entry| entry.ask.name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_job_renews_leaf_and_authority_in_time_with_the_rights_that_it_has() {
    // By the clocks of the job and of the server, nothing of it is valid yet.
    let clock = ManualClock::at(SystemClock.now() + days(400));
    let cluster = installed_at(Arc::new(clock.clone())).await;
    let witness = witness(&cluster);
    run(&cluster).await;
    assert_eq!(written(&cluster), [""; 0]);
    clock.advance(days(59));
    renew(&cluster).await;
    assert_eq!(written(&cluster), [""; 0]);
    clock.advance(days(2));
    run(&cluster).await;
    assert_eq!(written(&cluster), [SERVING]);
    for _ in 0..5 {
        clock.advance(days(80));
        renew(&cluster).await;
        assert_eq!(written(&cluster), [SERVING]);
    }
    // Two thirds of two years are over.
    clock.advance(days(26));
    let output = renew(&cluster).await;
    assert_eq!(written(&cluster), [AUTHORITIES, TRUST, SERVING, AUTHORITIES, SERVING, TRUST]);
    assert!(output.stderr.contains("making a new authority: less than a third of its life is left"));
    assert!(output.stdout.lines().any(|line| line.starts_with("0 of ")), "{}", output.stdout);
    was_trusted(witness).await;
    is_well(&cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_job_makes_anew_what_was_deleted_and_can_do_nothing_else() {
    let cluster = installed().await;
    delete(&cluster, AUTHORITIES).await;
    delete(&cluster, SERVING).await;
    let output = renew(&cluster).await;
    assert!(output.stderr.contains("Secret workflow-apiserver-ca is missing"), "{}", output.stderr);
    assert_eq!(written(&cluster)[..3], [AUTHORITIES, TRUST, SERVING]);
    is_well(&cluster).await;
    let more = cluster.wfctl_as(NAMESPACE, ACCOUNT, ["uninstall", "--yes"]).spawn().unwrap();
    let refused = Output::of(more).await.expect(1);
    assert!(refused.stderr.contains("forbidden"), "{}", refused.stderr);
}
