//! Readers see the old table until one swap.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_the_old_rows_until_the_swap() {
    let t = TestLake::new();
    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    t.land(&mut writer, "s", 1, 0..10).await.unwrap();
    t.land(&mut writer, "s", 2, 10..20).await.unwrap();

    let mut failed = t.writer("people", "r", Mode::Replace).await.unwrap();
    failed.write(&people_batch(100..103)).await.unwrap();
    failed.seal().await.unwrap();
    drop(failed);
    assert_eq!(t.number("select count(*) from people").await, 20);

    let mut swap = t.writer("people", "r", Mode::Replace).await.unwrap();
    swap.write(&people_batch(100..103)).await.unwrap();
    swap.seal().await.unwrap();
    assert_eq!(t.number("select count(*) from people").await, 20);
    // Rows that came in the meantime go as well.
    t.land(&mut writer, "s", 3, 20..30).await.unwrap();
    assert_eq!(swap.commit(&checkpoint("r", 1, 3)).await.unwrap(), 3);
    assert_eq!(t.number("select sum(id) from people").await, 303);
    let summary = t.lake.table(&t.kb, "people").await.unwrap().unwrap();
    assert_eq!((summary.rows, summary.files), (3, 1));
    let found = t
        .reopened()
        .last_checkpoint(&t.kb, "people", &StreamId("r".into()))
        .await
        .unwrap();
    assert_eq!(found, Some(checkpoint("r", 1, 3)));

    let lost = t.land(&mut writer, "s", 4, 30..40).await;
    assert!(
        matches!(lost, Err(CommitError::Kb(KbError::Changed(_)))),
        "{lost:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_may_create_the_table_and_is_done_once() {
    let t = TestLake::new();
    let mut a = t.writer("people", "r", Mode::Replace).await.unwrap();
    let mut b = t.writer("people", "r", Mode::Replace).await.unwrap();
    t.land(&mut a, "r", 1, 0..4).await.unwrap();
    let lost = t.land(&mut b, "r", 1, 0..4).await;
    assert!(matches!(lost, Err(CommitError::SeqTaken(_))), "{lost:?}");
    assert_eq!(t.rows("people").await, Some(4));
    // Another stream replaces what this one made, though it saw no table when it began.
    let mut c = t.writer("other", "r", Mode::Replace).await.unwrap();
    let mut d = t.writer("other", "x", Mode::Replace).await.unwrap();
    t.land(&mut c, "r", 1, 0..4).await.unwrap();
    t.land(&mut d, "x", 1, 7..9).await.unwrap();
    assert_eq!(t.number("select sum(id) from other").await, 15);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_may_bring_other_columns() {
    let t = TestLake::new();
    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    t.land(&mut writer, "s", 1, 0..10).await.unwrap();
    let steps = [
        vec![
            column("id", DataType::Text),
            column("at", DataType::Timestamp),
        ],
        vec![
            column("full name", DataType::Text),
            column("id", DataType::Text),
        ],
        vec![column("id", DataType::Text), column("name", DataType::Text)],
    ];
    for (step, columns) in steps.into_iter().enumerate() {
        let seq = u64::try_from(step).unwrap() + 1;
        let mut swap = t
            .lake
            .writer(t.target("people", "r", Mode::Replace, columns.clone()))
            .await
            .unwrap();
        let arrays = columns
            .iter()
            .map(|c| arrow::array::new_null_array(&c.data_type.to_arrow(), 3))
            .collect();
        swap.write(&batch(columns.clone(), arrays)).await.unwrap();
        swap.commit(&checkpoint("r", seq, 3)).await.unwrap();
        let summary = t.reopened().table(&t.kb, "people").await.unwrap().unwrap();
        let names: Vec<_> = summary.columns.iter().map(|c| c.name().clone()).collect();
        assert_eq!(
            names,
            columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>()
        );
        let count = format!(
            "select count(*) from people where \"{}\" is null",
            columns[0].name
        );
        assert_eq!(t.number(&count).await, 3);
    }
}
