//! What is rendered: goldens that show every change of it, and what has to be true of all of it.
//!
//! `UPDATE_GOLDENS=1 cargo test -p wfctl manifest` rewrites the goldens in `tests/golden/install/`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::pki::OwnKeys;
use crate::settings::{self, File};
use crate::values::Certificates;

const POSTGRES: &str = "storage: {url: 'postgres://wfctl:s3cr$t@db/workflows'}\nreplicas: 3\n";

const TLS: &str = "\
storage:
  url: etcd://etcd-0:2379/workflows?ca=/etc/wfctl/storage/ca.crt&cert=/etc/wfctl/storage/tls.crt&key=/etc/wfctl/storage/tls.key
  files: {ca.crt: authority, tls.crt: certificate, tls.key: s3cret key}
";

const HARDENED: &str = "\
image: registry.internal:5000/platform/wfctl@sha256:\
0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
imagePullPolicy: IfNotPresent
imagePullSecrets: [registry]
storage: {size: 20Gi, class: encrypted}
resources: {requests: {cpu: 250m, memory: 1Gi}, limits: {cpu: '2', memory: 2Gi}}
nodeSelector: {node-role.kubernetes.io/control-plane: ''}
tolerations: [{key: node-role.kubernetes.io/control-plane, operator: Exists, effect: NoSchedule}]
";

const HOSTILE: &str = r#"
storage: {url: 'sled:/data/it''s "here" {{ .Values }} $(HOME) $x, &a *a #!'}
podAnnotations:
  example.com/quotes: "'\"`"
  example.com/lines: "one\ntwo\n---\nkind: Secret\n"
  example.com/template: "{{ .Release.Name }} ${image} $(NAME)"
  example.com/mapping: "a: b"
  example.com/anchor: "&a *a !!str |"
  example.com/unicode: "zażółć 工作流 \u2028 \u0085 \u0000 🦀"
  example.com/boolean: "no"
  example.com/number: "0x1f"
  example.com/octal: "0o17"
  example.com/null: "~"
  example.com/empty: ""
  example.com/spaces: "  around  "
tolerations: [{key: 'yes', value: 'no', operator: Equal}, {key: '0x1f', value: '1e3', operator: Equal}]
nodeSelector: {'on': 'off', '1': '017'}
"#;

fn values(namespace: &str, yaml: &str) -> Values {
    let file = File { name: "settings".to_owned(), text: yaml.to_owned() };
    let settings = settings::layered(&[file], json!({}), &[]).unwrap();
    Values::new(namespace, &settings).unwrap()
}

fn with_secrets(yaml: &str) -> Values {
    let keys = OwnKeys::issue("2026-01-01T00:00:00Z".parse().unwrap(), "workflow-system").unwrap();
    let mut values = values("workflow-system", yaml);
    values.certificates = Certificates::Own(Some(Box::new(keys)));
    values.with_secrets = true;
    values
}

fn objects(values: &Values) -> Vec<Value> {
    render(values).unwrap().into_iter().map(|manifest| manifest.object).collect()
}

fn named(values: &Values) -> Vec<String> {
    let name = |object: &Value| format!("{}/{}", object["kind"], object["metadata"]["name"]).replace('"', "");
    objects(values).iter().map(name).collect()
}

fn the(kind: &str, values: &Values) -> Value {
    let mut found: Vec<_> = objects(values).into_iter().filter(|object| object["kind"] == kind).collect();
    assert_eq!(found.len(), 1, "{kind}");
    found.remove(0)
}

fn every_case() -> Vec<Values> {
    vec![
        values("workflow-system", ""),
        values("workflow-system", POSTGRES),
        values("workflow-system", TLS),
        values("workflow-system", "storage: {url: 'memory:'}"),
        values("workflow-system", "certManager: {issuer: ClusterIssuer/internal}"),
        values("kube-system", HARDENED),
        values("workflow-system", HOSTILE),
        with_secrets(POSTGRES),
    ]
}

