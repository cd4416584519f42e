//! Whether the server is well.

use crate::support::TestServer;

#[tokio::test]
async fn a_healthy_server_says_ok() {
    let server = TestServer::start().await;
    let endpoints = ["/healthz", "/livez", "/readyz"].map(|path| (path, "nosniff"));
    let checks = ["/readyz/ping", "/readyz/storage-readiness", "/livez/ping"].map(|path| (path, ""));
    for (path, options) in endpoints.into_iter().chain(checks) {
        let answer = server.get(path).await.expect(200);
        assert_eq!(answer.text(), "ok", "{path}");
        assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(answer.header("x-content-type-options"), options, "{path}");
    }
}

#[tokio::test]
async fn every_check_is_named_on_request() {
    let server = TestServer::start().await;
    let report = server.get("/readyz?verbose").await.expect(200).text();
    let expected = "[+]ping ok\n[+]storage-readiness ok\n[+]shutdown ok\nreadyz check passed\n";
    assert_eq!(report, expected);
    let report = server.get("/livez?verbose=true").await.expect(200).text();
    assert_eq!(report, "[+]ping ok\nlivez check passed\n");
}

#[tokio::test]
async fn checks_can_be_excluded() {
    let server = TestServer::start().await;
    server.api.leave();
    server.get("/readyz?exclude=shutdown").await.expect(200);
    let report = server.get("/readyz?exclude=shutdown&exclude=x&verbose").await.expect(200).text();
    assert!(report.contains("[+]shutdown excluded: ok\n"), "{report}");
    assert!(
        report.contains("warn: some health checks cannot be excluded: no matches for \"x\"\n"),
        "{report}"
    );
}

#[tokio::test]
async fn a_server_that_is_leaving_is_alive_but_not_ready() {
    let server = TestServer::start().await;
    server.api.leave();
    let report = server.get("/readyz").await.expect(500).text();
    assert!(report.contains("[-]shutdown failed: reason withheld\n"), "{report}");
    assert!(report.ends_with("readyz check failed\n"), "{report}");
    let one = server.get("/readyz/shutdown").await.expect(500).text();
    assert!(one.starts_with("internal server error: "), "{one}");
    server.get("/livez").await.expect(200);
}

#[tokio::test]
async fn a_check_that_is_not_there_is_not_found() {
    let server = TestServer::start().await;
    let answer = server.get("/readyz/nothing").await.expect(404).json();
    assert_eq!(answer, server.read("/").await);
}
