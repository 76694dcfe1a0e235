//! The lines of the list of plugins: each version that is there, how it stands and since when.

use std::sync::{Arc, Weak};

use chrono::{DateTime, Utc};

use super::slot::{BUILT_IN, Slot, Version};
use super::{Description, Plugin};

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

/// One line of the list of plugins.
pub struct Listed {
    pub origin: String,
    pub digest: String,
    pub standing: Standing,
    pub reason: Option<String>,
    pub since: DateTime<Utc>,
    pub number: u64,
    plugin: Held,
}

enum Held {
    Loaded(Arc<Plugin>),
    /// Its jobs keep it.
    Retired(Weak<Plugin>),
    Nothing,
}

impl Listed {
    /// A version that passed the gate. `other` is the origin that serves in its place.
    pub fn loaded(origin: &str, version: &Version, other: Option<&str>) -> Self {
        let kind = &version.plugin.description().kind;
        let reason = other.map(|other| match origin {
            BUILT_IN => format!("{other} serves the kind {kind} in its place"),
            _ => format!("{other} serves the kind {kind}: remove one of the two"),
        });
        let standing = match reason {
            None => Standing::Serving,
            Some(_) => Standing::Overridden,
        };
        let held = Held::Loaded(Arc::clone(&version.plugin));
        Self::new(origin, &version.digest, standing, reason, held)
    }

    /// What did not pass the gate, if there is such a thing.
    pub fn refused(slot: &Slot) -> Option<Self> {
        let refusal = slot.refused.as_ref()?;
        let (digest, reason) = (&refusal.digest, Some(slot.reason(refusal)));
        let refused = Standing::Refused;
        Some(Self::new(
            &slot.origin,
            digest,
            refused,
            reason,
            Held::Nothing,
        ))
    }

    /// What becomes of a line when others are listed: a version that is no longer among them, but may be in use.
    pub fn retired(&self, listed: &[Self]) -> Option<Self> {
        let plugin = self.plugin()?;
        let is_it = |other: Arc<Plugin>| Arc::ptr_eq(&other, &plugin);
        if listed.iter().any(|line| line.plugin().is_some_and(is_it)) {
            return None;
        }
        let reason = Some("it was replaced or removed; jobs that began with it go on".into());
        let held = Held::Retired(Arc::downgrade(&plugin));
        let (origin, digest) = (&self.origin, &self.digest);
        Some(Self::new(origin, digest, Standing::Retired, reason, held))
    }

    fn new(
        origin: &str,
        digest: &str,
        standing: Standing,
        reason: Option<String>,
        plugin: Held,
    ) -> Self {
        Self {
            origin: origin.to_owned(),
            digest: digest.to_owned(),
            standing,
            reason,
            since: DateTime::UNIX_EPOCH,
            number: 0,
            plugin,
        }
    }

    /// The same bytes from the same place.
    pub fn is_of(&self, other: &Self) -> bool {
        self.origin == other.origin && self.digest == other.digest
    }

    /// The same version, standing as it did.
    pub fn is_same(&self, other: &Self) -> bool {
        let (one, two) = (self.plugin(), other.plugin());
        self.is_of(other)
            && self.standing == other.standing
            && self.reason == other.reason
            && one.as_ref().map(Arc::as_ptr) == two.as_ref().map(Arc::as_ptr)
    }

    pub fn plugin(&self) -> Option<Arc<Plugin>> {
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
