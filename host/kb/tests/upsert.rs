//! Rows give way to new ones with the same key, whatever else happens to the table.

use arrow::array::Int32Array;

use super::*;

fn pairs(rows: &[(Option<i64>, &str)]) -> Batch {
    let names = rows.iter().map(|(_, name)| Some(*name));
    batch(
        people(),
        vec![
            Arc::new(rows.iter().map(|(id, _)| *id).collect::<Int64Array>()),
            Arc::new(names.collect::<StringArray>()),
        ],
    )
}

fn of(ids: std::ops::Range<i64>, name: &str) -> Batch {
    let rows: Vec<_> = ids.map(|id| (Some(id), name)).collect();
    pairs(&rows)
}

impl TestLake {
    async fn upserter(&self, stream: &str, key: &[&str]) -> Result<TableWriter, KbError> {
        self.upserter_of(stream, key, people()).await
    }

    async fn upserter_of(
        &self,
        stream: &str,
        key: &[&str],
        columns: Vec<Column>,
    ) -> Result<TableWriter, KbError> {
        let target = Target {
            key_columns: key.iter().map(ToString::to_string).collect(),
            ..self.target("people", stream, Mode::Upsert, columns)
        };
        self.lake.writer(target).await
    }

    /// How many rows have each name, and how many ids there are.
    async fn names(&self) -> Vec<String> {
        self.texts("select name || ' ' || count(*) || ' ' || count(distinct id) from people group by name order by name").await
    }

    async fn texts(&self, sql: &str) -> Vec<String> {
        use arrow::array::AsArray;
        let answer = self.reopened().query(&self.kb, query(sql)).await.unwrap();
        let batches = answer.batches.iter();
        batches
            .flat_map(|b| b.column(0).as_string::<i32>().iter())
            .map(|text| text.unwrap_or("null").to_owned())
            .collect()
    }
}

