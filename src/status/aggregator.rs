//! Why kube-apiserver says that an API behind it is not available: its reasons, and what its messages mean.
//!
//! Source: `kube-aggregator/pkg/controllers/status/remote/remote_available_controller.go`; the messages of a failed
//! discovery check are those of Go's `net`, `net/http`, `crypto/tls` and `crypto/x509`.

use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIServiceCondition;

/// Why kube-apiserver does not pass requests on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Unavailable {
    /// There is no Service.
    Service,
    /// The Service does not have the port.
    Port,
    /// The Service has no EndpointSlice.
    Slices,
    /// No pod of the Service is ready, or none has the port.
    Endpoints,
    /// kube-apiserver could not look at the Service or its EndpointSlices.
    Access,
    /// The server showed a certificate that is not accepted.
    Certificate(Distrust),
    /// The server did not accept the certificate of kube-apiserver.
    ClientCertificate,
    /// There was no answer in time.
    Timeout,
    /// Nobody listens.
    Refused,
    /// There is no way to the server's address.
    Unreachable,
    /// The connection ended before the answer.
    Cut,
    /// The server does not know who asks: 401.
    Unauthenticated,
    /// The server does not allow it: 403.
    Forbidden,
    /// The server does not serve the group: 404.
    NotServed,
    /// Another status.
    Status(u16),
    /// Something else.
    Other,
}

/// Why a certificate is not accepted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Distrust {
    /// Nobody in the caBundle issued it.
    Issuer,
    /// It has expired, or is not valid yet.
    Validity,
    /// It is not good for the name of the Service.
    Name,
    /// Something else.
    Other,
}

/// What a message holds, and what that means; the first one counts.
const MEANINGS: &[(&str, Unavailable)] = &[
    ("certificate signed by unknown authority", Unavailable::Certificate(Distrust::Issuer)),
    ("certificate has expired or is not yet valid", Unavailable::Certificate(Distrust::Validity)),
    ("certificate is valid for", Unavailable::Certificate(Distrust::Name)),
    ("certificate is not valid for any names", Unavailable::Certificate(Distrust::Name)),
    ("x509:", Unavailable::Certificate(Distrust::Other)),
    ("unable to load root certificates", Unavailable::Certificate(Distrust::Other)),
    ("remote error: tls:", Unavailable::ClientCertificate),
    ("connection refused", Unavailable::Refused),
    ("no route to host", Unavailable::Unreachable),
    ("network is unreachable", Unavailable::Unreachable),
    ("no such host", Unavailable::Unreachable),
    ("no endpoints available for service", Unavailable::Endpoints),
    ("timed out waiting for", Unavailable::Timeout),
    ("i/o timeout", Unavailable::Timeout),
    ("TLS handshake timeout", Unavailable::Timeout),
    ("Client.Timeout", Unavailable::Timeout),
    ("context deadline exceeded", Unavailable::Timeout),
    ("connection reset by peer", Unavailable::Cut),
    (": EOF", Unavailable::Cut),
];

impl Unavailable {
    /// Reads the condition `Available` that is not true.
    pub(super) fn of(condition: &APIServiceCondition) -> Self {
        let message = condition.message.as_deref().unwrap_or_default();
        match condition.reason.as_deref().unwrap_or_default() {
            "ServiceNotFound" => Self::Service,
            "ServicePortError" => Self::Port,
            "EndpointsNotFound" => Self::Slices,
            "MissingEndpoints" => Self::Endpoints,
            "ServiceAccessError" | "EndpointsAccessError" => Self::Access,
            _ => Self::of_message(message),
        }
    }

    /// Reads what kube-apiserver says of a request that it could not pass on, too.
    pub(super) fn of_message(message: &str) -> Self {
        let meaning = MEANINGS.iter().find(|(words, _)| message.contains(words)).map(|(_, meaning)| *meaning);
        status(message).map(Self::of_status).or(meaning).unwrap_or(Self::Other)
    }

    fn of_status(status: u16) -> Self {
        match status {
            401 => Self::Unauthenticated,
            403 => Self::Forbidden,
            404 => Self::NotServed,
            other => Self::Status(other),
        }
    }

    /// Says in one sentence what it means.
    pub(super) fn meaning(self) -> String {
        match self {
            Self::Service => "the Service is not there",
            Self::Port => "the Service does not listen on the port that the APIService names",
            Self::Slices => "the Service has no EndpointSlice",
            Self::Endpoints => "no pod behind the Service is ready",
            Self::Access => "kube-apiserver cannot look at the Service",
            Self::Certificate(distrust) => distrust.meaning(),
            Self::ClientCertificate => "the server refuses the certificate of kube-apiserver",
            Self::Timeout => "the server does not answer kube-apiserver in time",
            Self::Refused => "nobody listens where kube-apiserver looks for the server",
            Self::Unreachable => "there is no way from kube-apiserver to the server's address",
            Self::Cut => "the server ends the connection before it answers",
            Self::Unauthenticated => "the server does not know kube-apiserver as a front proxy",
            Self::Forbidden => "the server does not allow kube-apiserver to look at it",
            Self::NotServed => "who answers behind the Service does not serve Workflows",
            Self::Status(status) => return format!("the server answers with {status}"),
            Self::Other => "kube-apiserver does not get an answer",
        }
        .to_owned()
    }

