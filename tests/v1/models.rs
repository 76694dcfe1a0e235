//! Connectors and models: what is listed, and what a model may be.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn connectors_are_sources_and_knowledge_bases_with_numbers_that_stay() {
    let mut host = Host::start().await;
    let dsn = host.source.dsn().to_owned();
    let good_entry = json!({"kind": "postgres", "dsn": dsn});
    host.set_connections(&json!({
        "src": good_entry, "broken": {"kind": "postgres"}, "other": {"kind": "lotus_notes", "dsn": "x"},
    }));
    let kb = host.kb().await;
    let list = good(host.get("/api/v1/connectors").await, 200);
    let data = list["data"].as_array().expect("a list");
    assert_eq!(data.len(), 2, "{list}");
    assert_eq!(
        (
            &data[0]["type"],
            &data[0]["attributes"]["name"],
            &data[0]["attributes"]["connector_type"]
        ),
        (&json!("connectors"), &json!("src"), &json!("source"))
    );
    assert_eq!(data[0]["attributes"]["connector_name"], "postgres");
    assert_eq!(data[1]["id"], kb.to_string());
    assert_eq!(data[1]["attributes"]["connector_type"], "destination");
    assert!(!list.to_string().contains(&dsn), "{list}");

    let first = source(&host).await;
    host.set_connections(&json!({"new": good_entry}));
    let renamed = good(host.get("/api/v1/connectors?type=source").await, 200);
    assert_ne!(number(&renamed["data"][0]["id"]), first);
    host.set_connections(&json!({"new": good_entry, "src": good_entry}));
    assert_eq!(source(&host).await, first);
    host.crash_and_restart(&[]);
    assert_eq!(source(&host).await, first);

    let page = good(
        host.get("/api/v1/connectors?type=source&per_page=1").await,
        200,
    );
    assert_eq!(page["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(page["meta"]["total_count"], 2);
    let next = page["links"]["next"].as_str().expect("another");
    let next = good(host.get(next).await, 200);
    assert_ne!(next["data"][0]["id"], page["data"][0]["id"]);
    assert_eq!(next["links"]["next"], Value::Null);
    for query in ["type=model", "page=0", "per_page=101"] {
        let reply = host.get(&format!("/api/v1/connectors?{query}")).await;
        refused(&reply, 400, "invalid_request", None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_shown_as_it_was_made() {
    let mut host = Host::start().await;
    host.sql(SOURCE).await;
    let table = model(&host, json!({"table": "public.t", "primary_key": "id"})).await;
    let query = json!({"name": "q", "query": "select id, v from t;", "primary_key": ["id", "v"], "description": "d"});
    let query = model(&host, query).await;
    host.crash_and_restart(&[]);
    let shown = good(host.get(&format!("/api/v1/models/{table}")).await, 200)["data"].clone();
    assert_eq!(
        (&shown["id"], &shown["type"]),
        (&json!(table.to_string()), &json!("models"))
    );
    let attributes = &shown["attributes"];
    for (name, value) in [
        ("connector_id", json!(source(&host).await)),
        ("query_type", json!("table_selector")),
        ("schema", json!("public")),
        ("table", json!("t")),
        ("query", Value::Null),
        ("primary_key", json!("id")),
    ] {
        assert_eq!(attributes[name], value, "{name}");
    }
    let list = good(host.get("/api/v1/models").await, 200);
    assert_eq!(list["meta"]["total_count"], 2);
    assert_eq!(list["data"][1], shown);
    let newest = &list["data"][0];
    assert_eq!(newest["id"], query.to_string());
    assert_eq!(newest["attributes"]["query_type"], "raw_sql");
    assert_eq!(newest["attributes"]["query"], "select id, v from t");
    assert_eq!(newest["attributes"]["primary_key"], json!(["id", "v"]));
    assert_eq!(newest["attributes"]["description"], "d");
    for id in ["999", "x"] {
        refused(
            &host.get(&format!("/api/v1/models/{id}")).await,
            404,
            "model_not_found",
            None,
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_is_asked_about_a_query_if_it_answers() {
    let host = Host::start().await;
    host.sql(SOURCE).await;
    let source = source(&host).await;
    let post = async |fields: Value| {
        let mut model = json!({"connector_id": source, "name": "m"});
        merge(&mut model, fields);
        host.post("/api/v1/models", json!({ "model": model })).await
    };
    for (fields, pointer) in [
        (json!({"query": "select nonsense from t"}), "/model/query"),
        (json!({"query": "select * from nowhere"}), "/model/query"),
        (json!({"query": "selec 1"}), "/model/query"),
        (
            json!({"query": "delete from t returning id"}),
            "/model/query",
        ),
        (
            json!({"query": "select v from t", "primary_key": "id"}),
            "/model/primary_key",
        ),
        (
            json!({"query": "select id from t", "primary_key": ["id", "w"]}),
            "/model/primary_key",
        ),
    ] {
        println!("{fields}");
        refused(&post(fields).await, 422, "source_refused", Some(pointer));
    }
    for fields in [
        json!({"query": "select count(*) as n from t"}),
        json!({"query": "select id from t -- all of it"}),
        json!({"query": "select * from t", "primary_key": "id"}),
    ] {
        assert_eq!(post(fields.clone()).await.status, 201, "{fields}");
    }
    host.set_connections(
        &json!({"src": {"kind": "postgres", "dsn": "host=127.0.0.1 port=1 user=u dbname=d"}}),
    );
    assert_eq!(
        post(json!({"query": "select nonsense from t"}))
            .await
            .status,
        201
    );
    host.set_connections(&json!({}));
    assert_eq!(
        post(json!({"query": "select nonsense from t"}))
            .await
            .status,
        201
    );

    let stranger = json!({"connector_id": 999, "table": "t"});
    refused(&post(stranger).await, 404, "connector_not_found", None);
    refused(
        &post(json!({})).await,
        400,
        "invalid_request",
        Some("/model/table"),
    );
}
