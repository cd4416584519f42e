//! Replays the requests against this server and compares the answers with those that were recorded.

use std::collections::BTreeMap;

use super::accepted::AcceptedDifferences;
use super::answer::{self, Answer};
use super::compare::differences;
use super::files;
use super::normalize::Normalizer;
use super::scenario::{Step, Topic};
use super::server::Server;
use super::target::Reference;

/// The answers to the scenarios of a topic.
pub(crate) type Recording = BTreeMap<String, Vec<Answer>>;

const NAMESPACE: &str = "differential-here";

#[tokio::test(start_paused = true)]
async fn answers_are_those_of_the_reference() {
    let mut accepted = AcceptedDifferences::read();
    let mut complaints = Vec::new();
    for topic in files::names("topics") {
        for (scenario, step, difference) in differing(&topic).await {
            if !accepted.meets(&topic, &scenario, &step, &difference) {
                complaints.push(format!("{topic}: {scenario}: {step}: {difference}"));
            }
        }
    }
    complaints.extend(accepted.never_met());
    assert!(complaints.is_empty(), "{}\n\n{} differences", complaints.join("\n"), complaints.len());
}

#[test]
fn every_scenario_is_recorded_and_nothing_else() {
    assert_eq!(files::names("topics"), files::names("recordings"));
    for topic in files::names("topics") {
        let scenarios = Topic::read(&topic).scenarios.into_iter();
        let asked: Vec<_> = scenarios.map(|(name, steps)| (name, steps_of(&steps))).collect();
        let recorded: Vec<_> =
            recording(&topic).into_iter().map(|(name, answers)| (name, answered(&answers))).collect();
        assert_eq!(asked, recorded, "{topic}: record anew");
    }
}

/// Returns every difference in the answers to a topic, with its scenario and step.
async fn differing(topic: &str) -> Vec<(String, String, super::compare::Difference)> {
    let Topic { reference, scenarios } = Topic::read(topic);
    let mut recorded = recording(topic);
    let mut found = Vec::new();
    for (name, steps) in scenarios {
        let expected = recorded.remove(&name).unwrap_or_default();
        for (expected, ours) in expected.iter().zip(ours(&steps, reference).await) {
            let all = differences(&value(expected), &value(&ours)).into_iter();
            found.extend(all.map(|difference| (name.clone(), ours.step.clone(), difference)));
        }
    }
    found
}

async fn ours(steps: &[Step], reference: Reference) -> Vec<Answer> {
    let target = Reference::ours();
    let answers = answer::run(steps, &Server::ours().await, &target, NAMESPACE).await;
    let normalizer = Normalizer::new(&answers, target, reference, NAMESPACE);
    answers.into_iter().map(|answer| normalizer.answer(answer)).collect()
}

fn recording(topic: &str) -> Recording {
    files::read(&format!("recordings/{topic}.json"))
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
