//! The example `wardle`: what the Kubernetes project's sample does, done with this library.

#[path = "../../examples/wardle/api.rs"]
mod api;
#[path = "../../examples/wardle/flags.rs"]
#[allow(dead_code, reason = "the example reads the others")]
mod flags;
#[path = "../../examples/wardle/ignored.rs"]
mod ignored;
#[path = "../../examples/wardle/types.rs"]
mod types;

use std::sync::Arc;

use embedded_server::cacher::Limits;
use embedded_server::clock::Clock;
use embedded_server::registry::Rest;
use embedded_server::storage::Backend;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use self::flags::Flags;
use crate::support::{MERGE_PATCH, Setup, TABLE, TestServer};

const GROUP: &str = "/apis/wardle.example.com";
const FISCHERS: &str = "/apis/wardle.example.com/v1alpha1/fischers";
const ALPHA: &str = "/apis/wardle.example.com/v1alpha1/namespaces/default/flunders";
const BETA: &str = "/apis/wardle.example.com/v1beta1/namespaces/default/flunders";

fn wardle(
    store: Arc<dyn Backend>,
    clock: Arc<dyn Clock>,
    limits: Limits,
) -> BoxFuture<'static, Vec<Arc<dyn Rest>>> {
    Box::pin(async move { api::serve(store, clock, limits, true).await.unwrap() })
}

fn without_plugins(
    store: Arc<dyn Backend>,
    clock: Arc<dyn Clock>,
    limits: Limits,
) -> BoxFuture<'static, Vec<Arc<dyn Rest>>> {
    Box::pin(async move { api::serve(store, clock, limits, false).await.unwrap() })
}

async fn server() -> TestServer {
    Setup::default().serving(wardle).start().await
}

fn flunder(version: &str, name: &str, spec: impl Into<Value>) -> Value {
    let spec = spec.into();
    json!({
        "apiVersion": format!("wardle.example.com/{version}"),
        "kind": "Flunder",
        "metadata": {"name": name},
        "spec": spec,
    })
}

fn fischer(disallowed: &[&str]) -> Value {
    json!({
        "apiVersion": "wardle.example.com/v1alpha1",
        "kind": "Fischer",
        "metadata": {"name": "f"},
        "disallowedFlunders": disallowed,
    })
}

#[tokio::test]
async fn a_reference_without_a_type_is_one_to_a_flunder() {
    let server = server().await;
    let sent = flunder("v1alpha1", "a", json!({"reference": "b"}));
    let created = server.post(ALPHA, sent).await.expect(201).json();
    assert_eq!(created["spec"], json!({"reference": "b", "referenceType": "Flunder"}));
    assert_eq!(created["status"], json!({}));
    let seen = server.read(format!("{BETA}/a")).await;
    assert_eq!(seen["spec"], json!({"flunderReference": "b", "referenceType": "Flunder"}));
    server.post(ALPHA, flunder("v1alpha1", "none", json!({}))).await.expect(201);
    assert_eq!(server.read(format!("{BETA}/none")).await["spec"], json!({}));
}

#[tokio::test]
async fn a_reference_to_a_fischer_is_seen_in_both_versions() {
    let server = server().await;
    let spec = json!({"fischerReference": "f", "referenceType": "Fischer"});
    server.post(BETA, flunder("v1beta1", "a", spec)).await.expect(201);
    let seen = server.read(format!("{ALPHA}/a")).await;
    assert_eq!(seen["spec"], json!({"reference": "f", "referenceType": "Fischer"}));
    let patch = json!({"spec": {"referenceType": "Flunder"}});
    server.patch(format!("{ALPHA}/a"), MERGE_PATCH, patch).await.expect(200);
    let seen = server.read(format!("{BETA}/a")).await;
    assert_eq!(seen["spec"], json!({"flunderReference": "f", "referenceType": "Flunder"}));
}