fn assert_golden(name: &str, values: &Values) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/install").join(name);
    let version = format!("wfctl:{}", env!("CARGO_PKG_VERSION"));
    let label = format!("version: '{}'", env!("CARGO_PKG_VERSION"));
    let actual = to_yaml(&render(values).unwrap());
    let actual = actual.replace(&version, "wfctl:VERSION").replace(&label, "version: VERSION");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &actual).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == actual, "{name} changed; look at it with UPDATE_GOLDENS=1 and git diff");
}

#[test]
fn the_default_is_the_golden() {
    assert_golden("default.yaml", &values("workflow-system", ""));
}

#[test]
fn several_servers_on_postgres_are_the_golden() {
    let mut values = values("workflow-system", POSTGRES);
    values.with_secrets = true;
    assert_golden("ha-postgres.yaml", &values);
}

#[test]
fn etcd_is_the_golden() {
    let url = "storage: {url: 'etcd://etcd-0:2379,etcd-1:2379/workflows'}\nreplicas: 2\n";
    assert_golden("etcd.yaml", &values("workflow-system", url));
}

#[test]
fn etcd_with_tls_is_the_golden() {
    let mut values = values("workflow-system", TLS);
    values.with_secrets = true;
    assert_golden("etcd-tls.yaml", &values);
}

#[test]
fn memory_is_the_golden() {
    assert_golden("memory.yaml", &values("workflow-system", "storage: {url: 'memory:'}"));
}

#[test]
fn cert_manager_is_the_golden() {
    assert_golden(
        "cert-manager.yaml",
        &values("workflow-system", "certManager: {issuer: ClusterIssuer/internal}"),
    );
}

#[test]
fn a_hardened_server_among_the_parts_of_the_cluster_is_the_golden() {
    assert_golden("kube-system.yaml", &values("kube-system", HARDENED));
}

#[test]
fn hostile_values_are_the_golden() {
    assert_golden("hostile.yaml", &values("workflow-system", HOSTILE));
}

#[test]
fn every_template_is_rendered_in_the_order_of_the_files() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let paths = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
    let mut files: Vec<_> = paths.map(name).filter(|name| name != "example-workflow").collect();
    files.sort();
    let known: Vec<_> = TEMPLATES.iter().map(|template| template.name).collect();
    assert_eq!(files, known);
}

#[test]
fn every_object_says_who_manages_it() {
    for object in every_case().iter().flat_map(objects) {
        let labels = &object["metadata"]["labels"];
        assert_eq!(labels["app.kubernetes.io/name"], "workflow-apiserver", "{object}");
        assert_eq!(labels["app.kubernetes.io/part-of"], "workflow", "{object}");
        assert_eq!(labels["app.kubernetes.io/managed-by"], "wfctl", "{object}");
        assert_eq!(labels["app.kubernetes.io/version"], env!("CARGO_PKG_VERSION"), "{object}");
    }
}

#[test]
fn every_pod_passes_the_restricted_level() {
    let pods = ["/spec/template", "/spec/jobTemplate/spec/template"];
    let objects: Vec<_> = every_case().iter().flat_map(objects).collect();
    let pods: Vec<_> =
        objects.iter().flat_map(|object| pods.iter().filter_map(|at| object.pointer(at))).collect();
    assert!(pods.len() >= every_case().len());
    for pod in pods {
        let context = &pod["spec"]["securityContext"];
        assert_eq!(context["runAsNonRoot"], true);
        assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault");
        for container in pod["spec"]["containers"].as_array().unwrap() {
            let context = &container["securityContext"];
            assert_eq!(context["allowPrivilegeEscalation"], false);
            assert_eq!(context["readOnlyRootFilesystem"], true);
            assert_eq!(context["capabilities"], json!({"drop": ["ALL"]}));
            assert!(container["resources"]["limits"]["memory"].is_string());
        }
    }
}

#[test]
fn selectors_find_the_servers_and_not_the_job_that_renews() {
    let values = values("workflow-system", POSTGRES);
    let deployment = the("Deployment", &values);
    let labels = deployment["spec"]["template"]["metadata"]["labels"].as_object().unwrap();
    let job = the("CronJob", &values);
    let others = job["spec"]["jobTemplate"]["spec"]["template"]["metadata"]["labels"].as_object().unwrap();
    for selector in [
        &deployment["spec"]["selector"]["matchLabels"],
        &the("Service", &values)["spec"]["selector"],
        &the("PodDisruptionBudget", &values)["spec"]["selector"]["matchLabels"],
        &the("NetworkPolicy", &values)["spec"]["podSelector"]["matchLabels"],
    ] {
        let selector = selector.as_object().unwrap();
        let finds = |labels: &serde_json::Map<String, Value>| {
            selector.iter().all(|(key, value)| labels.get(key) == Some(value))
        };
        assert!(!selector.is_empty() && finds(labels) && !finds(others), "{selector:?}");
    }
}

