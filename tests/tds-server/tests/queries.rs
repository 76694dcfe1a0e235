//! SELECT in the shapes of an extraction.
use crate::client::{ask, ints, rows, run, start, texts};

#[tokio::test]
async fn ties_of_the_last_key_come_along() {
    let (_server, mut db) = start().await;
    run(
        &mut db,
        "create table t (id int identity(1,1) primary key, at datetime2(3), name nvarchar(20))",
    )
    .await;
    run(&mut db, "insert into t (at, name) select dateadd(second, value / 4, '2024-01-01'), concat(N'n', value) from generate_series(0, 19)").await;
    run(&mut db, "create index t_at on t (at)").await;
    let page = "select top (5) with ties id, at from t where at > cast(@P1 as datetime2(3)) order by at option (maxdop 1)";
    assert_eq!(ask(&mut db, page, &["2023-01-01"]).await.len(), 8);
    assert_eq!(ask(&mut db, page, &["2024-01-01T00:00:04"]).await.len(), 0);
    let nested =
        "select count(*) from (select top (5) with ties id, at from t order by at desc) as q";
    assert_eq!(ints(&mut db, nested).await, [8]);
    let by_parameter = "select top (cast(@P1 as int)) with ties id from t order by name";
    assert_eq!(ask(&mut db, by_parameter, &["3"]).await.len(), 3);
    assert_eq!(
        ints(&mut db, "select top 2 id from t order by id desc").await,
        [20, 19]
    );
    assert_eq!(
        ints(
            &mut db,
            "select id from t order by id offset 3 rows fetch next 2 rows only"
        )
        .await,
        [4, 5]
    );
}

#[tokio::test]
async fn parameters_are_compared_as_the_type_they_are_cast_to() {
    let (_server, mut db) = start().await;
    run(&mut db, "create table t (id bigint not null primary key, d decimal(38,10), dt datetime, d2 datetime2(7), o datetimeoffset(7), \
         g uniqueidentifier, v varchar(20), b binary(4), f float, rv rowversion)").await;
    run(&mut db, "insert into t (id, d, dt, d2, o, g, v, b, f) values \
         (1, 9.5, '2024-01-01T00:00:00.003', '2024-01-01 00:00:00.1234567', '2024-01-01 02:00:00 +02:00', 'FFFFFFFF-0000-0000-0000-000000000001', 'Abc', 0x00000001, 1.5), \
         (2, 10.25, '2024-01-01T00:00:00.007', '2024-01-01 00:00:00.1234568', '2024-01-01 00:00:00.0000001 +00:00', '00000000-0000-0000-0000-000000000002', 'abd', 0x000000ff, 2.5)").await;
    for (condition, parameter) in [
        ("id > cast(@P1 as bigint)", "1"),
        ("d > cast(@P1 as decimal(38,10))", "9.5000000000"),
        (
            "dt > convert(datetime, @P1, 126)",
            "2024-01-01T00:00:00.003",
        ),
        (
            "d2 > cast(@P1 as datetime2(7))",
            "2024-01-01T00:00:00.1234567",
        ),
        (
            "o > cast(@P1 as datetimeoffset(7))",
            "2023-12-31T19:00:00.0000000-05:00",
        ),
        (
            "g > cast(@P1 as uniqueidentifier)",
            "ffffffff-0000-0000-0000-000000000001",
        ),
        ("v > cast(@P1 as varchar(20))", "ABC"),
        ("b > convert(binary(4), @P1, 1)", "0x00000001"),
        ("f > convert(float, @P1)", "1.5000000000000000e+000"),
    ] {
        let found = ask(
            &mut db,
            &format!("select cast(id as int) as id from t where {condition} order by id"),
            &[parameter],
        )
        .await;
        let ids: Vec<_> = found
            .iter()
            .map(|row| row.get::<i32, _>(0).unwrap())
            .collect();
        assert_eq!(ids, [2], "{condition}");
    }
    let rv = texts(
        &mut db,
        "select convert(nvarchar(40), convert(binary(8), rv), 1) from t order by rv",
    )
    .await;
    let found = ask(
        &mut db,
        "select id from t where rv > convert(binary(8), @P1, 1) and rv < min_active_rowversion()",
        &[&rv[0]],
    )
    .await;
    assert_eq!(found.len(), 1);
    let both = "select id from t where id >= cast(@P1 as bigint) and (id > cast(@P1 as bigint) or (id = cast(@P1 as bigint) and d > cast(@P2 as decimal(38,10)))) order by id, d";
    assert_eq!(ask(&mut db, both, &["1", "9.4"]).await.len(), 2);
}

