//! The catalog, as an extraction reads it.
use crate::client::{ask, error_of, ints, rows, run, start, texts};

const TABLE: &str = "create table [sales].[or]]ders] ([id] int identity(5,5) not null constraint pk_orders primary key nonclustered, \
     [name ż] nvarchar(40) null, amount decimal(19,4) not null default (0), doubled as (amount * 2), at datetime2(3) default sysutcdatetime(), \
     code varchar(10) collate Latin1_General_100_CI_AS_SC_UTF8 unique, notes nvarchar(max) sparse)";

#[tokio::test]
async fn columns_and_indexes_are_as_they_were_made() {
    let (_server, mut db) = start().await;
    run(&mut db, "create schema sales").await;
    run(&mut db, TABLE).await;
    run(&mut db, "create index by_name on sales.[or]]ders] ([name ż] desc, amount) include (at) where amount > 0").await;
    run(&mut db, "insert into sales.[or]]ders] ([name ż], amount, code) values (N'x', 1.5, 'a'), (N'y', default, 'b')").await;
    let columns = "select c.name, t.name, c.max_length, c.precision, c.scale, c.collation_name, c.is_nullable, c.is_identity, c.is_computed, c.is_sparse \
         from sys.columns as c join sys.types as t on t.user_type_id = c.user_type_id where c.object_id = object_id(N'[sales].[or]]ders]') order by c.column_id";
    let found = rows(&mut db, columns).await;
    let types: Vec<_> = found
        .iter()
        .map(|row| row.get::<&str, _>(1).unwrap())
        .collect();
    assert_eq!(
        types,
        [
            "int",
            "nvarchar",
            "decimal",
            "numeric",
            "datetime2",
            "varchar",
            "nvarchar"
        ]
    );
    assert_eq!(
        (found[1].get::<i16, _>(2), found[6].get::<i16, _>(2)),
        (Some(80), Some(-1))
    );
    assert_eq!(
        (found[2].get::<u8, _>(3), found[2].get::<u8, _>(4)),
        (Some(19), Some(4))
    );
    assert_eq!(
        (
            found[0].get::<bool, _>(7),
            found[3].get::<bool, _>(8),
            found[6].get::<bool, _>(9)
        ),
        (Some(true), Some(true), Some(true))
    );
    let keys = "select i.name, i.is_primary_key, i.is_unique, i.type, i.has_filter, k.column_id, k.key_ordinal, k.is_descending_key \
         from sys.indexes as i join sys.index_columns as k on k.object_id = i.object_id and k.index_id = i.index_id \
         where i.object_id = object_id('sales.[or]]ders]') and k.key_ordinal > 0 order by i.index_id, k.key_ordinal";
    let names: Vec<_> = rows(&mut db, keys)
        .await
        .iter()
        .map(|row| row.get::<&str, _>(0).unwrap().to_string())
        .collect();
    assert_eq!(names, ["pk_orders", "UQ__or]ders", "by_name", "by_name"]);
    assert_eq!(
        ints(
            &mut db,
            "select cast(sum(rows) as int) from sys.partitions where index_id in (0, 1)"
        )
        .await,
        [2]
    );
    assert_eq!(
        texts(
            &mut db,
            "select cast(doubled as varchar(20)) from sales.[or]]ders] order by id"
        )
        .await,
        ["3.0000", "0.0000"]
    );
    assert_eq!(
        ints(&mut db, "select id from sales.[or]]ders] order by id").await,
        [5, 10]
    );
}

