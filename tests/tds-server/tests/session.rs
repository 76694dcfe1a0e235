//! What a session sees of itself.
use tds_server::{Options, Server};

use crate::client::connect;

#[tokio::test]
async fn session_settings_are_read_back_and_types_are_described() {
    let server = Server::start(Options::default()).unwrap();
    let mut db = connect(&server).await;
    db.simple_query("SET LOCK_TIMEOUT 5000; SET DEADLOCK_PRIORITY LOW; SET NOCOUNT ON; SET ARITHABORT ON; SET DATEFORMAT ymd; SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED")
        .await.unwrap().into_results().await.unwrap();
    let row = db
        .simple_query("select transaction_isolation_level, serverproperty('ProductVersion'), @@VERSION from sys.dm_exec_sessions where session_id = @@SPID")
        .await.unwrap().into_row().await.unwrap().unwrap();
    assert_eq!(row.get::<i16, _>(0), Some(1));
    db.simple_query("create table dbo.t (id bigint not null primary key, name nvarchar(40) null, amount decimal(38,10))").await.unwrap().into_results().await.unwrap();
    db.simple_query("insert into dbo.t values (1, N'żółw', 1.5)")
        .await
        .unwrap()
        .into_results()
        .await
        .unwrap();
    let rows = db
        .query("select name, is_nullable, system_type_name, collation_name, user_type_name, error_number, error_message from sys.dm_exec_describe_first_result_set(@P1, @P2, 0) order by column_ordinal",
            &[&"select top (10) [id], [name], [amount] from [dbo].[t] where [id] > cast(@P1 as bigint) order by [id]", &"@P1 nvarchar(4000)"])
        .await.unwrap().into_first_result().await.unwrap();
    let types: Vec<_> = rows.iter().map(|r| r.get::<&str, _>(2).unwrap()).collect();
    assert_eq!(types, ["bigint", "nvarchar(40)", "decimal(38,10)"]);
    let row = db.query("select top (10) [id], [name] from [dbo].[t] where [id] > cast(@P1 as bigint) order by [id]", &[&"0"]).await.unwrap().into_row().await.unwrap().unwrap();
    assert_eq!(row.get::<&str, _>(1), Some("żółw"));
}
