//! Which cluster a command works on, understood.

use std::time::Duration;

use super::{ConfigError, positive};
use crate::cli;
use crate::cluster::Access;
use crate::values::Label;

/// Which cluster a command works on, and for how long.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct TargetConfig {
    /// How to reach it.
    pub(crate) access: Access,
    /// The namespace that the server lives in.
    pub(crate) namespace: Label,
    /// How long to wait altogether; more than zero.
    pub(crate) timeout: Duration,
}

impl TryFrom<&cli::Target> for TargetConfig {
    type Error = ConfigError;

    fn try_from(typed: &cli::Target) -> Result<Self, ConfigError> {
        let unusable = |problem| ConfigError::Namespace { value: typed.namespace.clone(), problem };
        Ok(Self {
            access: Access {
                kubeconfig: typed.kubeconfig.clone(),
                context: typed.context.clone(),
                user: typed.user.clone(),
                groups: typed.groups.clone(),
            },
            namespace: typed.namespace.parse().map_err(unusable)?,
            timeout: positive("--timeout", &typed.timeout)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Typed {
        #[command(flatten)]
        target: cli::Target,
    }

    fn target(flags: &[&str]) -> Result<TargetConfig, ConfigError> {
        let typed = Typed::try_parse_from(["wfctl"].iter().chain(flags)).unwrap();
        TargetConfig::try_from(&typed.target)
    }

    #[test]
    fn nothing_typed_is_the_current_context_for_five_minutes() {
        let target = target(&["--namespace=workflow-system"]).unwrap();
        assert_eq!(target.access, Access::default());
        assert_eq!(target.timeout, Duration::from_secs(300));
    }

    #[test]
    fn a_name_that_no_namespace_has_and_no_time_are_refused() {
        let refused = |flags: &[&str]| target(flags).unwrap_err().to_string();
        assert!(refused(&["-n", "Mine"]).starts_with("--namespace \"Mine\" cannot be used: "));
        assert_eq!(
            refused(&["-n", "mine", "--timeout", "0s"]),
            "--timeout \"0s\" cannot be used: it must be more than zero"
        );
    }

    #[test]
    fn groups_come_with_a_user() {
        assert!(Typed::try_parse_from(["wfctl", "--as-group", "a"]).is_err());
        let target = target(&["-n=a", "--as", "me", "--as-group", "a", "--as-group", "b"]).unwrap();
        assert_eq!((target.access.user.as_deref(), target.access.groups.len()), (Some("me"), 2));
    }
}
