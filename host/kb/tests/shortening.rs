//! Old log entries go; what they said of streams and rows stays.

use super::*;
use crate::kb::maintenance::round;

/// So many versions make a log checkpoint due.
const A_CHECKPOINT: u64 = 110;

impl TestLake {
    /// Commits without rows from a number on, and a log checkpoint after them.
    async fn checkpointed(&self, writer: &mut TableWriter, stream: &str, from: u64) {
        for seq in from..from + A_CHECKPOINT {
            writer.commit(&checkpoint(stream, seq, 0)).await.unwrap();
        }
        self.settled().await;
    }

    /// Makes entries old, and lets upkeep remove what it may.
    async fn shorten(&self, writer: &mut TableWriter, stream: &str, from: u64) {
        for n in 0..3 {
            self.checkpointed(writer, stream, from + n * A_CHECKPOINT)
                .await;
        }
        round(&self.lake.tables).await;
    }

    fn log(&self) -> crate::kb::log::Log {
        self.lake.tables.log(&self.kb, "people").unwrap()
    }

    fn entries(&self) -> Vec<u64> {
        self.log().listed().unwrap().entries
    }

    async fn newest(&self, stream: &str) -> Result<Option<Checkpoint>, KbError> {
        let stream = StreamId(stream.into());
        self.reopened()
            .last_checkpoint(&self.kb, "people", &stream)
            .await
    }

