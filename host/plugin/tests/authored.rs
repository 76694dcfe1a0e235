//! What an author is told whose copy of the contract is not ours, and whose plugin describes itself wrongly.

use std::time::Duration;

use super::gated::{problem, problem_within};
use super::guest::described;
use super::*;

/// The sentence for a component whose WIT was changed by hand.
async fn edited(text: &str, replacement: &str) -> String {
    assert!(hollow::WIT.contains(text), "{text}");
    let wit = hollow::WIT.replacen(text, replacement, 1);
    problem(&hollow::component(&wit)).await
}

#[tokio::test]
async fn an_unchanged_contract_fits() {
    // It has no content: the first call traps.
    let problem = problem(&hollow::component(hollow::WIT)).await;
    assert_eq!(
        problem,
        "does not describe itself: the plugin file x.wasm trapped while describing itself: \
         wasm trap: wasm `unreachable` instruction executed"
    );
}

#[tokio::test]
async fn a_changed_contract_is_named_with_what_was_found_and_what_to_do() {
    for (text, replacement, words) in [
        // Types that the host gives.
        (
            "    cancelled,\n",
            "    cancelled,\n    exhausted,\n",
            "\"exhausted\" in the enum \"error-kind\"",
        ),
        (
            "    nullable: bool,\n",
            "    nullable: bool,\n    comment: string,\n",
            "\"comment: string\" in the record \"column\"",
        ),
        (
            "  variant value {\n    null,",
            "  variant value {\n    null,\n    point(f64),",
            "\"point(f64)\" in the variant \"value\"",
        ),
        // Types that the plugin gives.
        (
            "    version: string,\n",
            "    version: string,\n    title: string,\n",
            "\"title: string\" in the record \"description\"",
        ),
        (
            "  describe: func() -> description;",
            "  describe: func() -> string;",
            "describe",
        ),
        (
            "-> result<string, error>;",
            "-> result<u32, error>;",
            "check",
        ),
        (
            "  variant step {\n",
            "  variant step {\n    skip,\n",
            "\"skip\" in the variant \"step\"",
        ),
        // Functions that are not there.
        (
            "  tables: func(connection: borrow<connection>) -> result<list<table-entry>, error>;\n",
            "",
            "tables",
        ),
        ("    key: func() -> list<u32>;\n", "", "key"),
    ] {
        let problem = edited(text, replacement).await;
        for part in [
            "says it was built for contract sluice:source@0.1.0, but does not fit the 0.1",
            words,
            "build it against the unchanged wit/ folder of this host",
        ] {
            assert!(problem.contains(part), "{text}: {problem}");
        }
        assert!(problem.len() < 800, "{problem}");
    }
}

#[tokio::test]
async fn another_version_and_no_plugin_are_told_so() {
    let later = edited(
        "package sluice:source@0.1.0;",
        "package sluice:source@0.2.0;",
    )
    .await;
    assert!(
        later.contains("was built for contract sluice:source/ 0.2.0; this host serves 0.1:"),
        "{later}"
    );
    let none = edited("  export source;\n", "").await;
    assert!(none.contains("exports no sluice:source/source"), "{none}");
}

#[tokio::test]
async fn a_later_version_of_the_same_contract_may_have_more_functions() {
    let wit = hollow::WIT.replace("@0.1.0;", "@0.1.9;").replacen(
        "  describe: func() -> description;",
        "  describe: func() -> description;\n  more: func() -> string;",
        1,
    );
    let problem = problem(&hollow::component(&wit)).await;
    assert!(
        problem.contains("trapped while describing itself"),
        "{problem}"
    );
}

#[tokio::test]
async fn a_describe_that_breaks_a_rule_is_told_which() {
    for (fault, words) in [
        (
            "trap",
            "does not describe itself: the plugin file x.wasm trapped while describing itself",
        ),
        ("recurse", "trapped while describing itself: wasm trap"),
        (
            "allocate",
            "asked for more than its 64 MiB of memory while describing itself",
        ),
        (
            "huge",
            "passed too much data in one call while describing itself",
        ),
        (
            "many",
            "with 100000 connection kinds or capabilities: at most 64",
        ),
        ("long", "its kind is \"xxx"),
        ("control", "its kind is \"a\\n\\u{1b}[31mb\""),
        ("empty", "its kind is \"\""),
        ("long-version", "10485760 bytes (at most 256)"),
        ("no-version", "is empty"),
        ("long-schema", "a default schema that has 10485760 bytes"),
        (
            "changes",
            "describes itself in two ways when it is asked twice",
        ),
        ("log", "none"),
    ] {
        let bytes = described("evil", "1", &format!("describe:{fault}"));
        let problem = problem(&bytes).await;
        assert!(problem.contains(words), "{fault}: {problem}");
        assert!(problem.len() < 800, "{fault}: {problem}");
    }
    let problem = problem_within(&described("evil", "1", "describe:spin"), impatient()).await;
    assert!(
        problem.contains("computed for more than 0.1 s in one call while describing itself"),
        "{problem}"
    );
    let problem = super::gated::problem(&described("evil", "1\u{7}", "none")).await;
    assert!(
        problem.contains("contains control characters: use a short plain word"),
        "{problem}"
    );
}

/// A spinning one is to end soon.
pub fn impatient() -> Limits {
    Limits {
        cpu_per_call: Duration::from_millis(100),
        ..Limits::default()
    }
}
