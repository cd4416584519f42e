//! Measures the release binary from outside, as a client meets it: how fast it answers, what that costs and how
//! much memory it takes. Asserts nothing about time.

mod client;
mod fleet;
mod load;
mod object;
mod options;
mod process;
mod report;
mod scenarios;
mod server;
mod storage;

use std::io::{self, Write};
use std::path::Path;

use crate::fleet::Fleet;
use crate::options::{HELP, Options};
use crate::report::{Report, progress};
use crate::scenarios::Bench;
use crate::storage::Storage;

/// How often an empty server is started; the median counts.
const STARTS: usize = 3;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    match Options::parse(std::env::args().skip(1))? {
        Some(options) => measure(&options).await,
        None => Ok(writeln!(io::stdout(), "{HELP}")?),
    }
}

async fn measure(options: &Options) -> anyhow::Result<()> {
    let storage = Storage::start(options.storage.as_deref())?;
    let mut report = Report::new(format!("{} on {}", servers(options.replicas), storage.describe()?));
    let start = async |directory: &Path| Fleet::start(options, &storage.url(directory), directory).await;
    progress("starting empty servers");
    start_empty(start, &mut report).await?;
    let directory = tempfile::tempdir()?;
    let fleet = start(directory.path()).await?;
    Bench::new(options, &fleet).await?.create(&mut report).await?;
    report.state(options.objects, "as written", None, fleet.idle_megabytes().await?);
    fleet.stop()?;

    let fleet = start(directory.path()).await?;
    let megabytes = fleet.idle_megabytes().await?;
    report.state(options.objects, "restarted", Some(fleet.start), megabytes);
    let bench = Bench::new(options, &fleet).await?;
    bench.read(&mut report).await?;
    bench.update(&mut report).await?;
    bench.watch(&mut report).await?;
    report.state(options.objects, "after all but deletes", None, fleet.idle_megabytes().await?);
    bench.delete(&mut report).await?;
    drop(bench);
    fleet.stop()?;
    Ok(report.print()?)
}

fn servers(replicas: usize) -> String {
    if replicas == 1 { "one server".to_owned() } else { format!("{replicas} servers") }
}

/// Starts servers without a store, each time the first in their directory.
async fn start_empty(
    start: impl AsyncFn(&Path) -> anyhow::Result<Fleet>,
    report: &mut Report,
) -> anyhow::Result<()> {
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let directory = tempfile::tempdir()?;
        let fleet = start(directory.path()).await?;
        starts.push((fleet.start, fleet.idle_megabytes().await?));
        fleet.stop()?;
    }
    starts.sort_unstable_by_key(|(start, _)| *start);
    let (start, megabytes) = starts[STARTS / 2];
    report.state(0, "new", Some(start), megabytes);
    Ok(())
}
