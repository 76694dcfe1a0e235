//! What an author is told of a file whose copy of the contract was edited: every difference at once, each by its name.

use super::hollow;
use super::*;
use crate::plugin::inspect;

/// Everything that is said of a component of that contract.
async fn problems(wit: &str) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("edited.wasm");
    std::fs::write(&file, hollow::component(wit)).unwrap();
    inspect(&file).await.unwrap().problems
}

#[tokio::test]
async fn every_edit_is_named_with_what_is_expected() {
    let edits = [
        // A record with another field, and one that is missing.
        (
            "    nullable: bool,\n",
            "    nullable: bool,\n    comment: string,\n",
        ),
        ("    cursor-candidate: bool,\n", ""),
        // A wrong type in an export, a missing export, and one in another form.
        ("-> result<string, error>;", "-> result<u32, error>;"),
        ("    key: func() -> list<u32>;\n", ""),
        (
            "    next: func(max-rows: u32) -> result<step, error>;",
            "    next: func(max-rows: u64) -> result<step, error>;",
        ),
        // Another case.
        ("  variant step {\n", "  variant step {\n    skip,\n"),
    ];
    let mut wit = hollow::WIT.to_owned();
    for (text, replacement) in edits {
        assert!(wit.contains(text), "{text}");
        wit = wit.replacen(text, replacement, 1);
    }
    let problems = problems(&wit).await;
    for words in [
        "(the field \"comment: string\" in the record \"column\" of sluice:source/types, where none is expected)",
        "(no field \"cursor-candidate: bool\" in the record \"column-entry\" of sluice:source/source, where it is expected)",
        "(the function \"check\" of sluice:source/source as func(connection: borrow<connection>) -> result<u32, error>, \
         expected is func(connection: borrow<connection>) -> result<string, error>)",
        "(no function \"reader.key\" of sluice:source/source, expected is func() -> list<u32>)",
        "(the function \"reader.next\" of sluice:source/source as func(max-rows: u64) -> result<step, error>, \
         expected is func(max-rows: u32) -> result<step, error>)",
        "(the case \"skip\" in the variant \"step\" of sluice:source/source, where none is expected)",
    ] {
        let mut such = problems.iter().filter(|problem| problem.contains(words));
        assert!(
            such.next().is_some_and(|problem| problem.ends_with(
                "build it against the unchanged wit/ folder of this host, or update the host"
            )),
            "no {words} in {problems:#?}"
        );
    }
    assert_eq!(problems.len(), 6, "{problems:#?}");
}

#[tokio::test]
async fn an_unchanged_contract_has_no_difference() {
    assert_eq!(
        differences::differences(&hollow::component(hollow::WIT)),
        [""; 0]
    );
    assert_eq!(differences::differences(component()), [""; 0]);
}

#[tokio::test]
async fn a_good_file_is_shown_with_what_it_imports() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("guest.wasm");
    std::fs::write(&file, component()).unwrap();
    let inspection = inspect(&file).await.unwrap();
    assert_eq!(inspection.problems, [""; 0]);
    assert_eq!(inspection.exports, ["sluice:source/source@0.1.0"]);
    assert!(
        inspection
            .imports
            .contains(&"sluice:source/database@0.1.0".to_owned())
    );
    assert_eq!(inspection.digest, gate::digest(component()));
    assert!(inspection.plugin.is_some());
}
