//! Every exported function, and everything that it can do wrong: the call fails alone, with the right code and a sentence
//! that names the plugin and what it was doing.

use super::guest::described;
use super::*;
use crate::model::failure::FailureKind;

const GENERAL: [(&str, &str); 4] = [
    ("trap", "trap"),
    ("recurse", "trap"),
    ("allocate", "memory_limit"),
    ("spin", "cpu_limit"),
];

/// What spins is to end soon; everything else has time on a machine with other work.
fn limits(wish: &str) -> Limits {
    match wish.ends_with(":spin") {
        true => authored::impatient(),
        false => Limits::default(),
    }
}

/// The guest with this wish for the functions that are given no table.
async fn wishing(wish: &str) -> Plugin {
    let component = gate::compile(runtime(), None, &described("evil", "1", wish)).unwrap();
    let limits = Arc::new(limits(wish));
    gate::admit(component, "evil.wasm", &limits).await.unwrap()
}

fn assert_fault(failure: &Failure, wish: &str, code: &str, doing: &str) {
    assert_eq!(
        (failure.kind, failure.code.as_str()),
        (FailureKind::Plugin, code),
        "{wish}: {}",
        failure.detail
    );
    let detail = &failure.detail;
    assert!(detail.starts_with("the plugin "), "{wish}: {detail}");
    assert!(
        detail.contains(".wasm) ") && detail.contains(doing),
        "{wish}: {detail}"
    );
    assert!(detail.len() < 1_000, "{wish}: {} bytes", detail.len());
}

/// The guest's own error, its texts cut and made visible.
fn assert_cut(failure: &Failure, wish: &str) {
    assert_eq!(failure.kind, FailureKind::Config, "{wish}: {failure:?}");
    assert!(
        failure.code.len() < 300 && failure.detail.len() < 9_500,
        "{wish}"
    );
    assert!(!failure.detail.contains(char::is_control), "{wish}");
}

#[tokio::test]
async fn no_function_of_a_reader_takes_more_than_its_call() {
    for (function, doing) in [
        ("open", "while opening a table"),
        ("announce", "while announcing columns"),
        ("key", "while announcing a key"),
        ("warnings", "while warning"),
    ] {
        for (fault, code) in GENERAL {
            let wish = format!("{function}:{fault}");
            let failure = end_of(&wish, limits(&wish), 1).await.unwrap_err();
            assert_fault(&failure, &wish, code, doing);
        }
    }
}

#[tokio::test]
async fn no_function_for_browsing_takes_more_than_its_call() {
    for (fault, code) in GENERAL {
        let wish = format!("check:{fault}");
        let plugin = wishing(&wish).await;
        let failure = plugin.check_on(Connection::to_nothing()).await.unwrap_err();
        assert_fault(&failure, &wish, code, "while checking a connection");

        let wish = format!("tables:{fault}");
        let plugin = wishing(&wish).await;
        let failure = plugin
            .tables_on(Connection::to_nothing())
            .await
            .unwrap_err();
        assert_fault(&failure, &wish, code, "while listing tables");

        let wish = format!("columns:{fault}");
        let columns = plugin.columns_on(Connection::to_nothing(), None, &wish);
        assert_fault(
            &columns.await.unwrap_err(),
            &wish,
            code,
            "while listing columns",
        );
    }
}

#[tokio::test]
async fn answers_about_a_connection_are_bounded() {
    let check = async |wish: &str| wishing(wish).await.check_on(Connection::to_nothing()).await;
    let failure = check("check:huge").await.unwrap_err();
    assert_fault(
        &failure,
        "check:huge",
        "limit_exceeded",
        "passed too much data",
    );
    let long = check("check:long").await.unwrap();
    assert!(long.len() < 9_000 && !long.contains(char::is_control));
    assert_cut(&check("check:error").await.unwrap_err(), "check:error");
}

#[tokio::test]
async fn lists_of_tables_are_bounded() {
    for (fault, code, words) in [
        ("huge", "limit_exceeded", "passed too much data"),
        ("many", "limit_exceeded", "listed 100001 tables"),
        ("long", "bad_answer", "10485760 bytes (at most 256)"),
        ("long-schema", "bad_answer", "10485760 bytes (at most 256)"),
        ("nul", "bad_answer", "zero byte"),
        ("empty", "bad_answer", "is empty"),
    ] {
        let wish = format!("tables:{fault}");
        let plugin = wishing(&wish).await;
        let failure = plugin
            .tables_on(Connection::to_nothing())
            .await
            .unwrap_err();
        assert_fault(&failure, &wish, code, words);
    }
    let plugin = wishing("tables:error").await;
    let failure = plugin
        .tables_on(Connection::to_nothing())
        .await
        .unwrap_err();
    assert_cut(&failure, "tables:error");
}

