//! What is known of one file, or of one built-in component, after the gate.

use std::sync::Arc;

use super::Plugin;

/// Where a component comes from that is no file.
pub const BUILT_IN: &str = "built in";

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

impl Slot {
    /// Why the newest content is refused, and what serves meanwhile.
    pub fn reason(&self, refusal: &Refusal) -> String {
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