    async fn merge(&self, stream: &str) -> TableWriter {
        let target = Target {
            key_columns: vec!["id".into()],
            ..self.target("people", stream, Mode::Upsert, people())
        };
        self.lake.writer(target).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shortened_log_has_all_rows_and_the_checkpoint_of_every_stream() {
    let t = TestLake::forgetful();
    let mut busy = t.writer("people", "busy", Mode::Create).await.unwrap();
    t.land(&mut busy, "busy", 1, 0..10).await.unwrap();
    let mut idle = t.writer("people", "idle", Mode::Append).await.unwrap();
    t.land(&mut idle, "idle", 1, 10..15).await.unwrap();
    t.land(&mut idle, "idle", 2, 15..20).await.unwrap();
    // Both have looked at the table, and will not again before its log is short.
    let other = t.reopened();
    let idle_stream = StreamId("idle".into());
    for lake in [&t.lake, &other] {
        let found = lake.last_checkpoint(&t.kb, "people", &idle_stream).await;
        assert_eq!(found.unwrap(), Some(checkpoint("idle", 2, 20)));
    }
    t.shorten(&mut busy, "busy", 2).await;

    let entries = t.entries();
    assert_eq!(entries[..2], [0, 2], "the first, and the idle stream's");
    assert!(entries[2] > A_CHECKPOINT, "{entries:?}");
    let newest_of_busy = 1 + 3 * A_CHECKPOINT;
    for lake in [&t.lake, &other, &t.reopened()] {
        let found = lake.last_checkpoint(&t.kb, "people", &idle_stream).await;
        assert_eq!(found.unwrap(), Some(checkpoint("idle", 2, 20)));
        let summary = lake.table(&t.kb, "people").await.unwrap().unwrap();
        assert_eq!(summary.rows, 20);
    }
    let found = t.newest("busy").await.unwrap();
    assert_eq!(found, Some(checkpoint("busy", newest_of_busy, 0)));
    assert_eq!(t.number("select sum(id) from people").await, 190);

    // Everybody goes on.
    t.land(&mut busy, "busy", newest_of_busy + 1, 20..25)
        .await
        .unwrap();
    let mut append = t.writer("people", "idle", Mode::Append).await.unwrap();
    t.land(&mut append, "idle", 3, 25..30).await.unwrap();
    let mut merge = t.merge("merge").await;
    t.land(&mut merge, "merge", 1, 0..35).await.unwrap();
    assert_eq!(t.number("select sum(id) from people").await, 595);
    assert_eq!(t.rows("people").await, Some(35));
    t.shorten(&mut busy, "busy", newest_of_busy + 2).await;
    assert!(!t.entries().contains(&2), "idle has a newer one");
    assert_eq!(
        t.newest("idle").await.unwrap(),
        Some(checkpoint("idle", 3, 30))
    );
    assert_eq!(t.number("select sum(id) from people").await, 595);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_who_slept_while_the_log_was_shortened_puts_nothing_into_a_gap() {
    let t = TestLake::forgetful();
    let mut busy = t.writer("people", "busy", Mode::Create).await.unwrap();
    t.land(&mut busy, "busy", 1, 0..10).await.unwrap();
    let mut append = t.writer("people", "append", Mode::Append).await.unwrap();
    t.land(&mut append, "append", 1, 10..20).await.unwrap();
    let mut merge = t.merge("merge").await;
    t.land(&mut merge, "merge", 1, 20..30).await.unwrap();
    t.shorten(&mut busy, "busy", 2).await;
    assert_eq!(t.entries()[..3], [0, 1, 2]);

    for (writer, stream) in [(&mut append, "append"), (&mut merge, "merge")] {
        let slept = t.land(writer, stream, 2, 30..40).await;
        assert!(
            matches!(slept, Err(CommitError::Kb(KbError::Changed(_)))),
            "{slept:?}"
        );
    }
    assert!(!t.entries().contains(&3));
    assert_eq!(t.rows("people").await, Some(30));
    // Who looks again goes on.
    let mut append = t.writer("people", "append", Mode::Append).await.unwrap();
    t.land(&mut append, "append", 2, 30..40).await.unwrap();
    let mut merge = t.merge("merge").await;
    t.land(&mut merge, "merge", 2, 30..45).await.unwrap();
    assert_eq!(t.number("select count(distinct id) from people").await, 45);
    assert_eq!(t.rows("people").await, Some(45));
    let again = t.writer("people", "busy2", Mode::Create).await;
    assert!(matches!(again, Err(KbError::TableExists(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_without_its_pointer_is_as_short_as_before() {
    let t = TestLake::forgetful();
    let mut busy = t.writer("people", "busy", Mode::Create).await.unwrap();
    t.land(&mut busy, "busy", 1, 0..10).await.unwrap();
    let mut idle = t.writer("people", "idle", Mode::Append).await.unwrap();
    t.land(&mut idle, "idle", 1, 10..20).await.unwrap();
    t.shorten(&mut busy, "busy", 2).await;
    assert_eq!(t.entries()[..2], [0, 1]);
    let pointer = t
        .folder
        .path()
        .join("kb1/people/_delta_log/_last_checkpoint");
    for left in [None, Some("")] {
        match left {
            None => std::fs::remove_file(&pointer).unwrap(),
            Some(text) => std::fs::write(&pointer, text).unwrap(),
        }
        // Its next version is in a gap, right behind an entry that stays.
        let slept = t.land(&mut idle, "idle", 2, 20..30).await;
        assert!(
            matches!(slept, Err(CommitError::Kb(KbError::Changed(_)))),
            "{slept:?}"
        );
        assert!(!t.entries().contains(&2));
        let summary = t.reopened().table(&t.kb, "people").await.unwrap().unwrap();
        assert_eq!(summary.rows, 20);
        assert_eq!(
            t.newest("idle").await.unwrap(),
            Some(checkpoint("idle", 1, 20))
        );
    }
    let mut again = t.writer("people", "idle", Mode::Append).await.unwrap();
    t.land(&mut again, "idle", 2, 20..30).await.unwrap();
    assert_eq!(t.rows("people").await, Some(30));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_what_a_stream_was_long_ago_is_told_to_look_again() {
    let t = TestLake::forgetful();
    let mut busy = t.writer("people", "busy", Mode::Create).await.unwrap();
    t.land(&mut busy, "busy", 1, 0..10).await.unwrap();
    let mut slow = t.writer("people", "slow", Mode::Append).await.unwrap();
    t.land(&mut slow, "slow", 1, 10..20).await.unwrap();
    let looked_at = Wanted {
        stream: StreamId("slow".into()),
        seq: 1,
        version: 1,
    };
    t.land(&mut slow, "slow", 2, 20..30).await.unwrap();
    t.shorten(&mut busy, "busy", 2).await;
    assert_eq!(t.entries()[..2], [0, 2]);
    let other = t.reopened();
    let place = other.tables.place(&t.kb, "people").unwrap();
    let found = other.tables.newest_checkpoint(&place, looked_at).await;
    assert!(matches!(found, Err(KbError::Changed(_))), "{found:?}");
    assert_eq!(
        t.newest("slow").await.unwrap(),
        Some(checkpoint("slow", 2, 30))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_stands_in_a_gap_counts_for_nobody() {
    let t = TestLake::forgetful();
    let mut busy = t.writer("people", "busy", Mode::Create).await.unwrap();
    t.land(&mut busy, "busy", 1, 0..10).await.unwrap();
    let mut idle = t.writer("people", "idle", Mode::Append).await.unwrap();
    t.land(&mut idle, "idle", 1, 10..20).await.unwrap();
    t.shorten(&mut busy, "busy", 2).await;
    let ours = t.folder.path().join("kb1/people/_delta_log");
    let entry = |version: u64| ours.join(format!("{version:020}.json"));
    let idles = std::fs::read_to_string(entry(1)).unwrap();
    let next = idles
        .replace("\"seq\":1", "\"seq\":2")
        .replace("\"version\":1", "\"version\":2");
    assert_ne!(idles, next);
    std::fs::write(entry(2), next).unwrap();
    let newest = async || t.newest("idle").await.unwrap();
    assert_eq!(newest().await, Some(checkpoint("idle", 1, 20)));
    t.shorten(&mut busy, "busy", 1000).await;
    assert_eq!(newest().await, Some(checkpoint("idle", 1, 20)));
    assert_eq!(t.rows("people").await, Some(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newest_entry_that_somebody_removed_is_lost_and_no_older_one_takes_its_place() {
    let t = TestLake::new();
    let mut busy = t.writer("people", "busy", Mode::Create).await.unwrap();
    busy.commit(&checkpoint("busy", 1, 0)).await.unwrap();
    let mut idle = t.writer("people", "idle", Mode::Append).await.unwrap();
    t.land(&mut idle, "idle", 1, 0..10).await.unwrap();
    t.land(&mut idle, "idle", 2, 10..20).await.unwrap();
    t.checkpointed(&mut busy, "busy", 2).await;
    assert_eq!(
        t.newest("idle").await.unwrap(),
        Some(checkpoint("idle", 2, 20))
    );
    std::fs::remove_file(t.log().entry_path(2)).unwrap();
    let found = t.newest("idle").await;
    assert!(
        matches!(found, Err(KbError::CheckpointLost(_))),
        "{found:?}"
    );
}

/// Two processes write and tidy up, and are stopped at any moment.
#[tokio::test(flavor = "multi_thread")]
async fn shortening_that_is_cut_off_at_any_moment_loses_nothing() {
    let t = TestLake::forgetful();
    let mut writer = t.writer("people", "first", Mode::Create).await.unwrap();
    t.land(&mut writer, "first", 1, 0..1).await.unwrap();
    let mut rows = 1;
    for run in 0..30_u64 {
        let stream = format!("run {run}");
        let lake = Lake::open_keeping(t.folder.path(), Duration::ZERO).unwrap();
        let upkeep = async {
            loop {
                tokio::join!(round(&lake.tables), round(&t.lake.tables));
            }
        };
        let work = async {
            let target = t.target("people", &stream, Mode::Append, people());
            let mut writer = lake.writer(target).await.unwrap();
            for seq in 1..=20 {
                t.land(&mut writer, &stream, seq, rows..rows + 1)
                    .await
                    .unwrap();
                rows += 1;
            }
        };
        tokio::select! {
            () = upkeep => {}
            () = work => {}
        }
    }
    assert_eq!(
        t.number("select count(distinct id) from people").await,
        rows
    );
    assert_eq!(t.rows("people").await, Some(rows.unsigned_abs()));
    for run in 0..30_i64 {
        let found = t.newest(&format!("run {run}")).await.unwrap().unwrap();
        assert_eq!(
            found,
            checkpoint(&format!("run {run}"), 20, 1 + 20 * (run + 1))
        );
    }
    let mut last = t.writer("people", "last", Mode::Append).await.unwrap();
    t.shorten(&mut last, "last", 1).await;
    let entries = t.entries().len();
    assert!(entries < 300, "{entries} entries");
    assert_eq!(t.rows("people").await, Some(rows.unsigned_abs()));
}

#[tokio::test(flavor = "multi_thread")]
async fn log_checkpoints_forget_files_that_upkeep_has_removed() {
    let t = TestLake::new();
    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    t.land(&mut writer, "s", 1, 0..1).await.unwrap();
    let first = std::fs::read_to_string(t.log().entry_path(0)).unwrap();
    assert!(
        first.contains(r#""delta.deletedFileRetentionDuration":"interval 14400 seconds""#),
        "{first}"
    );
}
