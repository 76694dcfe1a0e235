//! How fast rows are encoded. A floor that only a mistake misses; the numbers are printed.

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn encoding_keeps_up() {
    let t = TestLake::new();
    let mut columns = Vec::new();
    let mut arrays: Vec<ArrayRef> = Vec::new();
    let rows: i64 = 5_000;
    for i in 0..8_i64 {
        columns.push(column(&format!("n{i}"), DataType::Int64));
        arrays.push(Arc::new(Int64Array::from_iter_values((0..rows).map(|r| {
            (r * 7_919 + i) % (10_i64.pow(u32::try_from(i).unwrap() + 1))
        }))));
    }
    for i in 0..4 {
        columns.push(column(&format!("d{i}"), DataType::Decimal(15, 2)));
        let values = (0..rows).map(|r| i128::from(r * 104_729 % 10_000_000));
        arrays.push(Arc::new(
            arrow::array::Decimal128Array::from_iter_values(values)
                .with_precision_and_scale(15, 2)
                .unwrap(),
        ));
    }
    for i in 0..5_i64 {
        columns.push(column(&format!("t{i}"), DataType::Text));
        let values = (0..rows).map(|r| match i {
            0 | 1 => ["A", "N", "R"][usize::try_from(r % 3).unwrap()].to_owned(),
            2 => format!("DELIVER IN PERSON {}", r % 7),
            _ => format!("carefully final deposits {}", r * 31 + i),
        });
        arrays.push(Arc::new(StringArray::from_iter_values(values)));
    }
    let batch = batch(columns.clone(), arrays);
    let mut writer = t
        .lake
        .writer(t.target("wide", "s", Mode::Create, columns))
        .await
        .unwrap();
    let start = std::time::Instant::now();
    for _ in 0..40 {
        writer.write(&batch).await.unwrap();
    }
    let staged = writer.seal().await.unwrap();
    let elapsed = start.elapsed();
    println!(
        "{} rows of 17 columns in {elapsed:?}: {} bytes",
        staged.rows, staged.bytes
    );
    writer.commit(&checkpoint("s", 1, 1)).await.unwrap();
    assert_eq!(t.rows("wide").await, Some(200_000));
}
