//! What is reported: checks under headings. The shape of its JSON is a promise.

use serde::Serialize;

use super::verdict::Verdict;

/// What was found out about an installation.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Report {
    /// Whether no check failed; warnings do not count.
    pub(crate) healthy: bool,
    /// The checks, in the order of their headings.
    pub(crate) checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub(crate) struct Check {
    /// The heading it stands under.
    pub(crate) category: Category,
    /// What was looked at.
    pub(crate) name: String,
    /// How it is.
    pub(crate) result: Outcome,
    /// What was seen, or why it is not well.
    pub(crate) message: String,
    /// What helps; null where all is well.
    pub(crate) hint: Option<String>,
}

/// A heading.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
pub(crate) enum Category {
    /// The cluster itself.
    #[serde(rename = "cluster")]
    Cluster,
    /// What has to be there.
    #[serde(rename = "objects")]
    Objects,
    /// What runs.
    #[serde(rename = "rollout")]
    Rollout,
    /// Who proves himself with what, and who is believed.
    #[serde(rename = "certificates")]
    Certificates,
    /// The API behind kube-apiserver.
    #[serde(rename = "APIService")]
    Registration,
    /// Where objects are kept.
    #[serde(rename = "storage")]
    Storage,
    /// A request of a user.
    #[serde(rename = "round trip")]
    RoundTrip,
}

/// How something is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    /// Well.
    Ok,
    /// It works, but something about it should be looked after.
    Warning,
    /// It does not work.
    Failed,
}

impl Report {
    /// Makes the report of `checks`.
    pub(super) fn of(checks: Vec<Check>) -> Self {
        Self { healthy: !checks.iter().any(Check::has_failed), checks }
    }

    /// Says whether `other` has the same checks with the same results; messages tell of times, too.
    pub(crate) fn says_the_same_as(&self, other: &Self) -> bool {
        let results = |report: &Self| -> Vec<_> {
            let checks = report.checks.iter();
            checks.map(|check| (check.category, check.name.clone(), check.result)).collect()
        };
        results(self) == results(other)
    }

    /// Returns the checks that failed.
    pub(crate) fn failed(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.has_failed())
    }
}

impl Check {
    /// Makes the check of what is called `name` under `category`.
    pub(super) fn new(category: Category, name: impl Into<String>, verdict: Verdict) -> Self {
        let (result, message, hint) = match verdict {
            Ok(message) => (Outcome::Ok, message, None),
            Err(problem) => (problem.outcome, problem.message, Some(problem.hint)),
        };
        Self { category, name: name.into(), result, message, hint }
    }

    /// Says whether the check failed.
    pub(crate) fn has_failed(&self) -> bool {
        self.result == Outcome::Failed
    }
}

impl Category {
    /// Returns the heading as people read it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Cluster => "Cluster",
            Self::Objects => "Objects",
            Self::Rollout => "Rollout",
            Self::Certificates => "Certificates",
            Self::Registration => "APIService",
            Self::Storage => "Storage",
            Self::RoundTrip => "Round trip",
        }
    }
}
