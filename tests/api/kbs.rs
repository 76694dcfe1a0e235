//! Knowledge bases: their names, their schema, and SQL over them.

use serde_json::{Value, json};

use super::{assert_problem, assert_wrong, orders, request};
use crate::harness::Host;

#[tokio::test(flavor = "multi_thread")]
async fn a_knowledge_base_lives_from_post_to_delete() {
    let host = Host::start().await;
    let k2 = format!("/orgs/{}/k2", host.org);
    let made = host
        .post(&k2, json!({"name": "sales 'x'", "description": "d"}))
        .await;
    assert_eq!(made.status, 201, "{}", made.json);
    let id = made.json["id"].as_i64().expect("a number");
    let path = format!("{k2}/{id}");
    assert_eq!(host.get(&path).await.json, made.json);
    assert_eq!(
        (&made.json["table_count"], &made.json["row_count"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(made.json["uid"].as_str().map(str::len), Some(32));

    assert_problem(
        &host.post(&k2, json!({"name": "sales 'x'"})).await,
        422,
        "kb_exists",
    );
    assert_wrong(
        &host.post(&k2, json!({"name": ""})).await,
        "invalid_request",
        &["/name"],
    );
    assert_wrong(
        &host.post(&k2, json!({"description": 1})).await,
        "invalid_request",
        &["/name", "/description"],
    );

    let other = host.post(&k2, json!({"name": "other"})).await.json;
    let list = host.get(&format!("{k2}?limit=1")).await.json;
    assert_eq!(list["kbs"], json!([other]));
    let token = list["next_page_token"].as_str().expect("another");
    let next = host
        .get(&format!("{k2}?limit=1&page_token={token}"))
        .await
        .json;
    assert_eq!(next, json!({"kbs": [made.json], "next_page_token": null}));

    let renamed = host
        .patch(&path, json!({"name": "new", "description": ""}))
        .await;
    assert_eq!(
        (renamed.status, &renamed.json["name"]),
        (200, &json!("new")),
        "{}",
        renamed.json
    );
    assert_eq!(renamed.json["description"], Value::Null);
    assert_problem(
        &host.patch(&path, json!({"name": "other"})).await,
        422,
        "kb_exists",
    );
    assert_wrong(
        &host.patch(&path, json!({"name": 1})).await,
        "invalid_request",
        &["/name"],
    );

    assert_eq!(host.delete(&path).await.status, 204);
    for reply in [
        host.delete(&path).await,
        host.get(&path).await,
        host.patch(&path, json!({})).await,
        host.get(&format!("{path}/schema")).await,
        host.post(&format!("{path}/query"), json!({"sql": "select 1"}))
            .await,
        host.get(&format!("{k2}/one")).await,
    ] {
        assert_problem(&reply, 404, "kb_not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_knowledge_base_that_a_job_writes_to_stays() {
    let host = Host::start().await;
    orders(&host, 10).await;
    let kb = host.kb().await;
    let mut slow = request(kb);
    slow["batch_rows"] = json!(1);
    slow["pacing"] = json!({"batch_delay_ms": 600_000});
    let id = host.dispatch(slow).await;
    let path = format!("/orgs/{}/k2/{kb}", host.org);
    assert_problem(&host.delete(&path).await, 422, "kb_in_use");
    host.post(&host.connector_path(&format!("/jobs/{id}/stop")), json!({}))
        .await;
    assert_eq!(host.delete(&path).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_shows_tables_columns_and_types() {
    let host = Host::start().await;
    host.sql("create table orders (id bigint primary key, amount numeric(12,2), at timestamptz, tags text[])").await;
    host.sql("insert into orders values (1, 1.5, now(), '{a}')")
        .await;
    let kb = host.kb().await;
    host.job(request(kb)).await;
    let path = format!("/orgs/{}/k2/{kb}", host.org);
    let schema = host.get(&format!("{path}/schema")).await.json;
    assert_eq!(
        (
            &schema["tables"][0]["name"],
            &schema["tables"][0]["row_count"]
        ),
        (&json!("orders"), &json!(1))
    );
    let columns = schema["tables"][0]["columns"]
        .as_array()
        .expect("columns")
        .clone();
    let types: Vec<_> = columns.iter().map(|column| &column["data_type"]).collect();
    assert_eq!(
        types,
        ["int64", "decimal(12,2)", "timestamptz", "array(text)"]
    );
    assert_eq!(columns[1]["native_type"], "numeric(12,2)");
    let sql = host.get(&format!("{path}/schema?format=sql")).await.json["sql"].clone();
    assert!(
        sql.as_str()
            .is_some_and(|sql| sql.contains("create table \"orders\" (\n  \"id\" bigint,")),
        "{sql}"
    );
    assert_wrong(
        &host.get(&format!("{path}/schema?format=xml")).await,
        "invalid_request",
        &["/format"],
    );
    let kb = host.get(&path).await.json;
    assert_eq!(
        (&kb["table_count"], &kb["row_count"]),
        (&json!(1), &json!(1))
    );
    assert!(
        kb["data_size_bytes"]
            .as_u64()
            .is_some_and(|bytes| bytes > 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_bind_parameters_and_lose_no_value() {
    let host = Host::start_with(&[("SLUICE_QUERY__MAX_ROWS", "5")]).await;
    orders(&host, 10).await;
    let kb = host.kb().await;
    host.job(request(kb)).await;
    let path = format!("/orgs/{}/k2/{kb}/query", host.org);
    let query = async |body: Value| host.post(&path, body).await;

    let reply = query(json!({"sql": "select id, name from orders where id = $1 or name = $2 order by id", "params": [3, "n7"]})).await;
    assert_eq!(
        reply.json["rows"],
        json!([{"id": 3, "name": "n3"}, {"id": 7, "name": "n7"}]),
        "{}",
        reply.json
    );
    assert_eq!(
        reply.json["columns"],
        json!([{"name": "id", "data_type": "int64"}, {"name": "name", "data_type": "text"}])
    );
    assert_eq!(
        (&reply.json["row_count"], &reply.json["truncated"]),
        (&json!(2), &json!(false))
    );

    let evil = query(json!({"sql": "select count(*) as n from orders where name = $1", "params": ["n1' or '1'='1"]})).await;
    assert_eq!(evil.json["rows"], json!([{"n": 0}]));
    let many = query(json!({"sql": "select id from orders"})).await;
    assert_eq!(
        (&many.json["row_count"], &many.json["truncated"]),
        (&json!(5), &json!(true))
    );
    let twice = query(json!({"sql": "select a.id, b.id from orders a join orders b on a.id + 1 = b.id where a.id = 1"})).await;
    assert_eq!(
        twice.json["rows"],
        json!([{"id": 1, "id_2": 2}]),
        "{}",
        twice.json
    );
    let explained = query(json!({"sql": "select id from orders", "explain": true})).await;
    assert_eq!(explained.status, 200, "{}", explained.json);
    assert!(explained.json["columns"][0]["name"] != "id");

    for sql in [
        "select from where",
        "select * from nowhere",
        "drop table orders",
        "select 1; select 2",
        "insert into orders values (1)",
    ] {
        assert_wrong(
            &query(json!({"sql": sql})).await,
            "query_refused",
            &["/sql"],
        );
    }
    assert_wrong(&query(json!({})).await, "invalid_request", &["/sql"]);
    assert_wrong(
        &query(json!({"sql": "select $1", "params": [[1]]})).await,
        "invalid_request",
        &["/params/0"],
    );
}
