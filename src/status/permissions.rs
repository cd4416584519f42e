//! What the server's ServiceAccount has to be allowed. The cluster is asked for the rights themselves, not for the
//! roles and bindings that give them: those can be wrong in more ways than can be looked for.

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReviewSpec};

use crate::pki::SERVICE;

/// Something that the server has to be allowed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Permission {
    /// What does not work without it.
    pub(super) otherwise: &'static str,
    /// The object that gives it.
    pub(super) given_by: &'static str,
    right: Right,
}

/// A verb and what it is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Right {
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    object: Option<(Place, &'static str)>,
}

/// The namespace of an object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Place {
    KubeSystem,
    Installation,
}

/// All that the server has to be allowed.
pub(crate) const NEEDED: [Permission; 7] = [
    Permission {
        otherwise: "nobody who shows a token is known",
        given_by: "ClusterRoleBinding workflow-apiserver:system:auth-delegator",
        right: Right {
            verb: "create",
            group: "authentication.k8s.io",
            resource: "tokenreviews",
            object: None,
        },
    },
    Permission {
        otherwise: "every request is refused",
        given_by: "ClusterRoleBinding workflow-apiserver:system:auth-delegator",
        right: Right {
            verb: "create",
            group: "authorization.k8s.io",
            resource: "subjectaccessreviews",
            object: None,
        },
    },
    Permission {
        otherwise: "the server does not learn which front proxies to trust",
        given_by: "RoleBinding kube-system/workflow-apiserver-auth-reader",
        right: Right {
            verb: "watch",
            group: "",
            resource: "configmaps",
            object: Some((Place::KubeSystem, "extension-apiserver-authentication")),
        },
    },
    Permission {
        otherwise: "no Workflow can be created",
        given_by: "ClusterRoleBinding workflow-apiserver:namespace-reader",
        right: Right { verb: "list", group: "", resource: "namespaces", object: None },
    },
    Permission {
        otherwise: "no Workflow can be written",
        given_by: "ClusterRoleBinding workflow-apiserver:namespace-reader",
        right: Right {
            verb: "watch",
            group: "admissionregistration.k8s.io",
            resource: "mutatingwebhookconfigurations",
            object: None,
        },
    },
    Permission {
        otherwise: "no Workflow can be written",
        given_by: "ClusterRoleBinding workflow-apiserver:namespace-reader",
        right: Right {
            verb: "watch",
            group: "admissionregistration.k8s.io",
            resource: "validatingwebhookconfigurations",
            object: None,
        },
    },
    Permission {
        otherwise: "the server has no certificate, or goes on with an old one",
        given_by: "RoleBinding workflow-apiserver-serving-certificate",
        right: Right {
            verb: "watch",
            group: "",
            resource: "secrets",
            object: Some((Place::Installation, "workflow-apiserver-certs")),
        },
    },
];

impl Permission {
    fn attributes(&self, namespace: &str) -> ResourceAttributes {
        let Right { verb, group, resource, object } = self.right;
        ResourceAttributes {
            verb: Some(verb.to_owned()),
            group: Some(group.to_owned()),
            resource: Some(resource.to_owned()),
            namespace: object.map(|(place, _)| place.within(namespace).to_owned()),
            name: object.map(|(_, name)| name.to_owned()),
            ..ResourceAttributes::default()
        }
    }

    /// Says in two words what is allowed.
    pub(super) fn right(&self) -> String {
        format!("{} {}", self.right.verb, self.right.resource)
    }
}

impl Place {
    fn within(self, namespace: &str) -> &str {
        match self {
            Self::KubeSystem => "kube-system",
            Self::Installation => namespace,
        }
    }
}

/// Returns the review that asks whether the server in `namespace` has `permission`.
pub(crate) fn review(permission: Permission, namespace: &str) -> SubjectAccessReviewSpec {
    let accounts = "system:serviceaccounts";
    let groups = [accounts.to_owned(), format!("{accounts}:{namespace}"), "system:authenticated".to_owned()];
    SubjectAccessReviewSpec {
        user: Some(format!("system:serviceaccount:{namespace}:{SERVICE}")),
        groups: Some(groups.into()),
        resource_attributes: Some(permission.attributes(namespace)),
        ..SubjectAccessReviewSpec::default()
    }
}
