//! The audit log: who asked for what, and what came of it, as events of `audit.k8s.io/v1`.
//!
//! Source: `apiserver/pkg/endpoints/filters/audit.go`, `apiserver/pkg/audit/request.go`.

mod policy;
mod record;
mod source;

use std::fmt::Debug;
use std::sync::Arc;

use jiff::Timestamp;

pub use self::policy::{AuditPolicy, AuditPolicyError};
pub(super) use self::record::Record;
use crate::meta::UserInfo;
use crate::metrics::Metrics;

/// Takes events and keeps them.
pub trait AuditSink: Debug + Send + Sync + 'static {
    /// Takes an event, a line of JSON with its end. Returns when it is as safe as the sink makes events, which is
    /// what a request waits for.
    fn write(&self, event: Vec<u8>);
}

/// When in the life of a request an event is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub(super) enum Stage {
    RequestReceived,
    ResponseStarted,
    ResponseComplete,
    Panic,
}

/// Makes the events that a policy asks for.
#[derive(Debug)]
pub(super) struct Audit {
    policy: AuditPolicy,
    sink: Arc<dyn AuditSink>,
    metrics: Metrics,
}

impl Stage {
    const ALL: &'static [Self] =
        &[Self::RequestReceived, Self::ResponseStarted, Self::ResponseComplete, Self::Panic];

    fn as_str(self) -> &'static str {
        match self {
            Self::RequestReceived => "RequestReceived",
            Self::ResponseStarted => "ResponseStarted",
            Self::ResponseComplete => "ResponseComplete",
            Self::Panic => "Panic",
        }
    }
}

impl Audit {
    pub(super) fn new(policy: AuditPolicy, sink: Arc<dyn AuditSink>, metrics: Metrics) -> Self {
        Self { policy, sink, metrics }
    }

    /// Takes note of a request whose maker is known.
    pub(super) fn received(&self, record: &mut Record, user: &Arc<UserInfo>, now: Timestamp) {
        record.by(user);
        self.judge(record);
        self.write(record, Stage::RequestReceived, now);
    }

    /// Takes note of a request whose maker is not believed: all that there is to say of it.
    pub(super) fn unauthenticated(&self, record: &mut Record, now: Timestamp) {
        self.judge(record);
        record.disbelieved();
        self.write(record, Stage::ResponseStarted, now);
        record.silence();
    }

    /// Takes note of the end of a request.
    pub(super) fn complete(&self, record: &mut Record, now: Timestamp) {
        record.closed();
        self.write(record, Stage::ResponseComplete, now);
    }

    /// Makes the event of a stage, unless the policy leaves it out.
    pub(super) fn write(&self, record: &mut Record, stage: Stage, now: Timestamp) {
        if let Some(event) = record.event(stage, now) {
            self.metrics.audit_event();
            self.sink.write(event);
        }
    }

    fn judge(&self, record: &mut Record) {
        let omitted = self.policy.omitted(record.attributes(), record.user());
        record.omit(omitted);
    }
}
