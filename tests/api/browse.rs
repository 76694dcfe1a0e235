//! Connectors, and what they can read.

use serde_json::json;

use super::{assert_problem, assert_wrong};
use crate::harness::Host;

#[tokio::test(flavor = "multi_thread")]
async fn a_connector_says_what_it_can_do() {
    let host = Host::start().await;
    let one = host.get(&host.connector_path("")).await.json;
    assert_eq!(one["id"], host.connector);
    assert_eq!(
        (&one["online"], &one["connected"]),
        (&json!(true), &json!(true))
    );
    assert_eq!(
        one["capabilities"],
        json!([
            "source:postgres",
            "source:sql_server",
            "kb:local",
            "browse:describe"
        ])
    );
    assert!(
        one["enrolled_at"]
            .as_str()
            .is_some_and(|at| at.ends_with('Z'))
    );
    let list = host
        .get(&format!("/orgs/{}/connectors", host.org))
        .await
        .json;
    assert_eq!(list, json!({"connectors": [one], "next_page_token": null}));
    let unknown = format!("/orgs/{}/connectors/none", host.org);
    assert_problem(&host.get(&unknown).await, 404, "connector_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_show_names_and_problems_but_no_secret() {
    let host = Host::start().await;
    host.set_connections(&json!({
        "src": {"kind": "postgres", "dsn": host.source.dsn()},
        "broken": {"kind": "postgres", "dsn": "canary-dsn ="},
    }));
    let reply = host.get(&host.connector_path("/browse/connections")).await;
    let text = reply.json.to_string();
    assert!(
        !text.contains("canary") && !text.contains(host.source.dsn()),
        "{text}"
    );
    assert_eq!(reply.json["connections"][0]["name"], "broken");
    assert!(reply.json["connections"][0]["problem"].is_string());
    assert_eq!(
        reply.json["connections"][1],
        json!({"name": "src", "kind": "postgres", "problem": null})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_columns_are_those_of_the_source() {
    let host = Host::start().await;
    host.sql("create schema \"S.1\"; create table \"S.1\".\"t\"\"x\" (id int primary key, doc json, at timestamptz not null, n numeric(10,2))").await;
    let tables = host
        .get(&host.connector_path("/browse/tables?connection_ref=src"))
        .await;
    let tables = tables.json["tables"].as_array().expect("tables").clone();
    assert!(
        tables
            .iter()
            .any(|table| table["schema"] == "S.1" && table["name"] == "t\"x"),
        "{tables:?}"
    );

    let path = "/browse/columns?connection_ref=src&schema=S.1&table=t%22x";
    let columns = host.get(&host.connector_path(path)).await.json["columns"].clone();
    let names: Vec<_> = columns
        .as_array()
        .expect("columns")
        .iter()
        .map(|column| &column["name"])
        .collect();
    assert_eq!(names, ["id", "doc", "at", "n"]);
    assert_eq!(
        (&columns[0]["pk_position"], &columns[0]["cursor_candidate"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(columns[1]["cursor_candidate"], false);
    assert_eq!(columns[2]["nullable"], false);
    assert_eq!(
        (
            &columns[3]["numeric_precision"],
            &columns[3]["numeric_scale"]
        ),
        (&json!(10), &json!(2))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn browsing_what_is_not_there_says_so() {
    let host = Host::start().await;
    let browse = |rest: &str| host.connector_path(&format!("/browse/{rest}"));
    assert_wrong(
        &host.get(&browse("tables")).await,
        "invalid_request",
        &["/connection_ref"],
    );
    assert_wrong(
        &host.get(&browse("columns")).await,
        "invalid_request",
        &["/connection_ref", "/table"],
    );
    let unknown = host.get(&browse("tables?connection_ref=none")).await;
    assert_problem(&unknown, 404, "connection_not_found");
    assert!(
        unknown.json["detail"]
            .as_str()
            .is_some_and(|text| text.contains("src"))
    );
    let no_table = host
        .get(&browse("columns?connection_ref=src&table=x'--"))
        .await;
    assert_problem(&no_table, 422, "source_refused");

    host.set_connections(
        &json!({"down": {"kind": "postgres", "dsn": "postgres://u:canary@127.0.0.1:1/d"}}),
    );
    let down = host.get(&browse("tables?connection_ref=down")).await;
    assert_problem(&down, 422, "source_refused");
    assert!(!down.json.to_string().contains("canary"), "{}", down.json);
}
