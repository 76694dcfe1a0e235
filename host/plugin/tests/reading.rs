//! What a guest that keeps the rules delivers.

use arrow::compute::concat_batches;
use arrow::record_batch::RecordBatch;
use arrow::util::pretty::pretty_format_batches;

use super::*;
use crate::model::value::Value;

/// All rows of a read, each page at most so long.
async fn read(table: &str, page_rows: u32, reopen: Reopen) -> RecordBatch {
    let plugin = plugin(Limits::default()).await;
    let open = async |resume| {
        plugin
            .open_reader_on(Connection::to_nothing(), request(table, resume))
            .await
            .unwrap()
    };
    let mut reader = open(None).await;
    let mut pages = Vec::new();
    while let Step::Rows(page) = reader.next(page_rows).await.unwrap() {
        assert!(page.batch.num_rows() <= page_rows as usize);
        pages.push(page.batch.rows);
        if matches!(reopen, Reopen::AfterEveryPage) {
            reader = open(page.cursor).await;
        }
    }
    concat_batches(&pages[0].schema(), &pages).unwrap()
}

enum Reopen {
    Never,
    AfterEveryPage,
}

#[tokio::test]
async fn all_rows_arrive_as_they_are() {
    let rows = read("good", 33, Reopen::Never).await;
    assert_eq!(rows.num_rows(), 500);
    let shown = pretty_format_batches(&[rows.slice(299, 3)])
        .unwrap()
        .to_string();
    let expected = "\
+-----+------+-------+----------------------+
| id  | name | price | seen                 |
+-----+------+-------+----------------------+
| 300 |      | 3.00  | 1970-01-01T00:05:00Z |
| 301 | 301  | 3.01  | 1970-01-01T00:05:01Z |
| 302 | 302  | 3.02  | 1970-01-01T00:05:02Z |
+-----+------+-------+----------------------+";
    assert_eq!(shown, expected);
}

#[tokio::test]
async fn a_new_instance_for_every_page_changes_nothing() {
    let at_once = read("good", 500, Reopen::Never).await;
    for page_rows in [1, 7, 499] {
        assert_eq!(
            read("good", page_rows, Reopen::AfterEveryPage).await,
            at_once,
            "{page_rows} rows a page"
        );
    }
}

#[tokio::test]
async fn rows_and_columns_build_the_same_batch() {
    assert_eq!(
        read("good-rows", 100, Reopen::Never).await,
        read("good", 100, Reopen::Never).await
    );
}

#[tokio::test]
async fn the_end_carries_warnings() {
    assert_eq!(
        end_of("good", Limits::default(), 1_000).await.unwrap(),
        ["all read"]
    );
}

#[tokio::test]
async fn a_read_resumes_after_its_cursor() {
    let resume = Cursor {
        value: Value::Int(498),
        tie: Vec::new(),
        landed: None,
        digest: None,
    };
    let plugin = plugin(Limits::default()).await;
    let request = request("good", Some(resume));
    let mut reader = plugin
        .open_reader_on(Connection::to_nothing(), request)
        .await
        .unwrap();
    let Step::Rows(page) = reader.next(100).await.unwrap() else {
        panic!("rows are left")
    };
    assert_eq!(
        (page.batch.num_rows(), page.cursor.unwrap().value),
        (2, Value::Int(500))
    );
}
