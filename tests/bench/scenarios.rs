//! What is measured, operation by operation.

use anyhow::{Context, bail};
use bytes::Bytes;
use futures::future::{try_join, try_join_all};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::client::{Answer, Connection};
use crate::fleet::Fleet;
use crate::load::{Measured, Until, measure, run};
use crate::object;
use crate::options::Options;
use crate::report::Report;

const JSON: (&str, &str) = ("content-type", "application/json");
const MERGE_PATCH: (&str, &str) = ("content-type", "application/merge-patch+json");
const TABLE: (&str, &str) = ("accept", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");

/// Servers under load.
#[derive(Debug)]
pub(crate) struct Bench<'a> {
    options: &'a Options,
    fleet: &'a Fleet,
    connections: Vec<Connection>,
}

impl<'a> Bench<'a> {
    pub(crate) async fn new(options: &'a Options, fleet: &'a Fleet) -> anyhow::Result<Self> {
        let opened = fleet.access().take(options.connections).map(Connection::open);
        Ok(Self { options, fleet, connections: try_join_all(opened).await? })
    }

    /// Fills the store, an equal share with each number of requests at once.
    pub(crate) async fn create(&self, report: &mut Report) -> anyhow::Result<()> {
        for (first, count, at_once) in self.shares() {
            let create = async |connection: &mut Connection, number: usize| {
                let number = first + number;
                let path = object::collection_of(number);
                expect(201, &connection.send("POST", &path, &[JSON], object::body(number)).await?)
            };
            let measured = run(self.fleet, &self.connections, at_once, Until::Count(count), create).await?;
            report.operation("create", at_once, &measured);
        }
        Ok(())
    }

    /// Empties the store.
    pub(crate) async fn delete(&self, report: &mut Report) -> anyhow::Result<()> {
        for (first, count, at_once) in self.shares() {
            let delete = async |connection: &mut Connection, number: usize| {
                expect(
                    200,
                    &connection.send("DELETE", &object::path(first + number), &[], Bytes::new()).await?,
                )
            };
            let measured = run(self.fleet, &self.connections, at_once, Until::Count(count), delete).await?;
            report.operation("delete", at_once, &measured);
        }
        Ok(())
    }

    fn shares(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let (objects, parts) = (self.options.objects, self.options.at_once.len());
        let at_once = self.options.at_once.iter().enumerate();
        at_once.map(move |(part, at_once)| {
            let (first, end) = (objects * part / parts, objects * (part + 1) / parts);
            (first, end - first, *at_once)
        })
    }

    /// Reads.
    pub(crate) async fn read(&self, report: &mut Report) -> anyhow::Result<()> {
        let objects = self.options.objects;
        self.repeat(report, "get", async |connection, number| {
            expect(200, &connection.get(&object::path(spread(number, objects))).await?)
        })
        .await?;
        self.repeat(report, "list of 1,000", async |connection, number| {
            let path = object::collection(number % (objects / 1000));
            expect(200, &connection.get(&path).await?)
        })
        .await?;
        self.repeat(report, "table of 1,000", async |connection, number| {
            let path = object::collection(number % (objects / 1000));
            expect(200, &connection.send("GET", &path, &[TABLE], Bytes::new()).await?)
        })
        .await
    }

    /// Changes objects, each by one request at a time.
    pub(crate) async fn update(&self, report: &mut Report) -> anyhow::Result<()> {
        let objects = self.options.objects;
        self.repeat(report, "update (get + put)", async |connection, number| {
            let path = object::path(spread(number, objects));
            let found = connection.get(&path).await?;
            expect(200, &found)?;
            let changed =
                object::with_counter(&found.body, number + 1).context("an object without a counter")?;
            expect(200, &connection.send("PUT", &path, &[JSON], changed).await?)
        })
        .await?;
        self.repeat(report, "merge patch", async |connection, number| {
            let path = object::path(spread(number, objects));
            let patch = object::merge_patch(number + 500_000_000);
            expect(200, &connection.send("PATCH", &path, &[MERGE_PATCH], patch).await?)
        })
        .await
    }

    /// Sends events to many watchers; an operation is an event that one of them received.
    pub(crate) async fn watch(&self, report: &mut Report) -> anyhow::Result<()> {
        let (watchers, events) = (self.options.watchers, self.options.events);
        let name = format!("event to one of {watchers} watchers");
        if !self.options.wants(&name) {
            return Ok(());
        }
        // Beyond the objects, in a namespace that is still empty.
        let first = self.options.objects + 1000;
        let path = format!("{}?watch=1", object::collection_of(first));
        let opened = self.fleet.access().take(watchers).map(async |access| {
            let mut connection = Connection::open(access).await?;
            let answer = connection.begin("GET", &path, &[], Bytes::new()).await?;
            anyhow::Ok((connection, answer.into_body()))
        });
        let mut watches = try_join_all(opened).await?;
        for at_once in [1, 16] {
            let first = first + at_once * events;
            let received = watches.iter_mut().map(|(_, body)| read_lines(body, events));
            let all = try_join(try_join_all(received), self.create_from(first, events, at_once));
            let (_, measured) = measure(self.fleet, all).await?;
            report.operation(&name, at_once, &measured.of(watchers * events));
        }
        Ok(())
    }

    async fn create_from(&self, first: usize, count: usize, at_once: usize) -> anyhow::Result<Measured> {
        let create = async |connection: &mut Connection, number: usize| {
            let path = object::collection_of(self.options.objects + 1000);
            expect(201, &connection.send("POST", &path, &[JSON], object::body(first + number)).await?)
        };
        run(self.fleet, &self.connections, at_once, Until::Count(count), create).await
    }

    /// Measures an operation with each number of requests at once.
    async fn repeat(
        &self,
        report: &mut Report,
        name: &str,
        operation: impl AsyncFn(&mut Connection, usize) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        for at_once in self.options.at_once.iter().filter(|_| self.options.wants(name)) {
            let until = Until::Time(self.options.time);
            let measured = run(self.fleet, &self.connections, *at_once, until, &operation).await?;
            report.operation(name, *at_once, &measured);
        }
        Ok(())
    }
}

/// Reads a watch until it has had this many events.
async fn read_lines(body: &mut Incoming, count: usize) -> anyhow::Result<()> {
    let mut seen = 0;
    while seen < count {
        let frame = body.frame().await.context("a watch ended early")??;
        seen += frame.data_ref().map_or(0, |data| data.iter().filter(|byte| **byte == b'\n').count());
    }
    Ok(())
}

/// Spreads consecutive numbers over all objects.
fn spread(number: usize, objects: usize) -> usize {
    number.wrapping_mul(7919) % objects
}

fn expect(code: u16, answer: &Answer) -> anyhow::Result<()> {
    if answer.code != code {
        bail!("{} instead of {code}: {}", answer.code, String::from_utf8_lossy(&answer.body));
    }
    Ok(())
}
