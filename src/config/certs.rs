//! What `wfctl certs` works on, understood.

use jiff::SignedDuration;

use super::{ConfigError, TargetConfig, duration, positive, unusable};
use crate::cli;
use crate::pki::rotate::Pace;

const DAY: i64 = 24 * 60 * 60;

/// What is listed, and what of it is too late.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CertsListConfig {
    /// The installation.
    pub(crate) target: TargetConfig,
    /// How much of its life a certificate has to have left.
    pub(crate) fail_within: Option<SignedDuration>,
}

/// What is rotated, and how slowly.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CertsRotateConfig {
    /// The installation.
    pub(crate) target: TargetConfig,
    /// How long is waited for what cannot be seen.
    pub(crate) pace: Pace,
}

impl TryFrom<&cli::CertsRotate> for CertsRotateConfig {
    type Error = ConfigError;

    fn try_from(typed: &cli::CertsRotate) -> Result<Self, ConfigError> {
        let pace =
            Pace { settle: positive("--settle", &typed.settle)?, grace: positive("--grace", &typed.grace)? };
        Ok(Self { target: TargetConfig::try_from(&typed.target)?, pace })
    }
}

impl TryFrom<&cli::CertsList> for CertsListConfig {
    type Error = ConfigError;

    fn try_from(typed: &cli::CertsList) -> Result<Self, ConfigError> {
        Ok(Self {
            target: TargetConfig::try_from(&typed.target)?,
            fail_within: typed.fail_within.as_deref().map(within).transpose()?,
        })
    }
}

/// Certificates live for days, which durations elsewhere do not count in.
fn within(text: &str) -> Result<SignedDuration, ConfigError> {
    const FLAG: &str = "--fail-within";
    let Some(days) = text.strip_suffix('d') else {
        let duration = duration(FLAG, text)?;
        return SignedDuration::try_from(duration).map_err(|_| unusable(FLAG, text, "it is too long"));
    };
    let days: u32 = days.parse().map_err(|_| unusable(FLAG, text, "the days must be a whole number"))?;
    Ok(SignedDuration::from_secs(i64::from(days) * DAY))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn rotate(flags: &[&str]) -> Result<CertsRotateConfig, ConfigError> {
        use clap::Parser;
        let cli = cli::Cli::try_parse_from(["wfctl", "certs", "rotate"].iter().chain(flags)).unwrap();
        let cli::Command::Certs(cli::CertsCommand::Rotate(typed)) = cli.command else { panic!() };
        CertsRotateConfig::try_from(&typed)
    }

    #[test]
    fn the_pace_is_the_usual_one_unless_it_is_said() {
        assert_eq!(rotate(&[]).unwrap().pace, Pace::default());
        let slow = Pace { settle: Duration::from_secs(60), grace: Duration::from_secs(600) };
        assert_eq!(rotate(&["--settle", "1m", "--grace=10m"]).unwrap().pace, slow);
        assert!(rotate(&["--settle", "0s"]).is_err());
    }

    #[test]
    fn days_are_counted_and_so_is_everything_shorter() {
        assert_eq!(within("30d").unwrap(), SignedDuration::from_hours(720));
        assert_eq!(within("1h30m").unwrap(), SignedDuration::from_mins(90));
        assert!(within("many days").is_err());
        assert!(within("-1d").is_err());
    }
}
