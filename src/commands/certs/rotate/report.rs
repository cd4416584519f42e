//! What a rotation came to: on stdout, for people and programs.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::proof::{Tally, Watched};
use crate::rotation::{Done, Entry, Look, Pair};

/// What a rotation came to.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    rotated: bool,
    steps: Vec<Entry>,
    requests: Requests,
    watches: Watched,
    authority: Option<Certificate>,
    serving: Option<Certificate>,
    next_renewal: Timestamp,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Requests {
    sent: u64,
    /// Those that failed although all was well before.
    failed: u64,
    /// Those that failed before the rotation had repaired what it found.
    failed_before: u64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Certificate {
    fingerprint: String,
    not_after: Timestamp,
}

impl Report {
    /// Says that there was nothing to do.
    pub(super) fn of_peace(look: &Look, until: Timestamp) -> Self {
        Self { rotated: false, ..Self::new(look, until, Vec::new()) }
    }

    /// Says what was done, while the requests of `tally` were sent and watches were held.
    pub(super) fn of(done: &Done, steps: Vec<Entry>, tally: &Tally, watches: Watched) -> Self {
        let before = done.before.as_ref().unwrap_or(tally);
        let requests =
            Requests { sent: tally.all(), failed: tally.since(before).failed, failed_before: before.failed };
        Self { requests, watches, ..Self::new(&done.look, done.until, steps) }
    }

    fn new(look: &Look, until: Timestamp, steps: Vec<Entry>) -> Self {
        Self {
            rotated: true,
            steps,
            requests: Requests::default(),
            watches: Watched::default(),
            authority: look.authorities.issuing.as_ref().map(Certificate::of),
            serving: look.serving.pair.as_ref().map(Certificate::of),
            next_renewal: until,
        }
    }
}

impl Certificate {
    fn of(pair: &Pair) -> Self {
        Self { fingerprint: pair.facts.fingerprint().to_string(), not_after: pair.facts.not_after }
    }
}

impl fmt::Display for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:.16}, valid until {}", self.fingerprint, self.not_after)
    }
}

impl fmt::Display for Requests {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sent, failed, failed_before } = self;
        if *failed_before > 0 {
            writeln!(formatter, "{failed_before} requests failed before everything was repaired")?;
        }
        writeln!(formatter, "{failed} of {} requests failed", sent - failed_before)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, certificate) in [("authority", &self.authority), ("serving certificate", &self.serving)] {
            if let Some(certificate) = certificate {
                writeln!(formatter, "{what} {certificate}")?;
            }
        }
        writeln!(formatter, "next renewal at {}", self.next_renewal)?;
        if !self.rotated {
            return writeln!(formatter, "nothing to do");
        }
        let Watched { held, reconnects } = self.watches;
        if held > 0 {
            writeln!(formatter, "{reconnects} reconnects of {held} watches")?;
        }
        self.requests.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(rotated: bool, requests: Requests) -> Report {
        let moment: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let certificate = Certificate { fingerprint: "AB".repeat(32), not_after: moment };
        Report {
            rotated,
            steps: Vec::new(),
            requests,
            watches: Watched::default(),
            authority: None,
            serving: Some(certificate),
            next_renewal: moment,
        }
    }

    const LINES: &str = "\
serving certificate ABABABABABABABAB, valid until 2026-01-01T00:00:00Z
next renewal at 2026-01-01T00:00:00Z
";

    #[test]
    fn the_last_line_says_how_many_requests_failed() {
        let requests = Requests { sent: 100, failed: 0, failed_before: 0 };
        assert_eq!(report(true, requests).to_string(), format!("{LINES}0 of 100 requests failed\n"));
    }

    #[test]
    fn reconnects_are_told_of_watches_that_were_held() {
        let requests = Requests { sent: 100, failed: 0, failed_before: 0 };
        let report = Report { watches: Watched { held: 4, reconnects: 1 }, ..report(true, requests) };
        let lines = "1 reconnects of 4 watches\n0 of 100 requests failed\n";
        assert_eq!(report.to_string(), format!("{LINES}{lines}"));
    }

    #[test]
    fn what_failed_before_the_repair_is_counted_apart() {
        let requests = Requests { sent: 100, failed: 1, failed_before: 20 };
        let lines = "20 requests failed before everything was repaired\n1 of 80 requests failed\n";
        assert_eq!(report(true, requests).to_string(), format!("{LINES}{lines}"));
    }

    #[test]
    fn where_nothing_was_done_no_requests_are_counted() {
        assert_eq!(report(false, Requests::default()).to_string(), format!("{LINES}nothing to do\n"));
    }
}
