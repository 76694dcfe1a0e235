//! Runs of a sync over files that grow and come: every row once.

use serde_json::{Value, json};

use super::Exports;
use crate::harness::Sync;

async fn sync<'a>(exports: &'a Exports, more: Value) -> Sync<'a> {
    let mut request = json!({"source": {"kind": "files"}});
    crate::harness::merge(&mut request, more);
    Sync::with(&exports.host, "t", "_position", request).await
}

fn lines(ids: std::ops::Range<u32>) -> String {
    ids.map(|id| format!("{id},x\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_appended_and_what_comes_lands_once_wherever_it_sorts() {
    let exports = Exports::start().await;
    exports.write("t/b.csv", format!("id,s\n{}", lines(0..10)));
    exports.write("t/d.csv", format!("id,s\n{}", lines(10..20)));
    let sync = sync(&exports, json!({})).await;
    assert_eq!(sync.lands().await, 20);
    assert_eq!(sync.lands().await, 0, "nothing is new");
    exports.append("t/b.csv", &lines(20..23));
    exports.append("t/d.csv", &lines(23..25));
    exports.write("t/a.csv", format!("id,s\n{}", lines(25..30)));
    exports.write("t/c.ndjson", "{\"id\": 30, \"s\": \"x\"}\n");
    exports.write("t/e.csv", "s,id\nx,31\n");
    assert_eq!(sync.lands().await, 12);
    assert_eq!(sync.lands().await, 0, "nothing is new");
    assert_eq!(sync.landed("id").await.len(), 32);
    let sums = exports.host.landed_sums(sync.kb, "t", "id").await;
    assert_eq!(sums, "32 32 496");
    // Files that were read may be moved away.
    std::fs::remove_dir_all(exports.path("t")).expect("ours");
    assert_eq!(sync.lands().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_without_a_break_waits_for_it() {
    let exports = Exports::start().await;
    exports.write("t.csv", "id,s\n1,\"a\n");
    let sync = sync(&exports, json!({})).await;
    let view = sync.run().await;
    assert_eq!(view["rows_emitted"], 0, "{view}");
    let warnings = view["warnings"].to_string();
    assert!(
        warnings.contains("t.csv") && warnings.contains("no line break yet"),
        "{warnings}"
    );
    exports.append("t.csv", "b\"");
    assert_eq!(sync.lands().await, 0);
    exports.append("t.csv", "\n2,c");
    assert_eq!(sync.lands().await, 1);
    exports.append("t.csv", "c\n");
    assert_eq!(sync.lands().await, 1);
    assert_eq!(sync.landed("s").await, ["a\nb", "cc"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_column_is_added_and_types_stay() {
    let exports = Exports::start().await;
    exports.write("t/a.csv", "id,s\n1,x\n");
    let sync = sync(&exports, json!({})).await;
    assert_eq!(sync.lands().await, 1);
    // Alone, these would be other types.
    exports.write("t/b.csv", "id,s,note\n2,5,new\n");
    assert_eq!(sync.lands().await, 1);
    assert_eq!(sync.landed("s").await, ["5", "x"]);
    assert_eq!(sync.landed("note").await, ["new", "null"]);
    exports.write("t/c.csv", "id,s\n2.5,y\n");
    let view = sync.run().await;
    let detail = view["error"]["detail"].as_str().expect("a sentence");
    assert!(
        detail.contains("t/c.csv, line 2") && detail.contains("not int64"),
        "{detail}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_cut_or_replaced_stops_the_sync() {
    let exports = Exports::start().await;
    let sync = async |content: &str| {
        exports.write("t.csv", "id\n1\n2\n3\n");
        let sync = sync(&exports, json!({})).await;
        assert_eq!(sync.lands().await, 3);
        exports.write("t.csv", content);
        let view = sync.run().await;
        assert_eq!(view["error"]["code"], "invalid_cursor", "{view}");
        view["error"]["detail"]
            .as_str()
            .expect("a sentence")
            .to_owned()
    };
    let cut = sync("id\n1\n").await;
    assert!(
        cut.contains("has 5 bytes, of which 9 were read") && cut.contains("reset the sync"),
        "{cut}"
    );
    let replaced = sync("id\n7\n8\n9\n10\n").await;
    assert!(
        replaced.contains("other content") && replaced.contains("another name"),
        "{replaced}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_host_goes_on_where_it_was() {
    let mut exports = Exports::start_with(&[("SLUICE_JOBS__COMMIT_MS", "20")]).await;
    let place = exports.plugins.path().to_str().expect("text").to_owned();
    for file in 0..6 {
        let ids = file * 2_000..(file + 1) * 2_000;
        exports.write(&format!("t/{file}.csv"), format!("id,s\n{}", lines(ids)));
    }
    let kb = exports.host.kb().await;
    let more = json!({"batch_rows": 100, "pacing": {"batch_delay_ms": 5}});
    let id = exports.host.dispatch(exports.request(kb, "t", more)).await;
    for kill in 1..=4 {
        exports
            .host
            .wait_for(&id, |view| {
                view["rows_emitted"].as_u64() >= Some(kill * 1_500)
            })
            .await;
        let settings = [
            ("SLUICE_JOBS__COMMIT_MS", "20"),
            ("SLUICE_PLUGINS_DIR", place.as_str()),
        ];
        exports.host.crash_and_restart(&settings);
        // One that sorts before all others.
        exports.write(
            &format!("t/+{kill}.csv"),
            format!(
                "id,s\n{}",
                lines(12_000 + kill as u32..12_001 + kill as u32)
            ),
        );
    }
    let view = exports.host.ended(&id).await;
    assert_eq!(view["state"], "completed", "{view}");
    let sums = exports.host.landed_sums(kb, "dest", "id").await;
    assert_eq!(
        sums,
        format!(
            "12004 12004 {}",
            11_999 * 6_000 + 12_001 + 12_002 + 12_003 + 12_004
        )
    );
}
