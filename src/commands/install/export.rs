//! `wfctl install --export`: what would be installed, as YAML; needs no cluster.

use anyhow::Context;
use embedded_server::clock::{Clock, SystemClock};

use super::typed::Typed;
use crate::cli::Install;
use crate::config::TargetConfig;
use crate::failure::Failure;
use crate::manifest::{self, Manifest};
use crate::names::{AUTHORITY_SECRET, SERVING_SECRET};
use crate::pki::OwnKeys;
use crate::printer::Printer;
use crate::values::{Certificates, Values};

/// Prints what would be installed.
pub(super) fn run(arguments: &Install, printer: &Printer) -> Result<(), Failure> {
    let target = TargetConfig::try_from(&arguments.target)?;
    let mut values = Values::new(target.namespace.as_str(), &Typed::read(arguments)?.settings(None)?)?;
    if arguments.include_secrets {
        include_secrets(&mut values)?;
    }
    let manifests = manifest::render(&values).context("cannot render what is installed")?;
    printer.data(&manifest::to_yaml(&manifests)).context("cannot write what is installed")?;
    printer.note(summary(&values, &manifests));
    Ok(())
}

/// Makes the export whole: it has the keys, and so the APIService can name whom to trust.
fn include_secrets(values: &mut Values) -> anyhow::Result<()> {
    if let Certificates::Own(keys) = &mut values.certificates {
        let made = OwnKeys::issue(SystemClock.now(), values.namespace.as_str())
            .context("cannot make certificates")?;
        *keys = Some(Box::new(made));
        values.with_ca_bundle = true;
    }
    values.with_secrets = true;
    Ok(())
}

fn summary(values: &Values, manifests: &[Manifest]) -> String {
    let count = manifests.len();
    let rendered = format!("{count} objects for the namespace {}.", values.namespace.as_str());
    match left_out(values).as_slice() {
        [] => rendered,
        secrets => format!(
            "{rendered} Left out, because of what they hold: Secret {}. --include-secrets prints them.",
            secrets.join(", ")
        ),
    }
}

/// Returns the Secrets that the objects refer to and that are not among them.
fn left_out(values: &Values) -> Vec<&'static str> {
    let own = matches!(values.certificates, Certificates::Own(None));
    let storage = values.storage.has_secrets() && !values.with_secrets;
    let keys = [AUTHORITY_SECRET, SERVING_SECRET].into_iter().filter(|_| own);
    keys.chain(storage.then_some("workflow-apiserver-storage")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::settings;

    fn summary_of(flags: Value, secrets: bool) -> String {
        let settings = settings::layered(&[], flags, &[]).unwrap();
        let mut values = Values::new("workflow-system", &settings).unwrap();
        if secrets {
            include_secrets(&mut values).unwrap();
        }
        summary(&values, &manifest::render(&values).unwrap())
    }

    #[test]
    fn what_is_left_out_is_said() {
        let url = json!({"storage": {"url": "postgres://me:secret@db/x"}, "certManager": {"issuer": "a"}});
        assert_eq!(
            summary_of(json!({}), false),
            "21 objects for the namespace workflow-system. Left out, because of what they hold: Secret \
             workflow-apiserver-ca, workflow-apiserver-certs. --include-secrets prints them."
        );
        assert!(summary_of(url.clone(), false).contains(": Secret workflow-apiserver-storage. "));
        assert_eq!(summary_of(url, true), "16 objects for the namespace workflow-system.");
        assert_eq!(summary_of(json!({}), true), "23 objects for the namespace workflow-system.");
    }
}