#[tokio::test]
async fn texts_of_values_are_the_servers() {
    let (_server, mut db) = start().await;
    for (expression, text) in [
        (
            "convert(nvarchar(40), cast('2024-03-05 14:07:09.837' as datetime), 121)",
            "2024-03-05 14:07:09.837",
        ),
        (
            "convert(nvarchar(40), cast('2024-03-05 14:07:09.837' as datetime), 126)",
            "2024-03-05T14:07:09.837",
        ),
        (
            "convert(varchar(40), cast('2024-03-05 14:07:09.1234567' as datetime2(7)), 126)",
            "2024-03-05T14:07:09.1234567",
        ),
        (
            "convert(varchar(40), cast('2024-03-05 14:07:09.1234567 -05:30' as datetimeoffset(7)), 121)",
            "2024-03-05 14:07:09.1234567 -05:30",
        ),
        ("convert(varchar(40), cast('12:00' as time(0)))", "12:00:00"),
        (
            "convert(varchar(60), cast(0.1 as float), 3)",
            "1.0000000000000001e-001",
        ),
        ("convert(varchar(20), 0x00ff, 1)", "0x00FF"),
        (
            "cast(cast('6f9619ff-8b86-d011-b42d-00c04fc964ff' as uniqueidentifier) as nvarchar(40))",
            "6F9619FF-8B86-D011-B42D-00C04FC964FF",
        ),
        (
            "cast(cast(1.5 as decimal(38,10)) as varchar(50))",
            "1.5000000000",
        ),
        (
            "cast(cast(922337203685477.5807 as money) as decimal(19,4)) + 0",
            "922337203685477.5807",
        ),
        ("cast(hierarchyid_of.h.ToString() as nvarchar(40))", "/1/2/"),
        ("concat_ws(N',', N'a', null, 1)", "a,1"),
        (
            "convert(nvarchar(80), hashbytes('SHA2_256', N'a'), 2)",
            "FFE9AAEAA2A2D5048174DF0B80599EF0197EC024C4B051BC9860CFF58EF7F9F3",
        ),
        (
            "case when len('ab ') = 2 then isnull(cast(null as varchar(5)), 'null') else 'no' end",
            "null",
        ),
        (
            "convert(nvarchar(34), switchoffset(cast('2024-03-05 01:07:09.1234567 +02:00' as datetimeoffset(7)), N'+00:00'), 121)",
            "2024-03-04 23:07:09.1234567 +00:00",
        ),
        (
            "concat(N'SRID=', hierarchyid_of.h.STSrid, N';', hierarchyid_of.h.ToString())",
            "SRID=4326;/1/2/",
        ),
        (
            "concat(cast(sql_variant_property(cast(5 as sql_variant), 'BaseType') as nvarchar(128)), N':', cast(cast(5 as sql_variant) as nvarchar(10)))",
            "int:5",
        ),
        (
            "convert(nvarchar(4000), convert(varbinary(1700), N'ż'), 1)",
            "0x7C01",
        ),
        ("quotename(N'a]b')", "[a]]b]"),
        ("substring(N'żółw', 2, 2)", "ół"),
        ("N'a' + '😀'", "a😀"),
    ] {
        let sql = format!(
            "select cast({expression} as nvarchar(100)) from (select cast('/1/2/' as hierarchyid) as h) as hierarchyid_of"
        );
        assert_eq!(texts(&mut db, &sql).await, [text], "{expression}");
    }
}

#[tokio::test]
async fn queries_nest_join_and_count() {
    let (_server, mut db) = start().await;
    run(&mut db, "create table a (id int primary key, name nvarchar(10)); create table b (a int, n decimal(10,2))").await;
    run(&mut db, "insert into a values (1, N'x'), (2, N'y'), (3, N'z'); insert into b values (1, 1.50), (1, 2.25), (3, null)").await;
    assert_eq!(ints(&mut db, "select a.id from demo.dbo.a as a with (nolock) where not exists (select 1 from b where b.a = a.id)").await, [2]);
    assert_eq!(
        texts(
            &mut db,
            "select cast(sum(n) as varchar(20)) from [demo].[dbo].[b]"
        )
        .await,
        ["3.75"]
    );
    assert_eq!(
        ints(&mut db, "select count(*) from a left join b on b.a = a.id").await,
        [4]
    );
    assert_eq!(ints(&mut db, "with big as (select id from a where id > 1), all_of as (select * from big) select max(id) from all_of").await, [3]);
    assert_eq!(ints(&mut db, "with n(i) as (select 1 union all select i + 1 from n where i < 500) select count(*) from n option (maxrecursion 0)").await, [500]);
    assert_eq!(
        ints(
            &mut db,
            "select id from a where name in (N'X', N'q') or id between 3 and 5 order by id"
        )
        .await,
        [1, 3]
    );
    assert_eq!(
        ints(
            &mut db,
            "select top (1) (select count(*) from b where b.a = a.id) as n from a order by n desc"
        )
        .await,
        [2]
    );
    assert_eq!(
        texts(
            &mut db,
            "select name from a except select N'x' order by name"
        )
        .await,
        ["y", "z"]
    );
    assert_eq!(
        rows(
            &mut db,
            "select row_number() over (order by id desc) as n, * from a"
        )
        .await
        .len(),
        3
    );
    assert_eq!(
        ints(&mut db, "select v.i from (values (1), (2)) as v(i)").await,
        [1, 2]
    );
    let row = &rows(&mut db, "select count_big(*), count(*), max(n), min(name), avg(id) from a left join b on b.a = a.id").await[0];
    assert_eq!(
        (
            row.get::<i64, _>(0),
            row.get::<i32, _>(1),
            row.get::<i32, _>(4)
        ),
        (Some(4), Some(4), Some(1))
    );
}

#[tokio::test]
async fn strings_are_compared_under_their_collation() {
    let (_server, mut db) = start().await;
    run(&mut db, "create table t (ci varchar(10), cs nvarchar(10) collate Latin1_General_CS_AS, bin varchar(10) collate Latin1_General_BIN2)").await;
    run(
        &mut db,
        "insert into t values ('a', N'a', 'a'), ('A ', N'A', 'A'), ('b', N'B', '_')",
    )
    .await;
    assert_eq!(
        ints(&mut db, "select count(*) from t where ci = 'A'").await,
        [2]
    );
    assert_eq!(
        ints(&mut db, "select count(*) from t where cs = N'A'").await,
        [1]
    );
    assert_eq!(
        texts(&mut db, "select bin from t order by bin").await,
        ["A", "_", "a"]
    );
    assert_eq!(
        texts(&mut db, "select cs from t order by cs").await,
        ["a", "A", "B"]
    );
    assert_eq!(ints(&mut db, "select count(distinct ci) from t").await, [2]);
}
