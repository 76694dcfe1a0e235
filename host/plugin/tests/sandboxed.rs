//! Every rule that a guest can break: the call fails alone, with a code and a sentence that name the plugin.

use std::time::Duration;

use super::*;
use crate::model::failure::FailureKind;
use crate::model::source::{DataType, ErrorKind};

/// Asserts that the read fails as the plugin's fault and answers the sentence.
async fn fault(table: &str, code: &str) -> String {
    fault_within(table, code, Limits::default()).await
}

async fn fault_within(table: &str, code: &str, limits: Limits) -> String {
    let failure = end_of(table, limits, 100).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_str()),
        (FailureKind::Plugin, code),
        "{table}: {}",
        failure.detail
    );
    assert!(
        failure
            .detail
            .starts_with("the plugin misbehaving 0.1.0 (misbehaving.wasm) "),
        "{}",
        failure.detail
    );
    failure.detail
}

#[tokio::test]
async fn traps_end_the_call() {
    assert!(fault("trap", "trap").await.contains("while reading"));
    fault("recurse", "trap").await;
}

#[tokio::test]
async fn memory_is_bounded_and_the_reason_seen() {
    assert!(fault("allocate", "memory_limit").await.contains("64 MiB"));
}

#[tokio::test]
async fn an_endless_loop_ends_by_its_cpu_budget() {
    let limits = Limits {
        cpu_per_call: Duration::from_millis(100),
        ..Limits::default()
    };
    fault_within("spin", "cpu_limit", limits.clone()).await;
    assert!(
        fault_within("spin-in-open", "cpu_limit", limits)
            .await
            .contains("opening a table")
    );
}

#[tokio::test]
async fn an_endless_loop_ends_by_the_time_limit_too() {
    let limits = Limits {
        call_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    fault_within("spin", "timeout", limits).await;
}

#[tokio::test]
async fn a_loop_leaves_the_thread_to_others() {
    // One thread for both: the good read can only end if the spinning guest yields.
    let limits = Limits {
        cpu_per_call: Duration::from_secs(60),
        ..Limits::default()
    };
    let mut spinning = open("spin", limits).await.unwrap();
    let good = end_of("good", Limits::default(), 10);
    tokio::select! {
        biased;
        _ = spinning.next(1) => panic!("the loop has no end"),
        warnings = good => assert_eq!(warnings.unwrap(), ["all read"]),
    }
    // The call was dropped: its reader is spent, and says so.
    let failure = spinning.next(1).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_str()),
        (FailureKind::Host, "reader_spent")
    );
}

#[tokio::test]
async fn batches_are_what_was_announced() {
    assert!(
        fault("wrong-columns", "wrong_columns")
            .await
            .contains("Int64")
    );
    fault("fewer-columns", "wrong_columns").await;
    fault("too-many-rows", "bad_answer").await;
}

#[tokio::test]
async fn announced_columns_are_checked() {
    for table in ["no-columns", "long-name", "same-names"] {
        assert!(fault(table, "bad_answer").await.len() < 1_000);
    }
}

#[tokio::test]
async fn cursors_go_on_and_stay_small() {
    fault("cursor-back", "cursor_went_back").await;
    fault("huge-cursor", "limit_exceeded").await;
}

#[tokio::test]
async fn a_read_that_never_ends_is_ended() {
    fault("endless-empty", "bad_answer").await;
    assert!(
        fault("wait-forever", "endless_wait")
            .await
            .contains("600 s")
    );
}

#[tokio::test]
async fn waits_are_cut() {
    let mut reader = open("wait-forever", Limits::default()).await.unwrap();
    let Step::Wait { millis, reason } = reader.next(1).await.unwrap() else {
        panic!("it waits")
    };
    assert_eq!((millis, reason.as_str()), (60_000, "because"));
}

#[tokio::test]
async fn answers_are_bounded() {
    fault("huge-answer", "limit_exceeded").await;
    let warnings = end_of("many-warnings", Limits::default(), 1).await.unwrap();
    assert!(warnings.iter().all(|warning| warning.len() < 9_000));
    assert!(warnings.iter().map(String::len).sum::<usize>() <= 64 << 10);
}

