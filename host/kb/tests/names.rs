//! Any name a source can have works here, from the folder to the query.

use super::*;

const ODD: &[&str] = &[
    "Orders",
    "it's",
    "a \"quoted\" one",
    "dbo.orders",
    "naïve 🦀",
    "x; drop table y",
    "../../etc",
    "UPPER case",
    "%20",
    "a=b",
];

#[tokio::test(flavor = "multi_thread")]
async fn odd_table_names_work_from_the_folder_to_the_query() {
    let t = TestLake::new();
    for (index, name) in ODD.iter().enumerate() {
        let mut writer = t.writer(name, "s", Mode::Create).await.unwrap();
        let rows = i64::try_from(index).unwrap() + 1;
        t.land(&mut writer, "s", 1, 0..rows).await.unwrap();
        let quoted = name.replace('"', "\"\"");
        assert_eq!(
            t.number(&format!("select count(*) from \"{quoted}\""))
                .await,
            rows,
            "{name}"
        );
        assert_eq!(
            t.number(&format!(
                "select sum(\"{quoted}\".id) + {rows} from \"{quoted}\" where name like 'name%'"
            ))
            .await,
            rows * (rows + 1) / 2
        );
    }
    let mut expected: Vec<_> = ODD.iter().map(ToString::to_string).collect();
    expected.sort();
    let names = |tables: Vec<TableSummary>| tables.into_iter().map(|t| t.name).collect::<Vec<_>>();
    assert_eq!(names(t.lake.tables(&t.kb).await.unwrap()), expected);
    assert_eq!(names(t.reopened().tables(&t.kb).await.unwrap()), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_column_names_work() {
    let t = TestLake::new();
    for (index, name) in ODD
        .iter()
        .chain(&["a\tb\nc", "(x)", "{a,b}", "ünï", "a.b.c", "`"])
        .enumerate()
    {
        let columns = vec![
            column(name, DataType::Int64),
            column("when", DataType::Timestamp),
            column("Other", DataType::Text),
        ];
        let table = format!("t{index}");
        let mut writer = t
            .lake
            .writer(t.target(&table, "s", Mode::Create, columns.clone()))
            .await
            .unwrap();
        let rows = batch(
            columns.clone(),
            vec![
                Arc::new(Int64Array::from(vec![1, 2, 3])),
                Arc::new(arrow::array::TimestampMicrosecondArray::from(vec![1, 2, 3])),
                Arc::new(StringArray::from(vec!["a", "b", "c"])),
            ],
        );
        writer.write(&rows).await.unwrap();
        writer.commit(&checkpoint("s", 1, 3)).await.unwrap();
        let mut append = t
            .lake
            .writer(t.target(&table, "b", Mode::Append, columns.clone()))
            .await
            .unwrap();
        append.write(&rows).await.unwrap();
        append.commit(&checkpoint("b", 1, 3)).await.unwrap();
        let quoted = name.replace('"', "\"\"");
        let sql = format!(
            "select sum(\"{quoted}\") from {table} where \"{quoted}\" > 1 and \"Other\" <> 'x'"
        );
        assert_eq!(t.number(&sql).await, 10, "{name}");
        let summary = t.lake.table(&t.kb, &table).await.unwrap().unwrap();
        assert_eq!(summary.columns[0].name(), name);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_columns_that_differ_only_in_case_are_refused_by_name() {
    let t = TestLake::new();
    let columns = vec![column("id", DataType::Int64), column("ID", DataType::Int64)];
    let error = t
        .lake
        .writer(t.target("t", "s", Mode::Create, columns))
        .await
        .map(drop)
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the column \"ID\" of the table \"t\" has the same name"),
        "{error}"
    );
}
