//! Webhooks as they are configured, read once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhook, MutatingWebhookConfiguration, RuleWithOperations, ValidatingWebhook,
    ValidatingWebhookConfiguration, WebhookClientConfig,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1 as meta;

use super::conditions::Conditions;
use super::question::ReviewVersion;
use crate::meta::selector::LabelSelector;

/// How long is waited for a webhook that does not say.
const PATIENCE: i32 = 10;
/// The longest that is waited for any.
const MOST_PATIENCE: i32 = 30;

/// All webhooks of one kind, in the order in which they are asked.
pub type Hooks = Arc<[Hook]>;

/// A webhook.
#[derive(Debug)]
pub struct Hook {
    /// Tells webhooks of the same name apart.
    pub(super) id: String,
    pub(super) name: String,
    /// The object that configures it.
    pub(super) configuration: String,
    pub(super) target: Result<Target, String>,
    pub(super) rules: Vec<RuleWithOperations>,
    /// Whether it is asked of other versions of a type than those that its rules name.
    pub(super) equivalents: bool,
    pub(super) namespaces: Result<LabelSelector, String>,
    pub(super) objects: Result<LabelSelector, String>,
    pub(super) conditions: Conditions,
    /// Whether a write passes when the webhook fails.
    pub(super) dispensable: bool,
    /// Whether it may be asked when nothing is written.
    pub(super) harmless: bool,
    pub(super) patience: Duration,
    /// The form in which it is asked; none when it knows none that is known here.
    pub(super) version: Option<ReviewVersion>,
    /// Whether it is asked again when others change what it has seen.
    pub(super) reinvoked: bool,
}

/// Where a webhook is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The address, `https://HOST:PORT/PATH`; its host is the name that the certificate has to be for.
    pub url: String,
    /// Who issues its certificate, in PEM; empty for anybody who is trusted on this machine.
    pub authorities: Vec<u8>,
}

impl Hook {
    /// Returns the mutating webhooks of a cluster.
    pub fn mutating(configurations: &[Arc<MutatingWebhookConfiguration>]) -> Hooks {
        let named = configurations.iter().map(|one| (name(&one.metadata), one.webhooks.as_deref()));
        all(named.collect(), Self::of_mutating)
    }

    /// Returns the validating webhooks of a cluster.
    pub fn validating(configurations: &[Arc<ValidatingWebhookConfiguration>]) -> Hooks {
        let named = configurations.iter().map(|one| (name(&one.metadata), one.webhooks.as_deref()));
        all(named.collect(), Self::of_validating)
    }

    fn of_mutating(configured: &MutatingWebhook) -> Self {
        let reinvoked = configured.reinvocation_policy.as_deref() == Some("IfNeeded");
        let MutatingWebhook {
            admission_review_versions,
            client_config,
            failure_policy,
            match_conditions,
            match_policy,
            name,
            namespace_selector,
            object_selector,
            rules,
            side_effects,
            timeout_seconds,
            ..
        } = configured.clone();
        let same = ValidatingWebhook {
            admission_review_versions,
            client_config,
            failure_policy,
            match_conditions,
            match_policy,
            name,
            namespace_selector,
            object_selector,
            rules,
            side_effects,
            timeout_seconds,
        };
        Self { reinvoked, ..Self::of_validating(&same) }
    }

    fn of_validating(configured: &ValidatingWebhook) -> Self {
        let seconds = configured.timeout_seconds.unwrap_or(PATIENCE).clamp(1, MOST_PATIENCE);
        Self {
            id: String::new(),
            name: configured.name.clone(),
            configuration: String::new(),
            target: target(&configured.client_config),
            rules: configured.rules.clone().unwrap_or_default(),
            equivalents: configured.match_policy.as_deref() != Some("Exact"),
            namespaces: selector(configured.namespace_selector.as_ref()),
            objects: selector(configured.object_selector.as_ref()),
            conditions: Conditions::of(configured.match_conditions.as_deref().unwrap_or_default()),
            dispensable: configured.failure_policy.as_deref() == Some("Ignore"),
            harmless: matches!(configured.side_effects.as_str(), "None" | "NoneOnDryRun"),
            patience: Duration::from_secs(u64::from(seconds.unsigned_abs())),
            version: ReviewVersion::first_of(&configured.admission_review_versions),
            reinvoked: false,
        }
    }
}

/// Returns webhooks in the order of their configurations' names, each with a name of its own.
fn all<W>(mut configurations: Vec<(&str, Option<&[W]>)>, read: fn(&W) -> Hook) -> Hooks {
    configurations.sort_by_key(|(name, _)| *name);
    let hooks = configurations.into_iter().flat_map(|(configuration, webhooks)| {
        let mut seen = BTreeMap::<_, usize>::new();
        webhooks.unwrap_or_default().iter().map(read).map(move |hook| {
            let count = seen.entry(hook.name.clone()).or_default();
            let id = format!("{configuration}/{}/{count}", hook.name);
            *count += 1;
            Hook { id, configuration: configuration.to_owned(), ..hook }
        })
    });
    hooks.collect()
}

