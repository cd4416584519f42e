//! `wfctl certs list`.

use anyhow::anyhow;
use jiff::SignedDuration;
use serde::Serialize;

use super::{block_on, print};
use crate::cli::CertsList;
use crate::cluster::Patience;
use crate::config::{CertsListConfig, TargetConfig};
use crate::failure::Failure;
use crate::printer::Printer;
use crate::rotation::{Certificate, InCluster, Look, Role, RotateError, Said, certificates};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const HEADINGS: [&str; 7] = ["CERTIFICATE", "PLACE", "FINGERPRINT", "NAMES", "EXPIRES", "LEFT", "STATUS"];

/// All certificates, and whether they are well.
#[derive(Debug, Serialize)]
struct Report {
    healthy: bool,
    certificates: Vec<Certificate>,
}

/// Lists, and fails if something is wrong.
pub(super) fn run(arguments: &CertsList, printer: &Printer) -> Result<(), Failure> {
    let config = CertsListConfig::try_from(arguments)?;
    let certificates = block_on(all(&config.target))?;
    let problem = problem(&certificates, config.fail_within);
    let report = Report { healthy: problem.is_none(), certificates };
    print(&report, arguments.output, || table(&report.certificates), printer)?;
    problem.map_or(Ok(()), |problem| Err(Failure::hinted(anyhow!(problem), HINT)))
}

const HINT: &str = "wfctl certs rotate --if-needed repairs and renews what is wfctl's own";

async fn all(target: &TargetConfig) -> Result<Vec<Certificate>, Failure> {
    let namespace = target.namespace.as_str();
    let look = async {
        let cluster = target.access.connect(Patience::Retries).await?;
        let installation = InCluster::new(cluster, namespace);
        let look = Look::at(&installation).await?.ok_or(RotateError::NotInstalled)?;
        Ok::<_, anyhow::Error>((installation.front_proxy().await, look))
    };
    let looked = tokio::time::timeout(target.timeout, look).await;
    let (front_proxy, look) = looked.map_err(|_| anyhow!("the cluster did not answer in time"))??;
    Ok(certificates(&look, &front_proxy, namespace))
}

fn problem(certificates: &[Certificate], fail_within: Option<SignedDuration>) -> Option<String> {
    let wrong = certificates.iter().filter(|found| found.problem.is_some()).count();
    let ending = |found: &&Certificate| fail_within.is_some_and(|time| found.ends_within(time));
    let ending = certificates.iter().filter(ending).count();
    match (wrong, ending) {
        (0, 0) => None,
        (0, ending) => {
            Some(format!("{ending} of {} certificates expire within that time", certificates.len()))
        }
        (wrong, _) => Some(format!("something is wrong with {wrong} of {} certificates", certificates.len())),
    }
}

fn table(certificates: &[Certificate]) -> String {
    let rows: Vec<_> = certificates.iter().map(row).collect();
    let rows: Vec<_> = [HEADINGS.map(ToOwned::to_owned)].into_iter().chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<_> = (0..HEADINGS.len()).map(width).collect();
    rows.iter().map(|row| line(row, &widths)).collect()
}

fn line(row: &[String], widths: &[usize]) -> String {
    let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}   "));
    cells.collect::<String>().trim_end().to_owned() + "\n"
}

fn row(certificate: &Certificate) -> [String; HEADINGS.len()] {
    let nothing = || "-".to_owned();
    let said = certificate.facts.as_ref();
    [
        role(certificate.role).to_owned(),
        certificate.place.clone(),
        said.map_or_else(nothing, |said| format!("{:.16}", said.fingerprint)),
        said.map_or_else(nothing, names),
        said.map_or_else(nothing, |said| said.not_after.to_string()),
        said.map_or_else(nothing, |said| left(said.seconds_left)),
        certificate.problem.clone().unwrap_or_else(|| "ok".to_owned()),
    ]
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Authority => "authority",
        Role::PreviousAuthority => "authority before",
        Role::Serving => "serving",
        Role::Trusted => "trusted",
        Role::Served => "served",
        Role::FrontProxy => "front proxy CA",
    }
}

/// The name that kube-apiserver asks for stands for the others.
fn names(said: &Said) -> String {
    let first = said.names.iter().find(|name| name.ends_with(".svc")).or(said.names.first());
    match (first, said.names.len()) {
        (None, _) => "-".to_owned(),
        (Some(name), 1) => name.clone(),
        (Some(name), count) => format!("{name} (+{})", count - 1),
    }
}

fn left(seconds: i64) -> String {
    match seconds {
        ..=0 => "none".to_owned(),
        DAY.. => format!("{}d", seconds / DAY),
        HOUR.. => format!("{}h", seconds / HOUR),
        _ => format!("{}m", seconds / MINUTE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(role: Role, seconds_left: i64, problem: Option<&str>) -> Certificate {
        let names = ["a", "a.b", "a.b.svc"].map(ToOwned::to_owned).to_vec();
        let not_after = "2026-01-01T00:00:00Z".parse().unwrap();
        let fingerprint = "0123456789ABCDEF".repeat(4);
        let said = Said { fingerprint, names, not_before: not_after, not_after, seconds_left };
        Certificate {
            role,
            place: "there".to_owned(),
            facts: Some(said),
            problem: problem.map(ToOwned::to_owned),
        }
    }

    #[test]
    fn a_certificate_is_a_line() {
        let missing = Certificate {
            role: Role::Authority,
            place: "Secret a".to_owned(),
            facts: None,
            problem: Some("there is none".to_owned()),
        };
        let expected = "\
CERTIFICATE   PLACE      FINGERPRINT        NAMES          EXPIRES                LEFT   STATUS
authority     Secret a   -                  -              -                      -      there is none
served        there      0123456789ABCDEF   a.b.svc (+2)   2026-01-01T00:00:00Z   89d    ok
";
        assert_eq!(table(&[missing, certificate(Role::Served, 90 * DAY - 1, None)]), expected);
    }

    #[test]
    fn what_is_wrong_or_ends_soon_fails() {
        let well = [certificate(Role::Served, 40 * DAY, None)];
        assert_eq!(problem(&well, None), None);
        assert_eq!(problem(&well, Some(SignedDuration::from_hours(30 * 24))), None);
        assert!(problem(&well, Some(SignedDuration::from_hours(50 * 24))).is_some());
        assert!(problem(&[certificate(Role::Served, DAY, Some("expired"))], None).is_some());
    }

    #[test]
    fn what_is_left_is_rounded_down() {
        assert_eq!([-5, 119, 2 * HOUR - 1, DAY].map(left), ["none", "1m", "1h", "1d"]);
    }
}