/// What columns can be that no table has: the same of a reader and of a browser.
const COLUMNS: [(&str, &str, &str); 8] = [
    ("huge", "limit_exceeded", "passed too much data"),
    ("many", "", "2001 columns"),
    ("long", "bad_answer", "10485760 bytes (at most 256)"),
    ("empty", "bad_answer", "is empty"),
    ("nul", "bad_answer", "zero byte"),
    ("decimal", "bad_answer", "decimal(200,100)"),
    ("native", "bad_answer", "10485760 bytes"),
    ("native-type", "bad_answer", "10485760 bytes"),
];

#[tokio::test]
async fn lists_of_columns_are_bounded() {
    let plugin = plugin(Limits::default()).await;
    for (fault, code, words) in COLUMNS {
        let wish = format!("columns:{fault}");
        let columns = plugin.columns_on(Connection::to_nothing(), None, &wish);
        let code = if code.is_empty() {
            "limit_exceeded"
        } else {
            code
        };
        assert_fault(&columns.await.unwrap_err(), &wish, code, words);
    }
    let failure = plugin.columns_on(Connection::to_nothing(), None, "columns:error");
    assert_cut(&failure.await.unwrap_err(), "columns:error");
}

#[tokio::test]
async fn what_a_reader_announces_is_bounded() {
    for (fault, code, words) in COLUMNS {
        let wish = format!("announce:{fault}");
        let failure = end_of(&wish, limits(&wish), 1).await.unwrap_err();
        let code = if code.is_empty() { "bad_answer" } else { code };
        assert_fault(&failure, &wish, code, words);
    }
    for (wish, code, words) in [
        ("announce:none", "bad_answer", "0 columns"),
        ("announce:twice", "bad_answer", "two columns"),
        ("key:range", "bad_answer", "not there"),
        ("key:many", "bad_answer", "twice"),
        ("key:twice", "bad_answer", "twice"),
        ("key:huge", "limit_exceeded", "passed too much data"),
        ("warnings:huge", "limit_exceeded", "passed too much data"),
    ] {
        let failure = end_of(wish, Limits::default(), 1).await.unwrap_err();
        assert_fault(&failure, wish, code, words);
    }
    let reader = open("warnings:many", Limits::default()).await.unwrap();
    let bytes: usize = reader.warnings().iter().map(String::len).sum();
    assert!((1..=64 << 10).contains(&bytes), "{bytes}");
    assert_cut(
        &open("open:error", Limits::default()).await.err().unwrap(),
        "open:error",
    );
}

#[tokio::test]
async fn what_a_page_says_is_bounded() {
    for (wish, words) in [
        ("huge-digest", "a cursor of 10485768 bytes"),
        ("huge-cursor", "a cursor of 70000 bytes"),
        ("many-ties", "a key of 100000 columns"),
        ("huge-answer", "passed too much data"),
    ] {
        let failure = end_of(wish, Limits::default(), 1).await.unwrap_err();
        assert_fault(&failure, wish, "limit_exceeded", words);
    }
    assert_cut(
        &end_of("huge-error", Limits::default(), 1)
            .await
            .unwrap_err(),
        "huge-error",
    );
    let mut reader = open("huge-reason", Limits::default()).await.unwrap();
    let Step::Wait { reason, .. } = reader.next(1).await.unwrap() else {
        panic!("it waits")
    };
    assert!(reason.len() < 9_000 && !reason.contains('\n'));
}

#[tokio::test]
async fn handles_of_others_end_the_call() {
    for (wish, words) in [
        ("unknown-handle", "unknown handle index 9999"),
        ("handle-of-a-connection", "wrong type"),
        ("dropped-handle", "unknown handle index"),
    ] {
        let failure = end_of(wish, Limits::default(), 1).await.unwrap_err();
        assert_fault(&failure, wish, "bad_answer", words);
    }
}

#[tokio::test]
async fn what_is_asked_of_the_host_is_bounded() {
    assert_eq!(
        end_of("many-indices", Limits::default(), 1).await.unwrap(),
        ["[true, true]"]
    );
    assert_eq!(
        end_of("huge-statements", Limits::default(), 1)
            .await
            .unwrap(),
        ["ErrorKind::LimitExceeded", "ErrorKind::LimitExceeded"]
    );
    // The connection and the batch have handles too.
    for hoard in ["leak-slices", "leak-projections"] {
        assert_eq!(
            end_of(hoard, Limits::default(), 1).await.unwrap(),
            ["ErrorKind::LimitExceeded 254"]
        );
    }
}
