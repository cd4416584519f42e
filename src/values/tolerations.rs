//! Which taints a pod may be said to tolerate. Source: kubernetes pkg/apis/core/validation, ValidateTolerations.

use embedded_server::meta::validation::{label_key, label_value};

use super::ValuesError;
use crate::settings::{Effect, Operator, Toleration};

/// Returns `tolerations` if Kubernetes takes them.
pub(super) fn checked(tolerations: &[Toleration]) -> Result<Vec<Toleration>, ValuesError> {
    tolerations.iter().enumerate().try_for_each(|(at, toleration)| check(at, toleration))?;
    Ok(tolerations.to_vec())
}

fn check(at: usize, toleration: &Toleration) -> Result<(), ValuesError> {
    let key = toleration.key.as_deref().unwrap_or_default();
    let value = toleration.value.as_deref().unwrap_or_default();
    let exists = toleration.operator == Some(Operator::Exists);
    let refused = |field: &str, text: &str, problem: &str| {
        Err(ValuesError::invalid(format!("tolerations.{at}.{field}"), text, problem))
    };
    match (first(key, label_key), first(value, label_value)) {
        (Some(problem), _) => refused("key", key, &problem),
        (_, Some(problem)) => refused("value", value, &problem),
        _ if key.is_empty() && !exists => refused("key", key, "without a key the operator must be Exists"),
        _ if exists && !value.is_empty() => refused("value", value, "the operator Exists takes no value"),
        _ if toleration.toleration_seconds.is_some() && toleration.effect != Some(Effect::NoExecute) => {
            refused("tolerationSeconds", key, "the effect must be NoExecute")
        }
        _ => Ok(()),
    }
}

fn first(text: &str, check: impl Fn(&str) -> Vec<String>) -> Option<String> {
    if text.is_empty() { None } else { check(text).into_iter().next() }
}
