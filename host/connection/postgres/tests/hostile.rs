//! A plugin's text is hostile: what it may not do, and that the session goes on after it tried.

use super::{admin_of_shared, one_text, refusal, session};
use crate::model::source::ErrorKind;

#[tokio::test]
async fn no_text_writes_or_leaves_the_transaction() {
    let admin = admin_of_shared().await;
    let setup = "create table prey (id int primary key); insert into prey values (1); create sequence counter;
                 create function sneak() returns int language sql volatile as 'insert into prey values (9) returning id'";
    admin.batch_execute(setup).await.unwrap();
    let mut session = session("hostile").await;
    let attempts = [
        "set transaction read write",
        "set session characteristics as transaction read write",
        "commit",
        "rollback",
        "begin",
        "end; insert into prey values (2)",
        "copy prey to program 'touch /tmp/sluice-escaped'",
        "copy prey to stdout",
        "copy (select 1) to stdout",
        "select 1; drop table prey",
        "select 1; commit; insert into prey values (2)",
        "with w as (insert into prey values (3) returning id) select * from w",
        "with w as (delete from prey returning id) table w",
        "select * into stolen from prey",
        "create table stolen as select 1",
        "select nextval('counter')",
        "select setval('counter', 7)",
        "select * from prey for update",
        "select set_config('transaction_read_only', 'off', true)",
        "select set_config('transaction_read_only', 'off', false)",
        "select sneak()",
        "explain analyze select * from prey",
        "explain analyze insert into prey values (4)",
        "show all",
        "fetch all from c",
        "insert into prey values (5) returning id",
        "delete from prey returning id",
        "truncate prey",
        "vacuum prey",
        "lock table prey",
        "notify x",
        "listen x",
        "do $$ begin insert into prey values (6); end $$",
        "call sneak()",
        "prepare p as select 1",
        "execute p",
        "declare c cursor for select 1",
        "discard all",
        "/* select */ delete from prey returning id",
        "-- select\ndelete from prey returning id",
        "(((",
        "",
        ";",
        "select",
        "select from prey",
    ];
    for sql in attempts {
        let error = refusal(&mut session, sql).await;
        assert_eq!(error.kind, ErrorKind::InvalidRequest, "{sql}: {error:?}");
        assert_eq!(
            one_text(&mut session, "select sum(id)::text from prey").await,
            "1",
            "{sql}"
        );
    }
    assert!(!std::path::Path::new("/tmp/sluice-escaped").exists());
    let found = admin
        .query_one(
            "select (select count(*) from prey), to_regclass('stolen')::text",
            &[],
        )
        .await
        .unwrap();
    assert_eq!(
        (found.get::<_, i64>(0), found.get::<_, Option<String>>(1)),
        (1, None)
    );
}

#[tokio::test]
async fn a_setting_does_not_outlive_its_statement() {
    let mut session = session("hostile-settings").await;
    let sql = "select set_config('statement_timeout', '0', false), set_config('timezone', 'Asia/Tokyo', false),
               set_config('default_transaction_read_only', 'off', false)";
    session.query(sql, &[]).await.unwrap();
    assert_eq!(
        one_text(&mut session, "select current_setting('statement_timeout')").await,
        "1min"
    );
    assert_eq!(
        one_text(&mut session, "select current_setting('timezone')").await,
        "UTC"
    );
    assert_eq!(
        one_text(
            &mut session,
            "select current_setting('transaction_read_only')"
        )
        .await,
        "on"
    );
    assert_eq!(
        one_text(
            &mut session,
            "select current_setting('transaction_isolation')"
        )
        .await,
        "repeatable read"
    );
}

#[tokio::test]
async fn comments_parentheses_and_the_four_words_are_fine() {
    let mut session = session("hostile-fine").await;
    for sql in [
        "/* a /* b */ */ (select 1)",
        "-- x\nvalues (1)",
        "With w as (select 1) select * from w",
        "table pg_description",
    ] {
        session
            .fetch(sql, &[], 0)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    assert!(session.query("select 1;", &[]).await.is_ok());
}
