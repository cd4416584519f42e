//! Flags of `k8s.io/apiserver` that have no counterpart here, so that Deployments written for servers built with it are
//! understood: those that nothing depends on are let be, those that something depends on are refused.
//!
//! Source: `apiserver/pkg/server/options/*.go`, `component-base/logs/api/v1/options.go`.

use clap::builder::ValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

/// A flag without a counterpart.
#[derive(Debug, Eq, PartialEq)]
pub(crate) struct Foreign {
    /// Its name, without dashes.
    pub(crate) name: &'static str,
    takes: Takes,
    /// What comes of it.
    pub(crate) fate: Fate,
}

#[derive(Debug, Eq, PartialEq)]
enum Takes {
    /// True when it stands there alone.
    Switch,
    /// A value behind `=`, or the next argument.
    Value,
}

/// What comes of a flag.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Fate {
    /// Nothing, for this reason.
    Idle(&'static str),
    /// An error: without it something else would happen than was meant. What to do instead.
    Refused(&'static str),
}

/// The flags without a counterpart that were given, with a value other than none and `false`.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// Each of them once.
    pub(crate) given: Vec<&'static Foreign>,
    /// The level of klog that was asked for.
    pub(crate) v: Option<u8>,
}

const fn switch(name: &'static str, fate: Fate) -> Foreign {
    Foreign { name, takes: Takes::Switch, fate }
}

const fn value(name: &'static str, fate: Fate) -> Foreign {
    Foreign { name, takes: Takes::Value, fate }
}

const ETCD: Fate = Fate::Refused("--storage etcd://HOST:PORT/PREFIX says where objects are kept");
const NO_ENCRYPTION: Fate = Fate::Refused("objects are not encrypted; leave it out, and encrypt the volume");
const ONE_CERTIFICATE: Fate =
    Fate::Refused("--tls-cert-file takes one certificate, which may have several names");
const AUDIT_TO_A_FILE: Fate = Fate::Refused("--audit-log-path writes audit events to a file or to stdout");
const DIRECT: Fate = Fate::Refused("leave it out: connections are made directly");
const NO_SETTINGS: Fate = Fate::Refused("leave it out: no admission plugin takes settings");
const NO_GATES: Fate = Fate::Idle("features have no gates");
const NO_PROFILES: Fate = Fate::Idle("there are no profiles");
const OWN_STORE: Fate = Fate::Idle("the store looks after itself");
const OWN_CACHE: Fate = Fate::Idle("everything is cached, within bounds of its own");
const AUDIT_AS_IT_IS: Fate = Fate::Idle("the audit log is JSON, written event by event");
const OWN_LOG: Fate = Fate::Idle("log lines go to stderr, as --log-format says");

const FLAGS: &[Foreign] = &[
    value("etcd-servers", ETCD),
    value("etcd-servers-overrides", ETCD),
    value("etcd-prefix", ETCD),
    value("etcd-cafile", ETCD),
    value("etcd-certfile", ETCD),
    value("etcd-keyfile", ETCD),
    value("etcd-compaction-interval", OWN_STORE),
    value("etcd-count-metric-poll-period", OWN_STORE),
    value("etcd-db-metric-poll-interval", OWN_STORE),
    value("etcd-healthcheck-timeout", OWN_STORE),
    value("etcd-readycheck-timeout", OWN_STORE),
    value("lease-reuse-duration-seconds", OWN_STORE),
    value("storage-backend", OWN_STORE),
    value("storage-media-type", OWN_STORE),
    value("encryption-provider-config", NO_ENCRYPTION),
    switch("encryption-provider-config-automatic-reload", NO_ENCRYPTION),
    switch("watch-cache", OWN_CACHE),
    value("watch-cache-sizes", OWN_CACHE),
    value("default-watch-cache-size", OWN_CACHE),
    value("delete-collection-workers", Fate::Idle("collections are deleted object by object")),
    switch("enable-garbage-collector", Fate::Idle("the garbage collector of the cluster is always served")),
    value("cert-dir", Fate::Idle("a certificate that is made at the start is kept nowhere")),
    value("tls-sni-cert-key", ONE_CERTIFICATE),
    switch("permit-port-sharing", Fate::Refused("leave it out: the port is not shared")),
    switch("permit-address-sharing", Fate::Refused("leave it out: the address is not shared")),
    switch(
        "disable-http2-serving",
        Fate::Refused("leave it out: clients choose the protocol, and streams are limited"),
    ),
    value("audit-log-format", AUDIT_AS_IT_IS),
    value("audit-log-version", AUDIT_AS_IT_IS),
    value("audit-log-mode", AUDIT_AS_IT_IS),
    switch("audit-log-compress", AUDIT_AS_IT_IS),
    switch("audit-log-truncate-enabled", AUDIT_AS_IT_IS),
    value("audit-webhook-config-file", AUDIT_TO_A_FILE),
    value("audit-webhook-mode", AUDIT_TO_A_FILE),
    switch("profiling", NO_PROFILES),
    switch("contention-profiling", NO_PROFILES),
    value("debug-socket-path", NO_PROFILES),
    switch(
        "enable-priority-and-fairness",
        Fate::Idle("--max-requests-inflight and --max-mutating-requests-inflight limit requests"),
    ),
    value("admission-control-config-file", NO_SETTINGS),
    value("egress-selector-config-file", DIRECT),
    value("tracing-config-file", Fate::Idle("traces are taken over into the log, and exported nowhere")),
    value("feature-gates", NO_GATES),
    value("emulated-version", NO_GATES),
    switch("emulation-forward-compatible", NO_GATES),
    value("logging-format", OWN_LOG),
    value("log-flush-frequency", OWN_LOG),
    value("vmodule", OWN_LOG),
    switch("logtostderr", OWN_LOG),
    switch("alsologtostderr", OWN_LOG),
];

/// The level of klog.
const V: &str = "v";

impl Foreign {
    fn argument(&self) -> Arg {
        let argument = Arg::new(self.name).long(self.name).hide(true).action(ArgAction::Append);
        let argument = argument.value_parser(ValueParser::string());
        match self.takes {
            Takes::Value => argument,
            Takes::Switch => argument.num_args(0..=1).require_equals(true).default_missing_value("true"),
        }
    }

    fn is_given(&self, matches: &ArgMatches) -> bool {
        let mut values = matches.get_many::<String>(self.name).into_iter().flatten();
        values.any(|value| !matches!(value.as_str(), "" | "false"))
    }
}

impl FromArgMatches for Upstream {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = FLAGS.iter().filter(|flag| flag.is_given(matches)).collect();
        Ok(Self { given, v: matches.get_one(V).copied() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Upstream {
    fn augment_args(command: Command) -> Command {
        let v = Arg::new(V).long(V).hide(true).value_parser(clap::value_parser!(u8));
        command.args(FLAGS.iter().map(Foreign::argument)).arg(v)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
