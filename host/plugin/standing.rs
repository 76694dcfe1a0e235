//! How each version of a plugin stands: whether it serves its kind, and if not, why. Decides which of several serves.

use std::sync::{Arc, Weak};

use chrono::{DateTime, Utc};

use super::{Description, Plugin};

/// Where a component comes from that is no file.
pub const BUILT_IN: &str = "built in";

/// Whether a version of a plugin serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It reads for every job of its kind that begins now.
    Serving,
    /// Another one of its kind serves.
    Overridden,
    /// It may not serve.
    Refused,
    /// It was replaced or removed, and jobs that began with it go on.
    Retired,
}

/// A version of a plugin, as an operator sees it.
#[derive(Debug, Clone)]
pub struct PluginEntry {
    /// File name, or `built in`.
    pub origin: String,
    pub is_built_in: bool,
    /// None: it could not be asked.
    pub description: Option<Description>,
    /// What it was built for: `sluice:source@0.1.0`.
    pub contract: Option<String>,
    /// SHA-256, 64 hex digits; empty if the file could not be read.
    pub digest: String,
    pub standing: Standing,
    /// Why it does not serve, and what to do.
    pub reason: Option<String>,
    /// When this standing began.
    pub since: DateTime<Utc>,
    /// Standings are numbered as they begin.
    pub number: u64,
    pub jobs_running: usize,
}

/// A version that passed the gate. Jobs share it.
#[derive(Clone)]
pub struct Version {
    pub plugin: Arc<Plugin>,
    pub digest: String,
}

/// What did not pass the gate.
#[derive(Clone)]
pub struct Refusal {
    pub digest: String,
    /// A sentence that goes on after the origin's name.
    pub problem: String,
}

/// A file, or a place for a built-in: the newest version that passed the gate, and what came after it and did not.
#[derive(Clone, Default)]
pub struct Slot {
    pub origin: String,
    pub good: Option<Version>,
    pub refused: Option<Refusal>,
}

/// One line of the list of plugins.
pub struct Listed {
    origin: String,
    digest: String,
    pub standing: Standing,
    pub reason: Option<String>,
    since: DateTime<Utc>,
    number: u64,
    plugin: Held,
}

