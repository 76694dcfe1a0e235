//! Sessions beside each other.
use futures::TryStreamExt;

use crate::client::{connect, error_of, ints, run, start, texts};

#[tokio::test]
async fn others_read_and_log_in_while_one_streams_and_one_writes() {
    let (server, mut streaming) = start().await;
    run(
        &mut streaming,
        "create table t (id int primary key, x varchar(200))",
    )
    .await;
    run(
        &mut streaming,
        "insert into t select value, replicate('x', 200) from generate_series(1, 20000)",
    )
    .await;
    let mut stream = streaming
        .simple_query("select * from t order by id")
        .await
        .unwrap()
        .into_row_stream();
    stream.try_next().await.unwrap().unwrap();
    let mut writing = connect(&server).await;
    run(&mut writing, "begin tran; insert into t values (0, 'new')").await;
    let mut reading = connect(&server).await;
    assert_eq!(ints(&mut reading, "select count(*) from t").await, [20_000]);
    assert_eq!(
        ints(&mut reading, "select count(*) from sys.dm_exec_sessions").await,
        [3]
    );
    run(&mut writing, "commit").await;
    assert_eq!(ints(&mut reading, "select count(*) from t").await, [20_001]);
    let mut count = 1;
    while stream.try_next().await.unwrap().is_some() {
        count += 1;
    }
    assert_eq!(count, 20_000);
}

#[tokio::test]
async fn a_second_writer_waits_as_long_as_its_lock_timeout() {
    let (server, mut first) = start().await;
    run(
        &mut first,
        "create table t (id int primary key); begin tran; insert into t values (1)",
    )
    .await;
    let mut second = connect(&server).await;
    run(&mut second, "set lock_timeout 50").await;
    assert_eq!(
        error_of(&mut second, "insert into t values (2)").await.0,
        1222
    );
    run(&mut first, "commit").await;
    run(&mut second, "insert into t values (2)").await;
}

#[tokio::test]
async fn the_rowversion_of_a_transaction_in_flight_is_the_bound() {
    let (server, mut writing) = start().await;
    run(
        &mut writing,
        "create table t (id int primary key, rv rowversion); insert into t (id) values (1)",
    )
    .await;
    run(&mut writing, "begin tran; insert into t (id) values (2)").await;
    let mut reading = connect(&server).await;
    let bound = "select convert(varchar(20), min_active_rowversion(), 1)";
    let in_flight = texts(&mut reading, bound).await;
    run(&mut writing, "commit").await;
    assert_eq!(
        texts(
            &mut reading,
            "select convert(varchar(20), rv, 1) from t where id = 2"
        )
        .await,
        in_flight
    );
    assert!(texts(&mut reading, bound).await > in_flight);
    server.hold_rowversion(Some(7));
    assert_eq!(texts(&mut reading, bound).await, ["0x0000000000000007"]);
}
