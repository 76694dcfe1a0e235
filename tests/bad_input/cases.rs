//! What a client can ask for that cannot be, and what it is told.

use serde_json::{Value, json};

/// Where a mistake is told.
pub enum Told {
    /// In the answer to the request: status, code.
    At(u16, &'static str),
    /// By the job: code, who can mend it.
    By(&'static str, &'static str),
}

use Told::{At, By};

/// A mistake, what it changes in a good request, where it is told, and words of the sentence.
pub type Case = (&'static str, Value, Told, &'static [&'static str]);

pub fn cases() -> Vec<Case> {
    let cursor = |kind: &str, value: &str| json!({"cursor": {"kind": kind, "value": value}});
    let with_cursor = |column: &str, kind: &str, value: &str| json!({"source": {"cursor_column": column}, "cursor": {"kind": kind, "value": value}});
    let source = |key: &str, value: &str| json!({"source": {key: value}});
    let on = |connection: &str| json!({"source": {"connection_ref": connection}});
    let limited = |table: &str| json!({"source": {"connection_ref": "limited", "table": table}});
    vec![
        (
            "unknown connection",
            on("nowhere"),
            At(422, "connection_not_found"),
            &["\"nowhere\"", "src"],
        ),
        (
            "unknown kind",
            source("kind", "oracle"),
            At(422, "source_unsupported"),
            &["\"oracle\"", "postgres"],
        ),
        (
            "kind without a plugin",
            source("kind", "sql_server_x"),
            At(422, "source_unsupported"),
            &["plugin"],
        ),
        (
            "unset variable",
            on("unset"),
            At(422, "connection_not_found"),
            &["SLUICE_TEST_NEVER_SET", "set it"],
        ),
        (
            "broken entry",
            on("broken"),
            At(422, "connection_not_found"),
            &["\"broken\"", "sslmode"],
        ),
        (
            "mistyped entry",
            on("typo"),
            At(422, "connection_not_found"),
            &["\"dns\"", "\"dsn\""],
        ),
        (
            "entry of no kind",
            on("other_kind"),
            At(422, "connection_not_found"),
            &["\"oracle\"", "\"postgres\""],
        ),
        (
            "unknown table",
            source("table", "ordrs"),
            By("not_found", "config"),
            &["\"public\".\"ordrs\"", "\"orders\""],
        ),
        (
            "wrong case",
            source("table", "Orders"),
            By("not_found", "config"),
            &["\"orders\""],
        ),
        (
            "other schema",
            source("table", "t"),
            By("not_found", "config"),
            &["\"hidden\".\"t\""],
        ),
        (
            "unknown schema",
            source("schema", "publik"),
            By("not_found", "config"),
            &["\"publik\"", "schema"],
        ),
        (
            "unknown column",
            json!({"source": {"columns": ["pric"]}}),
            By("not_found", "config"),
            &["\"pric\"", "\"price\""],
        ),
        (
            "a column twice",
            json!({"source": {"columns": ["price", "price"]}}),
            At(400, "invalid_request"),
            &["price"],
        ),
        (
            "unknown cursor column",
            source("cursor_column", "idd"),
            By("not_found", "config"),
            &["\"idd\"", "\"id\""],
        ),
        (
            "json cursor column",
            source("cursor_column", "j"),
            By("invalid_request", "config"),
            &["\"j\"", "json", "use"],
        ),
        (
            "xml cursor column",
            source("cursor_column", "x"),
            By("invalid_request", "config"),
            &["\"x\"", "xml", "use"],
        ),
        (
            "array cursor column",
            source("cursor_column", "arr"),
            By("invalid_request", "config"),
            &["\"arr\"", "integer[]"],
        ),
        (
            "point cursor column",
            source("cursor_column", "pt"),
            By("invalid_request", "config"),
            &["\"pt\"", "point"],
        ),
        (
            "cursor without form",
            cursor("int", "abc"),
            At(400, "invalid_cursor"),
            &["integer"],
        ),
        (
            "cursor of no kind",
            cursor("number", "1"),
            At(400, "invalid_cursor"),
            &["int", "decimal"],
        ),
        (
            "text for a number",
            cursor("text", "abc"),
            At(400, "invalid_cursor"),
            &["\"id\"", "integer"],
        ),
        (
            "date for a number",
            cursor("date", "2026-01-01"),
            At(400, "invalid_cursor"),
            &["\"id\"", "integer"],
        ),
        (
            "too large a number",
            cursor("int", "99999999999"),
            At(400, "invalid_cursor"),
            &["\"id\"", "integer"],
        ),
        (
            "number for a time",
            with_cursor("at", "int", "20260101"),
            At(400, "invalid_cursor"),
            &["\"at\"", "timestamp"],
        ),
        (
            "local for an instant",
            with_cursor("at", "timestamp", "2026-01-01 00:00:00"),
            At(400, "invalid_cursor"),
            &["\"at\"", "time zone"],
        ),
        (
            "number for a text",
            with_cursor("n", "int", "1"),
            At(400, "invalid_cursor"),
            &["\"n\"", "text"],
        ),
        (
            "uuid for a number",
            cursor("uuid", "0190d3a5-6d3c-7c1a-8f00-3d2f1a9b5c4e"),
            At(400, "invalid_cursor"),
            &["\"id\""],
        ),
        (
            "a tie too many",
            json!({"cursor": {"kind": "int", "value": "1", "tie": [{"kind": "int", "value": "1"}]}}),
            At(400, "invalid_cursor"),
            &["key"],
        ),
        (
            "wrong password",
            on("wrong_password"),
            By("28P01", "config"),
            &["password"],
        ),
        (
            "unknown user",
            on("no_role"),
            By("28P01", "config"),
            &["user name"],
        ),
        (
            "unknown database",
            on("no_database"),
            By("3D000", "config"),
            &["database", "does not exist"],
        ),
        (
            "server down",
            on("down"),
            By("unavailable", "source"),
            &["nothing listens", "running?"],
        ),
        (
            "unknown host",
            on("unknown_host"),
            By("unavailable", "source"),
            &["host name", "spelling"],
        ),
        (
            "no right on a table",
            limited("locked"),
            By("permission_denied", "config"),
            &["\"locked\"", "grant select"],
        ),
        (
            "no right on a column",
            limited("half"),
            By("permission_denied", "config"),
            &["\"secret\"", "grant select"],
        ),
        (
            "no right on a schema",
            json!({"source": {"connection_ref": "limited", "table": "t", "schema": "hidden"}}),
            By("permission_denied", "config"),
            &["\"hidden\"", "grant usage"],
        ),
    ]
}
