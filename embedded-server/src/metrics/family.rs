//! Makes metrics known to a registry.

use prometheus::core::Collector;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Gauge, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGaugeVec, Opts, Registry,
};

/// Makes metrics of one registry.
#[derive(Debug)]
pub(super) struct Family<'r>(pub(super) &'r Registry);

type Made<T> = prometheus::Result<T>;

impl Family<'_> {
    pub(super) fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.known(IntCounter::new(name, help))
    }

    pub(super) fn counters(&self, name: &str, help: &str, labels: &[&str]) -> IntCounterVec {
        self.known(IntCounterVec::new(Opts::new(name, help), labels))
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> Gauge {
        self.known(Gauge::new(name, help))
    }

    pub(super) fn gauges(&self, name: &str, help: &str, labels: &[&str]) -> IntGaugeVec {
        self.known(IntGaugeVec::new(Opts::new(name, help), labels))
    }

    pub(super) fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        self.known(Histogram::with_opts(HistogramOpts::new(name, help).buckets(buckets.to_vec())))
    }

    pub(super) fn histograms(
        &self,
        name: &str,
        help: &str,
        buckets: &[f64],
        labels: &[&str],
    ) -> HistogramVec {
        self.known(HistogramVec::new(HistogramOpts::new(name, help).buckets(buckets.to_vec()), labels))
    }

    /// Counts what the process uses, as `process_…`.
    pub(super) fn process(&self) {
        if let Err(error) = self.0.register(Box::new(ProcessCollector::for_self())) {
            tracing::warn!(%error, "the process is not measured");
        }
    }

    #[expect(
        clippy::expect_used,
        reason = "names, labels and buckets are constants, and each name stands once"
    )]
    fn known<C: Collector + Clone + 'static>(&self, made: Made<C>) -> C {
        let metric = made.expect("a name that is one");
        self.0.register(Box::new(metric.clone())).expect("a name of its own");
        metric
    }
}