    /// Returns what helps in `namespace`.
    pub(super) fn hint(self, namespace: &str) -> String {
        match self {
            Self::Service | Self::Port => format!("wfctl install -n {namespace}"),
            Self::Endpoints => format!("kubectl get pods -n {namespace} -o wide"),
            Self::Slices => format!("kubectl -n {namespace} describe service workflow-apiserver"),
            Self::Status(_) | Self::Cut | Self::Other => logs(namespace),
            Self::Access | Self::Unreachable => {
                "kubectl get --raw /readyz?verbose says how kube-apiserver is".to_owned()
            }
            Self::Certificate(_) => format!("wfctl certs rotate --if-needed -n {namespace}"),
            Self::Timeout => format!(
                "let the control plane reach port 8443 of the pods; kubectl get networkpolicies -n {namespace}"
            ),
            Self::Refused | Self::NotServed => {
                format!("kubectl get endpointslices,pods -n {namespace} -o wide")
            }
            Self::ClientCertificate | Self::Unauthenticated | Self::Forbidden => {
                "kubectl get configmap extension-apiserver-authentication -n kube-system -o yaml says whom \
                 the server is to trust"
                    .to_owned()
            }
        }
    }
}

impl Distrust {
    fn meaning(self) -> &'static str {
        match self {
            Self::Issuer => "the caBundle does not hold the authority that issued the server's certificate",
            Self::Validity => "the server's certificate has expired or is not valid yet",
            Self::Name => "the server's certificate is not good for the name of the Service",
            Self::Other => "kube-apiserver does not accept the server's certificate",
        }
    }
}

fn logs(namespace: &str) -> String {
    format!("kubectl logs -n {namespace} deployment/workflow-apiserver")
}

/// Returns the status in `bad status from https://…: 403`.
fn status(message: &str) -> Option<u16> {
    let (_, rest) = message.split_once("bad status from ")?;
    rest.rsplit_once(": ")?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(reason: &str, message: &str) -> Unavailable {
        Unavailable::of(&APIServiceCondition {
            type_: "Available".to_owned(),
            status: "False".to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            last_transition_time: None,
        })
    }

    fn failed(message: &str) -> Unavailable {
        let url = "https://10.0.0.7:8443/apis/workflow.example.com/v1alpha1";
        read("FailedDiscoveryCheck", &format!("failing or missing response from {url}: {message}"))
    }

    #[test]
    fn each_reason_of_the_aggregator_is_told_from_the_others() {
        assert_eq!(read("ServiceNotFound", "service/s in \"n\" is not present"), Unavailable::Service);
        assert_eq!(
            read("ServicePortError", "service/s in \"n\" is not listening on port 443"),
            Unavailable::Port
        );
        assert_eq!(
            read("EndpointsNotFound", "cannot find endpointslices for service/s"),
            Unavailable::Slices
        );
        assert_eq!(read("MissingEndpoints", "have no addresses with port name"), Unavailable::Endpoints);
        assert_eq!(read("ServiceAccessError", "cannot be checked due to: x"), Unavailable::Access);
        assert_eq!(read("EndpointsAccessError", "cannot be checked due to: x"), Unavailable::Access);
    }

    #[test]
    fn a_certificate_that_is_not_accepted_says_why() {
        let get = "Get \"https://10.0.0.7:8443/apis\": tls: failed to verify certificate: x509: certificate";
        let distrust = |why: &str| failed(&format!("{get} {why}"));
        let issuer = "signed by unknown authority (possibly because of \"x509: ECDSA verification failure\")";
        assert_eq!(distrust(issuer), Unavailable::Certificate(Distrust::Issuer));
        let validity = "has expired or is not yet valid: current time 2026-01-01T00:00:00Z is after 2025";
        assert_eq!(distrust(validity), Unavailable::Certificate(Distrust::Validity));
        assert_eq!(distrust("is valid for a, b, not s.n.svc"), Unavailable::Certificate(Distrust::Name));
        let none = "is not valid for any names, but wanted to match s.n.svc";
        assert_eq!(distrust(none), Unavailable::Certificate(Distrust::Name));
        assert_eq!(distrust("uses a strange curve"), Unavailable::Certificate(Distrust::Other));
    }

    #[test]
    fn a_network_that_is_broken_says_where() {
        let dial =
            |why: &str| failed(&format!("Get \"https://10.0.0.7:8443/apis\": dial tcp 10.0.0.7:8443: {why}"));
        assert_eq!(dial("connect: connection refused"), Unavailable::Refused);
        assert_eq!(dial("connect: no route to host"), Unavailable::Unreachable);
        assert_eq!(dial("i/o timeout"), Unavailable::Timeout);
        let late = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";
        assert_eq!(failed(&format!("Get \"https://x\": {late}")), Unavailable::Timeout);
        assert_eq!(read("FailedDiscoveryCheck", "timed out waiting for https://x"), Unavailable::Timeout);
        assert_eq!(failed("Get \"https://x\": EOF"), Unavailable::Cut);
        assert_eq!(
            failed("Get \"https://x\": remote error: tls: bad certificate"),
            Unavailable::ClientCertificate
        );
    }

    #[test]
    fn a_status_that_is_none_of_success_is_told() {
        let answered = |status: u16| failed(&format!("bad status from https://10.0.0.7:8443/apis: {status}"));
        assert_eq!(answered(401), Unavailable::Unauthenticated);
        assert_eq!(answered(403), Unavailable::Forbidden);
        assert_eq!(answered(404), Unavailable::NotServed);
        assert_eq!(answered(500), Unavailable::Status(500));
        assert_eq!(answered(500).meaning(), "the server answers with 500");
    }

    #[test]
    fn a_ca_bundle_that_cannot_be_read_is_told() {
        let words = "error: unable to load root certificates: unable to parse bytes as PEM block";
        assert_eq!(Unavailable::of_message(words), Unavailable::Certificate(Distrust::Other));
    }

    #[test]
    fn what_nobody_thought_of_is_not_guessed_at() {
        assert_eq!(failed("something new"), Unavailable::Other);
    }
}
