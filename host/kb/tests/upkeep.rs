//! Tables of many commits stay quick and small, and nobody notices how.

use std::time::Instant;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;

use super::*;
use crate::kb::files::{TableFile, live_files};
use crate::kb::maintenance::round;
use crate::kb::staged::{Instance, file_name, writer_of};

/// Commits of ten rows; the promise is about 5,000, which take minutes on a slow disk.
fn commits() -> u64 {
    let wanted = std::env::var("SLUICE_TEST_COMMITS");
    wanted.map_or(600, |commits| commits.parse().unwrap())
}

impl TestLake {
    /// How long the commit of the ten rows with a number takes.
    async fn timed(&self, writer: &mut TableWriter, seq: u64) -> Duration {
        let from = i64::try_from(seq - 1).unwrap() * 10;
        let start = Instant::now();
        self.land(writer, "s", seq, from..from + 10).await.unwrap();
        start.elapsed()
    }

    /// The ids of a table in the order of its files.
    async fn ids_in_order(&self, table: &str) -> Vec<i64> {
        let place = self.lake.tables.place(&self.kb, table).unwrap();
        let opened = self.lake.tables.current_at(&place).await.unwrap().unwrap();
        let schema = arrow_schema(&people()[..1]);
        let mut ids = Vec::new();
        for file in live_files(table, &opened).await.unwrap() {
            let rows = TableFile::open(&place, &file.name).unwrap();
            for rows in rows.read(&place, &schema, None).unwrap() {
                let rows = rows.unwrap();
                ids.extend_from_slice(rows.column(0).as_primitive::<Int64Type>().values());
            }
        }
        ids
    }
}

/// The promises: commits cost at most 1.5 times what they cost on the first day of a table, and it opens in 100 ms.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_many_small_commits_opens_quickly_and_commits_as_on_its_first_day() {
    let t = TestLake::new();
    let mut old = t.writer("people", "s", Mode::Create).await.unwrap();
    let commits = commits();
    let mut beside_upkeep = Vec::new();
    for seq in 1..=commits {
        beside_upkeep.push(t.timed(&mut old, seq).await);
        if seq % 50 == 0 {
            // Also while files are merged.
            let sums = "select count(*) * 1000000000 + count(distinct id) from people";
            let rows = i64::try_from(seq).unwrap() * 10;
            assert_eq!(t.number(sums).await, rows * 1_000_000_000 + rows);
        }
    }
    t.settled().await;
    // Both at the same time, so that what else the machine does is the same for both.
    let mut new = t.writer("new people", "s", Mode::Create).await.unwrap();
    let (mut first, mut last) = (Vec::new(), Vec::new());
    for seq in 1..=100 {
        first.push(t.timed(&mut new, seq).await);
        last.push(t.timed(&mut old, commits + seq).await);
    }
    t.settled().await;
    let (first, last) = (median(&first), median(&last));
    let mut opened = Vec::new();
    for _ in 0..10 {
        let start = Instant::now();
        t.reopened().table(&t.kb, "people").await.unwrap().unwrap();
        opened.push(start.elapsed());
    }
    let opened = opened.into_iter().min().unwrap();
    let start = Instant::now();
    let summary = t.lake.table(&t.kb, "people").await.unwrap().unwrap();
    println!(
        "{commits} commits: beside upkeep {:?} then {:?}, alone {first:?} then {last:?}, {} files, open {opened:?}, again {:?}",
        median(&beside_upkeep[..100]),
        median(&beside_upkeep[beside_upkeep.len() - 100..]),
        summary.files,
        start.elapsed()
    );
    assert_eq!(summary.rows, (commits + 100) * 10);
    assert!(summary.files < 80, "{} files", summary.files);
    assert!(last * 2 < first * 3, "{first:?} grew to {last:?}");
    assert!(opened < Duration::from_millis(100), "{opened:?}");
    let rows = i64::try_from(commits + 100).unwrap() * 10;
    assert!(t.ids_in_order("people").await.into_iter().eq(0..rows));
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    times[times.len() / 2]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_stream_is_found_at_once_behind_many_commits_of_others() {
    let t = TestLake::new();
    let mut idle = t.writer("people", "idle", Mode::Create).await.unwrap();
    t.land(&mut idle, "idle", 1, 0..1).await.unwrap();
    let mut busy = t.writer("people", "busy", Mode::Append).await.unwrap();
    let idle = StreamId("idle".into());
    let found = async || {
        t.lake
            .last_checkpoint(&t.kb, "people", &idle)
            .await
            .unwrap()
    };
    for seq in 1..=commits() {
        busy.commit(&checkpoint("busy", seq, 0)).await.unwrap();
    }
    let start = Instant::now();
    assert_eq!(found().await, Some(checkpoint("idle", 1, 1)));
    let walk = start.elapsed();
    let mut fastest = walk;
    for _ in 0..10 {
        let start = Instant::now();
        found().await;
        fastest = fastest.min(start.elapsed());
    }
    println!("an idle stream is found in {walk:?}, then in {fastest:?}");
    assert!(fastest < walk / 2, "{walk:?}, then {fastest:?}");

    // A table of the same name that is made again has another log.
    t.lake.remove(&t.kb).await.unwrap();
    let mut again = t.writer("people", "idle", Mode::Create).await.unwrap();
    t.land(&mut again, "idle", 1, 0..7).await.unwrap();
    assert_eq!(found().await, Some(checkpoint("idle", 1, 7)));
}

