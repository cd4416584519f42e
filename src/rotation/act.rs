//! Steps, as changes of objects: pure, but for the keys that are made.

use super::installation::{Change, Part};
use super::look::Look;
use super::objects::{self, Pair};
use crate::pki::rotate::Action;
use crate::pki::{Authority, PkiError, own_authority, own_serving};

/// Returns the change that `action` stands for, or nothing where it only waits.
pub(super) fn change(action: &Action, look: &Look, namespace: &str) -> Result<Option<Change>, PkiError> {
    let of =
        |part, revision: &Option<String>, patch| Some(Change { part, revision: revision.clone(), patch });
    let authorities = |patch| of(Part::Authorities, &look.authorities.revision, patch);
    let serving = |patch| of(Part::Serving, &look.serving.revision, patch);
    let trust = |patch| of(Part::Trust, &look.trust.revision, patch);
    Ok(match action {
        Action::Begin(_) => authorities(begin(look)?),
        Action::Revert => authorities(objects::authorities(previous(look)?, Some(issuing(look)?))),
        Action::Forget => authorities(objects::authorities(issuing(look)?, None)),
        Action::Switch(_) => {
            let authority = issuer(look)?;
            serving(objects::serving(&own_serving(&authority, look.now, namespace)?, &authority))
        }
        Action::Seal => serving(objects::seal(&look.observed.authorities.revision)),
        Action::Distribute { trust: wanted } | Action::Retire { trust: wanted } => {
            trust(objects::trust(&look.known().only(wanted)))
        }
        Action::AwaitTrust | Action::AwaitReplicas { .. } | Action::AwaitGrace | Action::Rest { .. } => None,
    })
}

fn begin(look: &Look) -> Result<serde_json::Value, PkiError> {
    let old = look.authorities.issuing.as_ref().or(look.authorities.previous.as_ref());
    Ok(objects::authorities(&Pair::from(&own_authority(look.now)?), old))
}

fn issuing(look: &Look) -> Result<&Pair, PkiError> {
    look.authorities.issuing.as_ref().ok_or(PkiError::Unreadable)
}

fn previous(look: &Look) -> Result<&Pair, PkiError> {
    look.authorities.previous.as_ref().ok_or(PkiError::Unreadable)
}

fn issuer(look: &Look) -> Result<Authority, PkiError> {
    issuing(look)?.authority().ok_or(PkiError::KeyMismatch)
}
