//! Rotations from their beginning to their end, and what may come in between.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::installation::Part;
use super::stage::{NAMESPACE, Stage};
use super::*;
use crate::pki::rotate::{Intent, Phase};
use crate::proof::{Answer, Tally};

fn journal() -> Journal {
    Journal::new(|_| {})
}

async fn rotate(stage: &Arc<Stage>, intent: Intent) -> (Result<Done, RotateError>, Tally, Journal) {
    let (load, journal) = (stage.load(), journal());
    let answered = stage.answer() == Answer::Answered;
    let rotation = Rotation::new(&**stage, intent, &load, answered, &journal);
    let done = tokio::time::timeout(Duration::from_secs(300), rotation.run()).await.unwrap();
    let tally = load.finish().await;
    (done, tally, journal)
}

async fn rotate_well(stage: &Arc<Stage>, intent: Intent) -> Journal {
    let (done, tally, journal) = rotate(stage, intent).await;
    let failed = tally.since(&done.unwrap().before.unwrap());
    assert_eq!((failed.failed, failed.failure), (0, None), "{journal:?}");
    assert!(stage.is_steady(), "{journal:?}");
    journal
}

fn phases(journal: &Journal) -> Vec<Phase> {
    let mut phases: Vec<_> = journal.entries().iter().map(|entry| entry.phase).collect();
    phases.dedup();
    phases
}

fn said(journal: &Journal) -> String {
    journal.entries().iter().map(|entry| format!("{entry}\n")).collect()
}

#[tokio::test(start_paused = true)]
async fn everything_is_replaced_and_no_request_fails() {
    let stage = Stage::installed(2);
    let before = stage.get_now(Part::Authorities).unwrap();
    let journal = rotate_well(&stage, Intent::Everything).await;
    use Phase::*;
    assert_eq!(phases(&journal), [Distribute, ConvergeTrust, Switch, ConvergeServing, Retire, Steady]);
    let after = stage.get_now(Part::Authorities).unwrap();
    assert_ne!(before["data"]["tls.crt"], after["data"]["tls.crt"]);
    assert_eq!(after["data"]["previous.key"], json!(null));
}

#[tokio::test(start_paused = true)]
async fn a_new_leaf_touches_nothing_but_its_secret() {
    let stage = Stage::installed(2);
    rotate_well(&stage, Intent::Serving).await;
    assert_eq!(stage.writes(), [Part::Serving]);
}

#[tokio::test(start_paused = true)]
async fn what_is_healthy_is_not_written() {
    let stage = Stage::installed(2);
    rotate_well(&stage, Intent::Heal).await;
    assert_eq!(stage.writes(), []);
}

