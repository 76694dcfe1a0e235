//! Rows and checkpoint land together, once.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_invisible_before_the_commit_and_counted_after_it() {
    let t = TestLake::new();
    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    writer.write(&people_batch(0..10)).await.unwrap();
    assert_eq!(writer.staged().rows, 10);
    let staged = writer.seal().await.unwrap();
    assert_eq!(t.rows("people").await, None);
    assert_eq!(writer.commit(&checkpoint("s", 1, 10)).await.unwrap(), 0);
    assert_eq!(writer.staged(), Staged::default());

    let summary = t.lake.table(&t.kb, "people").await.unwrap().unwrap();
    assert_eq!(
        (summary.rows, summary.bytes, summary.files, summary.version),
        (10, staged.bytes, 1, 0)
    );
    assert_eq!(summary.columns[0].metadata()["sluice.native_type"], "n");
    assert_eq!(t.land(&mut writer, "s", 2, 10..15).await.unwrap(), 1);
    assert_eq!(t.number("select sum(id) from people").await, 105);
    assert_eq!(t.number("select count(*) from people").await, 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_checkpoint_survives_a_restart_and_300_commits_of_others() {
    let t = TestLake::new();
    let ours = StreamId("ours".into());
    assert_eq!(
        t.lake
            .last_checkpoint(&t.kb, "people", &ours)
            .await
            .unwrap(),
        None
    );
    let mut writer = t.writer("people", "ours", Mode::Create).await.unwrap();
    t.land(&mut writer, "ours", 1, 0..1).await.unwrap();
    t.land(&mut writer, "ours", 2, 1..2).await.unwrap();
    let mut other = t.writer("people", "other", Mode::Append).await.unwrap();
    for seq in 1..=300 {
        other.commit(&checkpoint("other", seq, 0)).await.unwrap();
    }
    t.settled().await;
    assert!(
        t.folder
            .path()
            .join("kb1/people/_delta_log/_last_checkpoint")
            .exists()
    );
    let found = t
        .reopened()
        .last_checkpoint(&t.kb, "people", &ours)
        .await
        .unwrap();
    assert_eq!(found, Some(checkpoint("ours", 2, 2)));
    let nobody = StreamId("nobody".into());
    assert_eq!(
        t.reopened()
            .last_checkpoint(&t.kb, "people", &nobody)
            .await
            .unwrap(),
        None
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_log_entry_is_an_error_and_not_a_fresh_start() {
    let t = TestLake::new();
    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    t.land(&mut writer, "s", 1, 0..1).await.unwrap();
    let mut other = t.writer("people", "other", Mode::Append).await.unwrap();
    for seq in 1..=100 {
        other.commit(&checkpoint("other", seq, 0)).await.unwrap();
    }
    t.settled().await;
    std::fs::remove_file(
        t.folder
            .path()
            .join("kb1/people/_delta_log/00000000000000000000.json"),
    )
    .unwrap();
    let found = t
        .reopened()
        .last_checkpoint(&t.kb, "people", &StreamId("s".into()))
        .await;
    assert!(
        matches!(found, Err(KbError::CheckpointLost(_))),
        "{found:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_holder_finds_its_number_taken() {
    let t = TestLake::new();
    let mut first = t.writer("people", "s", Mode::Create).await.unwrap();
    let mut second = t.writer("people", "s", Mode::Create).await.unwrap();
    t.land(&mut first, "s", 1, 0..10).await.unwrap();
    let lost = t.land(&mut second, "s", 1, 0..10).await;
    assert!(matches!(lost, Err(CommitError::SeqTaken(found)) if *found == checkpoint("s", 1, 10)));
    second.discard().await;

    // The same again on the existing table, and by one that opens only after the commit.
    let mut second = t.writer("people", "s", Mode::Create).await.unwrap();
    t.land(&mut first, "s", 2, 10..20).await.unwrap();
    for mut late in [second, t.writer("people", "s", Mode::Append).await.unwrap()] {
        let lost = t.land(&mut late, "s", 2, 10..20).await;
        assert!(matches!(lost, Err(CommitError::SeqTaken(found)) if found.seq == 2));
    }
    second = t.writer("people", "s", Mode::Create).await.unwrap();
    t.land(&mut second, "s", 3, 20..30).await.unwrap();
    assert_eq!(t.rows("people").await, Some(30));
    assert_eq!(t.files("people").len(), 3, "lost files are removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_holders_at_once_exactly_one_commits() {
    for round in 0..10 {
        let t = TestLake::new();
        let mode = if round % 2 == 0 {
            Mode::Create
        } else {
            Mode::Append
        };
        if mode == Mode::Append {
            let mut creator = t.writer("people", "c", Mode::Create).await.unwrap();
            creator.commit(&checkpoint("c", 1, 0)).await.unwrap();
        }
        let mut a = t.writer("people", "s", mode).await.unwrap();
        let mut b = t.writer("people", "s", mode).await.unwrap();
        let (a, b) = tokio::join!(t.land(&mut a, "s", 1, 0..5), t.land(&mut b, "s", 1, 0..5));
        assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
        let lost = a.err().or(b.err()).unwrap();
        assert!(matches!(lost, CommitError::SeqTaken(_)), "{lost:?}");
        assert_eq!(t.rows("people").await, Some(5));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_that_take_turns_all_land() {
    let t = TestLake::new();
    let mut a = t.writer("people", "a", Mode::Create).await.unwrap();
    a.commit(&checkpoint("a", 1, 0)).await.unwrap();
    let mut b = t.writer("people", "b", Mode::Append).await.unwrap();
    for seq in 2..12 {
        let from = i64::try_from(seq).unwrap() * 10;
        let (x, y) = tokio::join!(
            t.land(&mut a, "a", seq, from..from + 5),
            t.land(&mut b, "b", seq, from + 5..from + 10)
        );
        assert_ne!(x.unwrap(), y.unwrap());
    }
    assert_eq!(t.number("select count(distinct id) from people").await, 100);
    let summary = t.lake.table(&t.kb, "people").await.unwrap().unwrap();
    assert_eq!((summary.rows, summary.version), (100, 20));
}

#[tokio::test(flavor = "multi_thread")]
async fn create_refuses_a_table_of_others_and_append_a_missing_one() {
    let t = TestLake::new();
    assert!(matches!(
        t.writer("people", "s", Mode::Append).await,
        Err(KbError::TableNotFound(_))
    ));
    let mut early = t.writer("people", "late", Mode::Create).await.unwrap();
    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    t.land(&mut writer, "s", 1, 0..1).await.unwrap();
    assert!(matches!(
        t.writer("people", "other", Mode::Create).await,
        Err(KbError::TableExists(_))
    ));
    let lost = t.land(&mut early, "late", 1, 0..1).await;
    assert!(
        matches!(lost, Err(CommitError::Kb(KbError::TableExists(_)))),
        "{lost:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_that_ends_before_its_commit_leaves_nothing() {
    let t = TestLake::new();
    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    writer.write(&people_batch(0..10)).await.unwrap();
    writer.seal().await.unwrap();
    assert_eq!(t.files("people").len(), 1);
    drop(writer);
    assert!(!t.folder.path().join("kb1/people").exists());
    assert!(t.lake.tables(&t.kb).await.unwrap().is_empty());

    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    t.land(&mut writer, "s", 1, 0..1).await.unwrap();
    writer.write(&people_batch(1..2)).await.unwrap();
    writer.discard().await;
    assert_eq!(
        (t.rows("people").await, t.files("people").len()),
        (Some(1), 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_create_left_is_no_table_and_in_nobodys_way() {
    let t = TestLake::new();
    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    writer.write(&people_batch(0..10)).await.unwrap();
    writer.seal().await.unwrap();
    std::mem::forget(writer);
    std::fs::create_dir(t.folder.path().join("kb1/people/_delta_log")).unwrap();
    assert!(t.reopened().tables(&t.kb).await.unwrap().is_empty());
    let mut writer = t.writer("people", "other", Mode::Create).await.unwrap();
    t.land(&mut writer, "other", 1, 0..3).await.unwrap();
    assert_eq!(t.number("select count(*) from people").await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_without_rows_moves_the_checkpoint() {
    let t = TestLake::new();
    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    writer.commit(&checkpoint("s", 1, 0)).await.unwrap();
    writer.commit(&checkpoint("s", 2, 0)).await.unwrap();
    let summary = t.lake.table(&t.kb, "people").await.unwrap().unwrap();
    assert_eq!((summary.rows, summary.files, summary.version), (0, 0, 1));
    assert_eq!(t.number("select count(*) from people").await, 0);
    let found = t
        .lake
        .last_checkpoint(&t.kb, "people", &StreamId("s".into()))
        .await
        .unwrap();
    assert_eq!(found.unwrap().seq, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_thousandth_commit_costs_what_the_first_did() {
    let t = TestLake::new();
    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    let mut times = Vec::new();
    for seq in 1..=1000 {
        let from = i64::try_from(seq).unwrap() * 10;
        let start = std::time::Instant::now();
        t.land(&mut writer, "s", seq, from..from + 10)
            .await
            .unwrap();
        times.push(start.elapsed());
    }
    // The fastest of each hundred: others may use the machine as well.
    let fastest = |part: &[Duration]| part.iter().min().copied().unwrap_or_default();
    let (first, last) = (fastest(&times[..100]), fastest(&times[900..]));
    assert!(last < first * 3, "{first:?} grew to {last:?}");
    assert_eq!(t.rows("people").await, Some(10_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_do_not_fit_are_named() {
    let t = TestLake::new();
    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    t.land(&mut writer, "s", 1, 0..1).await.unwrap();
    let open = async |columns: Vec<Column>| {
        let target = t.target("people", "a", Mode::Append, columns);
        t.lake
            .writer(target)
            .await
            .map(drop)
            .map_err(|error| error.to_string())
    };
    let other = vec![column("id", DataType::Text), column("name", DataType::Text)];
    assert_eq!(
        open(other).await.unwrap_err(),
        "the column \"id\" of the table \"people\" is long in the table, but string is read: use mode replace, or another table"
    );

    // In another order, and with one column less: null.
    let reversed = vec![column("name", DataType::Text)];
    let mut writer = t
        .lake
        .writer(t.target("people", "a", Mode::Append, reversed.clone()))
        .await
        .unwrap();
    let names: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    writer.write(&batch(reversed, vec![names])).await.unwrap();
    writer.commit(&checkpoint("a", 1, 1)).await.unwrap();
    assert_eq!(
        t.number("select count(*) from people where id is null and name = 'x'")
            .await,
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_knowledge_base_is_removed_whole() {
    let t = TestLake::new();
    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    t.land(&mut writer, "s", 1, 0..1).await.unwrap();
    t.lake.remove(&t.kb).await.unwrap();
    assert_eq!(t.rows("people").await, None);
    assert!(t.land(&mut writer, "s", 2, 1..2).await.is_err());
    assert_eq!(t.rows("people").await, None);
    assert!(matches!(
        t.lake.remove(&KbUid("..".into())).await,
        Err(KbError::KbName)
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_table_is_gone_for_all_and_can_be_made_again() {
    let t = TestLake::new();
    let other = t.reopened();
    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    for seq in 1..=3 {
        t.land(&mut writer, "s", seq, 0..10).await.unwrap();
    }
    assert!(other.table(&t.kb, "people").await.unwrap().is_some());
    t.lake.drop_table(&t.kb, "people").await.unwrap();
    t.lake.drop_table(&t.kb, "people").await.unwrap();
    assert_eq!(t.rows("people").await, None);
    assert!(other.table(&t.kb, "people").await.unwrap().is_none());

    // It is made again, while one still writes what it was.
    let mut again = t.writer("people", "s2", Mode::Create).await.unwrap();
    t.land(&mut again, "s2", 1, 0..4).await.unwrap();
    let late = t.land(&mut writer, "s", 4, 0..10).await;
    assert!(
        matches!(late, Err(CommitError::Kb(KbError::Changed(_)))),
        "{late:?}"
    );
    t.land(&mut again, "s2", 2, 4..6).await.unwrap();
    assert_eq!(other.table(&t.kb, "people").await.unwrap().unwrap().rows, 6);
    let old = t
        .lake
        .last_checkpoint(&t.kb, "people", &StreamId("s".into()))
        .await;
    assert_eq!(old.unwrap(), None);
}
