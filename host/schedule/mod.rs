//! Decides WHEN: puts a run of each due sync into the queue, in time. Never runs one (see `dispatch`).
//!
//! A tick, a poke and the next due time do the same thing: read rows, decide, write. Nothing is remembered between two
//! turns but how many runs have just started, so a restart changes nothing, and two hosts on one store do no harm: what
//! one of them has read and another has changed is not written.

mod interval;
mod stagger;
#[cfg(test)]
mod tests;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::interval::{Decision, decide, last_start};
use self::stagger::Stagger;
use crate::model::due::SchedulePolicy;
use crate::model::ids::StreamId;
use crate::store::syncs::{self, Decided, Start};
use crate::store::{Store, StoreError, retention};

/// Syncs that are decided in one transaction.
const DECIDED_AT_ONCE: u32 = 1_000;
/// Rows that retention looks at in one transaction, and how many of those a tick has at most.
const BITE: u32 = 200;
const BITES: u32 = 50;
/// Between two looks, whatever they find: a row that cannot be written must not keep a processor busy.
const SHORTEST_SLEEP: Duration = Duration::from_millis(5);
/// After trouble with the store.
const AFTER_TROUBLE: Duration = Duration::from_secs(1);

/// Starts the runs of all syncs of a store.
pub struct Scheduler {
    store: Store,
    policy: SchedulePolicy,
    /// How long jobs without a sync are kept after their end.
    keep_jobs: TimeDelta,
    stagger: Stagger,
    /// Where retention looks next.
    swept: Option<StreamId>,
    has_begun: bool,
}

impl Scheduler {
    pub fn new(store: Store, policy: SchedulePolicy, keep_jobs: TimeDelta) -> Self {
        Self {
            store,
            policy,
            keep_jobs,
            stagger: Stagger::default(),
            swept: None,
            has_begun: false,
        }
    }

    /// Keeps the schedules until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let mut changes = self.store.watch_syncs();
        let tick = self.policy.tick.to_std().unwrap_or_default();
        let mut next_tick = Instant::now();
        while !shutdown.is_cancelled() {
            if Instant::now() >= next_tick {
                next_tick = Instant::now() + tick;
                log_trouble(self.tidy().await, "cannot tidy up");
            }
            let sleep = match self.turn().await {
                Ok(wake_at) => (wake_at - self.store.now())
                    .to_std()
                    .unwrap_or_default()
                    .max(SHORTEST_SLEEP),
                trouble => {
                    log_trouble(trouble, "cannot look for due syncs");
                    AFTER_TROUBLE
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => {}
                _ = changes.changed() => {}
                () = tokio::time::sleep_until(next_tick.min(Instant::now() + sleep)) => {}
            }
        }
    }

    /// Does what is due now. When there will be more to do, unless something changes before.
    ///
    /// # Errors
    /// The store does not answer; what was not done is done at the next turn.
    pub async fn turn(&mut self) -> Result<DateTime<Utc>, StoreError> {
        if !self.has_begun {
            syncs::decide_all_again(&self.store).await?;
            self.has_begun = true;
        }
        self.decide().await?;
        let now = self.store.now();
        // Mostly nothing is: then this is the only question.
        let next = self.next_due().await?;
        if next > now {
            return Ok(next);
        }
        if self.start_due(now).await? {
            return Ok(self.stagger.next(now));
        }
        self.next_due().await
    }

    async fn next_due(&self) -> Result<DateTime<Utc>, StoreError> {
        let next = syncs::next_due(&self.store).await?;
        Ok(next.unwrap_or(DateTime::<Utc>::MAX_UTC))
    }

    /// Decides what something has changed about.
    async fn decide(&self) -> Result<(), StoreError> {
        loop {
            let undecided = syncs::undecided(&self.store, DECIDED_AT_ONCE).await?;
            let mut decided = Vec::with_capacity(undecided.len());
            for sync in &undecided {
                let due_at = match decide(sync, &self.policy) {
                    Decision::DueAt(at) => Some(at),
                    Decision::Wait => None,
                    Decision::Disable { reason } => {
                        if syncs::disable(&self.store, sync, &reason).await? {
                            tracing::warn!(sync = %sync.id, table = sync.dest_table, reason, "sync disabled");
                        }
                        continue;
                    }
                };
                decided.push(Decided {
                    sync: sync.id.clone(),
                    revision: sync.revision,
                    due_at,
                });
            }
            syncs::set_due(&self.store, &decided).await?;
            if undecided.len() < DECIDED_AT_ONCE as usize {
                return Ok(());
            }
        }
    }

    /// Starts what is due, as far as it may start together. Whether more is due.
    async fn start_due(&mut self, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let left = self.stagger.left(now);
        let due = syncs::due(&self.store, now, left + 1).await?;
        for (due_at, sync) in due.iter().take(left as usize) {
            let started = syncs::start(&self.store, sync, last_start(*due_at, now)).await?;
            match &started {
                Start::Queued(job) => tracing::debug!(sync = %sync.id, %job, "run queued"),
                Start::Failed => tracing::warn!(sync = %sync.id, "its knowledge base is gone"),
                // Another process, or a client, was faster.
                Start::Refused => continue,
            }
            self.stagger.count();
        }
        Ok(due.len() > left as usize)
    }

    /// What a tick does besides: mends what a clock that was set back leaves behind, and forgets what is old.
    ///
    /// # Errors
    /// The store does not answer; the next tick tries again.
    pub async fn tidy(&mut self) -> Result<(), StoreError> {
        let now = self.store.now();
        let moved = syncs::ahead_of_clock(&self.store, now).await?;
        if moved > 0 {
            tracing::warn!(
                syncs = moved,
                "the clock was set back; these syncs go on from now"
            );
        }
        let ended_before = now
            .checked_sub_signed(self.keep_jobs)
            .unwrap_or(DateTime::UNIX_EPOCH);
        for _ in 0..BITES {
            let forgotten = retention::forget_jobs(&self.store, ended_before, BITE).await?;
            if forgotten < u64::from(BITE) {
                break;
            }
        }
        self.swept = retention::forget_streams(&self.store, self.swept.as_ref(), BITE).await?;
        Ok(())
    }
}

fn log_trouble<T>(result: Result<T, StoreError>, what: &str) {
    if let Err(error) = result {
        tracing::error!(error = &error as &dyn std::error::Error, "{what}");
    }
}
