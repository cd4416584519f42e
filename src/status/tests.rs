//! What is said of an installation that is well, and of each way in which it can be not.

use std::time::Duration;

use embedded_server::codec::yaml;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::facts::{Asked, Objects, Replica, RoundTrip, Stored, Unknown};
use super::report::{Check, Outcome};
use super::*;
use crate::cluster::{ClusterError, Reason};
use crate::manifest;
use crate::pki::{Authority, Leaf, OwnKeys, SERVICE, inspect};
use crate::pods::Evidence;
use crate::proof::{Answer, Rejected, Shown};
use crate::settings;
use crate::values::{Certificates, Values};

const NAMESPACE: &str = "workflow-system";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn now() -> Timestamp {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

/// The objects that are installed, for two servers or one on a volume, or with cert-manager.
struct Installed(Vec<Value>);

impl Installed {
    fn with(settings: Value, keys: OwnKeys) -> Self {
        let settings = settings::layered(&[], settings, &[]).unwrap();
        let mut values = Values::new(NAMESPACE, &settings).unwrap();
        if let Certificates::Own(own) = &mut values.certificates {
            *own = Some(Box::new(keys));
            (values.with_secrets, values.with_ca_bundle) = (true, true);
        }
        let text = manifest::to_yaml(&manifest::render(&values).unwrap());
        Self(text.split("---\n").map(|document| yaml::to_value(document.as_bytes()).unwrap()).collect())
    }

    fn get<T: DeserializeOwned>(&self, kind: &str, name: &str, more: Value) -> Asked<Option<T>> {
        let is_it = |object: &&Value| object["kind"] == kind && object["metadata"]["name"] == name;
        let found = self.0.iter().find(is_it).cloned();
        Ok(found.map(|object| serde_json::from_value(merged(object, more)).unwrap()))
    }
}

fn merged(mut object: Value, more: Value) -> Value {
    let Value::Object(more) = more else { return object };
    for (key, value) in more {
        let old = object[&key].take();
        object[&key] = if old.is_object() && value.is_object() { merged(old, value) } else { value };
    }
    object
}

fn keys() -> OwnKeys {
    OwnKeys::issue(now(), NAMESPACE).unwrap()
}

/// What is known of an installation that is well.
fn healthy() -> Facts {
    healthy_with(json!({}), keys())
}

fn healthy_with(settings: Value, keys: OwnKeys) -> Facts {
    let shown = shown(&keys.serving);
    let front_proxy = json!({"data": {"requestheader-client-ca-file": keys.authority.certificate()}});
    let installed = Installed::with(settings, keys);
    Facts {
        namespace: NAMESPACE.to_owned(),
        kubernetes: "v1.36.2".to_owned(),
        front_proxy: Ok(Some(serde_json::from_value(front_proxy).unwrap())),
        terminating: Ok(Vec::new()),
        objects: objects(&installed),
        permissions: permissions::NEEDED.map(|permission| (permission, Ok(true))).into(),
        pods: Ok(vec![pod("a", json!({"conditions": [{"type": "Ready", "status": "True"}]}))]),
        evidence: Evidence::default(),
        renewals: Ok(Vec::new()),
        replicas: vec![replica("a", shown)],
        round_trip: RoundTrip {
            resources: Answer::Answered,
            workflows: Answer::Answered,
            took: Duration::from_millis(7),
        },
    }
}

fn objects(installed: &Installed) -> Objects {
    let rolled_out = json!({"status": {"readyReplicas": 1, "updatedReplicas": 1}});
    let bound = json!({"status": {"phase": "Bound", "capacity": {"storage": "1Gi"}}});
    let kept = json!([{"manager": "wfctl-trust", "fieldsV1": {"f:spec": {"f:caBundle": {}}}}]);
    let passed = json!([{"type": "Available", "status": "True", "reason": "Passed"}]);
    let registered = json!({"metadata": {"managedFields": kept}, "status": {"conditions": passed}});
    Objects {
        namespace: installed.get("Namespace", NAMESPACE, Value::Null),
        account: installed.get("ServiceAccount", SERVICE, Value::Null),
        deployment: installed.get("Deployment", SERVICE, rolled_out),
        service: installed.get("Service", SERVICE, Value::Null),
        admin: installed.get("ClusterRole", "workflow-admin", Value::Null),
        viewer: installed.get("ClusterRole", "workflow-viewer", Value::Null),
        authority: stored(installed.get("Secret", "workflow-apiserver-ca", Value::Null)),
        serving: stored(installed.get("Secret", "workflow-apiserver-certs", Value::Null)),
        renewal: installed.get("CronJob", "workflow-apiserver-renewal", Value::Null),
        registration: installed.get("APIService", registration::NAME, registered),
        claim: installed.get("PersistentVolumeClaim", "workflow-apiserver-data", bound),
    }
}

fn stored(secret: Asked<Option<Secret>>) -> Asked<Option<Stored>> {
    secret.map(|secret| secret.map(Stored::from))
}

fn pod<T: DeserializeOwned>(name: &str, status: Value) -> T {
    let containers = json!([{"name": "apiserver", "image": crate::values::DEFAULT_IMAGE}]);
    let pod = json!({"metadata": {"name": name}, "spec": {"containers": containers}});
    let pod = merged(pod, Value::from_iter([("status", status)]));
    serde_json::from_value(pod).unwrap()
}

fn shown(leaf: &Leaf) -> Shown {
    Shown { leaf: inspect::Facts::from_pem(&leaf.certificate).unwrap(), verdict: Ok(()) }
}

fn replica(name: &str, shown: Shown) -> Replica {
    let readiness = "[+]ping ok\n[+]storage-readiness ok\nreadyz check passed\n";
    Replica { name: name.to_owned(), shown: Ok(shown), readiness: Ok(readiness.to_owned()) }
}

/// Returns what is not well, a line each.
fn complaints(facts: &Facts) -> Vec<String> {
    complaints_at(facts, now())
}

fn complaints_at(facts: &Facts, now: Timestamp) -> Vec<String> {
    let report = judge(facts, now);
    let complaints = report.checks.iter().filter(|check| check.result != Outcome::Ok);
    assert!(complaints.clone().all(|check| check.hint.is_some()));
    assert_eq!(report.healthy, report.failed().next().is_none());
    let line = |check: &Check| {
        let result = serde_json::to_value(check.result).unwrap();
        format!("{} {}: {}", result.as_str().unwrap(), check.name, check.message)
    };
    complaints.map(line).collect()
}

fn after(change: impl FnOnce(&mut Facts)) -> Vec<String> {
    let mut facts = healthy();
    change(&mut facts);
    complaints(&facts)
}

/// Changes an object that is there.
fn edit<T>(asked: &mut Asked<Option<T>>, change: impl FnOnce(&mut T)) {
    change(asked.as_mut().unwrap().as_mut().unwrap());
}

/// Changes an object by its JSON.
fn merge<T: serde::Serialize + DeserializeOwned>(asked: &mut Asked<Option<T>>, more: Value) {
    edit(asked, |object| {
        let changed = merged(serde_json::to_value(&*object).unwrap(), more);
        *object = serde_json::from_value(changed).unwrap();
    });
}

#[test]
fn an_installation_that_is_well_is_told_so_under_every_heading() {
    let report = judge(&healthy(), now());
    assert_eq!(complaints(&healthy()), Vec::<String>::new());
    assert!(report.healthy);
    let mut headings: Vec<_> = report.checks.iter().map(|check| check.category.title()).collect();
    headings.dedup();
    assert_eq!(
        headings,
        ["Cluster", "Objects", "Rollout", "Certificates", "APIService", "Storage", "Round trip"]
    );
}

#[test]
fn the_json_has_the_promised_shape() {
    let report = serde_json::to_value(judge(&healthy(), now())).unwrap();
    assert_eq!(report["healthy"], json!(true));
    assert_eq!(
        report["checks"][0],
        json!({"category": "cluster", "name": "kube-apiserver", "result": "ok",
               "message": "it answers, version v1.36.2", "hint": null})
    );
    let named: Vec<_> = report["checks"].as_array().unwrap().iter().map(|check| &check["category"]).collect();
    assert!(named.contains(&&json!("APIService")) && named.contains(&&json!("round trip")));
}

#[test]
fn of_a_cluster_that_does_not_answer_nothing_else_is_said() {
    let error = ClusterError::new("ask", "it", Reason::Unreachable, "connection refused");
    let report = unreached(&error);
    assert!(!report.healthy);
    assert_eq!(report.checks.len(), 1);
    assert_eq!(report.checks[0].message, "it does not answer: connection refused");
}

#[test]
fn where_nothing_is_installed_only_that_is_said() {
    let said = after(|facts| {
        (facts.objects.deployment, facts.objects.service) = (Ok(None), Ok(None));
        facts.objects.registration = Ok(None);
    });
    assert_eq!(said, ["failed installation: nothing is installed in the namespace workflow-system"]);
}

#[test]
fn what_may_not_be_looked_at_is_a_warning() {
    let said = after(|facts| {
        facts.objects.serving = Err(Unknown::Forbidden("secrets is forbidden".to_owned()));
        facts.front_proxy = Err(Unknown::Forbidden("configmaps is forbidden".to_owned()));
    });
    assert_eq!(said.len(), 2);
    assert!(
        said.iter().all(|line| line.starts_with("warning ") && line.ends_with("is forbidden")),
        "{said:?}"
    );
}

mod cluster {
    use super::*;

    #[test]
    fn without_an_aggregation_layer_nothing_works() {
        let said = after(|facts| facts.front_proxy = Ok(None));
        assert_eq!(
            said,
            [
                "failed aggregation layer: ConfigMap kube-system/extension-apiserver-authentication is not there"
            ]
        );
        let said = after(|facts| edit(&mut facts.front_proxy, |map| map.data = None));
        assert!(said[0].ends_with("has no requestheader-client-ca-file that can be read"), "{said:?}");
    }

    #[test]
    fn the_authority_of_front_proxies_has_to_live() {
        let old = Authority::generate(now() - SignedDuration::from_hours(24 * 365), 30 * DAY).unwrap();
        let said = after(|facts| {
            merge(
                &mut facts.front_proxy,
                json!({"data": {"requestheader-client-ca-file": old.certificate()}}),
            );
        });
        assert_eq!(said, ["failed aggregation layer: the authority of front proxies has expired"]);
    }

    fn ending(name: &str, kind: &str, message: &str) -> Vec<String> {
        let condition = json!({"type": kind, "status": "True", "message": message});
        let status = json!({"phase": "Terminating", "conditions": [condition]});
        let namespace = json!({"metadata": {"name": name}, "status": status});
        after(|facts| facts.terminating = Ok(vec![serde_json::from_value(namespace).unwrap()]))
    }

    #[test]
    fn a_namespace_that_hangs_because_of_workflows_is_named() {
        let discovery = "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of \
                         server APIs: workflow.example.com/v1alpha1: stale GroupVersion discovery";
        assert_eq!(
            ending("blue", "NamespaceDeletionDiscoveryFailure", discovery),
            ["failed namespaces: blue cannot be deleted while Workflows are not available"]
        );
        let remaining =
            "Some resources are remaining: workflows.workflow.example.com has 1 resource instances";
        assert_eq!(
            ending("blue", "NamespaceContentRemaining", remaining),
            ["warning namespaces: blue waits for Workflows to be finalized"]
        );
        let content = "Failed to delete all resource types, 1 remaining: workflows.workflow.example.com: no";
        assert_eq!(
            ending("blue", "NamespaceDeletionContentFailure", content),
            ["failed namespaces: in blue Workflows cannot be deleted"]
        );
    }

    #[test]
    fn a_namespace_that_hangs_because_of_others_is_not_ours_to_tell() {
        let theirs = "Discovery failed for some groups, 1 failing: metrics.k8s.io/v1beta1: stale";
        assert!(ending("blue", "NamespaceDeletionDiscoveryFailure", theirs).is_empty());
    }
}

mod objects {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_what_puts_it_back() {
        let mut facts = healthy();
        facts.objects.service = Ok(None);
        let report = judge(&facts, now());
        let check = report.failed().next().unwrap();
        assert_eq!(check.message, "Service workflow-apiserver is not there");
        assert_eq!(check.hint.as_deref(), Some("wfctl install -n workflow-system"));
    }

    #[test]
    fn a_service_on_another_port_is_of_no_use() {
        let said = after(|facts| {
            merge(&mut facts.objects.service, json!({"spec": {"ports": [{"port": 8443}]}}));
        });
        assert_eq!(said, ["failed service: Service workflow-apiserver does not listen on port 443"]);
    }

    #[test]
    fn a_namespace_on_its_way_out_is_told() {
        let said = after(|facts| {
            edit(&mut facts.objects.namespace, |it| it.metadata.deletion_timestamp = Some(Time(now())));
        });
        assert_eq!(said, ["failed namespace: namespace workflow-system is being deleted"]);
    }

    #[test]
    fn each_right_that_is_missing_says_what_follows() {
        for at in 0..permissions::NEEDED.len() {
            let said = after(|facts| facts.permissions[at].1 = Ok(false));
            assert_eq!(said.len(), 1);
            assert!(said[0].starts_with("failed right to "), "{said:?}");
            assert!(said[0].contains("Binding ") && said[0].ends_with(" gives it"), "{said:?}");
        }
    }

    #[test]
    fn roles_of_users_are_missed_but_not_needed() {
        let said = after(|facts| facts.objects.admin = Ok(None));
        assert_eq!(
            said,
            [
                "warning role workflow-admin: ClusterRole workflow-admin is not there: its users may do nothing"
            ]
        );
    }
}

mod rollout {
    use super::*;

    fn with_status(status: Value) -> Vec<String> {
        after(|facts| {
            merge(
                &mut facts.objects.deployment,
                json!({"metadata": {"generation": 2}, "spec": {"replicas": 2}}),
            );
            merge(&mut facts.objects.deployment, Value::from_iter([("status", status)]));
        })
    }

    #[test]
    fn a_deployment_without_replicas_is_told_apart_from_one_without_ready_ones() {
        let said = after(|facts| merge(&mut facts.objects.deployment, json!({"spec": {"replicas": 0}})));
        assert_eq!(said, ["failed deployment: it is scaled to 0: nothing serves"]);
        let said = with_status(json!({"readyReplicas": 0, "observedGeneration": 2}));
        assert_eq!(said, ["failed deployment: none of 2 replicas is ready"]);
    }

    #[test]
    fn one_replica_of_two_is_a_warning() {
        let said = with_status(json!({"readyReplicas": 1, "observedGeneration": 2}));
        assert_eq!(said, ["warning deployment: 1 of 2 replicas are ready"]);
    }

    #[test]
    fn a_rollout_that_is_under_way_is_a_warning() {
        let said = with_status(json!({"readyReplicas": 2, "updatedReplicas": 1, "observedGeneration": 2}));
        assert_eq!(said, ["warning deployment: 1 of 2 replicas are those that are wanted now"]);
        let said = with_status(json!({"readyReplicas": 2, "updatedReplicas": 2, "observedGeneration": 1}));
        assert_eq!(said.len(), 1);
    }

    #[test]
    fn a_rollout_that_is_stuck_says_why() {
        let quota = json!([{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}]);
        assert_eq!(with_status(json!({"conditions": quota})), ["failed deployment: exceeded quota"]);
        let late = json!([{"type": "Progressing", "status": "False", "message": "has timed out"}]);
        assert_eq!(with_status(json!({"conditions": late})), ["failed deployment: has timed out"]);
    }

    #[test]
    fn one_bad_pod_among_good_ones_is_named() {
        let waiting = json!({"waiting": {"reason": "ImagePullBackOff", "message": "not found"}});
        let container = json!({"name": "apiserver", "image": "i", "imageID": "", "ready": false,
                               "restartCount": 0, "state": waiting});
        let bad = pod("b", json!({"phase": "Pending", "containerStatuses": [container]}));
        let said = after(|facts| facts.pods.as_mut().unwrap().push(bad));
        assert_eq!(said, ["failed pod b: ImagePullBackOff: not found"]);
    }

    #[test]
    fn a_pod_that_only_just_started_is_a_warning() {
        let container = json!({"name": "apiserver", "image": "i", "imageID": "", "ready": false, "started": false,
                               "restartCount": 0, "state": {"running": {}}});
        let new = pod("b", json!({"phase": "Running", "containerStatuses": [container]}));
        let said = after(|facts| facts.pods.as_mut().unwrap().push(new));
        assert_eq!(said, ["warning pod b: it starts: it runs, but its readiness probe fails"]);
    }

    #[test]
    fn a_pod_that_ends_is_in_nobodys_way() {
        let mut ending: k8s_openapi::api::core::v1::Pod = pod("b", json!({"phase": "Running"}));
        ending.metadata.deletion_timestamp = Some(Time(now()));
        assert!(after(|facts| facts.pods.as_mut().unwrap().push(ending)).is_empty());
    }

    #[test]
    fn another_version_or_image_than_wanted_is_told() {
        let labels = json!({"metadata": {"labels": {"app.kubernetes.io/version": "0.0.1"}}});
        let said = after(|facts| merge(&mut facts.objects.deployment, labels));
        assert!(
            said[0].starts_with("warning version: version 0.0.1 is installed, this wfctl is "),
            "{said:?}"
        );
        let containers = json!([{"name": "apiserver", "image": "other:1"}]);
        let spec = json!({"spec": {"template": {"spec": {"containers": containers}}}});
        let said = after(|facts| merge(&mut facts.objects.deployment, spec));
        assert!(said[0].ends_with(" runs, other:1 is wanted"), "{said:?}");
    }
}

mod certificates {
    use super::*;

    #[test]
    fn a_ca_bundle_of_another_authority_is_found_though_all_is_available() {
        let other = keys().authority.certificate().as_bytes().to_vec();
        let said = after(|facts| {
            edit(&mut facts.objects.registration, |it| {
                it.spec.as_mut().unwrap().ca_bundle = Some(ByteString(other));
            });
        });
        assert_eq!(
            said,
            [
                "failed caBundle: kube-apiserver does not accept the serving certificate: it was issued by another \
              authority"
            ]
        );
    }

    #[test]
    fn a_ca_bundle_that_is_missing_or_damaged_is_found() {
        let with = |bundle: Option<&str>| {
            let bundle = bundle.map(|text| ByteString(text.as_bytes().to_vec()));
            after(|facts| {
                edit(&mut facts.objects.registration, |it| it.spec.as_mut().unwrap().ca_bundle = bundle);
            })
        };
        assert_eq!(with(None)[0], "failed caBundle: the APIService has none");
        assert_eq!(with(Some("nonsense"))[0], "failed caBundle: it cannot be read");
    }

    #[test]
    fn one_replica_with_another_certificate_is_named() {
        let mut bad = shown(&keys().serving);
        bad.verdict = Err(Rejected::Issuer);
        let said = after(|facts| facts.replicas.push(replica("b", bad)));
        assert_eq!(
            said,
            [
                "failed replica b: kube-apiserver does not accept what it serves: no authority in the caBundle \
              issued it"
            ]
        );
    }

    #[test]
    fn a_replica_that_shakes_no_hands_says_why() {
        let said = after(|facts| facts.replicas[0].shown = Err("connection refused".to_owned()));
        assert_eq!(said, ["failed replica a: no handshake with it: connection refused"]);
    }

    #[test]
    fn a_replica_that_is_not_ready_need_not_shake_hands() {
        let said = after(|facts| {
            facts.pods = Ok(Vec::new());
            facts.replicas[0].shown = Err("connection refused".to_owned());
        });
        assert!(said.is_empty(), "{said:?}");
    }

    #[test]
    fn certificates_that_age_are_a_warning_and_expired_ones_are_not() {
        let facts = healthy();
        let later = |days: i64| complaints_at(&facts, now() + SignedDuration::from_hours(24 * days));
        assert_eq!(later(70)[0], "warning serving certificate: it expires in 20 days, and was not renewed");
        assert!(later(70)[1].starts_with("warning replica a: it serves "), "{:?}", later(70));
        assert_eq!(later(91)[0], "failed serving certificate: it has expired");
        assert!(
            later(91).contains(
                &"failed caBundle: kube-apiserver does not accept the serving certificate: it has expired"
                    .to_owned()
            )
        );
        assert!(later(800).contains(&"failed authority: it has expired".to_owned()));
    }

    #[test]
    fn a_key_of_another_certificate_is_found() {
        let [one, other] = [keys(), keys()].map(|keys| keys.serving);
        let secret = |certificate: &str, key: &str| {
            let text = |text: &str| ByteString(text.as_bytes().to_vec());
            let data = [("tls.crt".to_owned(), text(certificate)), ("tls.key".to_owned(), text(key))];
            Stored::from(Secret { data: Some(data.into()), ..Secret::default() })
        };
        assert!(secret(&one.certificate, one.key.expose_pem()).key_fits);
        assert!(!secret(&one.certificate, other.key.expose_pem()).key_fits);
        assert_eq!(secret("nonsense", "nonsense").certificate, None);
        let said = after(|facts| edit(&mut facts.objects.serving, |stored| stored.key_fits = false));
        assert_eq!(
            said,
            ["failed serving certificate: Secret workflow-apiserver-certs holds no key that belongs to the \
              certificate"]
        );
    }

    #[test]
    fn renewal_that_is_suspended_missing_or_failing_is_a_warning() {
        let said = after(|facts| merge(&mut facts.objects.renewal, json!({"spec": {"suspend": true}})));
        assert_eq!(said, ["warning renewal: CronJob workflow-apiserver-renewal is suspended"]);
        let said = after(|facts| facts.objects.renewal = Ok(None));
        assert_eq!(said, ["warning renewal: CronJob workflow-apiserver-renewal is not there"]);
        let run = |at: &str, kind: &str| {
            let condition = json!({"type": kind, "status": "True", "message": "BackoffLimitExceeded"});
            let metadata = json!({"name": at, "creationTimestamp": format!("2026-01-01T0{at}:17:00Z")});
            serde_json::from_value(json!({"metadata": metadata, "status": {"conditions": [condition]}}))
                .unwrap()
        };
        let said = after(|facts| facts.renewals = Ok(vec![run("2", "Failed"), run("1", "Complete")]));
        assert_eq!(said, ["warning renewal: its last run failed: BackoffLimitExceeded"]);
        let said = after(|facts| facts.renewals = Ok(vec![run("1", "Failed"), run("2", "Complete")]));
        assert!(said.is_empty());
    }

    #[test]
    fn with_cert_manager_nobody_misses_an_authority_of_our_own() {
        let issuer = json!({"certManager": {"issuer": "a"}});
        let report = judge(&healthy_with(issuer, keys()), now());
        let names: Vec<_> = report.checks.iter().map(|check| check.name.as_str()).collect();
        assert!(!names.contains(&"authority") && !names.contains(&"renewal"), "{names:?}");
    }
}

mod registration_of_the_api {
    use super::*;

    fn changed(change: Value) -> Vec<String> {
        after(|facts| merge(&mut facts.objects.registration, change))
    }

    fn kept_by(manager: &str, field: &str) -> Value {
        json!([{"manager": manager, "fieldsV1": {"f:spec": {field: {}}}}])
    }

    #[test]
    fn one_that_is_stolen_names_the_thief() {
        let mut kept = kept_by("helm", "f:service");
        kept.as_array_mut().unwrap().push(kept_by("wfctl", "f:service")[0].take());
        let service = json!({"name": "theirs", "namespace": "red"});
        let said = changed(json!({"metadata": {"managedFields": kept}, "spec": {"service": service}}));
        assert_eq!(said, ["failed registration: it leads to Service red/theirs, written by helm"]);
    }

    #[test]
    fn one_that_a_definition_took_is_told() {
        let labels = json!({"kube-aggregator.kubernetes.io/automanaged": "true"});
        let said = changed(json!({"metadata": {"labels": labels}, "spec": {"service": null}}));
        assert_eq!(said, ["failed registration: a CustomResourceDefinition of the same group serves it"]);
        let said = changed(json!({"spec": {"service": null}}));
        assert_eq!(said, ["failed registration: it leads to no Service"]);
    }

    #[test]
    fn trust_that_somebody_else_keeps_is_a_warning() {
        let said = changed(json!({"metadata": {"managedFields": kept_by("kubectl", "f:caBundle")}}));
        assert_eq!(said, ["warning caBundle's keepers: kubectl keeps it too, and may put an old one back"]);
    }

    #[test]
    fn trust_in_everybody_is_found_though_all_is_available() {
        let said = changed(json!({"spec": {"insecureSkipTLSVerify": true}}));
        assert_eq!(
            said,
            ["failed trust: insecureSkipTLSVerify is set: kube-apiserver hands requests to whoever answers"]
        );
    }

    #[test]
    fn what_kube_apiserver_says_is_explained_and_quoted() {
        let condition = json!({"type": "Available", "status": "False", "reason": "MissingEndpoints",
                               "message": "endpointslices have no addresses"});
        let said = changed(json!({"status": {"conditions": [condition]}}));
        assert_eq!(
            said,
            [
                "failed available: no pod behind the Service is ready (MissingEndpoints: endpointslices have no \
              addresses)"
            ]
        );
        let said = changed(json!({"status": {"conditions": []}}));
        assert_eq!(said, ["failed available: kube-apiserver has not looked at it yet"]);
    }
}

mod storage {
    use super::*;

    #[test]
    fn a_volume_has_to_be_bound() {
        let phase =
            |phase: &str| after(|facts| merge(&mut facts.objects.claim, json!({"status": {"phase": phase}})));
        assert_eq!(phase("Pending"), ["failed volume: it is not bound: Pending"]);
        assert_eq!(phase("Lost"), ["failed volume: its volume is lost"]);
        let said = after(|facts| facts.objects.claim = Ok(None));
        assert_eq!(said, ["failed volume: PersistentVolumeClaim workflow-apiserver-data is not there"]);
    }

    #[test]
    fn a_volume_that_will_be_deleted_is_told_in_time() {
        let said = after(|facts| {
            edit(&mut facts.objects.claim, |it| it.metadata.deletion_timestamp = Some(Time(now())));
        });
        assert_eq!(said, ["failed volume: it is deleted once no pod uses it, and all Workflows with it"]);
    }

    #[test]
    fn storage_that_is_shared_has_no_volume() {
        let settings = json!({"storage": {"url": "etcd://etcd:2379"}});
        let report = judge(&healthy_with(settings, keys()), now());
        assert!(report.healthy && !report.checks.iter().any(|check| check.name == "volume"));
    }

    #[test]
    fn a_store_that_fails_is_told_apart_from_other_unreadiness() {
        let said = |lines: &str| after(|facts| facts.replicas[0].readiness = Ok(lines.to_owned()));
        let store = "[+]ping ok\n[-]storage-readiness failed: reason withheld\nreadyz check failed\n";
        assert_eq!(said(store), ["failed store of a: the server cannot use it"]);
        let other = "[-]shutdown failed: reason withheld\n[+]storage-readiness ok\n";
        assert_eq!(said(other), ["warning store of a: the server is not ready: shutdown"]);
    }
}

mod round_trip {
    use super::*;

    #[test]
    fn no_answer_is_a_failure_with_what_helps() {
        let mut facts = healthy();
        facts.round_trip.workflows = Answer::Refused("error trying to reach service: x509: boo".to_owned());
        let report = judge(&facts, now());
        let check = report.failed().next().unwrap();
        assert_eq!(
            check.message,
            "kube-apiserver gets no answer from the server: error trying to reach service: x509: boo"
        );
        assert!(check.hint.as_ref().unwrap().starts_with("wfctl certs rotate"), "{check:?}");
    }

    #[test]
    fn the_reason_that_kube_apiserver_gives_says_what_helps() {
        let mut facts = healthy();
        facts.round_trip.workflows = Answer::Refused("service unavailable".to_owned());
        let condition = json!({"type": "Available", "status": "False", "reason": "ServiceNotFound"});
        merge(&mut facts.objects.registration, json!({"status": {"conditions": [condition]}}));
        let report = judge(&facts, now());
        let hints: Vec<_> = report.failed().map(|check| check.hint.clone().unwrap()).collect();
        assert_eq!(hints, [hints[0].clone(), hints[0].clone()]);
        assert!(hints[0].starts_with("wfctl install"), "{hints:?}");
    }

    #[test]
    fn somebody_without_rights_learns_that_and_not_that_it_is_broken() {
        let said = after(|facts| {
            facts.round_trip.workflows = Answer::Forbidden("workflows is forbidden".to_owned());
        });
        assert_eq!(said, ["warning list of Workflows: it is not allowed: workflows is forbidden"]);
    }

    #[test]
    fn somebody_else_behind_the_api_is_found() {
        let said = after(|facts| {
            facts.round_trip.resources = Answer::Failed(200, "it is no APIResourceList".to_owned());
        });
        assert_eq!(said, ["failed discovery: it failed with status 200: it is no APIResourceList"]);
    }
}
