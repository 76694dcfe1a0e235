//! Whether what landed is what was owed. Rows are texts; how often each is there counts, their order does not.

use std::collections::HashMap;

/// A sentence for each row that is there too seldom or too often.
pub fn differences(owed: &[String], allowed: &[String], landed: &[String]) -> Vec<String> {
    let (owed, allowed, landed) = (count(owed), count(allowed), count(landed));
    let times = |of: &HashMap<&str, usize>, row: &str| of.get(row).copied().unwrap_or(0);
    let mut sentences = Vec::new();
    for (row, owed) in &owed {
        let landed = times(&landed, row);
        if landed < *owed {
            sentences.push(format!("{row} landed {landed} times of {owed}"));
        }
    }
    for (row, landed) in &landed {
        let most = times(&allowed, row).max(times(&owed, row));
        if *landed > most {
            sentences.push(format!("{row} landed {landed} times, not {most}"));
        }
    }
    sentences.sort();
    sentences
}

fn count(rows: &[String]) -> HashMap<&str, usize> {
    let mut times = HashMap::new();
    for row in rows {
        *times.entry(row.as_str()).or_default() += 1;
    }
    times
}

#[test]
fn what_is_lost_doubled_or_made_up_is_found() {
    let rows = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let found = |owed, allowed, landed| differences(&rows(owed), &rows(allowed), &rows(landed));
    assert!(found("a b b", "a b b", "b a b").is_empty());
    assert!(found("b", "a b", "b").is_empty() && found("b", "a b", "a b").is_empty());
    assert_eq!(found("a b b", "a b b", "a b"), ["b landed 1 times of 2"]);
    assert_eq!(found("a", "a", "a a"), ["a landed 2 times, not 1"]);
    assert_eq!(found("b", "a b", "a a b"), ["a landed 2 times, not 1"]);
    assert_eq!(found("a", "a", "a c"), ["c landed 1 times, not 0"]);
}