#[tokio::test]
async fn new_flunders_have_to_make_sense() {
    let server = server().await;
    let both = json!({"flunderReference": "a", "fischerReference": "b"});
    let wrong = json!({"flunderReference": "a", "referenceType": "Fischer"});
    for (spec, field, value, why) in [
        (both, "fischerReference", "b", "cannot be set with flunderReference at the same time"),
        (wrong, "flunderReference", "a", "cannot be set if referenceType is not Flunder"),
        (
            json!({"fischerReference": "b"}),
            "fischerReference",
            "b",
            "cannot be set if referenceType is not Fischer",
        ),
        (
            json!({"referenceType": "Fischer"}),
            "fischerReference",
            "",
            "cannot be empty if referenceType is Fischer",
        ),
        (
            json!({"referenceType": "Flunder"}),
            "flunderReference",
            "",
            "cannot be empty if referenceType is Flunder",
        ),
        (json!({"referenceType": "Other"}), "referenceType", "Other", "must be Flunder or Fischer"),
    ] {
        let refused = server.post(BETA, flunder("v1beta1", "a", spec)).await;
        let message = format!("Invalid value: \"{value}\": {why}");
        let status = refused.causes(&[("FieldValueInvalid", &format!("spec.{field}"), &message)]);
        let message = format!("Flunder.wardle.example.com \"a\" is invalid: spec.{field}: {message}");
        assert_eq!(status["message"], message);
    }
}

#[tokio::test]
async fn names_that_a_fischer_disallows_are_banned() {
    let server = server().await;
    server.post(FISCHERS, fischer(&["bad", "worse"])).await.expect(201);
    let message = "flunders.wardle.example.com \"bad\" is forbidden: this name may not be used, please change \
        the resource name";
    for (path, version) in [(ALPHA, "v1alpha1"), (BETA, "v1beta1")] {
        server.post(path, flunder(version, "bad", json!({}))).await.failure(403, "Forbidden", message);
        server.post(path, flunder(version, version, json!({}))).await.expect(201);
    }
    let invalid = flunder("v1beta1", "bad", json!({"referenceType": "Other"}));
    server.post(BETA, invalid).await.failure(403, "Forbidden", message);
    server.delete(format!("{FISCHERS}/f")).await.expect(200);
    server.post(ALPHA, flunder("v1alpha1", "bad", json!({}))).await.expect(201);
    server.post(FISCHERS, fischer(&["bad"])).await.expect(201);
    let patch = json!({"metadata": {"labels": {"a": "b"}}});
    server.patch(format!("{ALPHA}/bad"), MERGE_PATCH, patch).await.expect(200);
}

#[tokio::test]
async fn fischers_live_in_the_cluster_and_in_one_version() {
    let server = server().await;
    server.post(FISCHERS, fischer(&[])).await.expect(201);
    server.get(FISCHERS.replace("v1alpha1", "v1beta1")).await.expect(404);
    server.get(format!("{GROUP}/v1alpha1/namespaces/default/fischers")).await.expect(404);
}

#[tokio::test]
async fn the_second_version_is_preferred() {
    let server = server().await;
    let group = server.read(GROUP).await;
    let version =
        |version: &str| json!({"groupVersion": format!("wardle.example.com/{version}"), "version": version});
    assert_eq!(group["versions"], json!([version("v1beta1"), version("v1alpha1")]));
    assert_eq!(group["preferredVersion"], version("v1beta1"));
    let names = |list: &Value| -> Vec<Value> {
        list["resources"].as_array().unwrap().iter().map(|resource| resource["name"].clone()).collect()
    };
    assert_eq!(names(&server.read(format!("{GROUP}/v1alpha1")).await), ["fischers", "flunders"]);
    assert_eq!(names(&server.read(format!("{GROUP}/v1beta1")).await), ["flunders"]);
}

#[tokio::test]
async fn tables_say_when_objects_were_created() {
    let server = server().await;
    server.post(ALPHA, flunder("v1alpha1", "a", json!({}))).await.expect(201);
    let table = server.get(BETA).accept(TABLE).await.expect(200).json();
    let columns = table["columnDefinitions"].as_array().unwrap();
    let columns: Vec<&Value> = columns.iter().map(|column| &column["name"]).collect();
    assert_eq!(columns, ["Name", "Created At"]);
    assert_eq!(table["rows"][0]["cells"], json!(["a", "2024-01-15T10:00:00Z"]));
}

#[tokio::test]
async fn definitions_have_the_names_of_the_original() {
    let server = server().await;
    let definitions = server.read("/openapi/v2").await["definitions"].take();
    for name in ["v1alpha1.Fischer", "v1alpha1.FlunderSpec", "v1beta1.Flunder", "v1beta1.FlunderList"] {
        let name = format!("io.k8s.sample-apiserver.pkg.apis.wardle.{name}");
        assert!(definitions.get(&name).is_some(), "{name}");
    }
}