fn name(metadata: &meta::ObjectMeta) -> &str {
    metadata.name.as_deref().unwrap_or_default()
}

/// A selector that is not there selects everything, as a cluster fills it in.
fn selector(selector: Option<&meta::LabelSelector>) -> Result<LabelSelector, String> {
    selector.map_or_else(|| Ok(LabelSelector::default()), LabelSelector::spelled)
}

/// Source: `apiserver/pkg/util/webhook/client.go`.
fn target(config: &WebhookClientConfig) -> Result<Target, String> {
    let authorities = config.ca_bundle.as_ref().map(|bundle| bundle.0.clone()).unwrap_or_default();
    let url = match (&config.service, &config.url) {
        (Some(service), _) => {
            let path = service.path.as_deref().unwrap_or_default().trim_start_matches('/');
            let port = service.port.unwrap_or(443);
            format!("https://{}.{}.svc:{port}/{path}", service.name, service.namespace)
        }
        (None, Some(url)) => url.split(['?', '#']).next().unwrap_or_default().to_owned(),
        (None, None) => return Err("webhook configuration must have either service or URL".to_owned()),
    };
    if !url.starts_with("https://") {
        return Err(format!("{url:?} does not begin with https://"));
    }
    Ok(Target { url, authorities })
}

#[cfg(test)]
mod tests {
    use k8s_openapi::ByteString;
    use serde_json::{Value, json};

    use super::*;

    fn config(config: Value) -> Result<Target, String> {
        target(&serde_json::from_value(config).unwrap())
    }

    #[test]
    fn a_webhook_is_nowhere_but_behind_tls() {
        for nowhere in [json!({}), json!({"url": "http://a/b"}), json!({"url": ""}), json!({"url": "HTTPS:"})]
        {
            assert!(config(nowhere.clone()).is_err(), "{nowhere}");
        }
    }

    #[test]
    fn a_service_is_called_by_its_name_in_the_cluster() {
        let service = |more: Value| {
            let mut service = json!({"name": "hooks", "namespace": "policy"});
            service.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            config(json!({ "service": service })).unwrap().url
        };
        assert_eq!(service(json!({})), "https://hooks.policy.svc:443/");
        assert_eq!(service(json!({"path": "/a/b", "port": 8443})), "https://hooks.policy.svc:8443/a/b");
        assert_eq!(service(json!({"path": "a"})), "https://hooks.policy.svc:443/a");
    }

    #[test]
    fn a_url_counts_up_to_its_path() {
        let ca = ByteString(b"ca".to_vec());
        let target = config(json!({"url": "https://a:8443/b?c=d#e", "caBundle": ca})).unwrap();
        assert_eq!(target, Target { url: "https://a:8443/b".to_owned(), authorities: b"ca".to_vec() });
    }

    fn configuration(name: &str, webhooks: &[&str]) -> Arc<ValidatingWebhookConfiguration> {
        let webhooks: Vec<_> =
            webhooks.iter().map(|name| json!({"name": name, "clientConfig": {}})).collect();
        let configuration = json!({"metadata": {"name": name}, "webhooks": webhooks});
        Arc::new(serde_json::from_value(configuration).unwrap())
    }

    #[test]
    fn webhooks_are_asked_in_the_order_of_configurations_and_told_apart() {
        let hooks = Hook::validating(&[configuration("b", &["x", "y", "x"]), configuration("a", &["z"])]);
        let ids: Vec<_> = hooks.iter().map(|hook| hook.id.as_str()).collect();
        assert_eq!(ids, ["a/z/0", "b/x/0", "b/y/0", "b/x/1"]);
    }

    #[test]
    fn what_is_not_said_is_what_a_cluster_fills_in() {
        let hooks = Hook::validating(&[configuration("a", &["x"])]);
        let hook = &hooks[0];
        assert!(hook.equivalents && !hook.dispensable && !hook.harmless && !hook.reinvoked);
        assert_eq!((hook.patience, hook.version), (Duration::from_secs(10), None));
        assert!(hook.namespaces.as_ref().unwrap().is_empty() && hook.objects.as_ref().unwrap().is_empty());
    }
}

/// Webhooks for tests.
#[cfg(test)]
pub(super) mod tests_support {
    use serde_json::{Value, json};

    use super::*;

    /// Returns a webhook that is asked of all things, but for what is said otherwise.
    pub(in crate::admission::webhook) fn hook(change: &Value) -> Hook {
        let mut configured = json!({
            "name": "a.b.c",
            "clientConfig": {"url": "https://a/b"},
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "rules": [{
                "operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*/*"],
            }],
        });
        configured.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        Hook::of_mutating(&serde_json::from_value(configured).unwrap())
    }
}
