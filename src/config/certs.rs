//! What `wfctl certs` works on, understood.

use jiff::SignedDuration;

use super::{ConfigError, TargetConfig, duration, unusable};
use crate::cli;

const DAY: i64 = 24 * 60 * 60;

/// What is listed, and what of it is too late.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct CertsListConfig {
    /// The installation.
    pub(crate) target: TargetConfig,
    /// How much of its life a certificate has to have left.
    pub(crate) fail_within: Option<SignedDuration>,
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
    use super::*;

    #[test]
    fn days_are_counted_and_so_is_everything_shorter() {
        assert_eq!(within("30d").unwrap(), SignedDuration::from_hours(720));
        assert_eq!(within("1h30m").unwrap(), SignedDuration::from_mins(90));
        assert!(within("many days").is_err());
        assert!(within("-1d").is_err());
    }
}
