//! `/metrics`: what the server counted, and what can be counted at this moment; `/metrics/slis`: what came of checks.
//!
//! Source: `component-base/metrics/legacyregistry/registry.go`.

use std::sync::Arc;

use http::{Method, Response};

use super::body::Body;
use super::inflight::Inflight;
use super::response::{text, with_type};
use crate::metrics::Metrics;
use crate::registry::Rest;

/// Tells the metrics of a server.
#[derive(Debug)]
pub(super) struct Scrape {
    pub(super) metrics: Metrics,
    pub(super) inflight: Arc<Inflight>,
    pub(super) rests: Vec<Arc<dyn Rest>>,
}

impl Scrape {
    /// Answers with the metrics; forgets those of requests when asked to delete them.
    pub(super) fn answer(&self, method: &Method) -> Response<Body> {
        if *method == Method::DELETE {
            self.metrics.reset();
            return text(200, "metrics reset\n");
        }
        self.look();
        let (told, media_type) = self.metrics.render();
        with_type(200, media_type, told.into())
    }

    /// Answers with the metrics of health, or forgets them.
    pub(super) fn answer_slis(&self, method: &Method) -> Response<Body> {
        if *method == Method::DELETE {
            self.metrics.reset_health();
            return text(200, "metrics reset\n");
        }
        let (told, media_type) = self.metrics.render_health();
        with_type(200, media_type, told.into())
    }

    fn look(&self) {
        let (reads, writes) = self.inflight.peaks();
        self.metrics.requests().inflight(reads, writes);
        for rest in &self.rests {
            let of = rest.descriptor();
            self.metrics.storage().objects(of.group, of.plural, rest.object_count());
            self.metrics.cache().tell(of.group, of.plural, rest.cache_facts());
        }
    }
}
