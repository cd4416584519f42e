//! Which settings make an installation.

use serde_json::{Value, json};

use super::*;
use crate::settings;

fn values(tree: Value) -> Result<Values, ValuesError> {
    Values::new("workflow-system", &settings::layered(&[], tree, &[]).unwrap())
}

fn refused(tree: Value) -> String {
    values(tree).unwrap_err().to_string()
}

fn with_storage(url: &str) -> Value {
    json!({"storage": {"url": url}})
}

#[test]
fn nothing_set_makes_one_server_on_a_volume() {
    let values = values(json!({})).unwrap();
    assert_eq!(values.image.as_str(), DEFAULT_IMAGE);
    assert_eq!(values.replicas, 1);
    assert_eq!(values.storage.url(), "sled:/var/lib/wfctl");
    assert!(matches!(values.certificates, Certificates::Own(None)));
    assert!(!values.with_secrets && !values.with_ca_bundle);
}

#[test]
fn several_servers_need_storage_that_they_can_share() {
    let several = |url: &str| values(json!({"replicas": 2, "storage": {"url": url}}));
    assert!(several("postgres://wfctl@db/workflows").is_ok());
    assert!(several("etcd://etcd:2379").is_ok());
    let error = several("sled:/data").unwrap_err();
    assert_eq!(error.to_string(), "replicas is 2, but a sled directory belongs to one server");
    assert_eq!(error.hint(), "use postgres:// or etcd:// storage, or 1 replica");
    assert_eq!(
        several("memory:").unwrap_err().to_string(),
        "replicas is 2, but each server would remember things of its own"
    );
    assert_eq!(refused(json!({"replicas": 0})), "replicas is 0, so nothing would serve");
}

#[test]
fn a_url_with_a_password_is_told_from_one_without() {
    let secret = |url: &str| values(with_storage(url)).unwrap().storage.url_with_password().is_some();
    assert!(secret("postgres://wfctl:pass@db/workflows"));
    assert!(secret("postgres://wfctl:p@ss@db/workflows"));
    assert!(secret("postgres://db/workflows?user=wfctl&password=x"));
    assert!(secret("etcd://wfctl:pass@etcd:2379"));
    assert!(!secret("postgres://wfctl@db:5432/workflows"));
    assert!(!secret("etcd://a:2379,b:2379/prefix"));
    assert!(!secret("memory:"));
}

