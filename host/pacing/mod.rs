//! Slowing down while all is well: a cap in rows per second and a delay between batches.
//! `cap` decides and is pure; this file waits. Nothing may be open on the source during a wait.

mod cap;

use std::time::Duration;

use tokio::time::Instant;

use crate::model::pacing::{Pacing, Waited};
use cap::RowCap;

/// Paces one job.
pub struct Pacer {
    pacing: Pacing,
    batch_rows: u32,
    cap: Option<RowCap>,
    delay: Duration,
    /// When the batch before was asked for; none before the first.
    last: Option<Instant>,
}

impl Pacer {
    /// `batch_rows` is the most that a batch may have, at least 1.
    pub fn new(pacing: Pacing, batch_rows: u32) -> Self {
        Self {
            pacing,
            batch_rows,
            cap: (pacing.max_rows_per_sec > 0)
                .then(|| RowCap::new(pacing.max_rows_per_sec, batch_rows)),
            delay: Duration::from_millis(pacing.batch_delay_ms),
            last: None,
        }
    }

    /// Goes on at another pace. The batch before counts, so that a change is no way round a cap.
    pub fn set(&mut self, pacing: Pacing) {
        if pacing == self.pacing {
            return;
        }
        let last_taken = self.cap.as_ref().and_then(RowCap::last_taken);
        *self = Self {
            last: self.last,
            ..Self::new(pacing, self.batch_rows)
        };
        if let (Some(cap), Some(last)) = (&mut self.cap, last_taken) {
            cap.begin_after(last);
        }
    }

    /// Waits until the next batch may be read and answers how many rows it may have, or none for no bound. Dropping the
    /// future gives the turn back.
    pub async fn turn(&mut self) -> Option<u32> {
        let start = Instant::now();
        let opens = self.opens_at(start);
        if opens > start {
            tokio::time::sleep_until(opens).await;
        }
        self.take(Instant::now())
    }

    /// What a turn that began then and was taken now waited for: the delay as long as it lasted, then the cap.
    pub fn waited(&self, start: Instant) -> Waited {
        let whole = start.elapsed();
        let delay = match (self.last, &self.cap) {
            (None, _) => Duration::ZERO,
            // How late a timer is belongs to what it was set for.
            (Some(_), None) if self.delay > Duration::ZERO => whole,
            (Some(last), _) => (last + self.delay)
                .saturating_duration_since(start)
                .min(whole),
        };
        Waited {
            batch_delay_ms: delay.as_millis() as u64,
            max_rows_per_sec_ms: (whole - delay).as_millis() as u64,
            source_ms: 0,
        }
    }

    /// The batch has arrived: the delay counts from here.
    pub fn arrived(&mut self) {
        self.last = Some(Instant::now());
    }

    /// When the next batch may be read: `now` or earlier if at once.
    fn opens_at(&self, now: Instant) -> Instant {
        let after_delay = self.last.map_or(now, |last| last + self.delay);
        let after_cap = self.cap.as_ref().map_or(now, |cap| cap.ready_at(now));
        after_delay.max(after_cap)
    }

    fn take(&mut self, now: Instant) -> Option<u32> {
        self.cap.as_mut().map(|cap| cap.take(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn capped(max_rows_per_sec: u32, batch_rows: u32) -> Pacer {
        Pacer::new(
            Pacing {
                max_rows_per_sec,
                ..Pacing::default()
            },
            batch_rows,
        )
    }

    #[test]
    fn delay_counts_from_the_arrival_of_the_batch_before() {
        let mut pacer = Pacer::new(
            Pacing {
                batch_delay_ms: 200,
                ..Pacing::default()
            },
            10,
        );
        let start = Instant::now();
        assert_eq!(pacer.opens_at(start), start);
        let arrived = start + 3 * SECOND;
        pacer.last = Some(arrived);
        assert_eq!(
            pacer.opens_at(arrived),
            arrived + Duration::from_millis(200)
        );
        assert_eq!(pacer.take(arrived), None);
    }

    #[test]
    fn another_pace_counts_from_the_batch_before() {
        let mut pacer = capped(100, 10);
        let start = Instant::now();
        pacer.take(start);
        let pace = |max_rows_per_sec| Pacing {
            max_rows_per_sec,
            ..Pacing::default()
        };
        pacer.set(pace(100));
        assert_eq!(pacer.opens_at(start), start + SECOND / 10, "the same");
        pacer.set(pace(20));
        assert_eq!(pacer.opens_at(start), start + SECOND / 2);
        pacer.set(pace(5));
        assert_eq!(pacer.opens_at(start), start + SECOND);
        pacer.set(pace(0));
        assert_eq!((pacer.opens_at(start), pacer.take(start)), (start, None));
    }

    #[test]
    fn unthrottled_never_waits() {
        let mut pacer = Pacer::new(Pacing::default(), 10);
        let now = Instant::now();
        pacer.last = Some(now);
        assert_eq!((pacer.opens_at(now), pacer.take(now)), (now, None));
    }

    #[test]
    fn cap_holds_in_every_window_and_reaches_the_rate() {
        for (cap, batch_rows) in [
            (1_000, 5_000),
            (1_000, 36),
            (7, 5_000),
            (10_000, 999),
            (5, 1),
        ] {
            let taken = a_minute_of(capped(cap, batch_rows));
            for (i, (from, _)) in taken.iter().enumerate() {
                for seconds in [1, 10] {
                    let window = taken[i..]
                        .iter()
                        .take_while(|(at, _)| *at < *from + seconds * SECOND);
                    let rows: u32 = window.map(|(_, rows)| rows).sum();
                    assert!(
                        rows <= cap * seconds,
                        "{rows} rows in {seconds} s under a cap of {cap}, batch {batch_rows}"
                    );
                }
            }
            assert!(
                taken
                    .iter()
                    .all(|(_, rows)| (1..=batch_rows).contains(rows))
            );
            let total: u32 = taken.iter().map(|(_, rows)| rows).sum();
            assert!(
                total >= cap * 60 * 97 / 100,
                "{total} rows in a minute under a cap of {cap}, batch {batch_rows}"
            );
        }
    }

    /// Every turn of a minute, with a timer that is up to a millisecond late and, once, by three seconds.
    fn a_minute_of(mut pacer: Pacer) -> Vec<(Instant, u32)> {
        let start = Instant::now();
        let (mut now, mut taken) = (start, Vec::new());
        while now < start + 60 * SECOND {
            let late = Duration::from_micros(taken.len() as u64 * 37 % 1_000);
            now = pacer.opens_at(now).max(now) + late;
            taken.push((now, pacer.take(now).expect("a cap is set")));
        }
        taken
    }
}
