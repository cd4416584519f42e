//! Many requests at once, and what they took.

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures::future::try_join_all;

use crate::client::Connection;
use crate::fleet::Fleet;
use crate::process;

/// When a load ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Until {
    /// After so many operations.
    Count(usize),
    /// After so long.
    Time(Duration),
}

/// What a load took.
#[derive(Clone, Debug)]
pub(crate) struct Measured {
    pub(crate) operations: usize,
    pub(crate) elapsed: Duration,
    /// How long each operation took, sorted.
    latencies: Vec<Duration>,
    server_cpu: f64,
    client_cpu: f64,
}

impl Measured {
    /// Says how many operations were measured.
    pub(crate) fn of(self, operations: usize) -> Self {
        Self { operations, ..self }
    }

    pub(crate) fn rate(&self) -> f64 {
        self.operations as f64 / self.elapsed.as_secs_f64()
    }

    /// Returns the latency that a share of the operations did not exceed, if it was measured.
    pub(crate) fn quantile(&self, share: f64) -> Option<Duration> {
        let index = (self.latencies.len() as f64 * share) as usize;
        self.latencies.get(index).or(self.latencies.last()).copied()
    }

    /// Returns the seconds of CPU of all servers for a thousand operations.
    pub(crate) fn server_cpu(&self) -> f64 {
        self.server_cpu * 1000.0 / self.operations.max(1) as f64
    }

    /// Returns this program's seconds of CPU for a thousand operations.
    pub(crate) fn client_cpu(&self) -> f64 {
        self.client_cpu * 1000.0 / self.operations.max(1) as f64
    }
}

/// Carries out an operation again and again, `at_once` at a time, and measures it. The operation gets a
/// connection and its own number, counted from zero.
pub(crate) async fn run(
    fleet: &Fleet,
    connections: &[Connection],
    at_once: usize,
    until: Until,
    operation: impl AsyncFn(&mut Connection, usize) -> anyhow::Result<()>,
) -> anyhow::Result<Measured> {
    let (next, begin) = (Cell::new(0), Instant::now());
    let take = || {
        let number = next.replace(next.get() + 1);
        let more = match until {
            Until::Count(count) => number < count,
            Until::Time(time) => begin.elapsed() < time,
        };
        more.then_some(number)
    };
    let workers = connections.iter().cycle().take(at_once).map(async |connection| {
        let mut connection = connection.clone();
        let mut latencies = Vec::new();
        while let Some(number) = take() {
            let sent = Instant::now();
            operation(&mut connection, number).await?;
            latencies.push(sent.elapsed());
        }
        anyhow::Ok(latencies)
    });
    let (latencies, mut measured) = measure(fleet, try_join_all(workers)).await?;
    measured.latencies = latencies.concat();
    measured.latencies.sort_unstable();
    Ok(Measured { operations: measured.latencies.len(), ..measured })
}

/// Measures any work, whose operations are yet to be counted.
pub(crate) async fn measure<T>(
    fleet: &Fleet,
    work: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<(T, Measured)> {
    let own = std::process::id();
    let (server_before, client_before) = (fleet.cpu_seconds()?, process::cpu_seconds(own)?);
    let begin = Instant::now();
    let done = work.await?;
    let measured = Measured {
        operations: 0,
        elapsed: begin.elapsed(),
        latencies: Vec::new(),
        server_cpu: fleet.cpu_seconds()? - server_before,
        client_cpu: process::cpu_seconds(own)? - client_before,
    };
    Ok((done, measured))
}