#[tokio::test]
async fn a_guests_error_becomes_a_failure_with_a_clean_sentence() {
    let failure = end_of("error", Limits::default(), 1).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_str()),
        (FailureKind::Config, "not_found")
    );
    assert_eq!(failure.detail, "no table of that name\\nsecond line");
    let failure = end_of("error-kind", Limits::default(), 1)
        .await
        .unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_str()),
        (FailureKind::Source, "unavailable")
    );
    assert!(failure.detail.len() < 9_000 && !failure.detail.contains('\u{1b}'));
}

#[tokio::test]
async fn a_session_that_is_not_there_is_an_error_value() {
    let failure = end_of("session", Limits::default(), 1).await.unwrap_err();
    assert_eq!(
        (failure.kind, failure.code.as_str()),
        (FailureKind::Source, "unavailable")
    );
}

#[tokio::test]
async fn indices_out_of_range_are_error_values() {
    let warnings = end_of("out-of-range", Limits::default(), 1).await.unwrap();
    assert!(!warnings[0].contains("false"), "{}", warnings[0]);
}

#[tokio::test]
async fn handles_and_bytes_are_counted() {
    // One of the 256 handles is the connection.
    assert_eq!(
        end_of("leak-handles", Limits::default(), 1).await.unwrap(),
        ["ErrorKind::LimitExceeded 255"]
    );
    assert_eq!(
        end_of("leak-bytes", Limits::default(), 1).await.unwrap(),
        ["ErrorKind::LimitExceeded 16"]
    );
}

#[tokio::test]
async fn a_flood_of_log_lines_is_survived() {
    end_of("log-flood", Limits::default(), 2_000).await.unwrap();
}

#[tokio::test]
async fn hostile_guests_do_not_disturb_good_ones() {
    let limits = Limits {
        // Enough for a good one on a machine with other work, too.
        cpu_per_call: Duration::from_millis(500),
        ..Limits::default()
    };
    let mut reads = tokio::task::JoinSet::new();
    for table in [
        "spin",
        "allocate",
        "trap",
        "good",
        "leak-bytes",
        "good",
        "recurse",
        "good",
    ]
    .repeat(4)
    {
        let limits = limits.clone();
        reads.spawn(async move { (table, end_of(table, limits, 50).await) });
    }
    while let Some(read) = reads.join_next().await {
        let (table, end) = read.unwrap();
        assert_eq!(
            end.is_ok(),
            ["good", "leak-bytes"].contains(&table),
            "{table}"
        );
    }
}

#[tokio::test]
async fn browsing_answers_in_the_models_form() {
    let plugin = plugin(Limits::default()).await;
    let mut instance = plugin.instance().await.unwrap();
    let tables = instance
        .tables(Connection::to_nothing())
        .await
        .unwrap()
        .unwrap();
    let tables = super::super::browse::tables(&plugin.identity, tables).unwrap();
    assert_eq!(
        (tables[0].name.as_str(), tables[0].approx_rows),
        ("good", None)
    );
    let columns = instance
        .columns(Connection::to_nothing(), None, "good")
        .await
        .unwrap()
        .unwrap();
    let columns = super::super::browse::columns(&plugin.identity, columns).unwrap();
    assert!(columns[0].cursor_candidate && !columns[1].cursor_candidate);
    assert_eq!(columns[2].column.data_type, DataType::Decimal(10, 2));
    let version = instance
        .check(Connection::to_nothing())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(version, "postgres 0");
}

#[test]
fn a_source_error_keeps_its_kind_through_the_contract() {
    for kind in [
        ErrorKind::Conflict,
        ErrorKind::Timeout,
        ErrorKind::Conversion,
        ErrorKind::Cancelled,
    ] {
        let error = crate::model::source::SourceError::new(kind, "m")
            .with_code("40001")
            .with_column("c");
        let back = super::super::convert::error_from_guest(super::super::convert::error_to_guest(
            error.clone(),
        ));
        assert_eq!(back, error);
    }
}
