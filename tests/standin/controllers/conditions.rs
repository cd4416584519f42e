//! Conditions, which keep the time of their last change.

use serde::Serialize;
use serde_json::{Value, json};

use crate::standin::hub::Hub;

/// Returns the conditions of `status` with one set.
pub(in crate::standin) fn with(
    hub: &Hub,
    status: Option<&impl Serialize>,
    kind: &str,
    (state, reason, message): (&str, &str, &str),
) -> Value {
    let status = serde_json::to_value(status).unwrap_or_default();
    let mut all = status["conditions"].as_array().cloned().unwrap_or_default();
    let old = all.iter().find(|condition| condition["type"] == kind).cloned().unwrap_or_default();
    let since = match old["status"] == state {
        true => old["lastTransitionTime"].clone(),
        false => json!(hub.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
    };
    let new = json!({
        "type": kind, "status": state, "reason": reason, "message": message, "lastTransitionTime": since,
    });
    match all.iter_mut().find(|condition| condition["type"] == kind) {
        Some(there) => *there = new,
        None => all.push(new),
    }
    all.into()
}

/// Returns `status` as it is patched, with one more condition.
pub(in crate::standin) fn set(hub: &Hub, status: &mut Value, kind: &str, told: (&str, &str, &str)) {
    let conditions = with(hub, Some(status), kind, told);
    status["conditions"] = conditions;
}

/// Returns the conditions there are, to build on.
pub(in crate::standin) fn of(status: Option<&impl Serialize>) -> Value {
    serde_json::to_value(status).map(|status| status["conditions"].clone()).unwrap_or_default()
}

/// Tells whether a condition holds.
pub(in crate::standin) fn holds(status: Option<&impl Serialize>, kind: &str) -> bool {
    let all = of(status);
    let mut all = all.as_array().into_iter().flatten();
    all.any(|condition| condition["type"] == kind && condition["status"] == "True")
}