#[test]
fn no_message_repeats_a_password() {
    for url in
        ["mysql://me:hunter2@db", "postgres:me:hunter2@db", "postgres://me:hunter2@db /x", "me:hunter2"]
    {
        let error = values(with_storage(url)).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
    let values = values(with_storage("postgres://me:hunter2@db/x")).unwrap();
    assert!(!format!("{values:?}").contains("hunter2"));
}

#[test]
fn a_volume_is_mounted_where_kubernetes_can_mount() {
    let problem = |url: &str| refused(with_storage(url));
    for url in ["sled:data", "sled:", "sled:/", "sled:///"] {
        assert!(problem(url).ends_with("sled: needs an absolute path below /"), "{url}");
    }
    assert!(problem("sled:/a:b").ends_with("a colon or with .."));
    assert!(problem("sled:/a/../b").ends_with("a colon or with .."));
    assert!(problem("sled:/a\nb").ends_with("a control character"));
    assert_eq!(values(with_storage("sled:/data/")).unwrap().storage.url(), "sled:/data");
}

#[test]
fn what_is_no_storage_url_is_refused() {
    for url in
        ["", "data", "memory:x", "mysql://db", "postgres:db", "postgres://", "postgres:///x", "etcd://?x"]
    {
        assert!(refused(with_storage(url)).starts_with("storage.url is not a storage URL: "), "{url}");
    }
}

#[test]
fn what_no_server_could_open_is_refused_before_one_tries() {
    for (url, why) in [
        ("postgres://me:hunter2@db/x?sslmode=verify-full", "sslmode=verify-… needs sslrootcert="),
        ("postgres://me:hunter2@db/x?sslcert=a", "sslcert and sslkey need each other"),
        ("etcd://me:hunter2@e?cert=a&key=b", "cert and key need each other, and ca"),
        ("etcd://me:hunter2@e?ca=/etc/wfctl/storage/ca.crt", "it names a file that was not read"),
    ] {
        let error = refused(with_storage(url));
        assert!(error.contains(why) && !error.contains("hunter2"), "{error}");
    }
}

#[test]
fn only_sled_has_a_volume() {
    let error = refused(json!({"storage": {"url": "memory:", "size": "1Gi"}}));
    assert_eq!(error, "storage.size is set, but only sled storage has a volume");
}

#[test]
fn names_are_held_to_the_rules_of_kubernetes() {
    let settings = settings::layered(&[], json!({}), &[]).unwrap();
    for namespace in ["", "Production", "a.b", "-a", "a\n", "${x}"] {
        let error = Values::new(namespace, &settings).unwrap_err();
        assert!(
            error.to_string().starts_with(&format!("--namespace {namespace:?} cannot be used: ")),
            "{error}"
        );
    }
    for tree in [
        json!({"imagePullSecrets": ["A"]}),
        json!({"priorityClassName": "a b"}),
        json!({"storage": {"class": "a/b"}}),
        json!({"nodeSelector": {"a b": "c"}}),
        json!({"nodeSelector": {"a": "b c"}}),
        json!({"podAnnotations": {"": "c"}}),
        json!({"certManager": {"issuer": "Other/a"}}),
        json!({"certManager": {"issuer": "Issuer/"}}),
        json!({"image": "not an image"}),
        json!({"storage": {"size": "1gb"}}),
    ] {
        assert!(refused(tree.clone()).contains("cannot be used: "), "{tree}");
    }
}

#[test]
fn an_issuer_is_one_of_the_namespace_unless_it_says_otherwise() {
    let issuer = |text: &str| match values(json!({"certManager": {"issuer": text}})).unwrap().certificates {
        Certificates::CertManager(issuer) => (issuer.kind, issuer.name.as_str().to_owned()),
        Certificates::Own(_) => panic!("{text}"),
    };
    assert_eq!(issuer("a"), ("Issuer", "a".to_owned()));
    assert_eq!(issuer("Issuer/a"), ("Issuer", "a".to_owned()));
    assert_eq!(issuer("ClusterIssuer/a"), ("ClusterIssuer", "a".to_owned()));
}

#[test]
fn tolerations_are_those_that_kubernetes_takes() {
    let problem = |toleration: Value| refused(json!({"tolerations": [toleration]}));
    let taken = |toleration: Value| values(json!({"tolerations": [toleration]})).is_ok();
    assert!(taken(json!({"operator": "Exists"})));
    assert!(taken(json!({"key": "a.b/c", "value": "d", "effect": "NoExecute", "tolerationSeconds": 3})));
    assert!(
        problem(json!({"key": "a b", "operator": "Exists"})).starts_with(r#"tolerations.0.key "a b" cannot"#)
    );
    assert!(problem(json!({"key": "a", "value": "- ["})).starts_with(r#"tolerations.0.value "- [" cannot"#));
    assert!(problem(json!({"value": "a"})).ends_with("without a key the operator must be Exists"));
    assert!(
        problem(json!({"key": "a", "operator": "Exists", "value": "b"})).ends_with("Exists takes no value")
    );
    assert!(problem(json!({"key": "a", "tolerationSeconds": 3})).ends_with("the effect must be NoExecute"));
}

#[test]
fn a_limit_is_no_less_than_what_is_asked_for() {
    let error =
        refused(json!({"resources": {"requests": {"memory": "1Gi"}, "limits": {"memory": "1000Mi"}}}));
    assert_eq!(error, "resources.limits.memory is less than resources.requests.memory");
    assert!(values(json!({"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "1000m"}}})).is_ok());
}

#[test]
fn the_priority_of_the_clusters_own_parts_is_theirs_alone() {
    let priority = |namespace: &str, tree: Value| {
        let settings = settings::layered(&[], tree, &[]).unwrap();
        Values::new(namespace, &settings).unwrap().priority_class().map(ToOwned::to_owned)
    };
    assert_eq!(priority("workflow-system", json!({})), None);
    assert_eq!(priority("kube-system", json!({})).as_deref(), Some("system-cluster-critical"));
    assert_eq!(priority("kube-system", json!({"priorityClassName": "high"})).as_deref(), Some("high"));
}
