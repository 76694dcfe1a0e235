//! A cap in rows per second that holds in every window of a second, not only on average. Pure: time is an argument.
//!
//! A second has `n` slots. The sizes of any `n` slots in a row add up to the cap exactly, and a slot opens one second after
//! the slot `n` before it was taken. So no half-open second can hold more than the cap, whatever the jitter, and
//! nothing is lost to rounding. There is no catching up after a pause: unused slots do not accumulate.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

pub struct RowCap {
    rows_per_sec: u64,
    /// Slots in a second: as few as the batch size allows, so that the source sees few statements.
    slots: u64,
    next_slot: u64,
    /// When each of the last `slots` slots was taken, oldest first.
    taken: VecDeque<Instant>,
}

impl RowCap {
    pub fn new(rows_per_sec: u32, batch_rows: u32) -> Self {
        let slots = u64::from(rows_per_sec.div_ceil(batch_rows.max(1)));
        Self {
            rows_per_sec: rows_per_sec.into(),
            slots,
            next_slot: 0,
            taken: VecDeque::new(),
        }
    }

    pub fn last_taken(&self) -> Option<Instant> {
        self.taken.back().copied()
    }

    /// Counts a slot that was taken before this cap came into force.
    pub fn begin_after(&mut self, last: Instant) {
        self.taken.push_back(last);
    }

    /// The rows of the last slot come later than it was taken: it counts from now.
    pub fn put_off(&mut self, now: Instant) {
        if let Some(last) = self.taken.back_mut() {
            *last = now;
        }
    }

    /// When the next slot opens; `now` or earlier if it is open.
    pub fn ready_at(&self, now: Instant) -> Instant {
        let spread = self
            .taken
            .back()
            .map(|last| *last + SECOND / self.slots as u32);
        let window = (self.taken.len() as u64 == self.slots).then(|| self.taken[0] + SECOND);
        // Slots are spread over the second as well, but without adding up the lateness of each: the window decides.
        match (window, spread) {
            (Some(window), _) => window,
            (None, Some(spread)) => spread,
            (None, None) => now,
        }
    }

    /// Takes the slot that is open and answers its rows.
    pub fn take(&mut self, now: Instant) -> u32 {
        let slot = self.next_slot % self.slots;
        self.next_slot += 1;
        if self.taken.len() as u64 == self.slots {
            self.taken.pop_front();
        }
        self.taken.push_back(now);
        let edge = |slot: u64| slot * self.rows_per_sec / self.slots;
        (edge(slot + 1) - edge(slot)) as u32
    }
}
