//! The differences that are meant, with their reasons.

use serde::Deserialize;

use super::files;
use super::replay::Found;
use super::target::Reference;

/// Places at which answers differ for a reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Accepted {
    references: Vec<Reference>,
    topic: String,
    scenario: String,
    steps: Vec<String>,
    /// JSON pointers; what is inside is meant too.
    at: Vec<String>,
    because: String,
}

/// All accepted differences, and which of them have been met.
pub(crate) struct AcceptedDifferences(Vec<(Place, bool)>);

/// One place of one answer.
#[derive(Debug, PartialEq)]
struct Place {
    reference: Reference,
    topic: String,
    scenario: String,
    step: String,
    at: String,
}

impl AcceptedDifferences {
    /// Reads `accepted.yaml`.
    pub(crate) fn read() -> Self {
        let entries: Vec<Accepted> = files::read("accepted.yaml");
        Self(entries.iter().flat_map(Accepted::places).map(|place| (place, false)).collect())
    }

    /// Tells whether a difference is meant.
    pub(crate) fn meets(&mut self, found: &Found) -> bool {
        let covers = |place: &Place| place.covers(found);
        let mut met = false;
        for (_, seen) in self.0.iter_mut().filter(|(place, _)| covers(place)) {
            (met, *seen) = (true, true);
        }
        met
    }

    /// Returns those that were never met: the answers do not differ there any more.
    pub(crate) fn never_met(&self) -> Vec<String> {
        let unmet = self.0.iter().filter(|(_, met)| !met);
        unmet.map(|(place, _)| format!("accepted.yaml is out of date: no difference at {place:?}")).collect()
    }
}

impl Accepted {
    fn places(&self) -> Vec<Place> {
        assert!(!self.because.is_empty(), "{self:?} has no reason");
        let place = |reference: &Reference, step: &String, at: &String| Place {
            reference: *reference,
            topic: self.topic.clone(),
            scenario: self.scenario.clone(),
            step: step.clone(),
            at: at.clone(),
        };
        let places = |reference| {
            self.steps.iter().flat_map(move |step| self.at.iter().map(move |at| place(reference, step, at)))
        };
        self.references.iter().flat_map(places).collect()
    }
}

impl Place {
    fn covers(&self, found: &Found) -> bool {
        self.reference == found.reference
            && (&self.topic, &self.scenario, &self.step) == (&found.topic, &found.scenario, &found.step)
            && inside(&found.difference.at, &self.at)
    }
}

fn inside(inner: &str, outer: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
