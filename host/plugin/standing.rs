//! Decides how each version of a plugin stands: of several of one kind the first serves.

use chrono::{DateTime, Utc};

use super::listed::Listed;
use super::slot::Slot;

/// Lists what is loaded in the order of the slots, then what is refused, then what only jobs of earlier versions use.
pub fn list<'a>(
    slots: impl Iterator<Item = &'a Slot>,
    before: &[Listed],
    now: DateTime<Utc>,
) -> Vec<Listed> {
    let slots: Vec<_> = slots.collect();
    let loaded = slots.iter().filter_map(|slot| {
        let version = slot.good.as_ref()?;
        Some((slot.origin.as_str(), version))
    });
    let loaded: Vec<_> = loaded.collect();
    let candidates: Vec<_> = loaded
        .iter()
        .map(|(origin, version)| (version.plugin.description().kind.as_str(), *origin))
        .collect();
    let mut listed: Vec<_> = loaded
        .iter()
        .zip(overridden_by(&candidates))
        .map(|((origin, version), other)| Listed::loaded(origin, version, other))
        .collect();
    listed.extend(slots.iter().filter_map(|slot| Listed::refused(slot)));
    let retired: Vec<_> = before
        .iter()
        .filter_map(|line| line.retired(&listed))
        .collect();
    listed.extend(retired);
    number(&mut listed, before, now);
    listed
}

/// Of each kind the first candidate serves. Answers for each the origin that serves in its place, if it is another's.
fn overridden_by<'a>(candidates: &[(&'a str, &'a str)]) -> Vec<Option<&'a str>> {
    let others = candidates.iter().enumerate().map(|(place, (kind, _))| {
        let before = &candidates[..place];
        before
            .iter()
            .find(|(earlier, _)| earlier == kind)
            .map(|(_, origin)| *origin)
    });
    others.collect()
}

/// A standing that was there before keeps its number and its time.
fn number(listed: &mut [Listed], before: &[Listed], now: DateTime<Utc>) {
    let mut last = before.iter().map(|line| line.number).max().unwrap_or(0);
    for line in listed {
        if let Some(same) = before.iter().find(|earlier| earlier.is_same(line)) {
            (line.since, line.number) = (same.since, same.number);
        } else {
            last += 1;
            (line.since, line.number) = (now, last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::slot::BUILT_IN;
    use super::*;

    #[test]
    fn of_each_kind_the_first_candidate_serves() {
        let candidates = [
            ("files", "a.wasm"),
            ("postgres", "b.wasm"),
            ("files", "c.wasm"),
            ("files", "d.wasm"),
            ("postgres", BUILT_IN),
            ("sql_server", BUILT_IN),
        ];
        assert_eq!(
            overridden_by(&candidates),
            [
                None,
                None,
                Some("a.wasm"),
                Some("a.wasm"),
                Some("b.wasm"),
                None
            ]
        );
        assert_eq!(overridden_by(&candidates[4..]), [None, None]);
    }
}
