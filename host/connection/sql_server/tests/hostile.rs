//! A plugin's text is hostile: what is not a query does not reach the server.

use super::{int, refusal, run, server, session};
use crate::model::source::ErrorKind;

#[tokio::test]
async fn no_text_but_a_query_reaches_the_server() {
    let server = server();
    run(
        &server,
        "create table dbo.prey (id int not null primary key);\ninsert into dbo.prey values (1)",
    )
    .await;
    let mut session = session(&server).await;
    let before = server.texts().len();
    let attempts = [
        "insert into dbo.prey values (2)",
        "select 1; drop table dbo.prey",
        "select 1 drop table dbo.prey",
        "select 1drop table dbo.prey",
        "select 0x1set nocount off",
        "select ''delete dbo.prey",
        "select [a]truncate table dbo.prey",
        "select/**/1/**/delete/**/dbo.prey",
        "with w as (select 1 as a) delete from dbo.prey",
        "with w as (select id from dbo.prey) update w set id = 9",
        "select * into dbo.stolen from dbo.prey",
        "-- select\ndelete from dbo.prey",
        "select 1 --\rdelete from dbo.prey",
        "/* /* */ select 1 */ exec xp_cmdshell 'dir'",
        "select 1 exec('drop table dbo.prey')",
        "select * from openrowset('SQLNCLI', 's'; 'u'; 'p', 'delete dbo.prey')",
        "select * from opendatasource('a', 'b').c.d.e",
        "select 1 set transaction isolation level serializable",
        "select 1 begin tran select * from dbo.prey with (tablockx)",
        "select next value for dbo.counter",
        "select 1 waitfor delay '01:00:00'",
        "select 1 use master",
        "select 1 shutdown",
        "sp_who",
        ";",
        "",
    ];
    for sql in attempts {
        let error = refusal(&mut session, sql).await;
        assert_eq!(error.kind, ErrorKind::InvalidRequest, "{sql}: {error}");
        assert_eq!(session.query(sql, &[]).await.unwrap_err(), error);
        assert_eq!(session.open(sql, &[]).await.err(), Some(error));
        assert_eq!(server.texts().len(), before, "{sql}");
    }
    let count = session
        .query("select cast(count(*) as bigint) from dbo.prey", &[])
        .await;
    assert_eq!(count.unwrap(), [[int(1)]]);
}
