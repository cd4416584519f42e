//! What a user gets who asks kube-apiserver for Workflows: the one proof that counts.

use super::aggregator::Unavailable;
use super::facts::Facts;
use super::registration;
use super::report::{Category, Check};
use super::verdict::{Problem, Verdict, failed, warning};
use crate::proof::Answer;

pub(super) fn checks(facts: &Facts) -> Vec<Check> {
    let trip = &facts.round_trip;
    let took = format!("answered through kube-apiserver in {} ms", trip.took.as_millis());
    vec![
        check("discovery", verdict(facts, &trip.resources, "kubectl finds Workflows".to_owned())),
        check("list of Workflows", verdict(facts, &trip.workflows, took)),
    ]
}

fn check(name: &str, verdict: Verdict) -> Check {
    Check::new(Category::RoundTrip, name, verdict)
}

fn verdict(facts: &Facts, answer: &Answer, answered: String) -> Verdict {
    if *answer == Answer::Answered { Ok(answered) } else { Err(problem(facts, answer)) }
}

/// Somebody without rights learns that, and not that it is broken: who refused him was there.
fn problem(facts: &Facts, answer: &Answer) -> Problem {
    let message = answer.to_string();
    let logs = format!("kubectl logs -n {} deployment/workflow-apiserver", facts.namespace);
    match answer {
        Answer::Forbidden(_) => warning(
            message,
            "kubectl create clusterrolebinding NAME --clusterrole workflow-viewer --user USER allows it",
        ),
        Answer::Refused(words) => {
            let why = registration::reason(facts).unwrap_or_else(|| Unavailable::of_message(words));
            failed(message, registration::remedy(facts, why))
        }
        Answer::Unknown => failed(message, format!("wfctl install -n {}", facts.namespace)),
        Answer::Unauthenticated(_) => failed(message, Unavailable::Unauthenticated.hint(&facts.namespace)),
        Answer::TimedOut => failed(message, Unavailable::Timeout.hint(&facts.namespace)),
        Answer::Unreachable(_) => failed(message, "kubectl cluster-info"),
        Answer::Failed(..) | Answer::Answered => failed(message, logs),
    }
}
