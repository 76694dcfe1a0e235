//! The pre-encoded table.
use tds_server::{Options, Server};

use crate::client::{ask, connect, count_rows, ints, rows};

fn server(bench_rows: i64) -> Server {
    Server::start(Options {
        bench_rows,
        ..Options::default()
    })
    .unwrap()
}

#[tokio::test]
async fn memory_and_sqlite_answer_the_same() {
    let server = server(3000);
    let mut db = connect(&server).await;
    let columns = "[id], quantity, amount, changed_at, name, code, price, token";
    let fast = ask(&mut db, &format!("select top (1500) {columns} from [bench].[rows] where [id] > cast(@P1 as bigint) order by [id]"), &["998"]).await;
    let slow = rows(
        &mut db,
        &format!("select top (1500) {columns} from bench.rows where id + 0 > 998 order by id"),
    )
    .await;
    assert_eq!(fast.len(), 1500);
    assert_eq!(slow.len(), 1500);
    for (a, b) in fast.iter().zip(&slow) {
        assert_eq!(format!("{a:?}"), format!("{b:?}"));
    }
    assert_eq!(
        ints(&mut db, "select count(*) from bench.rows").await,
        [3000]
    );
    let some = ask(
        &mut db,
        "select id from bench.rows where id > cast(@P1 as bigint) and id <= cast(@P2 as bigint)",
        &["10", "20"],
    )
    .await;
    assert_eq!(some.len(), 10);
}

#[tokio::test]
async fn it_looks_like_a_table_with_a_key() {
    let server = server(500);
    let mut db = connect(&server).await;
    let key = "select c.name from sys.indexes as i join sys.index_columns as k on k.object_id = i.object_id and k.index_id = i.index_id \
         join sys.columns as c on c.object_id = k.object_id and c.column_id = k.column_id where i.is_primary_key = 1 and i.object_id = object_id('bench.rows')";
    assert_eq!(rows(&mut db, key).await[0].get::<&str, _>(0), Some("id"));
    assert_eq!(count_rows(&mut db, "select * from bench.rows").await.0, 500);
}
