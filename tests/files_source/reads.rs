//! One job over files as they are.

use serde_json::json;

use super::Exports;

#[tokio::test(flavor = "multi_thread")]
async fn values_land_in_the_types_that_they_say() {
    let exports = Exports::start().await;
    exports.write(
        "customers.csv",
        "\u{feff}id,name,zip,score,vip,born,seen\r\n\
         1,\"Ada, \"\"Countess\"\"\",00123,1.50,true,1815-12-10,2024-02-29T10:00:00Z\r\n\
         \r\n\
         2,\"two\r\nlines\",99999,,false,,\r\n\
         3,,\"\",-2,TRUE,1912-06-23,2024-02-29 11:30:00.25+01:00",
    );
    let rows = exports
        .landed(
            "customers",
            "id + 1 as id, name, zip, score * 2 as score, vip, date_part('year', born) as born, \
             to_char(seen, '%Y-%m-%d %H:%M:%S%.3f') as seen",
        )
        .await;
    assert_eq!(
        rows,
        json!([
            {"id": 2, "name": "Ada, \"Countess\"", "zip": "00123", "score": 3.0, "vip": true, "born": 1815, "seen": "2024-02-29 10:00:00.000"},
            {"id": 3, "name": "two\r\nlines", "zip": "99999", "score": null, "vip": false, "born": null, "seen": null},
            {"id": 4, "name": null, "zip": "", "score": -4.0, "vip": true, "born": 1912, "seen": "2024-02-29 10:30:00.250"},
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_one_table_are_put_together_by_column_name() {
    let exports = Exports::start().await;
    exports.write("orders/2024/01.csv", "id,amount\n1,5\n");
    exports.write("orders/2024/02.csv", "amount,id,note\n7.25,2,late\n");
    exports.write(
        "orders.ndjson",
        "{\"id\": 3, \"amount\": 9, \"items\": [{\"sku\": 1.50}]}\n\n{\"id\": 4, \"note\": null}\n",
    );
    exports.write("orders/README.txt", "not data");
    exports.write("orders.types.json", "{\"amount\": \"decimal(12,2)\"}");
    let rows = exports
        .landed("orders", "id, amount, note, items, _position")
        .await;
    let row = |id: i64, amount, note, items, position: &str| {
        let (note, items): (Option<&str>, Option<&str>) = (note, items);
        json!({"id": id, "amount": amount, "note": note, "items": items, "_position": position})
    };
    assert_eq!(
        rows,
        json!([
            row(
                3,
                json!("9.00"),
                None,
                Some("[{\"sku\": 1.50}]"),
                "orders.ndjson:000000000000"
            ),
            row(4, json!(null), None, None, "orders.ndjson:000000000050"),
            row(
                1,
                json!("5.00"),
                None,
                None,
                "orders/2024/01.csv:000000000010"
            ),
            row(
                2,
                json!("7.25"),
                Some("late"),
                None,
                "orders/2024/02.csv:000000000015"
            ),
        ])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_data_is_said() {
    let exports = Exports::start().await;
    exports.write("orders/a.csv", "id\n1\n");
    exports.write("orders/b.csv.gz", "");
    let (_, view) = exports.job("orders", json!({})).await;
    let warnings = view["warnings"].to_string();
    assert!(warnings.contains("orders/b.csv.gz"), "{warnings}");
}

#[tokio::test(flavor = "multi_thread")]
async fn some_columns_can_be_read_in_another_order() {
    let exports = Exports::start().await;
    exports.write("t.csv", "a,b,c\n1,2,3\n");
    let more = json!({"source": {"columns": ["c", "a"]}});
    let (kb, view) = exports.job("t", more).await;
    assert_eq!(view["state"], "completed", "{view}");
    let rows = exports.host.query(kb, "select * from dest").await;
    assert_eq!(
        rows,
        json!([{"c": 3, "a": 1, "_position": "t.csv:000000000006"}])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_starts_behind_a_place_that_is_given() {
    let exports = Exports::start().await;
    exports.write("t/a.csv", "id\n1\n2\n");
    exports.write("t/b.csv", "id\n3\n4\n5\n");
    let at = |place: &str| json!({"cursor": {"kind": "text", "value": place}});
    let (kb, view) = exports.job("t", at("t/b.csv:000000000003")).await;
    assert_eq!(view["state"], "completed", "{view}");
    let rows = exports
        .host
        .query(kb, "select id from dest order by id")
        .await;
    assert_eq!(rows, json!([{"id": 4}, {"id": 5}]));
    let warnings = view["warnings"].to_string();
    assert!(warnings.contains("sort before t/b.csv"), "{warnings}");
    for wrong in [
        "t/b.csv:000000000004",
        "t/c.csv:000000000000",
        "t/b.csv:000000000099",
        "x",
    ] {
        let kb = exports.host.kb().await;
        let request = exports.request(kb, "t", at(wrong));
        let path = exports.host.connector_path("/jobs");
        let reply = exports.host.post(&path, request).await;
        assert_eq!(
            (reply.status, &reply.json["code"]),
            (400, &json!("invalid_cursor")),
            "{wrong}: {}",
            reply.json
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_columns_are_browsed() {
    let exports = Exports::start().await;
    exports.write("orders/a.csv", "id,at\n1,2024-02-29\n");
    exports.write("b.jsonl", "{\"x\": 1}\n");
    exports.write("notes.txt", "");
    let browse = exports
        .host
        .connector_path("/browse/tables?connection_ref=src");
    let tables = exports.host.get(&browse).await;
    assert_eq!(tables.status, 200, "{}", tables.json);
    let text = tables.json.to_string();
    assert!(
        text.contains("\"orders\"") && text.contains("\"b\"") && !text.contains("notes"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rows_land_once() {
    let exports = Exports::start().await;
    let lines: String = (0..60_000)
        .map(|id| format!("{id},{}\n", "x".repeat(id % 50)))
        .collect();
    exports.write("big.csv", format!("id,pad\n{lines}"));
    let (kb, view) = exports.job("big", json!({"batch_rows": 7_000})).await;
    assert_eq!(view["state"], "completed", "{view}");
    let sums = exports.host.landed_sums(kb, "dest", "id").await;
    assert_eq!(sums, "60000 60000 1799970000");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_names_alone_is_a_table_without_rows() {
    let exports = Exports::start().await;
    exports.write("t.csv", "id,name\n");
    let rows = exports.landed("t", "*").await;
    assert_eq!(rows, json!([]));
}
