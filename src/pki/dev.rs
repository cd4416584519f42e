//! The certificates of `serve --dev`, kept in a directory: what is healthy there is used again, what is not is
//! made anew.
//!
//! One authority stands behind both sides; the use that is written into each leaf keeps them apart.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;

use super::inspect::Facts;
use super::leaf::Usage;
use super::{Authority, Leaf, PrivateKey, San};
use crate::files;

/// The user that the admin certificate stands for.
pub(crate) const ADMIN_USER: &str = "wfctl-dev-admin";
/// The group of that user.
pub(crate) const ADMIN_GROUP: &str = "system:masters";

const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const LEAF_VALIDITY: Duration = YEAR;
/// A healthy authority has a third of its life left: as much as a leaf's, so that none is cut short.
const AUTHORITY_VALIDITY: Duration = YEAR.saturating_mul(3);

/// What a server without a cluster, and its admin, prove themselves with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct DevMaterial {
    /// The authority's certificate as PEM: the serving certificate's issuer, and that of all clients.
    pub(crate) authority: String,
    /// The serving certificate.
    pub(crate) serving: Leaf,
    /// The certificate of [`ADMIN_USER`] in [`ADMIN_GROUP`].
    pub(crate) admin: Leaf,
}

/// Returns the material in `directory`, made or made anew where it is missing or not healthy at `now`; the
/// serving certificate is good for `names`.
pub(crate) fn prepare(directory: &Path, now: Timestamp, names: &[San]) -> anyhow::Result<DevMaterial> {
    files::create_private_directory(directory)
        .with_context(|| format!("cannot make the directory {}", directory.display()))?;
    let store = Store(directory);
    let authority = match store.healthy_authority(now) {
        Some(authority) => authority,
        None => store.keep_authority(Authority::generate(now, AUTHORITY_VALIDITY)?)?,
    };
    let serving = match store.healthy_leaf("serving", now, &authority, Usage::Server, names) {
        Some(leaf) => leaf,
        None => store.keep("serving", authority.issue_serving(now, LEAF_VALIDITY, "wfctl-dev", names)?)?,
    };
    let admin = match store.healthy_leaf("admin", now, &authority, Usage::Client, &[]) {
        Some(leaf) => leaf,
        None => store.keep("admin", authority.issue_client(now, LEAF_VALIDITY, ADMIN_USER, ADMIN_GROUP)?)?,
    };
    Ok(DevMaterial { authority: authority.certificate().to_owned(), serving, admin })
}

/// Returns where the serving certificate and its key are kept.
pub(crate) fn serving_files(directory: &Path) -> (PathBuf, PathBuf) {
    let store = Store(directory);
    (store.path("serving", "crt"), store.path("serving", "key"))
}

/// The directory, with a `.crt` and a `.key` file for each certificate; a name of their own keeps them from
/// replacing somebody else's.
struct Store<'a>(&'a Path);

impl Store<'_> {
    fn healthy_authority(&self, now: Timestamp) -> Option<Authority> {
        let pair = self.read("ca")?;
        let authority = Authority::from_pem(pair.certificate, pair.key);
        let healthy = authority.map_err(anyhow::Error::from).and_then(|authority| {
            authority.facts().check_life(now)?;
            Ok(authority)
        });
        self.explain("ca", healthy)
    }

    fn healthy_leaf(
        &self,
        name: &str,
        now: Timestamp,
        authority: &Authority,
        usage: Usage,
        names: &[San],
    ) -> Option<Leaf> {
        let leaf = self.read(name)?;
        let healthy = check_leaf(&leaf, now, authority, usage, names).map(|()| leaf);
        self.explain(name, healthy)
    }

    fn explain<T>(&self, name: &str, healthy: anyhow::Result<T>) -> Option<T> {
        let path = self.path(name, "crt");
        healthy
            .inspect_err(|reason| tracing::info!(path = %path.display(), %reason, "replacing a certificate"))
            .ok()
    }

    fn keep_authority(&self, authority: Authority) -> anyhow::Result<Authority> {
        let pair = Leaf { certificate: authority.certificate().to_owned(), key: authority.key().clone() };
        self.keep("ca", pair)?;
        Ok(authority)
    }

    fn keep(&self, name: &str, pair: Leaf) -> anyhow::Result<Leaf> {
        self.write(&self.path(name, "key"), pair.key.expose_pem())?;
        self.write(&self.path(name, "crt"), &pair.certificate)?;
        Ok(pair)
    }

    fn read(&self, name: &str) -> Option<Leaf> {
        let certificate = fs::read_to_string(self.path(name, "crt")).ok()?;
        let key = fs::read_to_string(self.path(name, "key")).ok()?;
        Some(Leaf { certificate, key: PrivateKey::from_pem(key) })
    }

    fn write(&self, path: &Path, pem: &str) -> anyhow::Result<()> {
        files::write_private(path, pem.as_bytes()).with_context(|| format!("cannot write {}", path.display()))
    }

    fn path(&self, name: &str, extension: &str) -> PathBuf {
        self.0.join(format!("wfctl-dev-{name}.{extension}"))
    }
}

fn check_leaf(
    leaf: &Leaf,
    now: Timestamp,
    authority: &Authority,
    usage: Usage,
    names: &[San],
) -> anyhow::Result<()> {
    let facts = Facts::from_pem(&leaf.certificate)?;
    facts.check_key(&leaf.key)?;
    facts.check_life(now)?;
    facts.check_chain(authority.facts())?;
    facts.check_usage(usage)?;
    facts.check_names(names)?;
    Ok(())
}
