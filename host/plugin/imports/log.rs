//! `sluice:source/log`: a guest's lines in the host's log, few and short. A guest sees rows and could log them:
//! its lines are bounded, not trusted.

use std::time::{Duration, Instant};

use super::super::bindings::sluice::source::log::{Host, Level};
use super::super::bounds::visible;
use super::State;

/// Lines of one instance in one window.
const LINES: u32 = 50;
const WINDOW: Duration = Duration::from_secs(1);
const MESSAGE_BYTES: usize = 2 * 1024;
const FIELDS: usize = 16;
const FIELD_NAME_BYTES: usize = 64;
const FIELD_VALUE_BYTES: usize = 512;

/// How many lines one instance may still write.
pub struct LogBudget {
    plugin: String,
    window_started: Instant,
    written: u32,
    dropped: u64,
}

impl LogBudget {
    pub fn new(plugin: String) -> Self {
        Self {
            plugin,
            window_started: Instant::now(),
            written: 0,
            dropped: 0,
        }
    }

    /// Whether a line may be written now, and how many were dropped before it.
    fn take(&mut self, now: Instant) -> Option<u64> {
        if now.duration_since(self.window_started) >= WINDOW {
            self.window_started = now;
            self.written = 0;
        }
        if self.written >= LINES {
            self.dropped += 1;
            return None;
        }
        self.written += 1;
        Some(std::mem::take(&mut self.dropped))
    }
}

impl Host for State {
    fn write(
        &mut self,
        level: Level,
        message: String,
        fields: Vec<(String, String)>,
    ) -> wasmtime::Result<()> {
        let Some(dropped) = self.log.take(Instant::now()) else {
            return Ok(());
        };
        let plugin = self.log.plugin.as_str();
        let message = visible(&message, MESSAGE_BYTES);
        let fields = one_line(&fields);
        match level {
            Level::Debug => tracing::debug!(plugin, dropped, fields, "{message}"),
            Level::Info => tracing::info!(plugin, dropped, fields, "{message}"),
            Level::Warn => tracing::warn!(plugin, dropped, fields, "{message}"),
            Level::Error => tracing::error!(plugin, dropped, fields, "{message}"),
        }
        Ok(())
    }
}

fn one_line(fields: &[(String, String)]) -> String {
    let shown = fields.iter().take(FIELDS).map(|(name, value)| {
        format!(
            "{}={}",
            visible(name, FIELD_NAME_BYTES),
            visible(value, FIELD_VALUE_BYTES)
        )
    });
    shown.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_dropped_and_counted() {
        let mut budget = LogBudget::new("test".into());
        let start = budget.window_started;
        let written = (0..1_000).filter(|_| budget.take(start).is_some()).count();
        assert_eq!(written, LINES as usize);
        assert_eq!(budget.take(start + WINDOW), Some(1_000 - u64::from(LINES)));
        assert_eq!(budget.take(start + WINDOW), Some(0));
    }
}
