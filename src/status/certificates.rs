//! Who proves himself with what, and who is believed: the authority, what it issued, what kube-apiserver trusts, and
//! what each replica really shows.

use jiff::{SignedDuration, Timestamp};

use super::facts::{Facts, Replica, Stored};
use super::registration;
use super::renewal;
use super::report::{Category, Check};
use super::verdict::{Problem, Verdict, failed, present, warning};
use crate::pki::bundle::Bundle;
use crate::pki::inspect::{self, Unhealthy};
use crate::pki::{SERVICE, service_names};
use crate::pods;
use crate::proof::Shown;

const AUTHORITY: &str = "Secret workflow-apiserver-ca";
const SERVING: &str = "Secret workflow-apiserver-certs";

pub(super) fn checks(facts: &Facts, now: Timestamp) -> Vec<Check> {
    let mut checks = Vec::new();
    if !registration::is_injected(facts) {
        checks.push(check("authority", authority(facts, now)));
    }
    checks.push(check("serving certificate", serving(facts, now)));
    checks.push(check("caBundle", bundle(facts, now)));
    let replicas = facts.replicas.iter().filter(|replica| replica.shown.is_ok() || is_ready(facts, replica));
    checks.extend(
        replicas.map(|replica| check(&format!("replica {}", replica.name), shown(facts, replica, now))),
    );
    if !registration::is_injected(facts) {
        checks.push(check("renewal", renewal::verdict(facts)));
    }
    checks
}

fn check(name: &str, verdict: Verdict) -> Check {
    Check::new(Category::Certificates, name, verdict)
}

/// A pod that is not ready gets no requests: what is wrong with it is told elsewhere.
fn is_ready(facts: &Facts, replica: &Replica) -> bool {
    facts.pods.iter().flatten().any(|pod| pods::name(pod) == replica.name && pods::is_ready(pod))
}

/// Returns the command that repairs certificates.
pub(super) fn repair(facts: &Facts) -> String {
    format!("wfctl certs rotate --if-needed -n {}", facts.namespace)
}

fn authority(facts: &Facts, now: Timestamp) -> Verdict {
    let repair = repair(facts);
    let stored = present(&facts.objects.authority, AUTHORITY, &repair)?;
    let left = living("it", usable(stored, AUTHORITY, &repair)?, now, &repair)?;
    Ok(format!("it is valid for {left}"))
}

fn serving(facts: &Facts, now: Timestamp) -> Verdict {
    let repair = repair(facts);
    let stored = present(&facts.objects.serving, SERVING, &repair)?;
    let certificate = usable(stored, SERVING, &repair)?;
    certificate
        .check_names(&service_names(SERVICE, &facts.namespace))
        .map_err(|why| failed(format!("the certificate in {SERVING}: {why}"), &repair))?;
    let left = living("it", certificate, now, &repair)?;
    Ok(format!("it is valid for {left}"))
}

fn usable<'s>(stored: &'s Stored, what: &str, repair: &str) -> Result<&'s inspect::Facts, Problem> {
    let unreadable = || failed(format!("{what} holds no certificate that can be read"), repair);
    let certificate = stored.certificate.as_ref().ok_or_else(unreadable)?;
    let unfit = || failed(format!("{what} holds no key that belongs to the certificate"), repair);
    stored.key_fits.then_some(certificate).ok_or_else(unfit)
}

/// What kube-apiserver trusts has to include whoever issued the serving certificate.
fn bundle(facts: &Facts, now: Timestamp) -> Verdict {
    let repair = repair(facts);
    let bundle = trusted(facts)?;
    if bundle.certificates().all(|authority| authority.check_valid(now).is_err()) {
        return Err(failed("every authority in it has expired", repair));
    }
    let serving = facts.objects.serving.as_ref().ok().and_then(Option::as_ref);
    let leaf = serving.and_then(|stored| stored.certificate.as_ref());
    if let Some(Err(why)) = leaf.map(|leaf| bundle.check(leaf, now)) {
        return Err(failed(format!("kube-apiserver does not accept the serving certificate: {why}"), repair));
    }
    match bundle.fingerprints().len() {
        1 => Ok("the authority of the serving certificate alone".to_owned()),
        several => Ok(format!("{several} authorities, as while certificates are replaced")),
    }
}

fn trusted(facts: &Facts) -> Result<Bundle, Problem> {
    let pem = registration::ca_bundle(registration::present(facts)?);
    let pem = pem.ok_or_else(|| failed("the APIService has none", repair(facts)))?;
    Bundle::from_pem(pem).map_err(|_| failed("it cannot be read", repair(facts)))
}

/// One success of five satisfies the aggregator: only a handshake with each replica finds the bad one. Where nobody is
/// trusted, or it is not known who is, that is no fault of the replica.
fn shown(facts: &Facts, replica: &Replica, now: Timestamp) -> Verdict {
    let Shown { leaf, verdict } = replica.shown.as_ref().map_err(|why| unseen(facts, replica, why))?;
    if let (Ok(_), Err(why)) = (trusted(facts), verdict) {
        let message = format!("kube-apiserver does not accept what it serves: {why}");
        return Err(failed(message, repair(facts)));
    }
    let serves = format!("it serves {:.16}", leaf.fingerprint());
    let left = living(&format!("{serves}, which"), leaf, now, &repair(facts))?;
    Ok(format!("{serves}, valid for {left}"))
}

fn unseen(facts: &Facts, replica: &Replica, why: &str) -> Problem {
    let hint = format!("kubectl logs -n {} {}", facts.namespace, replica.name);
    failed(format!("no handshake with it: {why}"), hint)
}

/// Returns how long `certificate` is good for, or says of the `subject` what is wrong with it. Renewal begins with a third of its life left; later, something is wrong.
fn living(
    subject: &str,
    certificate: &inspect::Facts,
    now: Timestamp,
    repair: &str,
) -> Result<String, Problem> {
    let left = left(certificate, now);
    match certificate.check_valid(now).and_then(|()| certificate.check_life(now)) {
        Ok(()) => Ok(left),
        Err(Unhealthy::Aged) => {
            Err(warning(format!("{subject} expires in {left}, and was not renewed"), repair))
        }
        Err(Unhealthy::Expired) => Err(failed(format!("{subject} has expired"), repair)),
        Err(why) => Err(failed(format!("{subject}: {why}"), repair)),
    }
}

fn left(certificate: &inspect::Facts, now: Timestamp) -> String {
    let left: SignedDuration = certificate.not_after.duration_since(now);
    match left.as_hours() {
        hours @ 48.. => format!("{} days", hours / 24),
        hours @ 2.. => format!("{hours} hours"),
        _ => format!("{} minutes", left.as_mins()),
    }
}
