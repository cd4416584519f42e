//! Whether certificates are renewed by themselves. That they are not is no failure before one has expired.

use std::cmp::Reverse;

use k8s_openapi::api::batch::v1::{CronJob, Job};

use super::facts::Facts;
use super::objects::reinstall;
use super::verdict::{Verdict, known, present, warning};

const NAME: &str = "workflow-apiserver-renewal";

pub(super) fn verdict(facts: &Facts) -> Verdict {
    let what = format!("CronJob {NAME}");
    let job = present(&facts.objects.renewal, &what, &reinstall(facts)).map_err(|problem| match problem {
        missing if facts.objects.renewal.is_ok() => warning(missing.message, missing.hint),
        unknown => unknown,
    })?;
    if is_suspended(job) {
        let patch = format!(
            "kubectl patch cronjob -n {} {NAME} -p '{{\"spec\":{{\"suspend\":false}}}}'",
            facts.namespace
        );
        return Err(warning(format!("{what} is suspended"), patch));
    }
    runs(facts)
}

fn is_suspended(job: &CronJob) -> bool {
    job.spec.suspend == Some(true)
}

/// Judges the latest run that has ended.
fn runs(facts: &Facts) -> Verdict {
    let mut runs: Vec<_> = known(&facts.renewals, "the runs of the renewal")?.iter().collect();
    runs.sort_by_key(|run| Reverse(run.metadata.creation_timestamp.as_ref().map(|time| time.0)));
    match runs.iter().find_map(|run| end(run).map(|end| (run, end))) {
        None => Ok("it runs every hour, and has not run yet".to_owned()),
        Some((_, Ok(()))) => Ok("its last run succeeded".to_owned()),
        Some((run, Err(why))) => {
            let name = run.metadata.name.as_deref().unwrap_or_default();
            let hint = format!("kubectl logs -n {} job/{name}", facts.namespace);
            Err(warning(format!("its last run failed: {why}"), hint))
        }
    }
}

fn end(run: &Job) -> Option<Result<(), String>> {
    let conditions = run.status.as_ref()?.conditions.as_ref()?;
    let holds = |kind: &str| {
        conditions.iter().find(|condition| condition.type_ == kind && condition.status == "True")
    };
    if holds("Complete").is_some() {
        return Some(Ok(()));
    }
    let failed = holds("Failed")?;
    Some(Err(failed.message.clone().unwrap_or_else(|| "nobody says why".to_owned())))
}
