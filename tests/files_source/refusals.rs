//! Files that cannot be read as they are: the job says which line, why, and what to do.

use serde_json::json;

use super::Exports;

/// A file, and what its refusal says.
const CASES: [(&str, &[u8], &[&str]); 14] = [
    (
        "fields.csv",
        b"a,b\n1,2\n3\n",
        &["fields.csv, line 3", "1 fields", "names 2"],
    ),
    (
        "more.csv",
        b"a,b\n1,2,canary\n",
        &["more.csv, line 2", "3 fields"],
    ),
    (
        "open.csv",
        b"a,b\n1,\"canary\n",
        &["open.csv, line 2", "has no end"],
    ),
    (
        "tail.csv",
        b"a\n\"x\" canary\n",
        &["tail.csv, line 2", "follows the end of a quoted field"],
    ),
    (
        "twice.csv",
        b"a,a\n1,2\n",
        &["twice.csv, line 1", "\"a\"", "a name of its own"],
    ),
    (
        "unnamed.csv",
        b"a,\n1,2\n",
        &["unnamed.csv, line 1", "column 2"],
    ),
    (
        "latin.csv",
        b"a\ncaf\xe9\n",
        &["latin.csv, line 2", "not UTF-8"],
    ),
    (
        "wide.csv",
        b"\xff\xfea\0\n\0",
        &["wide.csv, line 1", "UTF-16"],
    ),
    ("ours.csv", b"_position\n1\n", &["_position", "rename it"]),
    (
        "broken.ndjson",
        b"{\"a\": 1}\n{\"a\": canary}\n",
        &["broken.ndjson, line 2", "not JSON"],
    ),
    (
        "list.ndjson",
        b"[1]\n",
        &["list.ndjson, line 1", "not a JSON object"],
    ),
    (
        "both.ndjson",
        b"{\"a\": 1, \"a\": 2}\n",
        &["both.ndjson, line 1", "\"a\" has two values"],
    ),
    (
        "typed.csv",
        b"a\n1\n",
        &["typed.types.json", "\"a\"", "decimal(12,2)"],
    ),
    (
        "fit.csv",
        b"a\nx\n",
        &[
            "fit.csv, line 2",
            "\"a\"",
            "not int64",
            "fit.types.json",
            "reset the sync",
        ],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_is_refused_by_name_line_and_reason() {
    let exports = Exports::start().await;
    exports.write("typed.types.json", "{\"a\": \"varchar(5)\"}");
    exports.write("fit.types.json", "{\"a\": \"int64\"}");
    for (file, content, words) in CASES {
        exports.write(file, content);
        let (table, _) = file.split_once('.').expect("an extension");
        let error = exports.refused(table).await;
        let detail = error["detail"].as_str().expect("a sentence");
        assert_eq!(error["failure"], "config", "{file}: {error}");
        for word in words {
            assert!(detail.contains(word), "{file}: {word}: {detail}");
        }
        assert!(!detail.contains("canary"), "no row data: {detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sample_did_not_show_is_an_error_with_a_way_out() {
    let exports = Exports::start().await;
    let lines = "{\"n\": 1}\n".repeat(2_000);
    exports.write("late.ndjson", format!("{lines}{{\"n\": 1.5}}\n"));
    let error = exports.refused("late").await;
    let detail = error["detail"].as_str().expect("a sentence");
    assert!(
        detail.contains("late.ndjson, line 2001") && detail.contains("late.types.json"),
        "{detail}"
    );
    exports.write(
        "late.types.json",
        "{\"n\": \"float64\", \"more\": \"text\"}",
    );
    exports.append("late.ndjson", "{\"more\": \"x\"}\n");
    let rows = exports.landed("late", "n, more").await;
    assert_eq!(rows[2_000], json!({"n": 1.5, "more": null}));
    assert_eq!(rows[2_001], json!({"n": null, "more": "x"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_without_an_end_is_bounded() {
    let exports = Exports::start().await;
    exports.write("huge.csv", format!("a\n\"{}", "x\n".repeat(2_000_000)));
    let error = exports.refused("huge").await;
    let detail = error["detail"].as_str().expect("a sentence");
    assert!(
        detail.contains("huge.csv, line 2") && detail.contains("is a quote not closed?"),
        "{detail}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_request_is_told_what_there_is() {
    let exports = Exports::start().await;
    exports.write("orders/a.csv", "id,name\n1,x\n");
    for (table, more, words) in [
        (
            "order",
            json!({}),
            vec!["order.csv", "similar tables are orders"],
        ),
        (
            "orders",
            json!({"source": {"cursor_column": "id"}}),
            vec!["_position", "\"id\""],
        ),
        (
            "orders",
            json!({"source": {"columns": ["nam"]}}),
            vec!["\"nam\"", "similar ones are name"],
        ),
        (
            "orders",
            json!({"source": {"schema": "public"}}),
            vec!["no schemas"],
        ),
    ] {
        let (_, view) = exports.job(table, more).await;
        let detail = view["error"]["detail"].as_str().expect("a sentence");
        for word in words {
            assert!(detail.contains(word), "{word}: {view}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_gone_is_said_without_its_place() {
    let exports = Exports::start().await;
    let missing = exports.path("canary");
    exports
        .host
        .set_connections(&json!({"src": {"kind": "files", "dsn": missing}}));
    let error = exports.refused("t").await;
    let detail = error["detail"].as_str().expect("a sentence");
    assert!(
        detail.contains("is not there") && !detail.contains("canary"),
        "{detail}"
    );
}
