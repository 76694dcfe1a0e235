//! Definitions and changes.
use crate::client::{error_of, ints, rows, run, start, texts};

#[tokio::test]
async fn a_table_changes_its_shape_and_keeps_its_rows() {
    let (_server, mut db) = start().await;
    run(
        &mut db,
        "create table t (id int identity(1,1) primary key, a int, b nvarchar(5))",
    )
    .await;
    run(&mut db, "create index t_a on t (a)").await;
    run(&mut db, "insert into t values (1, N'x'), (2, N'y')").await;
    run(
        &mut db,
        "alter table t add c decimal(9,2) not null default 1.5, d datetime",
    )
    .await;
    run(&mut db, "alter table t alter column a bigint not null").await;
    run(&mut db, "alter table t drop column b").await;
    run(&mut db, "exec sp_rename 'dbo.t.c', 'price', 'COLUMN'").await;
    let found = &rows(&mut db, "select * from t order by id").await[1];
    let names: Vec<_> = found
        .columns()
        .iter()
        .map(|column| column.name().to_string())
        .collect();
    assert_eq!(names, ["id", "a", "price", "d"]);
    assert_eq!(found.get::<i64, _>(1), Some(2));
    assert_eq!(
        error_of(&mut db, "alter table t drop column a").await.0,
        4922
    );
    assert_eq!(
        error_of(&mut db, "alter table t alter column d int not null")
            .await
            .0,
        515
    );
    assert_eq!(ints(&mut db, "select id from t").await, [1, 2]);
    run(
        &mut db,
        "drop index t_a on t; drop table if exists t; drop table if exists t",
    )
    .await;
    assert_eq!(error_of(&mut db, "select * from t").await.0, 208);
}

#[tokio::test]
async fn a_column_takes_any_name_that_is_free() {
    let (_server, mut db) = start().await;
    run(&mut db, "create table [a.b] (id int, n int)").await;
    run(&mut db, "insert into [a.b] values (1, 2)").await;
    for (from, to) in [
        ("[a.b].n", "N"),
        ("dbo.[a.b].N", "x]y"),
        ("[a.b].[x]]y]", "m"),
    ] {
        run(
            &mut db,
            &format!("exec sp_rename '{from}', '{to}', 'column'"),
        )
        .await;
        let found = &rows(&mut db, "select * from [a.b]").await[0];
        assert_eq!(found.columns()[1].name(), to);
        assert_eq!(found.get::<i32, _>(1), Some(2));
    }
    for (from, to, number) in [("[a.b].m", "ID", 15335), ("[a.b].nothing", "n", 15248)] {
        let rename = format!("exec sp_rename '{from}', '{to}', 'column'");
        assert_eq!(error_of(&mut db, &rename).await.0, number);
    }
}

#[tokio::test]
async fn rows_change_and_rowversions_with_them() {
    let (_server, mut db) = start().await;
    run(
        &mut db,
        "create table t (id int not null, n money, rv rowversion, primary key (id))",
    )
    .await;
    run(
        &mut db,
        "insert into t (id, n) values (-1, 1.5), (2, -0.25)",
    )
    .await;
    let version = "select convert(varchar(20), rv, 1) from t order by id";
    let before = texts(&mut db, version).await;
    run(&mut db, "update t set n = n * 2 where id = 2").await;
    let after = texts(&mut db, version).await;
    assert_eq!(before[0], after[0]);
    assert!(after[1] > before[1]);
    assert_eq!(
        texts(
            &mut db,
            "select cast(cast(n as decimal(19,4)) as varchar(20)) from t order by id"
        )
        .await,
        ["1.5000", "-0.5000"]
    );
    run(&mut db, "delete from t where id < 0").await;
    assert_eq!(ints(&mut db, "select id from t").await, [2]);
}

#[tokio::test]
async fn a_transaction_is_taken_back_with_its_definitions() {
    let (_server, mut db) = start().await;
    run(&mut db, "create table t (id int primary key)").await;
    run(
        &mut db,
        "begin tran; insert into t values (1); create table u (id int); rollback",
    )
    .await;
    assert_eq!(ints(&mut db, "select count(*) from t").await, [0]);
    assert_eq!(error_of(&mut db, "select * from u").await.0, 208);
    run(&mut db, "if object_id('t') is not null drop table t").await;
    assert_eq!(
        ints(&mut db, "select isnull(object_id('dbo.t'), 0)").await,
        [0]
    );
}