enum Held {
    Loaded(Arc<Plugin>),
    /// Its jobs keep it.
    Retired(Weak<Plugin>),
    Nothing,
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

/// Lists the slots, those that override before those that are overridden, and what jobs of earlier versions still use.
pub fn list<'a>(
    slots: impl Iterator<Item = &'a Slot>,
    before: &[Listed],
    now: DateTime<Utc>,
) -> Vec<Listed> {
    let slots: Vec<_> = slots.collect();
    let mut listed = Vec::new();
    let loaded: Vec<_> = slots
        .iter()
        .filter_map(|slot| Some((slot.good.as_ref()?, slot.origin.as_str())))
        .collect();
    let candidates: Vec<_> = loaded
        .iter()
        .map(|(version, origin)| (version.plugin.description().kind.as_str(), *origin))
        .collect();
    for ((version, origin), other) in loaded.iter().zip(overridden_by(&candidates)) {
        let kind = &version.plugin.description().kind;
        let reason = other.map(|other| match *origin {
            BUILT_IN => format!("{other} serves the kind {kind} in its place"),
            _ => format!("{other} serves the kind {kind}: remove one of the two"),
        });
        listed.push(Listed {
            standing: if reason.is_none() {
                Standing::Serving
            } else {
                Standing::Overridden
            },
            reason,
            ..Listed::new(
                origin,
                &version.digest,
                Held::Loaded(Arc::clone(&version.plugin)),
            )
        });
    }
    for slot in &slots {
        if let Some(refusal) = &slot.refused {
            listed.push(Listed {
                reason: Some(slot.refusal(refusal)),
                ..Listed::new(&slot.origin, &refusal.digest, Held::Nothing)
            });
        }
    }
    let retired: Vec<_> = before
        .iter()
        .filter_map(|line| line.retired(&listed))
        .collect();
    listed.extend(retired);
    number(&mut listed, before, now);
    listed
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

impl Slot {
    fn refusal(&self, refusal: &Refusal) -> String {
        let (origin, problem) = (&self.origin, &refusal.problem);
        match &self.good {
            None => format!("{origin} {problem}"),
            Some(kept) => {
                let description = kept.plugin.description();
                let (kind, version) = (&description.kind, &description.version);
                format!(
                    "{origin} {problem}; what it was before, {kind} {version}, stays in use until the host ends"
                )
            }
        }
    }
}

impl Listed {
    fn new(origin: &str, digest: &str, plugin: Held) -> Self {
        Self {
            origin: origin.to_owned(),
            digest: digest.to_owned(),
            standing: Standing::Refused,
            reason: None,
            since: DateTime::UNIX_EPOCH,
            number: 0,
            plugin,
        }
    }

    /// What becomes of a line when others are listed: a version that is no longer among them, but in use.
    fn retired(&self, listed: &[Self]) -> Option<Self> {
        let plugin = self.plugin()?;
        let is_listed = |line: &Self| {
            line.plugin()
                .is_some_and(|other| Arc::ptr_eq(&other, &plugin))
        };
        if listed.iter().any(is_listed) {
            return None;
        }
        Some(Self {
            standing: Standing::Retired,
            reason: Some("it was replaced or removed; jobs that began with it go on".into()),
            ..Self::new(
                &self.origin,
                &self.digest,
                Held::Retired(Arc::downgrade(&plugin)),
            )
        })
    }

    fn is_same(&self, other: &Self) -> bool {
        let plugins = (self.plugin(), other.plugin());
        self.origin == other.origin
            && self.digest == other.digest
            && self.standing == other.standing
            && self.reason == other.reason
            && plugins.0.as_ref().map(Arc::as_ptr) == plugins.1.as_ref().map(Arc::as_ptr)
    }

    fn plugin(&self) -> Option<Arc<Plugin>> {
        match &self.plugin {
            Held::Loaded(plugin) => Some(Arc::clone(plugin)),
            Held::Retired(plugin) => plugin.upgrade(),
            Held::Nothing => None,
        }
    }

    /// Kind and plugin, if it serves.
    pub fn serving(&self) -> Option<(String, Arc<Plugin>)> {
        let plugin = self
            .plugin()
            .filter(|_| self.standing == Standing::Serving)?;
        Some((plugin.description().kind.clone(), plugin))
    }

    /// As it stands this moment; none once the last job of a retired version has ended.
    pub fn entry(&self) -> Option<PluginEntry> {
        let plugin = self.plugin();
        let jobs_running = plugin.as_ref().map_or(0, |plugin| plugin.jobs_running());
        if self.standing == Standing::Retired && jobs_running == 0 {
            return None;
        }
        Some(PluginEntry {
            origin: self.origin.clone(),
            is_built_in: self.origin == BUILT_IN,
            description: plugin.as_ref().map(|plugin| plugin.description().clone()),
            contract: plugin.map(|plugin| plugin.contract().to_owned()),
            digest: self.digest.clone(),
            standing: self.standing,
            reason: self.reason.clone(),
            since: self.since,
            number: self.number,
            jobs_running,
        })
    }
}

/// One line in the log for each standing that began, and for each version that went.
pub fn log_changes(before: &[Listed], after: &[Listed]) {
    for gone in before
        .iter()
        .filter(|line| line.standing != Standing::Retired)
    {
        let stays = |line: &&Listed| line.origin == gone.origin && line.digest == gone.digest;
        if !after
            .iter()
            .filter(stays)
            .any(|line| line.standing != Standing::Retired)
        {
            let jobs_running = gone.plugin().map_or(0, |plugin| plugin.jobs_running());
            tracing::info!(
                plugin = gone.origin,
                digest = gone.digest,
                jobs_running,
                "was replaced or removed"
            );
        }
    }
    for line in after {
        if before.iter().any(|earlier| earlier.is_same(line)) {
            continue;
        }
        let (plugin, digest) = (line.origin.as_str(), line.digest.as_str());
        let reason = line.reason.as_deref().unwrap_or_default();
        match line.entry().and_then(|entry| entry.description) {
            Some(is) if line.standing == Standing::Serving => {
                tracing::info!(
                    plugin,
                    digest,
                    kind = is.kind,
                    version = is.version,
                    "serves"
                );
            }
            // The operator put something in its place.
            _ if line.standing == Standing::Overridden && plugin == BUILT_IN => {
                tracing::info!(plugin, digest, "{reason}");
            }
            _ if line.standing == Standing::Retired => {}
            _ => tracing::warn!(plugin, digest, "{reason}"),
        }
    }
}

#[cfg(test)]
mod tests {
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
