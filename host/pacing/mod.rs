//! Slowing down while all is well: a cap in rows per second and a delay between batches.
//! `cap` decides and is pure; this file waits. Nothing may be open on the source during a wait.

mod cap;

use std::time::Duration;

use tokio::time::Instant;

use crate::model::pacing::Pacing;
use cap::RowCap;

/// Paces one job.
pub struct Pacer {
    cap: Option<RowCap>,
    delay: Duration,
    /// When the batch before was asked for; none before the first.
    last: Option<Instant>,
}

impl Pacer {
    /// `batch_rows` is the most that a batch may have, at least 1.
    pub fn new(pacing: Pacing, batch_rows: u32) -> Self {
        Self {
            cap: (pacing.max_rows_per_sec > 0)
                .then(|| RowCap::new(pacing.max_rows_per_sec, batch_rows)),
            delay: Duration::from_millis(pacing.batch_delay_ms),
            last: None,
        }
    }

    /// Waits until the next batch may be read and answers how many rows it may have, or none for no bound, and how
    /// long the wait was. Dropping the future gives the turn back.
    pub async fn turn(&mut self) -> (Option<u32>, Duration) {
        let start = Instant::now();
        let after_delay = self.last.map(|last| last + self.delay);
        let after_cap = self.cap.as_ref().map(|cap| cap.ready_at(start));
        if let Some(until) = after_delay.max(after_cap).filter(|until| *until > start) {
            tokio::time::sleep_until(until).await;
        }
        let now = Instant::now();
        let rows = self.cap.as_mut().map(|cap| cap.take(now));
        (rows, now - start)
    }

    /// The batch has arrived: the delay counts from here.
    pub fn arrived(&mut self) {
        self.last = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn delay_counts_from_the_arrival_of_the_batch_before() {
        let mut pacer = Pacer::new(
            Pacing {
                batch_delay_ms: 200,
                ..Pacing::default()
            },
            10,
        );
        assert_eq!(pacer.turn().await, (None, Duration::ZERO));
        tokio::time::advance(Duration::from_secs(3)).await;
        pacer.arrived();
        let (_, waited) = pacer.turn().await;
        assert_eq!(waited, Duration::from_millis(200));
    }

    #[tokio::test(start_paused = true)]
    async fn unthrottled_never_waits() {
        let mut pacer = Pacer::new(Pacing::default(), 10);
        for _ in 0..100 {
            assert_eq!(pacer.turn().await, (None, Duration::ZERO));
            pacer.arrived();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn cap_holds_in_every_window_and_reaches_the_rate() {
        for (cap, batch_rows) in [
            (1_000, 5_000),
            (1_000, 36),
            (7, 5_000),
            (10_000, 999),
            (5, 1),
        ] {
            let mut pacer = Pacer::new(
                Pacing {
                    max_rows_per_sec: cap,
                    ..Pacing::default()
                },
                batch_rows,
            );
            let start = Instant::now();
            let mut taken = Vec::new();
            while start.elapsed() < Duration::from_secs(60) {
                let (rows, _) = pacer.turn().await;
                taken.push((start.elapsed(), rows.expect("a cap is set")));
                pacer.arrived();
            }
            for (i, (from, _)) in taken.iter().enumerate() {
                let window = taken[i..]
                    .iter()
                    .take_while(|(at, _)| *at < *from + Duration::from_secs(1));
                let rows: u32 = window.map(|(_, rows)| rows).sum();
                assert!(
                    rows <= cap,
                    "{rows} rows in a second under a cap of {cap}, batch {batch_rows}"
                );
            }
            assert!(
                taken
                    .iter()
                    .all(|(_, rows)| (1..=batch_rows).contains(rows))
            );
            let total: u32 = taken.iter().map(|(_, rows)| rows).sum();
            assert!(
                total >= cap * 60 * 97 / 100,
                "{total} rows in a minute under a cap of {cap}"
            );
        }
    }
}
