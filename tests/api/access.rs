//! Who may ask, what every error looks like, and what needs no key.

use serde_json::{Value, json};

use super::assert_problem;
use crate::harness::Host;

#[tokio::test(flavor = "multi_thread")]
async fn without_a_valid_key_nothing_is_answered() {
    let host = Host::start().await;
    let jobs = host.connector_path("/jobs");
    let url = host.url(&jobs);
    for request in [
        host.client().get(host.url("/me/tokens")),
        host.client().post(&url).body("{"),
        host.client().post(&url).bearer_auth("sluice_0000"),
        host.client().post(&url).bearer_auth("' or 1=1 --"),
        host.client()
            .post(&url)
            .header("authorization", format!("Basic {}", host.key)),
        host.client().post(&url).header("authorization", "Bearer"),
    ] {
        let reply = host.send(request).await;
        assert_problem(&reply, 401, "unauthorized");
        assert_eq!(reply.headers["www-authenticate"], "Bearer");
    }
    let lower = host.client().get(host.url("/me/tokens"));
    let lower = lower.header("authorization", format!("bearer {}", host.key));
    assert_eq!(host.send(lower).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisation_is_forbidden_whether_it_exists_or_not() {
    let host = Host::start().await;
    for org in [
        "nobody",
        "00000000000000000000000000000000",
        "default'--",
        "%27%20or%201=1",
    ] {
        let path = format!("/orgs/{org}/connectors/{}/jobs", host.connector);
        assert_problem(&host.post(&path, json!({})).await, 403, "forbidden");
        assert_problem(
            &host.get(&format!("/orgs/{org}/k2")).await,
            403,
            "forbidden",
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_error_has_one_form() {
    let host = Host::start().await;
    let reply = host.get("/no/such/path?secret=1").await;
    assert_problem(&reply, 404, "not_found");
    assert_eq!(reply.json["instance"], "/no/such/path");

    let reply = host.delete("/livez").await;
    assert_problem(&reply, 405, "method_not_allowed");
    assert!(reply.headers.contains_key("allow"));

    let large = host.client().post(host.url(&host.connector_path("/jobs")));
    let large = large.bearer_auth(&host.key).body(vec![b' '; (2 << 20) + 1]);
    assert_problem(&host.send(large).await, 413, "payload_too_large");

    let not_utf8 = host.get(&host.connector_path("/jobs/%ff")).await;
    assert!((400..500).contains(&not_utf8.status), "{}", not_utf8.json);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_is_echoed_if_it_is_fit_for_a_log() {
    let host = Host::start().await;
    let with_id = |id: &str| {
        host.client()
            .get(host.url("/livez"))
            .header("x-request-id", id)
    };
    let reply = host.send(with_id("trace-7/b")).await;
    assert_eq!(reply.headers["x-request-id"], "trace-7/b");
    for unfit in ["two words", &"x".repeat(129)] {
        let reply = host.send(with_id(unfit)).await;
        assert_eq!(reply.headers["x-request-id"].len(), 32);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_and_the_document_need_no_key() {
    let host = Host::start().await;
    for path in ["/livez", "/readyz", "/version", "/openapi.json"] {
        let reply = host.send(host.client().get(host.url(path))).await;
        assert_eq!(reply.status, 200, "{path}");
        assert_eq!(reply.headers["content-type"], "application/json", "{path}");
    }
    let served = host.get("/openapi.json").await.json;
    let copy: Value =
        serde_json::from_str(include_str!("../../host/api/openapi.json")).expect("JSON");
    assert!(
        served == copy,
        "host/api/openapi.json is old: see the test in host/api/openapi.rs"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_works_from_its_making_to_its_end_and_is_shown_once() {
    let host = Host::start().await;
    let made = host.post("/me/tokens", json!({"name": "ci"})).await;
    assert_eq!(made.status, 201, "{}", made.json);
    let secret = made.json["secret"].as_str().expect("a secret").to_owned();
    let with_secret = || {
        host.client()
            .get(host.url("/me/tokens"))
            .bearer_auth(&secret)
    };

    let list = host.send(with_secret()).await;
    assert_eq!(list.json["tokens"][0]["id"], made.json["id"]);
    assert_eq!(list.json["tokens"][0]["name"], "ci");
    assert!(!list.json.to_string().contains(&secret));

    let first = host.get("/me/tokens?limit=1").await.json;
    let token = first["next_page_token"].as_str().expect("two keys");
    let second = host
        .get(&format!("/me/tokens?limit=1&page_token={token}"))
        .await
        .json;
    assert_eq!(second["tokens"].as_array().map(Vec::len), Some(1));
    assert_ne!(second["tokens"][0]["id"], made.json["id"]);

    let path = format!("/me/tokens/{}", made.json["id"].as_str().expect("an id"));
    assert_eq!(host.delete(&path).await.status, 204);
    assert_problem(&host.delete(&path).await, 404, "token_not_found");
    assert_eq!(host.send(with_secret()).await.status, 401);
}