#[tokio::test(flavor = "multi_thread")]
async fn merging_files_is_in_nobodys_way() {
    let t = TestLake::new();
    let mut append = t.writer("people", "append", Mode::Create).await.unwrap();
    let merge = Target {
        key_columns: vec!["id".into()],
        ..t.target("people", "upsert", Mode::Upsert, people())
    };
    t.land(&mut append, "append", 1, 0..10).await.unwrap();
    let mut upsert = t.lake.writer(merge).await.unwrap();
    let work = async {
        for seq in 1..=60 {
            let from = i64::try_from(seq).unwrap() * 10;
            t.land(&mut append, "append", seq + 1, from..from + 10)
                .await
                .unwrap();
            t.land(&mut upsert, "upsert", seq, from - 5..from + 5)
                .await
                .unwrap();
        }
    };
    let other = t.reopened();
    let upkeep = async {
        loop {
            tokio::join!(round(&t.lake.tables), round(&other.tables));
        }
    };
    tokio::select! {
        () = work => {}
        () = upkeep => {}
    }
    assert_eq!(t.number("select count(distinct id) from people").await, 610);
    assert_eq!(t.rows("people").await, Some(610));
    // An append by one who looked at the table before its files were merged, and a wider type after it.
    let mut ready = t.writer("people", "ready", Mode::Append).await.unwrap();
    round(&t.lake.tables).await;
    t.land(&mut ready, "ready", 1, 1000..1010).await.unwrap();
    let summary = t.reopened().table(&t.kb, "people").await.unwrap().unwrap();
    assert_eq!(summary.rows, 620);
    assert!(summary.files < 20, "{} files", summary.files);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_can_need_goes_and_nothing_else() {
    let t = TestLake::forgetful();
    let mut writer = t.writer("people", "s", Mode::Create).await.unwrap();
    for seq in 1..=20 {
        t.land(&mut writer, "s", seq, 0..10).await.unwrap();
    }
    // One stages for long, and one did until it was killed.
    writer.write(&people_batch(0..10)).await.unwrap();
    writer.seal().await.unwrap();
    let folder = t.folder.path().join("kb1/people");
    let killed = Instance::register(t.folder.path()).unwrap();
    for name in [&file_name(&killed.id), "part-0.snappy.parquet"] {
        std::fs::write(folder.join(name), "not a table's").unwrap();
    }
    round(&t.lake.tables).await;
    let writers = || t.lake.tables.writers().unwrap();
    assert_eq!(writers().alive.len(), 2);
    // The files that were merged are old a moment later.
    while t.files("people").len() > 4 {
        round(&t.lake.tables).await;
    }
    assert!(t.files("people").contains(&file_name_of(&killed, &t)));
    drop(killed);
    round(&t.lake.tables).await;
    assert_eq!(
        t.files("people").len(),
        3,
        "merged, staged, and of another tool"
    );
    assert!(writers().dead.is_empty(), "nobody asks for it again");
    writer.commit(&checkpoint("s", 21, 1)).await.unwrap();
    assert_eq!(t.rows("people").await, Some(210));
}

fn file_name_of(killed: &Instance, t: &TestLake) -> String {
    let files = t.files("people").into_iter();
    let own = |name: &String| writer_of(name) == Some(&*killed.id);
    files.filter(own).collect()
}