#[test]
fn the_service_leads_to_the_port_that_is_listened_on() {
    let values = values("workflow-system", "");
    let port = the("Service", &values)["spec"]["ports"][0].clone();
    let container = the("Deployment", &values)["spec"]["template"]["spec"]["containers"][0].clone();
    assert_eq!(
        (&port["port"], &port["name"], &port["targetPort"]),
        (&json!(443), &json!("https"), &json!("https"))
    );
    assert_eq!(container["ports"][0], json!({"name": "https", "containerPort": 8443, "protocol": "TCP"}));
    assert_eq!(container["args"][1], "--secure-port=8443");
}

#[test]
fn there_is_time_to_finish_after_the_delay() {
    for values in every_case() {
        let pod = the("Deployment", &values)["spec"]["template"]["spec"].clone();
        let args = pod["containers"][0]["args"].as_array().unwrap();
        let delay =
            args.iter().find_map(|arg| arg.as_str()?.strip_prefix("--shutdown-delay-duration=")).unwrap();
        let delay: u64 = delay.strip_suffix('s').unwrap().parse().unwrap();
        assert!(pod["terminationGracePeriodSeconds"].as_u64().unwrap() >= delay + 60);
    }
}

#[test]
fn without_secrets_there_is_nothing_secret() {
    for values in every_case().into_iter().filter(|values| !values.with_secrets) {
        let yaml = to_yaml(&render(&values).unwrap());
        assert!(!yaml.contains("\nkind: Secret\n"));
        assert!(!yaml.contains("s3cr") && !yaml.contains(&BASE64_STANDARD.encode("s3cret key")));
        assert!(!yaml.contains("caBundle"));
    }
}

#[test]
fn keys_stand_in_the_secrets_and_the_password_in_one_of_its_own() {
    let values = with_secrets(POSTGRES);
    let keys = values.own_keys().unwrap();
    let secret = |name: &str| {
        let found = objects(&values).into_iter().find(|object| {
            object["kind"] == "Secret" && object["metadata"]["name"] == format!("workflow-apiserver-{name}")
        });
        found.unwrap()["data"].clone()
    };
    let text =
        |value: &Value| String::from_utf8(BASE64_STANDARD.decode(value.as_str().unwrap()).unwrap()).unwrap();
    let (ca, certs) = (secret("ca"), secret("certs"));
    assert_eq!(text(&ca["tls.crt"]), keys.authority.certificate());
    assert_eq!(text(&ca["tls.key"]), keys.authority.key().expose_pem());
    assert_eq!(text(&certs["tls.crt"]), keys.serving.certificate);
    assert_eq!(text(&certs["tls.key"]), keys.serving.key.expose_pem());
    assert_eq!(text(&certs["ca.crt"]), keys.authority.certificate());
    assert_eq!(text(&secret("storage")["url"]), "postgres://wfctl:s3cr$t@db/workflows");
}

#[test]
fn files_for_tls_stand_in_the_secret_and_are_mounted_for_the_group_of_the_pod() {
    let pod = the("Deployment", &values("workflow-system", TLS))["spec"]["template"].clone();
    let (volume, mount) = (&pod["spec"]["volumes"][0], &pod["spec"]["containers"][0]["volumeMounts"][0]);
    assert_eq!((&volume["name"], &mount["readOnly"]), (&mount["name"], &json!(true)));
    assert_eq!(mount["mountPath"], "/etc/wfctl/storage");
    assert_eq!(volume["secret"]["defaultMode"], 0o440);
    assert_eq!(pod["spec"]["securityContext"]["fsGroup"], pod["spec"]["securityContext"]["runAsGroup"]);
    let items = volume["secret"]["items"].as_array().unwrap();
    let names: Vec<_> = items.iter().map(|item| item["path"].as_str().unwrap()).collect();
    assert_eq!(names, ["ca.crt", "tls.crt", "tls.key"]);
}

