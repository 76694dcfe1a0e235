//! Each rule broken by a guest that keeps all the others: the kit names it.

use super::{failed, not_passed, test};
use crate::harness::guest::built;
use crate::harness::{Kind, Source};

/// A table that is read wrongly, and the checks that say so.
const TABLES: &[(&str, &[&str])] = &[
    ("columns", &["columns"]),
    ("off-by-one", &["fresh-instance", "cursors", "source-error"]),
    (
        "inclusive",
        &["fresh-instance", "cursors", "source-error", "continued"],
    ),
    (
        "keeps-state",
        &["fresh-instance", "cursors", "source-error"],
    ),
    (
        "endless",
        &["fresh-instance", "cursors", "source-error", "continued"],
    ),
    (
        "large-page",
        &[
            "page-size",
            "fresh-instance",
            "cursors",
            "source-error",
            "paced",
            "memory",
            "handles",
        ],
    ),
    (
        "full-page",
        &["page-size", "fresh-instance", "cursors", "source-error"],
    ),
    ("lossy", &["page-size", "fresh-instance", "cursors"]),
    ("same-cursor", &["fresh-instance", "cursors"]),
    ("no-cursor", &["cursors", "continued"]),
    ("swallow", &["source-error"]),
    ("panic", &["source-error"]),
    ("other-kind", &["source-error"]),
    ("leak-batch", &["handles"]),
    ("leak-memory", &["memory"]),
    ("leak-connection", &["handles"]),
    ("open-statement", &["paced"]),
    ("continued", &["continued"]),
    ("missing-column", &["missing-column"]),
    ("wrong-cursor", &["wrong-cursor"]),
    ("hungry", &["full-read", "default-limits"]),
];

/// A word of the guest, the same word with another end, and the check that says so.
const WORDS: &[(&str, &str)] = &[
    ("lie: describe", "describe"),
    ("lie: check   ", "dead-connection"),
    ("lie: tables  ", "tables"),
    ("lie: unsorted", "tables"),
    ("lie: doubled ", "tables"),
    ("lie: no table", "missing-table"),
];
const HONEST: &str = "lie: none    ";

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_guest_fails_nothing() {
    let source = Source::create(Kind::Postgres).await;
    let report = test(&built("plugin-dishonest"), &source, &[]).await;
    assert_eq!(failed(&report), [""; 0], "{:?}", not_passed(&report));
    let skipped = [
        "empty-table skipped: no table is empty",
        "one-row skipped: no table has exactly one row",
        "ties skipped: no cursor column has a value twice",
        "null-cursors skipped: no cursor column holds a null",
        "extreme-values skipped: no column holds a value at the edge of its type",
        "query skipped: the plugin reads no such query: there are no queries here",
    ];
    assert_eq!(not_passed(&report), skipped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_read_wrongly_is_caught() {
    let source = Source::create(Kind::Postgres).await;
    let guest = built("plugin-dishonest");
    for (lie, checks) in TABLES {
        let report = test(&guest, &source, &[lie]).await;
        assert_eq!(
            failed(&report),
            *checks,
            "{lie}: {:#?}",
            not_passed(&report)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_about_itself_is_caught() {
    let source = Source::create(Kind::Postgres).await;
    let honest = std::fs::read(built("plugin-dishonest")).expect("it was built");
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (lie, check) in WORDS {
        let file = folder.path().join("guest.wasm");
        std::fs::write(&file, with(&honest, lie)).expect("writable");
        let report = test(&file, &source, &["honest"]).await;
        assert_eq!(
            failed(&report),
            [*check],
            "{lie}: {:#?}",
            not_passed(&report)
        );
    }
}

/// The component with its word replaced.
fn with(component: &[u8], lie: &str) -> Vec<u8> {
    assert_eq!(lie.len(), HONEST.len());
    let mut bytes = component.to_vec();
    let at = bytes
        .windows(HONEST.len())
        .position(|window| window == HONEST.as_bytes());
    let at = at.expect("the guest has the word");
    bytes[at..at + lie.len()].copy_from_slice(lie.as_bytes());
    bytes
}
