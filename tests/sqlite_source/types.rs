//! What values land as, and what is said of those that are not what their column says.

use serde_json::json;

use super::File;

#[tokio::test(flavor = "multi_thread")]
async fn values_land_in_the_types_that_are_declared() {
    let file = File::of(
        "create table t (id integer primary key, big int, price decimal(10, 2), ratio real, ok boolean, day date, at datetime,
                         z timestamptz, s varchar(10), j json, any);
         insert into t values (1, 9223372036854775807, 12.3, 0.1, 1, '2024-02-29', '2024-02-29T10:00:00.5', '2024-02-29 10:00:00+01:00', 'ä', '{\"a\":1}', 5),
                              (2, null, '99999999.99', 3, 0, null, null, null, '', null, 'five')",
    )
    .await;
    let (kb, view) = file.job("t", "id", json!({})).await;
    assert_eq!(view["state"], "completed", "{view}");
    let sql = "select big, price, ratio * 2 as ratio, ok, cast(day as varchar) as day, date_part('millisecond', at) as at, \
               date_part('hour', z) as z, s, j, any from dest order by id";
    let rows = file.host.query(kb, sql).await;
    let first = &rows[0];
    assert_eq!(
        first["big"].to_string().replace('"', ""),
        "9223372036854775807"
    );
    assert_eq!(
        (&first["price"], &first["ratio"], &first["ok"]),
        (&json!("12.30"), &json!(0.2), &json!(true))
    );
    assert_eq!(
        (&first["day"], &first["at"], &first["z"]),
        (&json!("2024-02-29"), &json!(500), &json!(9))
    );
    assert_eq!(
        (&first["s"], &first["j"], &first["any"]),
        (&json!("ä"), &json!("{\"a\":1}"), &json!("5"))
    );
    let second = &rows[1];
    assert_eq!(
        (&second["price"], &second["ratio"], &second["any"]),
        (&json!("99999999.99"), &json!(6.0), &json!("five"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_not_what_its_column_says_stops_the_job() {
    let file = File::of(
        "create table t (id integer primary key, n int, day date);
         insert into t values (1, 1, '2024-02-29'), (2, 'canary', 20240229)",
    )
    .await;
    for (column, declared) in [("n", "INT"), ("day", "date")] {
        let more = json!({"source": {"columns": ["id", column]}});
        let (_, view) = file.job("t", "id", more).await;
        let detail = view["error"]["detail"].as_str().expect("a sentence");
        assert_eq!(
            (&view["error"]["code"], &view["error"]["failure"]),
            (&json!("conversion"), &json!("config")),
            "{view}"
        );
        assert!(
            detail.contains(&format!("\"{column}\"")) && detail.contains("leave the column out"),
            "{detail}"
        );
        assert!(
            detail.to_lowercase().contains(&declared.to_lowercase()) && !detail.contains("canary"),
            "{detail}"
        );
    }
    // The way out.
    file.sql(
        "create view fixed as select id, cast(n as text) as n, cast(day as text) as day from t",
    );
    let rows = file.landed("fixed", "id", json!({}), "id").await;
    assert_eq!(rows[1], json!({"id": 2, "n": "canary", "day": "20240229"}));
}