#[test]
fn pods_are_replaced_with_their_files_for_tls() {
    let annotations = |yaml: &str| {
        let pod = the("Deployment", &values("workflow-system", yaml))["spec"]["template"].clone();
        pod["metadata"]["annotations"].clone()
    };
    assert_eq!(annotations(TLS), annotations(TLS));
    assert_ne!(annotations(TLS), annotations(&TLS.replace("certificate", "a newer one")));
    assert_eq!(annotations(TLS), annotations(&TLS.replace("s3cret", "another")), "nobody can guess at a key");
    assert_eq!(annotations(POSTGRES), Value::Null);
}

#[test]
fn the_api_service_names_whom_to_trust_only_where_nobody_else_will() {
    let mut values = with_secrets("");
    assert_eq!(the("APIService", &values)["spec"].get("caBundle"), None);
    values.with_ca_bundle = true;
    let bundle = the("APIService", &values)["spec"]["caBundle"].clone();
    let bundle = BASE64_STANDARD.decode(bundle.as_str().unwrap()).unwrap();
    assert_eq!(bundle, values.own_keys().unwrap().authority.certificate().as_bytes());
}

#[test]
fn with_cert_manager_there_are_no_keys_and_nothing_that_renews_them() {
    let names = named(&values("workflow-system", "certManager: {issuer: internal}"));
    assert!(names.contains(&"Certificate/workflow-apiserver-certs".to_owned()));
    let own = |name: &&String| name.contains("renewal") || name.starts_with("Secret");
    assert_eq!(names.iter().find(own), None);
}

#[test]
fn a_namespace_of_kubernetes_is_left_alone() {
    let has_namespace = |namespace| named(&values(namespace, ""))[0].starts_with("Namespace/");
    assert!(has_namespace("workflow-system"));
    assert!(!has_namespace("kube-system"));
    assert!(!has_namespace("default"));
}

#[test]
fn servers_that_cannot_share_are_never_two_at_once() {
    let strategy = |yaml| the("Deployment", &values("workflow-system", yaml))["spec"]["strategy"].clone();
    assert_eq!(strategy(""), json!({"type": "Recreate"}));
    assert_eq!(strategy("storage: {url: 'memory:'}"), json!({"type": "Recreate"}));
    assert_eq!(
        strategy("storage: {url: 'etcd://etcd:2379'}"),
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}})
    );
}

#[test]
fn kubernetes_puts_no_variable_into_an_argument() {
    let container =
        the("Deployment", &values("workflow-system", HOSTILE))["spec"]["template"]["spec"]["containers"][0]
            .clone();
    let argument = container["args"][2].as_str().unwrap();
    assert_eq!(argument, r#"--storage=sled:/data/it's "here" {{ .Values }} $$(HOME) $$x, &a *a #!"#);
    assert_eq!(
        container["volumeMounts"][0]["mountPath"],
        r#"/data/it's "here" {{ .Values }} $(HOME) $x, &a *a #!"#
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn any_value_is_read_back_at_its_place(text in any::<String>(), path in "/[^:\\p{Cc}/]{1,20}x") {
        let annotations = BTreeMap::from([("example.com/text", &text)]);
        let settings = json!({
            "podAnnotations": annotations,
            "storage": {"url": format!("sled:{path}")},
        });
        let settings = settings::layered(&[], settings, &[]).unwrap();
        let manifests = render(&Values::new("workflow-system", &settings).unwrap()).unwrap();
        for manifest in &manifests {
            let yaml = yaml::from_value(&manifest.object);
            prop_assert_eq!(&yaml::to_value(yaml.as_bytes()).unwrap(), &manifest.object);
        }
        let deployment = manifests.iter().find(|manifest| manifest.object["kind"] == "Deployment").unwrap();
        let pod = &deployment.object["spec"]["template"];
        prop_assert_eq!(&pod["metadata"]["annotations"]["example.com/text"], &text);
        prop_assert_eq!(&pod["spec"]["containers"][0]["volumeMounts"][0]["mountPath"], &path);
    }
}
