//! Which requests are worth an event. Source: `apiserver/pkg/audit/policy/{checker,reader}.go`,
//! `apiserver/pkg/apis/audit/validation/validation.go`.

use serde::Deserialize;

use super::Stage;
use crate::codec::yaml::{self, YamlError};
use crate::meta::{Attributes, UserInfo};

/// Rules of which the first that fits a request counts; one that fits none is not told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditPolicy {
    rules: Vec<Rule>,
    omit_stages: Vec<Stage>,
}

/// Why a policy cannot be followed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditPolicyError {
    /// It is no policy in YAML or JSON.
    #[error("the audit policy cannot be read: {0}")]
    Unreadable(#[from] YamlError),
    /// It is something else, or a policy of another version.
    #[error("unknown group version field {0} in policy, want audit.k8s.io/v1 and the kind Policy")]
    Kind(String),
    /// A field says what it must not.
    #[error("{field}: {problem}")]
    Invalid {
        /// Where it stands.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Rule {
    told: bool,
    omit_stages: Vec<Stage>,
    wants: wire::Rule,
}

/// The form that policies are written in.
mod wire {
    use super::Deserialize;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    pub(super) struct Policy {
        #[serde(default)]
        pub(super) api_version: String,
        #[serde(default)]
        pub(super) kind: String,
        #[serde(default)]
        pub(super) rules: Vec<Rule>,
        #[serde(default)]
        pub(super) omit_stages: Vec<String>,
    }

    #[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
    #[serde(rename_all = "camelCase", default)]
    pub(super) struct Rule {
        pub(super) level: String,
        pub(super) users: Vec<String>,
        pub(super) user_groups: Vec<String>,
        pub(super) verbs: Vec<String>,
        pub(super) resources: Vec<GroupResources>,
        pub(super) namespaces: Vec<String>,
        #[serde(rename = "nonResourceURLs")]
        pub(super) non_resource_urls: Vec<String>,
        pub(super) omit_stages: Vec<String>,
    }

    #[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
    #[serde(rename_all = "camelCase", default)]
    pub(super) struct GroupResources {
        pub(super) group: String,
        pub(super) resources: Vec<String>,
        pub(super) resource_names: Vec<String>,
    }
}

impl AuditPolicy {
    /// Returns the policy that tells of every request.
    pub fn everything() -> Self {
        let rule = Rule { told: true, omit_stages: Vec::new(), wants: wire::Rule::default() };
        Self { rules: vec![rule], omit_stages: Vec::new() }
    }

    /// Reads a policy of `audit.k8s.io/v1` from YAML or JSON.
    ///
    /// # Errors
    /// When it is none, or asks for more than the metadata of requests, which is not recorded.
    pub fn from_yaml(text: &[u8]) -> Result<Self, AuditPolicyError> {
        let policy: wire::Policy = yaml::from_slice(text)?;
        if policy.api_version != "audit.k8s.io/v1" || policy.kind != "Policy" {
            return Err(AuditPolicyError::Kind(format!("{}, Kind={}", policy.api_version, policy.kind)));
        }
        if policy.rules.is_empty() {
            return Err(invalid("rules", "a policy without rules would tell of nothing"));
        }
        let rules = policy.rules.into_iter().enumerate();
        let rules = rules.map(|(index, rule)| Rule::read(rule, &format!("rules[{index}]")));
        Ok(Self {
            rules: rules.collect::<Result<_, _>>()?,
            omit_stages: stages(&policy.omit_stages, "omitStages")?,
        })
    }

    /// Returns the stages of a request that are not told of; none when nothing is.
    pub(super) fn omitted(&self, attributes: &Attributes, user: Option<&UserInfo>) -> Option<Vec<Stage>> {
        let rule = self.rules.iter().find(|rule| rule.wants.fits(attributes, user))?;
        rule.told.then(|| self.omit_stages.iter().chain(&rule.omit_stages).copied().collect())
    }
}

impl Rule {
    fn read(rule: wire::Rule, path: &str) -> Result<Self, AuditPolicyError> {
        let told = match rule.level.as_str() {
            "None" => false,
            "Metadata" => true,
            "Request" | "RequestResponse" => {
                let problem = "bodies are not recorded by this server: use Metadata";
                return Err(invalid(&format!("{path}.level"), problem));
            }
            other => {
                let problem = format!("unsupported value: {other:?}: use None or Metadata");
                return Err(invalid(&format!("{path}.level"), &problem));
            }
        };
        let of_resources = !rule.resources.is_empty() || !rule.namespaces.is_empty();
        if of_resources && !rule.non_resource_urls.is_empty() {
            let problem = "rules cannot apply to both regular resources and non-resource URLs";
            return Err(invalid(&format!("{path}.nonResourceURLs"), problem));
        }
        check_urls(&rule.non_resource_urls, path)?;
        if rule.resources.iter().any(|of| of.resources.is_empty() && !of.resource_names.is_empty()) {
            let problem = "using resourceNames requires at least one resource";
            return Err(invalid(&format!("{path}.resources"), problem));
        }
        let omit_stages = stages(&rule.omit_stages, &format!("{path}.omitStages"))?;
        Ok(Self { told, omit_stages, wants: rule })
    }
}

fn check_urls(urls: &[String], path: &str) -> Result<(), AuditPolicyError> {
    for url in urls.iter().filter(|url| *url != "*") {
        if !url.starts_with('/') {
            let problem = "non-resource URL rules must begin with a '/' character";
            return Err(invalid(&format!("{path}.nonResourceURLs"), problem));
        }
        if url.trim_end_matches('*').contains('*') {
            let problem = "non-resource URL wildcards '*' must be the final character of the rule";
            return Err(invalid(&format!("{path}.nonResourceURLs"), problem));
        }
    }
    Ok(())
}

fn stages(names: &[String], path: &str) -> Result<Vec<Stage>, AuditPolicyError> {
    let read = |name: &String| {
        let stage = Stage::ALL.iter().find(|stage| stage.as_str() == name).copied();
        stage.ok_or_else(|| {
            let allowed: Vec<_> = Stage::ALL.iter().map(|stage| stage.as_str()).collect();
            invalid(path, &format!("invalid value {name:?}: allowed stages are {}", allowed.join(",")))
        })
    };
    names.iter().map(read).collect()
}

fn invalid(field: &str, problem: &str) -> AuditPolicyError {
    AuditPolicyError::Invalid { field: field.to_owned(), problem: problem.to_owned() }
}

impl wire::Rule {
    /// Tells whether the rule is for a request.
    fn fits(&self, attributes: &Attributes, user: Option<&UserInfo>) -> bool {
        let named = self.users.is_empty() || user.is_some_and(|user| self.users.contains(&user.name));
        let grouped = self.user_groups.is_empty()
            || user.is_some_and(|user| user.groups.iter().any(|group| self.user_groups.contains(group)));
        let verb = attributes.verb().as_str();
        let done = self.verbs.is_empty() || self.verbs.iter().any(|wanted| wanted == verb);
        named && grouped && done && self.is_about(attributes)
    }

    fn is_about(&self, attributes: &Attributes) -> bool {
        if !self.namespaces.is_empty() || !self.resources.is_empty() {
            return self.has_resource(attributes);
        }
        match attributes {
            _ if self.non_resource_urls.is_empty() => true,
            Attributes::Path { path, .. } => self.non_resource_urls.iter().any(|url| leads_to(url, path)),
            Attributes::Resource { .. } => false,
        }
    }

    fn has_resource(&self, attributes: &Attributes) -> bool {
        let Attributes::Resource { group, resource, subresource, namespace, name, .. } = attributes else {
            return false;
        };
        (self.namespaces.is_empty() || self.namespaces.contains(namespace))
            && (self.resources.is_empty()
                || self.resources.iter().any(|of| {
                    (of.group == *group || of.group == "*") && of.includes(resource, subresource, name)
                }))
    }
}

impl wire::GroupResources {
    fn includes(&self, resource: &str, subresource: &str, name: &str) -> bool {
        let named = self.resource_names.is_empty() || self.resource_names.iter().any(|known| known == name);
        self.resources.is_empty()
            || (named && self.resources.iter().any(|pattern| covers(pattern, resource, subresource)))
    }
}

/// Tells whether a pattern, such as `pods`, `pods/log`, `*/log`, `pods/*` or `*`, stands for a resource.
fn covers(pattern: &str, resource: &str, subresource: &str) -> bool {
    match pattern.split_once('/') {
        None => pattern == "*" || (pattern == resource && subresource.is_empty()),
        Some((of, "*")) => of == resource,
        Some(("*", part)) => part == subresource,
        Some((of, part)) => of == resource && part == subresource,
    }
}

fn leads_to(url: &str, path: &str) -> bool {
    url == path || url.ends_with('*') && path.starts_with(url.trim_end_matches('*'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::meta::selector::{FieldSelector, LabelSelector};
    use crate::meta::{Method, Verb};

    fn policy(rules: &str) -> Result<AuditPolicy, AuditPolicyError> {
        AuditPolicy::from_yaml(format!("apiVersion: audit.k8s.io/v1\nkind: Policy\n{rules}").as_bytes())
    }

    fn path(path: &str) -> Attributes {
        Attributes::Path { verb: Verb::Method(Method::Get), path: path.to_owned() }
    }

    fn part(namespace: &str, name: &str, subresource: &str) -> Attributes {
        Attributes::Resource {
            verb: Verb::Update,
            group: "example.com".to_owned(),
            version: "v1".to_owned(),
            resource: "widgets".to_owned(),
            subresource: subresource.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            field_selector: FieldSelector::default(),
            label_selector: LabelSelector::default(),
        }
    }

    fn told(policy: &AuditPolicy, attributes: &Attributes) -> bool {
        policy.omitted(attributes, Some(&UserInfo::anonymous())).is_some()
    }

    #[test]
    fn the_first_rule_that_fits_counts_and_without_one_nothing_is_told() {
        let rules = "rules:\n- {level: None, nonResourceURLs: [/healthz*]}\n- {level: Metadata, nonResourceURLs: ['*']}";
        let policy = policy(rules).unwrap();
        assert!(!told(&policy, &path("/healthz/ping")));
        assert!(told(&policy, &path("/version")));
        assert!(!told(&policy, &part("a", "b", "")));
    }

    #[test]
    fn rules_choose_by_user_group_verb_and_namespace() {
        for (rule, fits) in [
            ("users: ['system:anonymous']", true),
            ("users: [me]", false),
            ("userGroups: ['system:unauthenticated']", true),
            ("userGroups: ['system:masters']", false),
            ("verbs: [update]", true),
            ("verbs: [get]", false),
            ("namespaces: [a]", true),
            ("namespaces: ['']", false),
        ] {
            let policy = policy(&format!("rules:\n- {{level: Metadata, {rule}}}")).unwrap();
            assert_eq!(told(&policy, &part("a", "b", "")), fits, "{rule}");
        }
    }

    #[test]
    fn resources_are_chosen_by_patterns() {
        for (rule, whole, status) in [
            ("{group: example.com}", true, true),
            ("{group: other}", false, false),
            ("{group: '*', resources: ['*']}", true, true),
            ("{group: '*', resources: [widgets]}", true, false),
            ("{group: '*', resources: [widgets/status]}", false, true),
            ("{group: '*', resources: ['*/status']}", false, true),
            ("{group: '*', resources: ['widgets/*']}", true, true),
            ("{group: '*', resources: [widgets], resourceNames: [x]}", false, false),
        ] {
            let policy = policy(&format!("rules:\n- {{level: Metadata, resources: [{rule}]}}")).unwrap();
            let found = (told(&policy, &part("a", "b", "")), told(&policy, &part("a", "b", "status")));
            assert_eq!(found, (whole, status), "{rule}");
        }
    }

    #[test]
    fn stages_are_left_out_by_the_policy_and_by_the_rule() {
        let text = "omitStages: [RequestReceived]\nrules:\n- {level: Metadata, omitStages: [Panic]}";
        let omitted = policy(text).unwrap().omitted(&path("/"), None).unwrap();
        assert_eq!(omitted, [Stage::RequestReceived, Stage::Panic]);
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        for (rules, why) in [
            ("rules: []", "rules: "),
            ("rules: [{level: Request}]", "rules[0].level: bodies are not recorded"),
            ("rules: [{level: All}]", "rules[0].level: unsupported value: \"All\""),
            ("rules: [{}]", "rules[0].level: "),
            ("rules: [{level: None, nonResourceURLs: [x]}]", "rules[0].nonResourceURLs: "),
            ("rules: [{level: None, nonResourceURLs: ['/a*b']}]", "rules[0].nonResourceURLs: "),
            ("rules: [{level: None, nonResourceURLs: [/], namespaces: [a]}]", "rules[0].nonResourceURLs: "),
            ("rules: [{level: None, resources: [{resourceNames: [a]}]}]", "rules[0].resources: "),
            ("rules: [{level: None, omitStages: [End]}]", "rules[0].omitStages: "),
        ] {
            let error = policy(rules).unwrap_err().to_string();
            assert!(error.starts_with(why), "{rules}: {error}");
        }
        for text in ["", "[]", "kind: Policy", "apiVersion: audit.k8s.io/v1beta1\nkind: Policy"] {
            AuditPolicy::from_yaml(text.as_bytes()).unwrap_err();
        }
    }
}
