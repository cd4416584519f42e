//! Whatever comes to mind.

use http::Method;
use proptest::prelude::*;

use super::bodies::everywhere;
use super::{is_sane, with_a};
use crate::support::{ALL, WORKFLOWS};

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        proptest::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\\u0000",
            "null",
            "true",
            "1e9",
            "metadata",
            "\"metadata\":",
            "\"name\":",
            "\"a\"",
            "spec",
            "\"spec\":",
            "\"op\":\"add\"",
            "\"path\":\"/spec\"",
            "\"value\":",
            "- ",
            "&a ",
            "*a",
            "\n",
            " ",
            "!!x ",
            "<<: ",
            "---\n",
            "\u{feff}",
            "~",
            "|",
            ">",
            "%",
            "#",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat())
}

/// Text that can stand in the target of a request.
fn target() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        proptest::sample::select(vec![
            "/",
            "//",
            "..",
            "%",
            "%2F",
            "%00",
            "%ff",
            "apis",
            "workflow.example.com",
            "v1alpha1",
            "namespaces",
            "default",
            "workflows",
            "a",
            "status",
            "watch",
            "openapi",
            "v3",
            "readyz",
            "=",
            "&",
            ",",
            "limit",
            "continue",
            "in",
            "(",
            ")",
            "!",
            "labelSelector",
            "fieldSelector",
            "metadata.name",
            "resourceVersionMatch",
            "Exact",
            "0",
            "-1",
        ])
        .prop_map(str::to_owned),
        "[!$'*+.:;@A-Za-z0-9_~-]{1,4}",
    ];
    proptest::collection::vec(token, 0..10).prop_map(|tokens| tokens.concat())
}

#[test]
fn arbitrary_requests_are_answered_and_break_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(with_a());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let checked = runner.run(&(bytes(), target(), target()), |(body, path, query)| {
        runtime.block_on(async {
            everywhere(&server, &body.into()).await;
            for (method, path) in [
                (Method::GET, format!("/{path}?{query}")),
                (Method::GET, format!("{ALL}?timeoutSeconds=1&{query}")),
                (Method::GET, format!("{WORKFLOWS}/{path}?{query}")),
                (Method::DELETE, format!("{WORKFLOWS}/{path}?dryRun=All&{query}")),
            ] {
                // A watch is answered too, but does not end before its second is over.
                if !query.contains("watch") {
                    is_sane(&server.call(method, path).await);
                }
            }
        });
        Ok(())
    });
    checked.unwrap();
    runtime.block_on(server.still_answers());
}
