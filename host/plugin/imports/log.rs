//! `sluice:source/log`: a guest's lines in the host's log, few and short. A guest sees rows and could log them:
//! its lines are bounded, not trusted.

use std::time::{Duration, Instant};

use super::super::bindings::sluice::source::log::{Host, Level};
use super::super::bounds::visible;
use super::State;

/// Lines that one instance may write at once, and in each second after that: with the lengths below, 5 MB in a minute
/// of a guest that never stops.
const LINES: u32 = 50;
const LINES_A_SECOND: u32 = 5;
const MESSAGE_BYTES: usize = 2 * 1024;
const FIELDS: usize = 16;
const FIELD_NAME_BYTES: usize = 64;
const FIELD_VALUE_BYTES: usize = 512;

/// How many lines one instance may still write.
pub struct LogBudget {
    plugin: String,
    lines: u32,
    /// Up to when the seconds that passed have been turned into lines.
    filled: Instant,
    dropped: u64,
}

impl LogBudget {
    pub fn new(plugin: String) -> Self {
        Self {
            plugin,
            lines: LINES,
            filled: Instant::now(),
            dropped: 0,
        }
    }

    /// Whether a line may be written now, and how many were dropped before it.
    fn take(&mut self, now: Instant) -> Option<u64> {
        let seconds = now.saturating_duration_since(self.filled).as_secs();
        self.filled += Duration::from_secs(seconds);
        let seconds = u32::try_from(seconds).unwrap_or(u32::MAX);
        let earned = seconds.saturating_mul(LINES_A_SECOND);
        self.lines = self.lines.saturating_add(earned).min(LINES);
        if self.lines == 0 {
            self.dropped += 1;
            return None;
        }
        self.lines -= 1;
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
        let start = budget.filled;
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut flood = |at| {
            (0..1_000)
                .filter_map(|_| budget.take(at))
                .collect::<Vec<_>>()
        };
        assert_eq!(flood(start), [0; LINES as usize]);
        assert!(flood(start + Duration::from_millis(999)).is_empty());
        let second = flood(after(1));
        assert_eq!(second.len(), LINES_A_SECOND as usize);
        assert_eq!(second[0], 1_950);
        assert_eq!(flood(after(1_000)).len(), LINES as usize);
    }
}
