//! Which existing names a mistaken one may have meant. Only for error messages.

/// More than a handful of names hides the right one.
const SUGGESTIONS: usize = 5;

/// The names that are like the wanted one, best first: equal but for case, then by edit distance.
pub fn nearest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let most = (wanted.chars().count() / 3).max(1);
    let mut near = names
        .map(|name| (distance(&wanted, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= most)
        .collect::<Vec<_>>();
    near.sort();
    near.into_iter()
        .take(SUGGESTIONS)
        .map(|(_, name)| name)
        .collect()
}

/// Edits (insert, remove, change one letter) that turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let b = b.chars().collect::<Vec<_>>();
    let mut row = (0..=b.len()).collect::<Vec<_>>();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_and_a_wrong_case_are_found() {
        let names = ["lineitem", "LineItem", "orders", "customer"];
        assert_eq!(
            nearest("linitem", names.into_iter()),
            ["LineItem", "lineitem"]
        );
        assert_eq!(nearest("ORDERS", names.into_iter()), ["orders"]);
        assert!(nearest("nation", names.into_iter()).is_empty());
    }

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("straße", "strasse"), 2);
    }
}
