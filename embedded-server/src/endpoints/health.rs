//! `/healthz`, `/livez` and `/readyz`. Source: `apiserver/pkg/server/healthz/healthz.go`.

use std::collections::BTreeSet;
use std::fmt::{self, Debug, Write};
use std::sync::Arc;

use http::Response;

use super::body::Body;
use super::response::{text, with_type};
use crate::meta::Query;
use crate::metrics::Metrics;

/// Finds out whether one part of the server works; says why when it does not.
pub type Probe = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// The named checks of one health endpoint.
#[derive(Clone, Default)]
pub struct Checks {
    endpoint: &'static str,
    checks: Vec<(&'static str, Probe)>,
    metrics: Metrics,
}

/// The three health endpoints of a server.
#[derive(Debug)]
pub(super) struct Health {
    pub(super) healthz: Checks,
    pub(super) livez: Checks,
    pub(super) readyz: Checks,
}

impl Checks {
    /// Returns the checks of `endpoint`, for example `readyz`, of which one always passes.
    pub fn new(endpoint: &'static str) -> Self {
        Self { endpoint, checks: Vec::new(), metrics: Metrics::default() }.with("ping", Arc::new(|| Ok(())))
    }

    /// Adds a check.
    #[must_use]
    pub fn with(mut self, name: &'static str, probe: Probe) -> Self {
        self.checks.push((name, probe));
        self
    }

    /// Returns the same checks for another endpoint.
    pub(super) fn named(&self, endpoint: &'static str) -> Self {
        Self { endpoint, ..self.clone() }
    }

    /// Counts what comes of the checks.
    pub(super) fn counted_in(mut self, metrics: &Metrics) -> Self {
        self.metrics = metrics.clone();
        self
    }

    fn check(&self, name: &str, probe: &Probe) -> Result<(), String> {
        let outcome = probe();
        self.metrics.health().checked(name, self.endpoint, outcome.is_ok());
        outcome
    }

    /// Answers a request for the endpoint; `check` names one check alone.
    pub(super) fn answer(&self, check: Option<&str>, query: &Query) -> Option<Response<Body>> {
        match check {
            None => Some(self.all(query)),
            Some(check) => self.one(check),
        }
    }

    fn one(&self, check: &str) -> Option<Response<Body>> {
        let (name, probe) = self.checks.iter().find(|(name, _)| *name == check)?;
        Some(match self.check(name, probe) {
            Ok(()) => with_type(200, "text/plain; charset=utf-8", b"ok".to_vec().into()),
            Err(why) => text(500, format!("internal server error: {why}\n")),
        })
    }

    fn all(&self, query: &Query) -> Response<Body> {
        let excluded: Vec<&str> = query.all("exclude").collect();
        let mut report = String::new();
        let mut healthy = true;
        for (name, probe) in &self.checks {
            let line = if excluded.contains(name) {
                format!("[+]{name} excluded: ok")
            } else if let Err(why) = self.check(name, probe) {
                tracing::warn!(endpoint = self.endpoint, check = name, %why, "a health check failed");
                healthy = false;
                format!("[-]{name} failed: reason withheld")
            } else {
                format!("[+]{name} ok")
            };
            report = report + &line + "\n";
        }
        self.warn_of_unknown(&excluded, &mut report);
        let endpoint = self.endpoint;
        match (healthy, query.get("verbose").is_some()) {
            (false, _) => text(500, format!("{report}{endpoint} check failed\n")),
            (true, true) => text(200, format!("{report}{endpoint} check passed\n")),
            (true, false) => text(200, "ok"),
        }
    }

    fn warn_of_unknown(&self, excluded: &[&str], report: &mut String) {
        let unknown = excluded.iter().filter(|name| !self.checks.iter().any(|(known, _)| known == *name));
        let unknown: BTreeSet<_> = unknown.collect();
        let quoted: Vec<_> = unknown.into_iter().map(|name| format!("\"{name}\"")).collect();
        if !quoted.is_empty() {
            // Writing to a string cannot fail.
            let _ = writeln!(
                report,
                "warn: some health checks cannot be excluded: no matches for {}",
                quoted.join(",")
            );
        }
    }
}

impl Debug for Checks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.checks.iter().map(|(name, _)| name);
        write!(f, "{}", self.endpoint)?;
        f.debug_list().entries(names).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checks() -> Checks {
        Checks::new("readyz").with("store", Arc::new(|| Err("on fire".to_owned())))
    }

    fn answered(checks: &Checks, check: Option<&str>, query: &str) -> (u16, String) {
        let response = checks.answer(check, &Query::parse(query)).unwrap();
        let Body::Full(bytes) = response.body() else { panic!("not a whole body") };
        (response.status().as_u16(), String::from_utf8_lossy(bytes).into_owned())
    }

    #[test]
    fn a_failing_check_fails_the_endpoint_but_keeps_its_reason() {
        let (code, body) = answered(&checks(), None, "");
        assert_eq!(code, 500);
        assert_eq!(body, "[+]ping ok\n[-]store failed: reason withheld\nreadyz check failed\n");
    }

    #[test]
    fn checks_can_be_excluded() {
        assert_eq!(answered(&checks(), None, "exclude=store"), (200, "ok".to_owned()));
        let (code, body) = answered(&checks(), None, "exclude=store&exclude=x&verbose");
        assert_eq!(code, 200);
        assert!(body.contains("[+]store excluded: ok\n"));
        assert!(body.contains("no matches for \"x\"\n"));
        assert!(body.ends_with("readyz check passed\n"));
    }

    #[test]
    fn what_cannot_be_excluded_is_named_once_and_in_order() {
        let (_, body) = answered(&checks(), None, "exclude=store&exclude=y&exclude=x&exclude=y&verbose");
        assert!(body.contains("no matches for \"x\",\"y\"\n"), "{body}");
    }

    #[test]
    fn one_check_can_be_asked_alone() {
        assert_eq!(answered(&checks(), Some("ping"), ""), (200, "ok".to_owned()));
        assert_eq!(answered(&checks(), Some("store"), "").0, 500);
        assert!(checks().answer(Some("nothing"), &Query::default()).is_none());
    }
}
