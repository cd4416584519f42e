//! How commands reach a cluster: as kubectl does, by the same kubeconfigs, contexts, proxies and impersonation.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use http::HeaderValue;
use http::header::USER_AGENT;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};

use super::connection::{around_this_pod, client};
use super::objects::Objects;
use crate::failure::Hint;

const AGENT: &str = concat!("wfctl/", env!("CARGO_PKG_VERSION"));

/// How to reach a cluster, and as whom.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Access {
    /// The kubeconfig; where none is named, those that kubectl would read, or the cluster around this pod.
    pub(crate) kubeconfig: Option<PathBuf>,
    /// The context; the current one where none is named.
    pub(crate) context: Option<String>,
    /// Whom to act for.
    pub(crate) user: Option<String>,
    /// The groups to act for.
    pub(crate) groups: Vec<String>,
}

/// A cluster that commands can ask.
#[derive(Clone)]
pub(crate) struct Cluster {
    /// Whatever is not about objects is asked with this.
    pub(crate) client: Client,
    /// The objects in it.
    pub(crate) objects: Objects,
    /// The URL of its API.
    pub(crate) server: String,
}

impl Cluster {
    /// Returns the cluster at `server`, which `client` asks.
    pub(crate) fn new(client: Client, server: String) -> Self {
        Self { objects: Objects::new(client.clone(), &server), client, server }
    }
}

/// Whether a request is sent again when the cluster says that it is too busy or cannot answer just now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Patience {
    /// A few times: what is asked is of interest, not how often it had to be.
    Retries,
    /// Never: the answer itself is what is looked at.
    OneAnswer,
}

impl Access {
    /// Returns the cluster; nothing is asked of it yet.
    ///
    /// # Errors
    ///
    /// No cluster is named, or what names it cannot be used.
    pub(crate) async fn connect(&self, patience: Patience) -> anyhow::Result<Cluster> {
        let mut config = self.config().await?;
        let server = config.cluster_url.to_string().trim_end_matches('/').to_owned();
        config.default_retry = patience == Patience::Retries;
        config.headers.push((USER_AGENT, HeaderValue::from_static(AGENT)));
        Ok(Cluster::new(client(config)?, server))
    }

    /// Returns the contexts that can be chosen; none where there is nothing to choose from.
    pub(crate) fn contexts(&self) -> Vec<String> {
        self.kubeconfig().ok().flatten().as_ref().map(contexts).unwrap_or_default()
    }

    async fn config(&self) -> anyhow::Result<Config> {
        let mut config = match self.kubeconfig()? {
            Some(kubeconfig) => self.chosen(kubeconfig).await?,
            None => around_this_pod()?,
        };
        if let Some(user) = &self.user {
            config.auth_info.impersonate = Some(user.clone());
            config.auth_info.impersonate_groups = Some(self.groups.clone());
        }
        Ok(config)
    }

    /// Returns what names the cluster, or nothing where the cluster is around this pod.
    fn kubeconfig(&self) -> anyhow::Result<Option<Kubeconfig>> {
        let read = self.kubeconfig.as_deref().map_or_else(Kubeconfig::read, Kubeconfig::read_from);
        match read {
            Ok(kubeconfig) => Ok(Some(kubeconfig)),
            Err(error) if self.kubeconfig.is_none() && is_missing(&error) => self.without_kubeconfig(&error),
            Err(error) => Err(self.unusable(error)),
        }
    }

    fn without_kubeconfig(&self, error: &KubeconfigError) -> anyhow::Result<Option<Kubeconfig>> {
        if self.context.is_none() && is_in_a_pod() {
            return Ok(None);
        }
        tracing::debug!(%error, "no kubeconfig");
        Err(anyhow!("no kubeconfig names a cluster"))
            .hint("--kubeconfig FILE, or KUBECONFIG in the environment, says where it is")
    }

    async fn chosen(&self, kubeconfig: Kubeconfig) -> anyhow::Result<Config> {
        let hint = match contexts(&kubeconfig).as_slice() {
            [] => "it names no contexts; --kubeconfig FILE takes another one".to_owned(),
            contexts => format!("--context takes one of: {}", contexts.join(", ")),
        };
        let options = KubeConfigOptions { context: self.context.clone(), ..Default::default() };
        let chosen = Config::from_custom_kubeconfig(kubeconfig, &options).await;
        chosen.map_err(|error| self.unusable(error)).hint(hint)
    }

    fn unusable(&self, error: KubeconfigError) -> anyhow::Error {
        match error {
            KubeconfigError::LoadContext(name) => anyhow!("the kubeconfig has no context {name}"),
            KubeconfigError::CurrentContextNotSet => anyhow!("the kubeconfig has no current context"),
            KubeconfigError::ReadConfig(error, path) => {
                anyhow!(error).context(format!("cannot read the kubeconfig {}", path.display()))
            }
            error => anyhow!(error).context(format!("cannot use {}", name_of(self.kubeconfig.as_deref()))),
        }
    }
}

/// Returns the contexts that can be chosen.
fn contexts(kubeconfig: &Kubeconfig) -> Vec<String> {
    kubeconfig.contexts.iter().map(|context| context.name.clone()).collect()
}

fn is_missing(error: &KubeconfigError) -> bool {
    match error {
        KubeconfigError::FindPath => true,
        KubeconfigError::ReadConfig(error, _) => error.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

fn is_in_a_pod() -> bool {
    env::var_os("KUBERNETES_SERVICE_HOST").is_some()
}

fn name_of(path: Option<&Path>) -> String {
    path.map_or_else(|| "the kubeconfig".to_owned(), |path| format!("kubeconfig {}", path.display()))
}
