//! `wfctl status`.

mod gather;

use std::time::Duration;

use anyhow::{Context, anyhow};
use tokio::time::{Instant, sleep, timeout_at};

use super::output::print;
use super::runtime::block_on;
use crate::cli::{OutputFormat, Status};
use crate::cluster::{Cluster, ClusterError, Greeting, Patience, Reason};
use crate::config::TargetConfig;
use crate::failure::{Failure, Hint};
use crate::printer::Printer;
use crate::status::{self, Report};

/// How long the first answer of a cluster may take that is there at all.
const GREETING: Duration = Duration::from_secs(10);
/// How long to pause before looking again.
const PAUSE: Duration = Duration::from_secs(1);

/// Tells how the installation is.
pub(super) fn run(arguments: &Status, printer: &Printer) -> Result<(), Failure> {
    let target = TargetConfig::try_from(&arguments.target)?;
    block_on(async {
        let cluster = target.access.connect(Patience::OneAnswer).await?;
        let looking = Looking { cluster, target, format: arguments.output, printer };
        match (arguments.wait, arguments.watch) {
            (true, _) => looking.until_healthy().await,
            (_, true) => looking.for_ever().await,
            _ => looking.once().await,
        }
    })
}

/// Who looks at what, and whom he tells.
struct Looking<'p> {
    cluster: Cluster,
    target: TargetConfig,
    format: OutputFormat,
    printer: &'p Printer,
}

impl Looking<'_> {
    async fn once(&self) -> Result<(), Failure> {
        let report = self.look(self.deadline()).await?;
        self.tell(&report)?;
        conclude(&report)
    }

    async fn until_healthy(&self) -> Result<(), Failure> {
        let deadline = self.deadline();
        let waiting = self.printer.step("Waiting until no check fails");
        let mut report = self.look(deadline).await?;
        while !report.healthy && Instant::now() + PAUSE < deadline {
            waiting.say(format!("Waiting until these no longer fail: {}", names(&report)));
            sleep(PAUSE).await;
            report = self.look(deadline).await?;
        }
        drop(waiting);
        self.tell(&report)?;
        conclude(&report)
    }

    async fn for_ever(&self) -> Result<(), Failure> {
        let mut told: Option<Report> = None;
        loop {
            let report = self.look(self.deadline()).await?;
            if self.format == OutputFormat::Table && self.printer.is_read_on_a_terminal() {
                self.printer.redraw(&self.table(&report)).context("cannot write the status")?;
            } else if !told.is_some_and(|told| told.says_the_same_as(&report)) {
                self.tell(&report)?;
            }
            told = Some(report);
            sleep(PAUSE).await;
        }
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.target.timeout
    }

    async fn look(&self, deadline: Instant) -> anyhow::Result<Report> {
        let late = || anyhow!("the cluster did not tell all in {:?}", self.target.timeout);
        let looking = Box::pin(self.report());
        timeout_at(deadline, looking).await.map_err(|_| late()).hint("--timeout allows more")
    }

    async fn report(&self) -> Report {
        match self.greet().await {
            Ok(Greeting { version, now, .. }) => {
                let namespace = self.target.namespace.as_str();
                let facts = Box::pin(gather::facts(&self.cluster, namespace, version, now)).await;
                status::judge(&facts, now)
            }
            Err(error) => status::unreached(&error),
        }
    }

    async fn greet(&self) -> Result<Greeting, ClusterError> {
        let greeting = tokio::time::timeout(GREETING, self.cluster.greet()).await;
        greeting.unwrap_or_else(|_| {
            let why = format!("there was no answer in {GREETING:?}");
            Err(ClusterError::new("ask", &self.cluster.server, Reason::Unreachable, why))
        })
    }

    fn tell(&self, report: &Report) -> anyhow::Result<()> {
        print(report, self.format, || self.table(report), self.printer)
    }

    fn table(&self, report: &Report) -> String {
        status::table::render(report, self.printer.colors_data(), self.printer.data_width())
    }
}

fn conclude(report: &Report) -> Result<(), Failure> {
    match report.failed().count() {
        0 => Ok(()),
        1 => Err(anyhow!("1 check failed: {}", names(report)).into()),
        several => Err(anyhow!("{several} checks failed: {}", names(report)).into()),
    }
}

fn names(report: &Report) -> String {
    report.failed().map(|check| check.name.as_str()).collect::<Vec<_>>().join(", ")
}
