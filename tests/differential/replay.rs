//! Replays the requests against this server and compares the answers with those that were recorded.

use std::collections::BTreeMap;
use std::fmt;

use super::accepted::AcceptedDifferences;
use super::answer::{self, Answer};
use super::compare::{Difference, differences};
use super::files;
use super::normalize::Normalizer;
use super::scenario::{Run, Step, Topic};
use super::server::Server;
use super::target::Reference;

/// The answers to the scenarios of a topic.
pub(crate) type Recording = BTreeMap<String, Vec<Answer>>;

const NAMESPACE: &str = "differential-here";

/// A difference, and where it was found.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) reference: Reference,
    pub(crate) topic: String,
    pub(crate) scenario: String,
    pub(crate) step: String,
    pub(crate) difference: Difference,
}

#[tokio::test(start_paused = true)]
async fn answers_are_those_of_the_reference() {
    let mut accepted = AcceptedDifferences::read();
    let mut complaints = Vec::new();
    for run in Run::all() {
        let found = differing(&run).await.into_iter();
        complaints.extend(found.filter(|found| !accepted.meets(found)).map(|found| found.to_string()));
    }
    complaints.extend(accepted.never_met());
    assert!(complaints.is_empty(), "{}\n\n{} differences", complaints.join("\n"), complaints.len());
}

#[test]
fn every_scenario_is_recorded_and_nothing_else() {
    assert_eq!(Run::all(), Run::recorded());
    for run in Run::all() {
        let scenarios = Topic::read(&run.topic).scenarios.into_iter();
        let asked: Vec<_> = scenarios.map(|(name, steps)| (name, steps_of(&steps))).collect();
        let recorded: Vec<_> =
            recording(&run).into_iter().map(|(name, answers)| (name, answered(&answers))).collect();
        assert_eq!(asked, recorded, "{}: record anew", run.file());
    }
}

/// Returns every difference in the answers of one run.
async fn differing(run: &Run) -> Vec<Found> {
    let mut recorded = recording(run);
    let mut found = Vec::new();
    for (scenario, steps) in Topic::read(&run.topic).scenarios {
        let expected = recorded.remove(&scenario).unwrap_or_default();
        for (expected, ours) in expected.iter().zip(ours(&steps, run.reference).await) {
            let all = differences(&value(expected), &value(&ours)).into_iter();
            found.extend(all.map(|difference| Found {
                reference: run.reference,
                topic: run.topic.clone(),
                scenario: scenario.clone(),
                step: ours.step.clone(),
                difference,
            }));
        }
    }
    found
}

async fn ours(steps: &[Step], reference: Reference) -> Vec<Answer> {
    let target = reference.ours();
    let answers = answer::run(steps, &Server::ours(reference).await, &target, NAMESPACE).await;
    let normalizer = Normalizer::new(&answers, target, reference, NAMESPACE);
    answers.into_iter().map(|answer| normalizer.answer(answer)).collect()
}

fn recording(run: &Run) -> Recording {
    files::read(&run.file())
}

fn value(answer: &Answer) -> serde_json::Value {
    serde_json::to_value(answer).unwrap()
}

fn steps_of(steps: &[Step]) -> Vec<String> {
    steps.iter().map(|step| step.step.clone()).collect()
}

fn answered(answers: &[Answer]) -> Vec<String> {
    answers.iter().map(|answer| answer.step.clone()).collect()
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { reference, topic, scenario, step, difference } = self;
        write!(f, "{reference}: {topic}: {scenario}: {step}: {difference}")
    }
}
