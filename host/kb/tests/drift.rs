//! A source that changes its columns: widened where nothing is lost, otherwise an error that names the column.

use arrow::array::{
    Decimal128Array, Float32Array, Float64Array, Int16Array, Int32Array, TimestampMicrosecondArray,
};

use super::*;

impl TestLake {
    /// One commit of a stream of its own, opened with the columns of the batch. What it did to the columns.
    async fn append(&self, table: &str, stream: &str, rows: &Batch) -> Result<Vec<String>, String> {
        let target = self.target(table, stream, Mode::Append, rows.columns.to_vec());
        let mut writer = self.lake.writer(target).await.map_err(|e| e.to_string())?;
        writer.write(rows).await.map_err(|e| e.to_string())?;
        assert!(
            writer.notes().is_empty(),
            "nothing is done before the commit"
        );
        let committed = writer.commit(&checkpoint(stream, 1, 1)).await;
        committed.map_err(|e| e.to_string())?;
        Ok(writer.notes().to_vec())
    }

    async fn create(&self, table: &str, rows: &Batch) -> TableWriter {
        let target = self.target(table, "first", Mode::Create, rows.columns.to_vec());
        let mut writer = self.lake.writer(target).await.unwrap();
        writer.write(rows).await.unwrap();
        writer.commit(&checkpoint("first", 1, 1)).await.unwrap();
        writer
    }

    /// The rows of a query as lines of text.
    async fn lines(&self, sql: &str) -> Vec<String> {
        // From a fresh start, so that the log alone answers.
        let answer = self.reopened().query(&self.kb, query(sql)).await.unwrap();
        let text = arrow::util::pretty::pretty_format_batches(&answer.batches).unwrap();
        let text = text.to_string();
        let rows = text.lines().skip(3).filter(|line| line.starts_with('|'));
        rows.map(|line| {
            let cells = line.trim_matches('|').split('|').map(str::trim);
            cells.collect::<Vec<_>>().join(" ")
        })
        .collect()
    }

    async fn type_of(&self, table: &str, column: &str) -> (String, String) {
        let summary = self
            .reopened()
            .table(&self.kb, table)
            .await
            .unwrap()
            .unwrap();
        let field = summary.columns.iter().find(|c| c.name() == column).unwrap();
        (
            field.data_type().to_string(),
            field.metadata()["sluice.native_type"].clone(),
        )
    }
}

fn native(name: &str, data_type: DataType, native_type: &str) -> Column {
    Column {
        native_type: native_type.into(),
        ..column(name, data_type)
    }
}

fn one(name: &str, data_type: DataType, values: ArrayRef) -> Batch {
    batch(vec![native(name, data_type, "read")], vec![values])
}

fn int32(values: &[i32]) -> ArrayRef {
    Arc::new(Int32Array::from(values.to_vec()))
}