#[tokio::test]
async fn the_statements_of_the_plugin_run() {
    let (_server, mut db) = start().await;
    run(
        &mut db,
        "create table t (id bigint not null primary key, place geography, name sysname)",
    )
    .await;
    run(
        &mut db,
        "create view v as select id, name from t where id > 0",
    )
    .await;
    let tables = "select top (5000) s.name, o.name, case when o.type = 'U' then isnull((select sum(p.rows) from sys.partitions as p \
         where p.object_id = o.object_id and p.index_id in (0, 1)), -1) else cast(-1 as bigint) end \
         from sys.objects as o join sys.schemas as s on s.schema_id = o.schema_id \
         where o.type in ('U', 'V') and o.is_ms_shipped = 0 and (s.name > cast(@P1 as nvarchar(128)) \
         or s.name = cast(@P1 as nvarchar(128)) and o.name > cast(@P2 as nvarchar(128))) \
         and (has_perms_by_name(concat(quotename(s.name), N'.', quotename(o.name)), 'OBJECT', 'SELECT') = 1 \
         or exists (select 1 from sys.columns as c where c.object_id = o.object_id \
         and has_perms_by_name(concat(quotename(s.name), N'.', quotename(o.name)), 'OBJECT', 'SELECT', c.name, 'COLUMN') = 1)) \
         order by s.name, o.name";
    let found = ask(&mut db, tables, &["", ""]).await;
    let listed: Vec<_> = found
        .iter()
        .map(|row| {
            (
                row.get::<&str, _>(1).unwrap(),
                row.get::<i64, _>(2).unwrap(),
            )
        })
        .collect();
    assert_eq!(listed, [("t", 0), ("v", -1)]);
    let relation = "select cast(o.object_id as bigint), s.name, o.name, cast(case when o.type = 'V' then 1 else 0 end as bit) \
         from sys.objects as o join sys.schemas as s on s.schema_id = o.schema_id \
         where s.name = cast(@P1 as nvarchar(128)) and o.name = cast(@P2 as nvarchar(128)) and o.type in ('U', 'V')";
    let row = &ask(&mut db, relation, &["DBO", "T"]).await[0];
    let id = row.get::<i64, _>(0).unwrap().to_string();
    assert_eq!(row.get::<&str, _>(2), Some("t"));
    let columns = "select cast(c.column_id as bigint), c.name, isnull(b.name, u.name), u.is_assembly_type, cast(c.max_length as bigint), \
         cast(c.precision as bigint), cast(c.scale as bigint), c.collation_name, c.is_nullable, c.is_hidden, c.is_sparse, c.is_column_set, \
         cast(isnull(has_perms_by_name(@P2, 'OBJECT', 'SELECT', c.name, 'COLUMN'), 0) as bit) \
         from sys.columns as c join sys.types as u on u.user_type_id = c.user_type_id \
         left join sys.types as b on b.user_type_id = c.system_type_id where c.object_id = cast(@P1 as int) order by c.column_id";
    let found = ask(&mut db, columns, &[&id, "[dbo].[t]"]).await;
    assert_eq!(found[1].get::<bool, _>(3), Some(true));
    assert_eq!(
        (found[1].get::<&str, _>(2), found[2].get::<&str, _>(2)),
        (Some("geography"), Some("nvarchar"))
    );
    assert_eq!(found[0].get::<bool, _>(12), Some(true));
    let sees = "select (select d.is_read_committed_snapshot_on from sys.databases as d where d.name = db_name()), \
         (select cast(s.transaction_isolation_level as bigint) from sys.dm_exec_sessions as s where s.session_id = @@spid), \
         cast(databasepropertyex(db_name(), 'Updateability') as nvarchar(128))";
    let row = &ask(&mut db, sees, &[]).await[0];
    assert_eq!(
        (
            row.get::<bool, _>(0),
            row.get::<i64, _>(1),
            row.get::<&str, _>(2)
        ),
        (Some(false), Some(2), Some("READ_WRITE"))
    );
    let bound = "select convert(binary(8), min_active_rowversion()), cast(case when min_active_rowversion() <= @@dbts then 1 else 0 end as bit)";
    assert_eq!(
        ask(&mut db, bound, &[]).await[0].get::<bool, _>(1),
        Some(false)
    );
    let digest = "select count_big(*), convert(nvarchar(40), sum(cast(cast(substring(hashbytes('SHA2_256', concat_ws(N',', convert(nvarchar(40), [id]), [name])), 1, 8) as bigint) as decimal(38, 0)))) from [dbo].[t]";
    assert_eq!(ask(&mut db, digest, &[]).await[0].get::<i64, _>(0), Some(0));
}

#[tokio::test]
async fn what_is_denied_cannot_be_read_and_says_so() {
    let (server, mut db) = start().await;
    run(&mut db, "create table t (id int)").await;
    server.deny("dbo.t");
    server.deny("sys.dm_exec_sessions");
    let (number, message) = error_of(&mut db, "select * from t").await;
    assert_eq!(
        (number, message.as_str()),
        (
            229,
            "The SELECT permission was denied on the object 't', database 'demo', schema 'dbo'."
        )
    );
    assert_eq!(
        error_of(&mut db, "select * from sys.dm_exec_sessions")
            .await
            .0,
        229
    );
    assert_eq!(
        ints(
            &mut db,
            "select has_perms_by_name('dbo.t', 'OBJECT', 'SELECT')"
        )
        .await,
        [0]
    );
    server.grant("dbo.t");
    assert_eq!(
        ints(
            &mut db,
            "select has_perms_by_name('dbo.t', 'OBJECT', 'SELECT')"
        )
        .await,
        [1]
    );
}
