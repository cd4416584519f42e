//! The flags of the original that are accepted but not honoured, and why. Whoever starts the original with one of
//! them can start the example with it, and is told what it does not do.

/// Flags that are not honoured for one reason.
pub(crate) struct Ignored {
    pub(crate) why: &'static str,
    /// Those that take a value.
    pub(crate) valued: &'static [&'static str],
    /// Those that need none.
    pub(crate) switches: &'static [&'static str],
}

pub(crate) const IGNORED: &[Ignored] = &[
    Ignored {
        why: "objects are kept in memory, or with --data-dir in a directory",
        valued: &[
            "encryption-provider-config",
            "etcd-cafile",
            "etcd-certfile",
            "etcd-compaction-interval",
            "etcd-count-metric-poll-period",
            "etcd-db-metric-poll-interval",
            "etcd-healthcheck-timeout",
            "etcd-keyfile",
            "etcd-prefix",
            "etcd-readycheck-timeout",
            "etcd-servers",
            "etcd-servers-overrides",
            "lease-reuse-duration-seconds",
            "storage-backend",
            "storage-media-type",
        ],
        switches: &["encryption-provider-config-automatic-reload"],
    },
    Ignored {
        why: "no cluster is asked who a client is: --client-ca-file and --requestheader-client-ca-file say it",
        valued: &["authentication-kubeconfig", "authentication-token-webhook-cache-ttl"],
        switches: &["authentication-skip-lookup", "authentication-tolerate-lookup-failure"],
    },
    Ignored {
        why: "no cluster is asked who may do what: members of system:masters may do everything, others nothing",
        valued: &[
            "authorization-kubeconfig",
            "authorization-webhook-cache-authorized-ttl",
            "authorization-webhook-cache-unauthorized-ttl",
        ],
        switches: &[],
    },
    Ignored {
        why: "nothing is read from a cluster, and nobody in it is called",
        valued: &["admission-control-config-file", "egress-selector-config-file", "kubeconfig"],
        switches: &[],
    },
    Ignored {
        why: "there is no audit log",
        valued: &[
            "audit-log-batch-buffer-size",
            "audit-log-batch-max-size",
            "audit-log-batch-max-wait",
            "audit-log-batch-throttle-burst",
            "audit-log-batch-throttle-qps",
            "audit-log-format",
            "audit-log-maxage",
            "audit-log-maxbackup",
            "audit-log-maxsize",
            "audit-log-mode",
            "audit-log-path",
            "audit-log-truncate-max-batch-size",
            "audit-log-truncate-max-event-size",
            "audit-log-version",
            "audit-policy-file",
            "audit-webhook-batch-buffer-size",
            "audit-webhook-batch-max-size",
            "audit-webhook-batch-max-wait",
            "audit-webhook-batch-throttle-burst",
            "audit-webhook-batch-throttle-qps",
            "audit-webhook-config-file",
            "audit-webhook-initial-backoff",
            "audit-webhook-mode",
            "audit-webhook-truncate-max-batch-size",
            "audit-webhook-truncate-max-event-size",
            "audit-webhook-version",
        ],
        switches: &[
            "audit-log-batch-throttle-enable",
            "audit-log-compress",
            "audit-log-truncate-enabled",
            "audit-webhook-batch-throttle-enable",
            "audit-webhook-truncate-enabled",
        ],
    },
    Ignored {
        why: "there are no features to choose from, and nothing older is emulated",
        valued: &["emulated-version", "feature-gates", "min-compatibility-version"],
        switches: &[],
    },
    Ignored {
        why: "there is one certificate, and the curves are those of the library",
        valued: &["tls-curve-preferences", "tls-sni-cert-key"],
        switches: &[],
    },
    Ignored {
        why: "the address is bound for this process alone, and both versions of HTTP are served on it",
        valued: &[],
        switches: &["disable-http2-serving", "permit-address-sharing", "permit-port-sharing"],
    },
    Ignored {
        why: "objects are always read from a cache, which holds all of them",
        valued: &["watch-cache-sizes"],
        switches: &["watch-cache"],
    },
    Ignored {
        why: "collections are deleted one by one",
        valued: &["delete-collection-workers"],
        switches: &[],
    },
    Ignored { why: "owners are always minded", valued: &[], switches: &["enable-garbage-collector"] },
    Ignored {
        why: "there is nothing to profile or to trace",
        valued: &["debug-socket-path", "tracing-config-file"],
        switches: &["contention-profiling", "profiling"],
    },
    Ignored {
        why: "requests in flight are limited, but do not queue",
        valued: &[],
        switches: &["enable-priority-and-fairness"],
    },
    Ignored {
        why: "log lines have one verbosity and are not held back",
        valued: &["log-flush-frequency", "vmodule"],
        switches: &[],
    },
];