/// The flags of the original, each with a value that it would take where it takes one. Source: its `--help`, of
/// Kubernetes 1.36.
const FLAGS: &str = include_str!("wardle_flags.txt");

fn flags(line: &str) -> Result<Flags, clap::Error> {
    Flags::parse_all(std::iter::once("wardle").chain(line.split(' ')).map(str::to_owned))
}

fn name(flag: &str) -> &str {
    flag.split('=').next().unwrap()
}

#[test]
fn every_flag_of_the_original_is_taken() {
    for flag in FLAGS.lines() {
        let needed = match name(flag) {
            "--tls-cert-file" => " --tls-private-key-file=k",
            "--tls-private-key-file" => " --tls-cert-file=c",
            _ => "",
        };
        if let Err(error) = flags(&format!("{flag}{needed}")) {
            panic!("{flag}: {error}");
        }
    }
}

#[test]
fn flags_that_are_not_honoured_are_flags_of_the_original() {
    let known: Vec<&str> = FLAGS.lines().map(|flag| name(flag).trim_start_matches('-')).collect();
    for name in ignored::IGNORED.iter().flat_map(|of| of.valued.iter().chain(of.switches)) {
        assert!(known.contains(name), "{name}");
    }
}

#[test]
fn flags_that_are_not_honoured_are_warned_of_by_name() {
    let flags = flags(
        "--etcd-servers=http://localhost:2379 --audit-log-path - --audit-log-maxage=0 --secure-port 8443 \
         --authentication-skip-lookup --feature-gates=A=true",
    );
    let flags = flags.unwrap();
    assert_eq!(flags.address().port(), 8443);
    let named: Vec<&str> = flags.warnings.iter().map(|line| line.split(' ').next().unwrap()).collect();
    let expected = [
        "--etcd-servers",
        "--authentication-skip-lookup",
        "--audit-log-maxage",
        "--audit-log-path",
        "--feature-gates",
    ];
    assert_eq!(named, expected);
}

#[test]
fn flags_of_the_original_that_are_honoured_are_not_warned_of() {
    let honoured = "--bind-address=127.0.0.1 --tls-cert-file=a --tls-private-key-file=b --client-ca-file=c \
        --requestheader-client-ca-file=d --requestheader-allowed-names=front --tls-min-version=VersionTLS13 \
        --http2-max-streams-per-connection=7 --disable-admission-plugins=BanFlunder -v 2";
    let flags = flags(honoured).unwrap();
    assert_eq!(flags.warnings, [""; 0]);
    assert_eq!((flags.http2_streams(), flags.bans_flunders()), (Some(7), false));
}

#[test]
fn plugins_that_the_original_does_not_have_are_refused() {
    let error = flags("--enable-admission-plugins=BanFlunder,Other").unwrap_err();
    assert!(error.to_string().contains("invalid value 'Other'"), "{error}");
    assert!(flags("--enable-admission-plugins=NamespaceLifecycle").unwrap().bans_flunders());
}

#[tokio::test]
async fn without_its_plugin_no_name_is_banned() {
    let server = Setup::default().serving(without_plugins).start().await;
    server.post(FISCHERS, fischer(&["bad"])).await.expect(201);
    server.post(BETA, flunder("v1beta1", "bad", json!({}))).await.expect(201);
}

#[tokio::test]
async fn the_first_version_is_said_to_be_deprecated() {
    let server = server().await;
    let told = |kind: &str| {
        format!("299 - \"wardle.example.com/v1alpha1 {kind} is deprecated in v1.3+, unavailable in v1.10+\"")
    };
    assert_eq!(server.get(ALPHA).await.expect(200).header("warning"), told("Flunder"));
    assert_eq!(server.get(format!("{FISCHERS}/f")).await.expect(404).header("warning"), told("Fischer"));
    assert!(server.get(BETA).await.expect(200).warnings().is_empty());
}

#[tokio::test]
async fn names_may_be_whatever_fits_into_a_path() {
    let server = server().await;
    server.post(BETA, flunder("v1beta1", "Not_A-Subdomain", json!({}))).await.expect(201);
    let refused = server.post(BETA, flunder("v1beta1", "a%b", json!({}))).await;
    let message = "Invalid value: \"a%b\": may not contain '%'";
    refused.causes(&[("FieldValueInvalid", "metadata.name", message)]);
}