fn int64(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn decimal(values: &[i128], precision: u8, scale: i8) -> ArrayRef {
    let array = Decimal128Array::from(values.to_vec());
    Arc::new(array.with_precision_and_scale(precision, scale).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_column_is_added_and_null_in_older_rows() {
    let t = TestLake::new();
    let mut first = t
        .create("t", &one("id", DataType::Int32, int32(&[1])))
        .await;
    let wider = batch(
        vec![
            native("at", DataType::Timestamp, "timestamp"),
            column("id", DataType::Int32),
        ],
        vec![
            Arc::new(TimestampMicrosecondArray::from(vec![5])),
            int32(&[2]),
        ],
    );
    let notes = t.append("t", "second", &wider).await.unwrap();
    assert_eq!(
        notes,
        ["the column \"at\" was added to the table \"t\"; rows that landed before have null in it"]
    );
    let rows = t.lines("select id, at from t order by id").await;
    assert_eq!(rows, ["1 ", "2 1970-01-01T00:00:00.000005"]);
    assert_eq!(t.type_of("t", "at").await.1, "timestamp");
    assert!(t.append("t", "third", &wider).await.unwrap().is_empty());

    // The first writer knew other columns: it has to look again.
    first
        .write(&one("id", DataType::Int32, int32(&[3])))
        .await
        .unwrap();
    let refused = first.commit(&checkpoint("first", 2, 1)).await;
    assert!(matches!(refused, Err(CommitError::Kb(KbError::Changed(_)))));
    first.discard().await;
    let narrow = one("id", DataType::Int32, int32(&[3]));
    assert!(t.append("t", "fourth", &narrow).await.unwrap().is_empty());
    let nulls = t.number("select count(*) from t where at is null").await;
    assert_eq!(nulls, 2, "a column that only the table has is null");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_narrower_type_is_cast_into_the_tables_own() {
    let t = TestLake::new();
    t.create("t", &one("n", DataType::Int64, int64(&[1 << 40])))
        .await;
    t.create(
        "d",
        &one("n", DataType::Decimal(12, 2), decimal(&[125], 12, 2)),
    )
    .await;
    t.create(
        "f",
        &one(
            "n",
            DataType::Float64,
            Arc::new(Float64Array::from(vec![0.1])),
        ),
    )
    .await;
    for (table, rows) in [
        ("t", one("n", DataType::Int32, int32(&[-7]))),
        ("d", one("n", DataType::Decimal(5, 1), decimal(&[15], 5, 1))),
        ("d", one("n", DataType::Int32, int32(&[i32::MIN]))),
        (
            "f",
            one(
                "n",
                DataType::Float32,
                Arc::new(Float32Array::from(vec![0.5])),
            ),
        ),
    ] {
        let before = t.type_of(table, "n").await;
        let stream = format!("{:?}", rows.columns[0].data_type);
        assert!(t.append(table, &stream, &rows).await.unwrap().is_empty());
        assert_eq!(t.type_of(table, "n").await, before);
    }
    let n = async |table: &str| t.lines(&format!("select n from {table} order by n")).await;
    assert_eq!(n("t").await, ["-7", "1099511627776"]);
    assert_eq!(n("d").await, ["-2147483648.00", "1.25", "1.50"]);
    assert_eq!(n("f").await, ["0.1", "0.5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wider_type_widens_the_table_and_changes_no_value() {
    let t = TestLake::new();
    t.create(
        "t",
        &one(
            "n",
            DataType::Int16,
            Arc::new(Int16Array::from(vec![i16::MIN])),
        ),
    )
    .await;
    let steps = [
        (one("n", DataType::Int32, int32(&[i32::MAX])), "Int32"),
        (one("n", DataType::Int64, int64(&[i64::MAX])), "Int64"),
        (
            one("n", DataType::Decimal(21, 2), decimal(&[125], 21, 2)),
            "Decimal128(21, 2)",
        ),
        (
            one("n", DataType::Decimal(30, 4), decimal(&[5], 30, 4)),
            "Decimal128(30, 4)",
        ),
    ];
    for (rows, data_type) in steps {
        let notes = t.append("t", data_type, &rows).await.unwrap();
        assert!(
            notes[0].contains("\"n\"") && notes[0].contains("widened from"),
            "{notes:?}"
        );
        let expected = (data_type.to_owned(), "read".to_owned());
        assert_eq!(t.type_of("t", "n").await, expected);
    }
    assert_eq!(
        t.lines("select n from t order by n").await,
        [
            "-32768.0000",
            "0.0005",
            "1.2500",
            "2147483647.0000",
            "9223372036854775807.0000"
        ]
    );

    t.create("f", &one("n", DataType::Int32, int32(&[i32::MAX])))
        .await;
    let double = one(
        "n",
        DataType::Float64,
        Arc::new(Float64Array::from(vec![0.1])),
    );
    t.append("f", "double", &double).await.unwrap();
    t.create(
        "g",
        &one(
            "n",
            DataType::Float32,
            Arc::new(Float32Array::from(vec![0.5])),
        ),
    )
    .await;
    t.append("g", "double", &double).await.unwrap();
    assert_eq!(
        t.lines("select n from f order by n").await,
        ["0.1", "2147483647.0"]
    );
    assert_eq!(t.lines("select n from g order by n").await, ["0.1", "0.5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_files_are_widened_in_one_entry_beside_appends_of_others() {
    let t = TestLake::new();
    let mut first = t.create("t", &one("n", DataType::Int32, int32(&[0]))).await;
    for seq in 2..=40 {
        let rows = one("n", DataType::Int32, int32(&[seq - 1]));
        first.write(&rows).await.unwrap();
        let seq = u64::try_from(seq).unwrap();
        first.commit(&checkpoint("first", seq, 1)).await.unwrap();
    }
    let wide = one("n", DataType::Int64, int64(&[1 << 40]));
    let target = t.target("t", "wide", Mode::Append, wide.columns.to_vec());
    let mut writer = t.lake.writer(target).await.unwrap();
    writer.write(&wide).await.unwrap();
    // It comes between the look at the table and the commit, with a file of the old type.
    first
        .write(&one("n", DataType::Int32, int32(&[40])))
        .await
        .unwrap();
    first.commit(&checkpoint("first", 41, 1)).await.unwrap();
    assert_eq!(writer.commit(&checkpoint("wide", 1, 1)).await.unwrap(), 41);
    assert_eq!(writer.commit(&checkpoint("wide", 2, 1)).await.unwrap(), 42);
    assert_eq!(writer.notes().len(), 1, "said once");
    let sums = t
        .lines("select count(*), sum(n), count(distinct n) from t")
        .await;
    assert_eq!(sums, [format!("42 {} 42", (1_i64 << 40) + 820)]);
    let summary = t.lake.table(&t.kb, "t").await.unwrap().unwrap();
    assert_eq!((summary.rows, summary.files), (42, 42));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_widening_that_does_not_land_leaves_no_files() {
    let t = TestLake::new();
    t.create("t", &one("n", DataType::Int32, int32(&[1]))).await;
    let wide = one("n", DataType::Int64, int64(&[2]));
    let target = t.target("t", "s", Mode::Append, wide.columns.to_vec());
    let mut late = t.lake.writer(target).await.unwrap();
    late.write(&wide).await.unwrap();
    t.append("t", "s", &wide).await.unwrap();
    let before = t.files("t").len();
    let lost = late.commit(&checkpoint("s", 1, 1)).await;
    assert!(matches!(lost, Err(CommitError::SeqTaken(_))), "{lost:?}");
    late.discard().await;
    assert_eq!(t.files("t").len(), before - 1);
    assert_eq!(t.lines("select n from t order by n").await, ["1", "2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_with_other_names_in_their_files_drift_too() {
    let t = TestLake::new();
    let full = |data_type, values| {
        batch(
            vec![column("the id", DataType::Int32), column("n", data_type)],
            vec![int32(&[1]), values],
        )
    };
    t.create("mapped", &full(DataType::Int32, int32(&[7])))
        .await;
    t.append("mapped", "a", &full(DataType::Int64, int64(&[8])))
        .await
        .unwrap();
    let more = batch(
        vec![
            column("n", DataType::Int16),
            column("a new one", DataType::Text),
        ],
        vec![
            Arc::new(Int16Array::from(vec![9])),
            Arc::new(StringArray::from(vec!["x"])),
        ],
    );
    t.append("mapped", "b", &more).await.unwrap();
    let all = "select \"the id\", n, \"a new one\" from mapped order by n";
    assert_eq!(t.lines(all).await, ["1 7 ", "1 8 ", " 9 x"]);

    // A plain table that gets a column which Parquet cannot name.
    t.create("plain", &one("n", DataType::Int32, int32(&[1])))
        .await;
    t.append("plain", "a", &more).await.unwrap();
    t.append("plain", "b", &one("n", DataType::Int64, int64(&[10])))
        .await
        .unwrap();
    t.append("plain", "c", &full(DataType::Int32, int32(&[11])))
        .await
        .unwrap();
    let all = "select n, \"a new one\", \"the id\" from plain order by n";
    assert_eq!(t.lines(all).await, ["1  ", "9 x ", "10  ", "11  1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_widened_stops_with_the_column_both_types_and_a_way_out() {
    let t = TestLake::new();
    let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    t.create("t", &one("n", DataType::Int32, int32(&[1]))).await;
    t.create(
        "d",
        &one(
            "n",
            DataType::Date,
            Arc::new(arrow::array::Date32Array::from(vec![1])),
        ),
    )
    .await;
    let stamp: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![5]));
    for (table, rows, types) in [
        (
            "t",
            one("n", DataType::Text, text),
            "integer in the table, but string is read",
        ),
        (
            "d",
            one("n", DataType::Timestamp, stamp),
            "date in the table, but timestamp_ntz is read",
        ),
        (
            "t",
            one("n", DataType::Decimal(5, 2), decimal(&[1], 5, 2)),
            "integer in the table, but decimal(5,2) is read",
        ),
    ] {
        let error = t.append(table, "s", &rows).await.unwrap_err();
        let expected = format!(
            "the column \"n\" of the table \"{table}\" is {types}: use mode replace, or another table"
        );
        assert_eq!(error, expected);
    }
    let error = t
        .append("t", "s", &one("N", DataType::Int32, int32(&[1])))
        .await
        .unwrap_err();
    assert_eq!(
        error,
        "the column \"N\" of the table \"t\" is there as \"n\", and a Delta table cannot hold both: rename it in the source, or use mode replace"
    );
    let summary = t.lake.table(&t.kb, "t").await.unwrap().unwrap();
    assert_eq!((summary.rows, summary.version), (1, 0), "nothing happened");
}
