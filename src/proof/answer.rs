//! Requests through kube-apiserver to the server behind it, and what their answers mean.

use std::time::Duration;

use http::{Request, StatusCode};
use serde_json::Value;
use thiserror::Error;

use crate::cluster::Client;

/// The root of the API that is served.
pub(super) const API: &str = "/apis/workflow.example.com/v1alpha1";
/// Longer than kube-apiserver takes to give up on a server.
const PATIENCE: Duration = Duration::from_secs(15);

/// What is asked; each is answered by the server itself, and by no cache.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Question {
    /// Which resources there are. Everybody may ask who has proved to be somebody.
    Resources,
    /// For one Workflow of any namespace, as the store has it now.
    Workflows,
}

/// What came back.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(crate) enum Answer {
    /// An answer of the server.
    #[error("it was answered")]
    Answered,
    /// kube-apiserver could not get one; its words.
    #[error("kube-apiserver gets no answer from the server: {0}")]
    Refused(String),
    /// kube-apiserver knows no such API.
    #[error("kube-apiserver knows no such API")]
    Unknown,
    /// Nobody believed who was asking.
    #[error("who asks is not believed: {0}")]
    Unauthenticated(String),
    /// Whoever was asking may not.
    #[error("it is not allowed: {0}")]
    Forbidden(String),
    /// Some other failure.
    #[error("it failed with status {0}: {1}")]
    Failed(u16, String),
    /// Nothing.
    #[error("there was no answer in {} seconds", PATIENCE.as_secs())]
    TimedOut,
    /// kube-apiserver itself did not answer.
    #[error("kube-apiserver cannot be reached: {0}")]
    Unreachable(String),
}

impl Question {
    fn path(self) -> String {
        match self {
            Self::Resources => API.to_owned(),
            Self::Workflows => format!("{API}/workflows?limit=1"),
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Resources => "APIResourceList",
            Self::Workflows => "WorkflowList",
        }
    }
}

/// Asks through kube-apiserver.
pub(crate) async fn ask(client: &Client, question: Question) -> Answer {
    let answer = tokio::time::timeout(PATIENCE, answer(client, question)).await;
    match answer {
        Ok(Ok((status, body))) => classify(question, status, &body),
        Ok(Err(error)) => Answer::Unreachable(format!("{:#}", anyhow::Error::from(error))),
        Err(_) => Answer::TimedOut,
    }
}

async fn answer(client: &Client, question: Question) -> Result<(StatusCode, Vec<u8>), kube::Error> {
    let request = Request::get(question.path()).header(http::header::ACCEPT, "application/json");
    let request = request.body(Vec::new()).map_err(kube::Error::HttpError)?;
    let response = client.send(request.map(Into::into)).await?;
    let status = response.status();
    Ok((status, response.into_body().collect_bytes().await?.to_vec()))
}

/// The aggregator speaks for itself in plain text; kube-apiserver, and the server behind it, in Statuses.
fn classify(question: Question, status: StatusCode, body: &[u8]) -> Answer {
    let parsed: Value = serde_json::from_slice(body).unwrap_or_default();
    let words = parsed["message"].as_str().map_or_else(|| text(body), ToOwned::to_owned);
    match status.as_u16() {
        200 if parsed["kind"] == question.kind() => Answer::Answered,
        200 => Answer::Failed(200, format!("it is no {}", question.kind())),
        401 => Answer::Unauthenticated(words),
        403 => Answer::Forbidden(words),
        404 => Answer::Unknown,
        500.. if parsed["kind"] != "Status" => Answer::Refused(words),
        code => Answer::Failed(code, words),
    }
}

fn text(body: &[u8]) -> String {
    String::from_utf8_lossy(body).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(code: u16, body: &impl ToString) -> Answer {
        classify(Question::Workflows, StatusCode::from_u16(code).unwrap(), body.to_string().as_bytes())
    }

    fn status(message: &str) -> Value {
        json!({"kind": "Status", "message": message})
    }

    #[test]
    fn an_answer_is_what_was_asked_for_and_nothing_else() {
        assert_eq!(answer(200, &json!({"kind": "WorkflowList", "items": []})), Answer::Answered);
        assert_eq!(answer(200, &"<html>"), Answer::Failed(200, "it is no WorkflowList".to_owned()));
    }

    #[test]
    fn the_aggregator_is_told_from_the_server_behind_it() {
        let words = "error trying to reach service: tls: failed to verify certificate: x509";
        assert_eq!(answer(503, &format!("{words}\n")), Answer::Refused(words.to_owned()));
        assert_eq!(answer(503, &status("not ready")), Answer::Failed(503, "not ready".to_owned()));
        assert_eq!(answer(404, &"404 page not found\n"), Answer::Unknown);
    }

    #[test]
    fn not_being_believed_is_told_from_not_being_allowed() {
        assert_eq!(answer(401, &status("Unauthorized")), Answer::Unauthenticated("Unauthorized".to_owned()));
        assert_eq!(answer(403, &status("you cannot")), Answer::Forbidden("you cannot".to_owned()));
        assert_eq!(answer(429, &status("later")), Answer::Failed(429, "later".to_owned()));
    }
}
