//! Batches that a guest builds wrongly.

use super::*;
use crate::model::failure::FailureKind;

#[tokio::test]
async fn contradictory_batches_are_refused_with_an_error_value() {
    for (name, part) in [
        ("short", "2 values for 3 rows"),
        ("many-rows", "2 values"),
        ("type", "announced type"),
        ("missing-column", "1 columns are announced and 0 given"),
        ("no-columns", "0 columns"),
        ("same-names", "two columns"),
        ("validity", "validity bits"),
        ("bits", "values bits"),
        ("offsets-few", "2 offsets for 2 rows"),
        ("offsets-none", "0 offsets"),
        ("offsets-fall", "do not rise"),
        ("offsets-beyond", "beyond the data"),
        ("offsets-huge", "beyond the data"),
        ("utf8", "UTF"),
        ("utf8-cut", "UTF"),
        ("decimal-precision", "decimal(200,0)"),
        ("decimal", "decimal(5,2)"),
        ("array", "json"),
        ("native-name", "100000 bytes"),
        ("row-long", "2 values for 1 columns"),
        ("row-range", "Int16"),
        ("row-type", "Int64"),
        ("row-date", "Date"),
        ("row-infinity", "Timestamp"),
        ("row-float", "Float32"),
    ] {
        let failure = end_of(&format!("bad-batch-{name}"), Limits::default(), 1)
            .await
            .unwrap_err();
        let detail = failure.detail.to_lowercase();
        assert!(detail.contains(&part.to_lowercase()), "{name}: {detail}");
        assert_eq!(
            failure.kind,
            FailureKind::Config,
            "{name}: an error value of the host, not a trap"
        );
    }
}
