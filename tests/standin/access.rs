//! Who asks, and what he must not.
//!
//! People may do everything, and ServiceAccounts what roles allow them; but for what a test refuses. A token says whose
//! it is.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use embedded_server::authentication::{Authenticator, Credentials, Rejected};
use embedded_server::authorization::{Authorizer, Decision, Unanswered, Verdict};
use embedded_server::meta::{Attributes, UserInfo};
use embedded_server::storage::Backend;
use http::HeaderName;
use http::header::AUTHORIZATION;
use parking_lot::RwLock;

use super::rules::Rules;

/// Who installs.
pub(crate) const ADMIN: &str = "admin";
/// Who keeps the cluster going; is never refused anything.
pub(super) const CONTROLLER: &str = "system:kube-controller-manager";
const IMPERSONATED_USER: HeaderName = HeaderName::from_static("impersonate-user");
const IMPERSONATED_GROUP: HeaderName = HeaderName::from_static("impersonate-group");

/// Returns the token of a user.
pub(super) fn token(user: &str) -> String {
    format!("token-of:{user}")
}

/// Returns the user whose token it is.
pub(super) fn owner(token: &str) -> Option<UserInfo> {
    let name = token.strip_prefix("token-of:")?;
    let groups = match name.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':')) {
        Some((namespace, _)) => {
            vec!["system:serviceaccounts".to_owned(), format!("system:serviceaccounts:{namespace}")]
        }
        None => Vec::new(),
    };
    Some(UserInfo { name: name.to_owned(), groups, ..UserInfo::default() }.authenticated())
}

/// Believes tokens, and lets everybody act as somebody else.
#[derive(Debug)]
pub(super) struct Tokens;

#[async_trait]
impl Authenticator for Tokens {
    async fn authenticate(&self, credentials: Credentials<'_>) -> Result<Option<Arc<UserInfo>>, Rejected> {
        let header = |name| credentials.headers.get(name).and_then(|value| value.to_str().ok());
        let Some(token) = header(AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")) else {
            return Ok(None);
        };
        let user = owner(token).ok_or_else(|| Rejected("invalid bearer token".to_owned()))?;
        let Some(name) = header(IMPERSONATED_USER) else { return Ok(Some(Arc::new(user))) };
        let groups = credentials.headers.get_all(IMPERSONATED_GROUP).iter();
        let groups = groups.filter_map(|value| value.to_str().ok()).map(str::to_owned).collect();
        let other = UserInfo { name: name.to_owned(), groups, ..UserInfo::default() };
        Ok(Some(Arc::new(other.authenticated())))
    }

    fn reads(&self, header: &HeaderName) -> bool {
        [AUTHORIZATION, IMPERSONATED_USER, IMPERSONATED_GROUP].contains(header)
    }
}

/// What is asked for, in the words of access rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ask {
    pub(crate) verb: String,
    /// For example `deployments.apps` or `pods/log`.
    pub(crate) resource: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

impl Ask {
    pub(super) fn new(verb: &str, group: &str, resource: &str, part: &str) -> Self {
        let group = if group.is_empty() { String::new() } else { format!(".{group}") };
        let part = if part.is_empty() { String::new() } else { format!("/{part}") };
        let resource = format!("{resource}{group}{part}");
        Self { verb: verb.to_owned(), resource, ..Self::default() }
    }

    pub(super) fn at(self, namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.to_owned(), name: name.to_owned(), ..self }
    }
}

/// Writes `patch deployments.apps workflow-system/workflow-apiserver`.
impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.namespace.is_empty() || self.name.is_empty() { "" } else { "/" };
        write!(f, "{} {} {}{slash}{}", self.verb, self.resource, self.namespace, self.name)
    }
}

/// Requests that are alike: what is left out may be anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rule {
    verb: Option<String>,
    resource: Option<String>,
    name: Option<String>,
}

impl Rule {
    /// `VERB RESOURCE [NAME]`, each of which may be `*`.
    pub(crate) fn new(text: &str) -> Self {
        let mut words = text.split_whitespace().map(|word| (word != "*").then(|| word.to_owned()));
        let mut next = || words.next().flatten();
        Self { verb: next(), resource: next(), name: next() }
    }

    pub(super) fn covers(&self, ask: &Ask) -> bool {
        let fits = |rule: &Option<String>, what: &str| rule.as_deref().is_none_or(|rule| rule == what);
        fits(&self.verb, &ask.verb) && fits(&self.resource, &ask.resource) && fits(&self.name, &ask.name)
    }
}

/// What tests refuse to whom, and what roles allow.
#[derive(Debug)]
pub(super) struct Refusals {
    refused: RwLock<Vec<(String, Rule)>>,
    rules: Rules,
}

impl Refusals {
    pub(super) fn new(store: Arc<dyn Backend>) -> Self {
        Self { refused: RwLock::default(), rules: Rules(store) }
    }

    pub(super) fn refuse(&self, user: &str, rule: Rule) {
        self.refused.write().push((user.to_owned(), rule));
    }

    pub(super) fn forget(&self) {
        self.refused.write().clear();
    }

    pub(super) fn allow(&self, user: &str, ask: &Ask) -> bool {
        let refused = |(whose, rule): &(String, Rule)| whose == user && rule.covers(ask);
        !self.refused.read().iter().any(refused) && self.has_a_role(user, ask)
    }
}

impl Refusals {
    fn has_a_role(&self, user: &str, ask: &Ask) -> bool {
        let account = Some(user).filter(|name| name.starts_with("system:serviceaccount:"));
        account.and_then(|name| owner(&token(name))).is_none_or(|account| self.rules.allow(&account, ask))
    }
}

#[async_trait]
impl Authorizer for Refusals {
    async fn authorize(&self, user: &UserInfo, attributes: &Attributes) -> Result<Verdict, Unanswered> {
        let allowed = match attributes {
            Attributes::Path { .. } => true,
            Attributes::Resource { verb, group, resource, subresource, namespace, name, .. } => self.allow(
                &user.name,
                &Ask::new(verb.as_str(), group, resource, subresource).at(namespace, name),
            ),
        };
        Ok(if allowed { Decision::Allow } else { Decision::NoOpinion }.into())
    }
}