#[tokio::test(start_paused = true)]
async fn whoever_comes_next_goes_on_after_any_write() {
    for writes in 0..6 {
        let stage = Stage::installed(2);
        stage.kill_after(Some(writes));
        let (killed, tally, journal) = rotate(&stage, Intent::Everything).await;
        assert!(killed.is_err(), "{writes}: {journal:?}");
        assert_eq!(tally.failed, 0);
        stage.kill_after(None);
        rotate_well(&stage, Intent::Heal).await;
        assert_eq!(stage.writes().iter().filter(|part| **part == Part::Authorities).count(), 2, "{writes}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rotation_is_six_writes() {
    use Part::*;
    let stage = Stage::installed(1);
    rotate_well(&stage, Intent::Everything).await;
    assert_eq!(stage.writes(), [Authorities, Trust, Serving, Authorities, Serving, Trust]);
}

#[tokio::test(start_paused = true)]
async fn two_at_once_make_one_rotation() {
    let stage = Stage::installed(2);
    let (one, other) = tokio::join!(rotate(&stage, Intent::Everything), rotate(&stage, Intent::Everything));
    for (done, tally, journal) in [one, other] {
        assert!(done.is_ok(), "{journal:?}");
        assert_eq!(tally.failed, 0);
    }
    assert!(stage.is_steady());
    assert_eq!(stage.writes().iter().filter(|part| **part == Part::Authorities).count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_does_not_reload_is_named_and_nothing_is_taken_from_it() {
    let stage = Stage::installed(2);
    stage.stop_reloading(1);
    let (load, journal) = (stage.load(), journal());
    let rotation = Rotation::new(&*stage, Intent::Everything, &load, true, &journal);
    tokio::time::timeout(Duration::from_secs(300), rotation.run()).await.unwrap_err();
    assert_eq!(load.finish().await.failed, 0);
    let last = journal.entries().pop().unwrap();
    assert_eq!(last.phase, Phase::ConvergeServing);
    assert!(last.message.contains("workflow-apiserver-1 (it serves "), "{last}");
    stage.reload_again();
    rotate_well(&stage, Intent::Heal).await;
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_comes_in_between_is_waited_for() {
    let stage = Stage::installed(1);
    let newcomer = Arc::clone(&stage);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(20)).await;
        newcomer.start_replica(true);
    });
    rotate_well(&stage, Intent::Everything).await;
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_is_deleted_in_between_is_made_again() {
    for (part, after) in
        [(Part::Serving, 5), (Part::Serving, 15), (Part::Authorities, 5), (Part::Authorities, 15)]
    {
        let stage = Stage::installed(2);
        let thief = Arc::clone(&stage);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(after)).await;
            thief.set(part, None);
        });
        rotate_well(&stage, Intent::Everything).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_clock_of_the_cluster_is_what_counts() {
    for epoch in ["1999-12-31T23:59:00Z", "2046-01-01T00:00:00Z"] {
        rotate_well(&Stage::at(epoch, 1), Intent::Everything).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_away_for_a_while_is_waited_for() {
    let stage = Stage::installed(1);
    stage.be_away_for(10);
    let journal = rotate_well(&stage, Intent::Everything).await;
    assert!(said(&journal).contains("trying again"));
}

#[tokio::test(start_paused = true)]
async fn an_abort_goes_back_to_the_authority_before() {
    let stage = Stage::installed(2);
    let before = stage.get_now(Part::Authorities).unwrap()["data"]["tls.crt"].clone();
    stage.kill_after(Some(2));
    rotate(&stage, Intent::Everything).await.0.unwrap_err();
    stage.kill_after(None);
    rotate_well(&stage, Intent::Abort).await;
    assert_eq!(stage.get_now(Part::Authorities).unwrap()["data"]["tls.crt"], before);
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_left_everything_is_made_and_said() {
    let stage = Stage::installed(2);
    stage.set(Part::Serving, None);
    stage.set(Part::Authorities, None);
    stage.set(Part::Trust, Some(json!({"spec": {"service": {"namespace": NAMESPACE}}})));
    let journal = said(&rotate_well(&stage, Intent::Heal).await);
    assert!(journal.contains("found: the authority in Secret workflow-apiserver-ca is missing"), "{journal}");
    assert!(journal.contains("found: the serving certificate in Secret workflow-apiserver-certs is missing"));
    assert!(journal.contains("found: the APIService has no caBundle"));
    assert!(journal.contains("found: what workflow-apiserver-0 serves is not accepted"));
}

#[tokio::test(start_paused = true)]
async fn what_has_expired_is_replaced() {
    let stage = Stage::installed(2);
    tokio::time::advance(Duration::from_secs(3 * 365 * 24 * 60 * 60)).await;
    let journal = said(&rotate_well(&stage, Intent::Heal).await);
    assert!(
        journal.contains("found: the serving certificate in Secret workflow-apiserver-certs: it has expired")
    );
}

#[tokio::test(start_paused = true)]
async fn garbage_is_replaced() {
    let stage = Stage::installed(1);
    let garbage = json!({"data": {"tls.crt": "%", "tls.key": "YQ=="}});
    stage.set(Part::Authorities, Some(garbage));
    let service = json!({"spec": {"caBundle": "YQ==", "service": {"namespace": NAMESPACE}}});
    stage.set(Part::Trust, Some(service));
    let journal = said(&rotate_well(&stage, Intent::Heal).await);
    assert!(journal.contains("found: the caBundle of the APIService cannot be read"), "{journal}");
}

#[tokio::test(start_paused = true)]
async fn a_bundle_that_somebody_changed_is_healed_and_he_is_named() {
    let stage = Stage::installed(2);
    stage.meddle();
    let journal = said(&rotate_well(&stage, Intent::Heal).await);
    assert!(journal.contains("kubectl-edit at 2026-01-01T00:00:00Z changed it"), "{journal}");
}

#[tokio::test(start_paused = true)]
async fn whoever_changes_the_bundle_in_between_is_named_too() {
    let stage = Stage::installed(1);
    let meddler = Arc::clone(&stage);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(5)).await;
        meddler.meddle();
    });
    let (done, _, journal) = rotate(&stage, Intent::Everything).await;
    assert!(done.is_ok() && stage.is_steady());
    let healed = "publishing 3 authorities in the caBundle: kubectl-edit at 2026-01-01T00:00:00Z changed it";
    assert!(said(&journal).contains(healed), "{journal:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_not_ours_is_left_alone() {
    let refused = async |service| {
        let stage = Stage::installed(0);
        stage.set(Part::Trust, service);
        let refused = rotate(&stage, Intent::Everything).await.0.unwrap_err();
        assert_eq!(stage.writes(), []);
        refused.to_string()
    };
    assert!(refused(None).await.contains("nothing is installed"));
    let elsewhere = json!({"spec": {"service": {"namespace": "other"}}});
    assert!(refused(Some(elsewhere)).await.contains("leads to the namespace other"));
    let injected = json!({
        "metadata": {"annotations": {"cert-manager.io/inject-ca-from": "workflow-system/workflow-apiserver-certs"}},
        "spec": {"service": {"namespace": NAMESPACE}},
    });
    assert!(refused(Some(injected)).await.contains("cert-manager"));
}

#[tokio::test(start_paused = true)]
async fn every_certificate_is_listed_with_what_is_wrong() {
    let stage = Stage::installed(1);
    let listed = async || {
        let look = Look::at(&*stage).await.unwrap().unwrap();
        certificates(&look, &look.trust.bundle, NAMESPACE)
    };
    let roles: Vec<_> = listed().await.iter().map(|found| (found.role, found.problem.clone())).collect();
    use Role::*;
    assert_eq!(roles, [Authority, Serving, Trusted, Served, FrontProxy].map(|role| (role, None)));
    let leaf = listed().await.remove(1).facts.unwrap();
    assert_eq!(leaf.seconds_left, 90 * 24 * 60 * 60);
    stage.meddle();
    let problems: Vec<_> = listed().await.into_iter().filter(|found| found.problem.is_some()).collect();
    assert_eq!(problems.iter().map(|found| found.role).collect::<Vec<_>>(), [Serving, Served]);
    assert_eq!(problems[0].problem.as_deref(), Some("no authority in the caBundle issued it"));
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_what_then_happens() {
    use crate::pki::rotate::plan;
    let stage = Stage::installed(2);
    let look = Look::at(&*stage).await.unwrap().unwrap();
    let mut planned: Vec<_> =
        plan(look.now, &look.observed, Intent::Everything).iter().map(|step| step.phase()).collect();
    planned.dedup();
    assert_eq!(planned, phases(&rotate_well(&stage, Intent::Everything).await));
}
