//! The main job, end to end.

use serde_json::json;

use crate::harness::Host;

#[tokio::test(flavor = "multi_thread")]
async fn a_table_lands_and_can_be_queried() {
    let host = Host::start().await;
    host.sql("create table orders (id bigint primary key, amount numeric(12,2)); insert into orders select g, g / 4.0 from generate_series(1, 12345) g").await;
    let kb = host.kb().await;
    let job = host
        .job(json!({
            "kb_id": kb, "dest_table": "orders",
            "source": {"kind": "postgres", "connection_ref": "src", "table": "orders", "cursor_column": "id"}
        }))
        .await;
    assert_eq!(job["state"], "completed", "{job}");
    assert_eq!(job["rows_emitted"], 12345);
    let landed = host
        .query(kb, "select count(*) as n, sum(amount) as total from orders")
        .await;
    let source = host
        .text("select count(*) || ' ' || sum(amount) from orders")
        .await;
    assert_eq!(
        format!(
            "{} {}",
            landed[0]["n"],
            landed[0]["total"].as_str().expect("a decimal is text")
        ),
        source
    );
}
