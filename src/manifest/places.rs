//! What templates can name, and what it is for given values.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

use super::template::Places;
use crate::pki::{self, Fingerprint};
use crate::values::tls::{self, TlsFile};
use crate::values::{Certificates, Storage, Values};

/// Changes with the files for TLS with the storage, so that pods with other ones are replaced.
const STORAGE_FILES: &str = "workflow.example.com/storage-files";

/// How long a server that others stand beside goes on serving after it was told to stop: until kube-apiserver has
/// heard of it.
const SHUTDOWN_DELAY_SECONDS: u32 = 10;
/// The longest request, and a moment for closing the store.
const FINISH_SECONDS: u32 = 65;

/// Returns what templates can name for `values`.
pub(super) fn of(values: &Values) -> Places {
    let mut places = Places::default();
    places.put("version", env!("CARGO_PKG_VERSION"));
    places.put("namespace", values.namespace.as_str());
    places.when("own-namespace", !values.is_namespace_of_kubernetes());
    pod(values, &mut places);
    lifetime(values, &mut places);
    storage(values, &mut places);
    certificates(values, &mut places);
    own_keys(values, &mut places);
    places
}

fn pod(values: &Values, places: &mut Places) {
    let secrets: Vec<_> = values.image_pull_secrets.iter().map(|name| json!({ "name": name })).collect();
    places.put("image", values.image.as_str());
    places.put("imagePullPolicy", json!(values.image_pull_policy));
    places.put("imagePullSecrets", given(json!(secrets)));
    places.put("nodeSelector", given(json!(values.node_selector)));
    places.put("podAnnotations", given(Value::Object(annotations(values))));
    places.put("priorityClassName", json!(values.priority_class()));
    places.put("resources", json!(values.resources));
    places.put("tolerations", given(json!(values.tolerations)));
}

fn annotations(values: &Values) -> Map<String, Value> {
    let asked = values.pod_annotations.iter().map(|(name, value)| (name.clone(), json!(value)));
    asked.chain(fingerprint(&values.storage).map(|hash| (STORAGE_FILES.to_owned(), json!(hash)))).collect()
}

/// Tells files for TLS from others by what is no secret: a key changes with its certificate.
fn fingerprint(storage: &Storage) -> Option<String> {
    storage.files().next()?;
    let public = storage.files().filter(|(name, _)| *name != TlsFile::Key.name());
    let public: String = public.map(|(_, text)| text).collect();
    Some(Fingerprint::of(public.as_bytes()).to_string())
}

/// One server alone has nobody to leave time for: its delay would only make the gap longer.
fn lifetime(values: &Values, places: &mut Places) {
    let shared = matches!(values.storage, Storage::Shared(_));
    let delay = if shared { SHUTDOWN_DELAY_SECONDS } else { 0 };
    places.put("replicas", values.replicas);
    places.put("strategy", if shared { "RollingUpdate" } else { "Recreate" });
    places.put("shutdownDelay", format!("{delay}s"));
    places.put("terminationGracePeriodSeconds", delay + FINISH_SECONDS);
    places.when("shared-storage", shared);
    places.when("replicated", values.replicas > 1);
}

fn storage(values: &Values, places: &mut Places) {
    let volume = match &values.storage {
        Storage::Volume(volume) => Some(volume),
        Storage::Memory | Storage::Shared(_) => None,
    };
    let password = values.storage.url_with_password();
    let argument = password.is_none().then(|| verbatim(&values.storage.url()));
    places.put("storageArgument", json!(argument));
    places.put("storagePath", json!(volume.map(|volume| &volume.path)));
    places.put("storageSize", json!(volume.map(|volume| &volume.size)));
    places.put("storageClass", json!(volume.and_then(|volume| volume.class.as_ref())));
    places.put("storageSecret", Value::Object(storage_secret(&values.storage)));
    places.put("storageFiles", storage_files(&values.storage));
    places.put("storageDirectory", tls::DIRECTORY);
    places.when("volume", volume.is_some());
    places.when("storage-password", password.is_some());
    places.when("storage-files", values.storage.files().next().is_some());
    places.when("storage-secret", values.storage.has_secrets() && values.with_secrets);
}

fn storage_secret(storage: &Storage) -> Map<String, Value> {
    let data = storage.url_with_password().map(|url| ("url", url)).into_iter().chain(storage.files());
    data.map(|(key, value)| (key.to_owned(), json!(BASE64_STANDARD.encode(value)))).collect()
}

fn storage_files(storage: &Storage) -> Value {
    storage.files().map(|(name, _)| json!({ "key": name, "path": name })).collect()
}

fn certificates(values: &Values, places: &mut Places) {
    let issuer = match &values.certificates {
        Certificates::CertManager(issuer) => Some(issuer),
        Certificates::Own(_) => None,
    };
    let names = pki::service_names(pki::SERVICE, values.namespace.as_str());
    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
    places.put("servingNames", names);
    places.put("issuerKind", json!(issuer.map(|issuer| issuer.kind)));
    places.put("issuerName", json!(issuer.map(|issuer| &issuer.name)));
    places.put(
        "injectFrom",
        json!(issuer.map(|_| format!("{}/workflow-apiserver-certs", values.namespace.as_str()))),
    );
    places.when("cert-manager", issuer.is_some());
    places.when("own-authority", issuer.is_none());
}

fn own_keys(values: &Values, places: &mut Places) {
    let keys = values.own_keys().filter(|_| values.with_secrets);
    let encoded = |pem: Option<&str>| json!(pem.map(|pem| BASE64_STANDARD.encode(pem)));
    let authority = encoded(keys.map(|keys| keys.authority.certificate()));
    places.put("caBundle", if values.with_ca_bundle { authority.clone() } else { Value::Null });
    places.put("authorityCertificate", authority);
    places.put("authorityKey", encoded(keys.map(|keys| keys.authority.key().expose_pem())));
    places.put("servingCertificate", encoded(keys.map(|keys| keys.serving.certificate.as_str())));
    places.put("servingKey", encoded(keys.map(|keys| keys.serving.key.expose_pem())));
    places.when("own-keys", keys.is_some());
}

/// An empty list or mapping is as good as none, and reads better.
fn given(value: Value) -> Value {
    let empty = value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
    if empty { Value::Null } else { value }
}

/// Writes an argument so that Kubernetes, which puts variables in where it reads `$(NAME)`, changes nothing in it.
fn verbatim(argument: &str) -> String {
    argument.replace('$', "$$")
}