async fn merge(writer: &mut TableWriter, stream: &str, seq: u64, rows: &[Batch]) -> u64 {
    for rows in rows {
        writer.write(rows).await.unwrap();
    }
    writer.commit(&checkpoint(stream, seq, 1)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_with_the_same_key_give_way_and_others_stay() {
    let t = TestLake::new();
    let mut writer = t.upserter("s", &["id"]).await.unwrap();
    assert_eq!(merge(&mut writer, "s", 1, &[of(0..100, "a")]).await, 0);
    merge(&mut writer, "s", 2, &[of(200..300, "b")]).await;
    let untouched = t.files("people");
    merge(&mut writer, "s", 3, &[of(50..150, "c")]).await;
    assert_eq!(t.names().await, ["a 50 50", "b 100 100", "c 100 100"]);
    let kept = |files: Vec<String>| files.iter().filter(|f| untouched.contains(f)).count();
    assert_eq!(
        kept(t.files("people")),
        2,
        "files are replaced, not changed"
    );
    let summary = t.lake.table(&t.kb, "people").await.unwrap().unwrap();
    assert_eq!((summary.rows, summary.files), (250, 3));

    // Again the same, and all of a file.
    merge(&mut writer, "s", 4, &[of(50..150, "c")]).await;
    merge(&mut writer, "s", 5, &[of(0..50, "d")]).await;
    assert_eq!(t.names().await, ["b 100 100", "c 100 100", "d 50 50"]);
    let found = t
        .lake
        .last_checkpoint(&t.kb, "people", &StreamId("s".into()))
        .await;
    assert_eq!(found.unwrap(), Some(checkpoint("s", 5, 1)));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_key_that_comes_twice_the_last_row_lands() {
    let t = TestLake::new();
    let mut writer = t.upserter("s", &["id"]).await.unwrap();
    let twice = pairs(&[(Some(1), "old"), (Some(2), "x"), (Some(1), "newer")]);
    let again = pairs(&[(Some(3), "y"), (Some(1), "newest")]);
    merge(&mut writer, "s", 1, &[twice.clone(), again]).await;
    assert_eq!(t.names().await, ["newest 1 1", "x 1 1", "y 1 1"]);
    merge(&mut writer, "s", 2, &[twice]).await;
    assert_eq!(t.names().await, ["newer 1 1", "x 1 1", "y 1 1"]);
    assert_eq!(t.rows("people").await, Some(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn null_in_a_key_equals_null_and_keys_may_have_several_columns() {
    let t = TestLake::new();
    let mut writer = t.upserter("s", &["id"]).await.unwrap();
    merge(
        &mut writer,
        "s",
        1,
        &[pairs(&[(None, "a"), (Some(1), "a")])],
    )
    .await;
    merge(
        &mut writer,
        "s",
        2,
        &[pairs(&[(None, "b"), (Some(2), "b")])],
    )
    .await;
    assert_eq!(t.names().await, ["a 1 1", "b 2 1"]);
    let mut both = t.upserter("both", &["name", "id"]).await.unwrap();
    merge(
        &mut both,
        "both",
        1,
        &[pairs(&[(Some(1), "b"), (None, "b"), (None, "a")])],
    )
    .await;
    assert_eq!(t.names().await, ["a 2 1", "b 3 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_any_length_are_found_although_parts_of_files_are_left_unread() {
    let t = TestLake::new();
    let mut writer = t.upserter("s", &["name"]).await.unwrap();
    let long = |tail: &str| format!("{}{tail}", "é".repeat(200));
    let names = [long("a"), long("b"), long(""), "z".into(), String::new()];
    for (n, name) in names.iter().enumerate() {
        let seq = n as u64 + 1;
        merge(&mut writer, "s", seq, &[pairs(&[(Some(1), name)])]).await;
    }
    for (n, name) in names.iter().enumerate() {
        let seq = n as u64 + 6;
        merge(&mut writer, "s", seq, &[pairs(&[(Some(2), name)])]).await;
    }
    let sql = "select count(*) from people where id = 2";
    assert_eq!((t.number(sql).await, t.rows("people").await), (5, Some(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_commit_meanwhile_is_merged_into() {
    let t = TestLake::new();
    let mut a = t.upserter("a", &["id"]).await.unwrap();
    merge(&mut a, "a", 1, &[of(0..10, "a")]).await;
    let mut b = t.upserter("b", &["id"]).await.unwrap();
    b.write(&of(5..15, "b")).await.unwrap();
    b.seal().await.unwrap();
    merge(&mut a, "a", 2, &[of(8..12, "c")]).await;
    b.commit(&checkpoint("b", 1, 1)).await.unwrap();
    assert_eq!(t.names().await, ["a 5 5", "b 10 10"]);

    // An append beside upserts is not refused.
    let mut plain = t.writer("people", "plain", Mode::Append).await.unwrap();
    merge(&mut a, "a", 3, &[of(0..1, "d")]).await;
    t.land(&mut plain, "plain", 1, 100..105).await.unwrap();
    assert_eq!(t.rows("people").await, Some(20));

    // At once, many times.
    for seq in 2..12 {
        a.write(&of(0..20, "a")).await.unwrap();
        b.write(&of(10..30, "b")).await.unwrap();
        let (at_a, at_b) = (checkpoint("a", seq + 2, 1), checkpoint("b", seq, 1));
        let (x, y) = tokio::join!(a.commit(&at_a), b.commit(&at_b));
        assert_ne!(x.unwrap(), y.unwrap());
        let sql = "select count(*) - count(distinct id) from people";
        assert_eq!(t.number(sql).await, 0);
    }
    assert_eq!(
        t.number("select count(*) from people where id < 30").await,
        30
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_may_widen_the_key_and_add_a_column() {
    let t = TestLake::new();
    let narrow = |ids: &[i32]| {
        let ids = Int32Array::from(ids.to_vec());
        batch(vec![column("id", DataType::Int32)], vec![Arc::new(ids)])
    };
    let columns = vec![column("id", DataType::Int32)];
    let mut writer = t.upserter_of("s", &["id"], columns).await.unwrap();
    merge(&mut writer, "s", 1, &[narrow(&[1, 2, 3])]).await;
    merge(&mut writer, "s", 2, &[narrow(&[7])]).await;
    let mut wide = t.upserter("w", &["id"]).await.unwrap();
    merge(&mut wide, "w", 1, &[of(2..5, "x")]).await;
    assert_eq!(wide.notes().len(), 2, "{:?}", wide.notes());
    let sql = "select id || ' ' || coalesce(name, '-') from people order by id";
    assert_eq!(t.texts(sql).await, ["1 -", "2 x", "3 x", "4 x", "7 -"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_holder_merges_nothing() {
    let t = TestLake::new();
    let mut first = t.upserter("s", &["id"]).await.unwrap();
    merge(&mut first, "s", 1, &[of(0..10, "a")]).await;
    let mut second = t.upserter("s", &["id"]).await.unwrap();
    second.write(&of(0..10, "late")).await.unwrap();
    second.write(&of(0..10, "late")).await.unwrap();
    merge(&mut first, "s", 2, &[of(5..10, "b")]).await;
    let files = t.files("people").len();
    let lost = second.commit(&checkpoint("s", 2, 1)).await;
    assert!(matches!(lost, Err(CommitError::SeqTaken(_))), "{lost:?}");
    second.discard().await;
    assert_eq!(t.files("people").len(), files - 1, "nothing staged stays");
    assert_eq!(t.names().await, ["a 5 5", "b 5 5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_not_there_is_named() {
    let t = TestLake::new();
    let open = async |key: &[&str]| {
        let opened = t.upserter("s", key).await;
        opened.map(drop).unwrap_err().to_string()
    };
    assert_eq!(
        open(&["id", "nr"]).await,
        "the column \"nr\" of the table \"people\" is a key column, but is neither read nor in the table"
    );
    assert!(open(&[]).await.contains("no key columns are named"));
    let mut writer = t.writer("people", "c", Mode::Create).await.unwrap();
    t.land(&mut writer, "c", 1, 0..1).await.unwrap();
    let columns = vec![column("name", DataType::Text)];
    let opened = t.upserter_of("s", &["id"], columns).await;
    assert_eq!(
        opened.map(drop).unwrap_err().to_string(),
        "the column \"id\" of the table \"people\" is a key column, but is not read"
    );
}
