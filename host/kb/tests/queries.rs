//! Read-only, bounded, and clear about what is wrong.

use super::*;

async fn with_people() -> TestLake {
    let t = TestLake::new();
    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    t.land(&mut writer, "s", 1, 0..100).await.unwrap();
    let mut writer = t.writer("Orders", "o", Mode::Create).await.unwrap();
    t.land(&mut writer, "o", 1, 0..5).await.unwrap();
    t
}

async fn refusal(t: &TestLake, sql: &str) -> String {
    match t.query(sql).await {
        Err(QueryError::Refused(why)) => why,
        other => panic!("{sql}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_could_write_or_read_a_file_is_refused() {
    let t = with_people().await;
    let outside = t.folder.path().join("kb1/people").display().to_string();
    for sql in [
        "drop table people",
        "create table x as select 1",
        "create view v as select 1",
        "create external table x stored as parquet location '/tmp'",
        "insert into people values (1, 'a')",
        "delete from people",
        "update people set id = 1",
        "truncate table people",
        "copy people to '/tmp/x.csv'",
        "copy (select 1) to '/tmp/x.csv'",
        "explain copy people to '/tmp/x.csv'",
        "explain insert into people values (1, 'a')",
        "select * into x from people",
        "with x as (insert into people values (1, 'a')) select 1",
        "set datafusion.execution.batch_size = 1",
        "reset datafusion.execution.batch_size",
        "show all",
        "prepare p as select 1",
        "begin",
        "select 1; select 2",
        "select 1; drop table people",
        "",
        "  -- nothing",
        "select * from '/etc/passwd'",
        "select * from read_parquet('/etc/passwd')",
        "select * from kb.other.people",
    ] {
        refusal(&t, sql).await;
    }
    refusal(&t, &format!("select * from '{outside}'")).await;
    assert_eq!(t.number("select count(*) from people").await, 100);
    assert_eq!(t.files("people").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_statement_is_answered_with_what_is_wrong() {
    let t = with_people().await;
    assert_eq!(
        refusal(&t, "select * from persons").await,
        "the table \"persons\" does not exist; there is: Orders, people"
    );
    assert_eq!(
        refusal(&t, "select * from Orders").await,
        "the table \"orders\" does not exist; there is \"Orders\": write it in double quotes"
    );
    let column = refusal(&t, "select nme from people").await;
    assert!(column.starts_with("No field named nme"), "{column}");
    let syntax = refusal(&t, "selec 1").await;
    assert!(
        syntax
            .starts_with("the statement cannot be read: Expected: an SQL statement, found: selec"),
        "{syntax}"
    );
    let zero = refusal(&t, "select 1 / (id - id) from people").await;
    assert!(zero.contains("Divide by zero"), "{zero}");
    let deep = format!("select {}1{}", "(".repeat(500), ")".repeat(500));
    assert_eq!(
        refusal(&t, &deep).await,
        "the statement is nested too deeply"
    );
    let mut wrong = query("select $1");
    wrong.params = vec![serde_json::json!([1])];
    assert!(matches!(
        t.lake.query(&t.kb, wrong).await,
        Err(QueryError::Refused(_))
    ));
    assert!(
        refusal(&t, "select $1 + 1 from people")
            .await
            .contains("$1")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reads_is_allowed() {
    let t = with_people().await;
    assert_eq!(t.number("select count(*) from \"Orders\"").await, 5);
    assert_eq!(
        t.number("Select COUNT(*) From People p Join \"Orders\" o On p.id = o.id")
            .await,
        5
    );
    assert_eq!(
        t.number("with x as (select id from people where id < 3) select sum(id) from x")
            .await,
        3
    );
    assert_eq!(t.number("values (7)").await, 7);
    assert_eq!(
        t.number("select count(*) from generate_series(1, 10)")
            .await,
        10
    );
    assert_eq!(t.number("select count(*) from public.people").await, 100);
    for sql in [
        "show tables",
        "show columns from people",
        "describe people",
        "explain select * from people",
        "select * from information_schema.columns",
    ] {
        assert!(
            t.query(sql)
                .await
                .unwrap()
                .batches
                .iter()
                .any(|b| b.num_rows() > 0),
            "{sql}"
        );
    }
    let mut explain = query("select * from people where id = 1");
    explain.explain = true;
    assert_eq!(
        t.lake
            .query(&t.kb, explain)
            .await
            .unwrap()
            .schema
            .field(0)
            .name(),
        "plan_type"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_are_values_and_never_text_of_the_statement() {
    let t = with_people().await;
    let count = async |sql: &str, params: serde_json::Value| {
        let mut query = query(sql);
        query.params = params.as_array().unwrap().clone();
        let answer = t.lake.query(&t.kb, query).await.unwrap();
        answer
            .batches
            .iter()
            .map(RecordBatch::num_rows)
            .sum::<usize>()
    };
    use serde_json::json;
    assert_eq!(
        count("select * from people where id < $1", json!([10])).await,
        10
    );
    assert_eq!(
        count(
            "select * from people where id < $1 and name <> $2",
            json!([10, "name 1"])
        )
        .await,
        9
    );
    assert_eq!(
        count(
            "select * from people where name = $1",
            json!(["' or 1=1 --"])
        )
        .await,
        0
    );
    assert_eq!(
        count("select * from people where id = $1", json!(["7"])).await,
        1
    );
    assert_eq!(
        count("select * from people where id < $1", json!([9.5])).await,
        10
    );
    assert_eq!(
        count(
            "select * from people where $1 and id is distinct from $2",
            json!([true, null])
        )
        .await,
        100
    );
    assert_eq!(
        count(
            "select * from (values (timestamp '2024-01-02')) t(at) where at > $1",
            json!(["2024-01-01T00:00:00"])
        )
        .await,
        1
    );
    assert_eq!(
        count("select * from people order by id limit $1", json!([3])).await,
        3
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_beyond_the_limit_are_cut_and_said() {
    let t = with_people().await;
    for (limit, rows, truncated) in [
        (0, 0, true),
        (99, 99, true),
        (100, 100, false),
        (101, 100, false),
    ] {
        let mut query = query("select * from people");
        query.limits.rows = limit;
        let answer = t.lake.query(&t.kb, query).await.unwrap();
        let got: usize = answer.batches.iter().map(RecordBatch::num_rows).sum();
        assert_eq!((got, answer.truncated), (rows, truncated));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn time_and_memory_are_bounded() {
    let t = with_people().await;
    let run = async |sql: &str| {
        let mut query = query(sql);
        query.limits.time = Duration::from_millis(500);
        query.limits.memory_bytes = 4 << 20;
        t.lake.query(&t.kb, query).await
    };
    let endless = "select count(*) from generate_series(1, 1000000000) a, generate_series(1, 1000000000) b where a.value <> b.value";
    let start = std::time::Instant::now();
    let error = run(endless).await.unwrap_err();
    assert!(matches!(&error, QueryError::LimitExceeded(_)), "{error}");
    assert!(start.elapsed() < Duration::from_secs(10));
    let large =
        "select count(distinct value * 7919 % 100000007) from generate_series(1, 100000000)";
    let error = run(large).await.unwrap_err();
    assert!(matches!(&error, QueryError::LimitExceeded(_)), "{error}");
    assert_eq!(t.number("select count(*) from people").await, 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_chain_of_operators_does_not_take_the_host_down() {
    let t = with_people().await;
    assert_eq!(
        t.number(&format!("select {}", ["1"; 1900].join("+"))).await,
        1900
    );
    assert_eq!(t.number(&format!("select {} 1", "- ".repeat(40))).await, 1);
    let ors = (0..900)
        .map(|i| format!("id = {i}"))
        .collect::<Vec<_>>()
        .join(" or ");
    assert_eq!(
        t.number(&format!("select count(*) from people where {ors}"))
            .await,
        100
    );
    let sums = (0..900)
        .map(|i| format!("id * {i}"))
        .collect::<Vec<_>>()
        .join("+");
    assert_eq!(
        t.number(&format!("select max({sums}) from people")).await,
        99 * 900 * 899 / 2
    );
    let unions = ["select 1 x"; 400].join(" union all ");
    assert_eq!(
        t.number(&format!("select count(*) from ({unions})")).await,
        400
    );
    let list = (0..20_000)
        .map(|i| i.to_string())
        .collect::<Vec<_>>()
        .join(",");
    assert_eq!(
        t.number(&format!("select count(*) from people where id in ({list})"))
            .await,
        100
    );
    assert_eq!(
        t.number(&format!("select 1{}", "::int::bigint".repeat(450)))
            .await,
        1
    );
    for (too_much, why) in [
        (
            format!("select {}", ["1"; 100_000].join("+")),
            "operators and keywords",
        ),
        (
            format!("select 1{}", "::int".repeat(100_000)),
            "longer than 256 KiB",
        ),
        (
            format!("select 1 from {}", ["people"; 101].join(",")),
            "more than 100 tables",
        ),
    ] {
        let said = refusal(&t, &too_much).await;
        assert!(said.contains(why), "{said}");
    }
}
