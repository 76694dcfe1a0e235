//! Every type, NULL and not, as tiberius reads it.
use tiberius::ColumnData;

use crate::client::{rows, run, start};

/// Type, literal, and what tiberius makes of it.
const VALUES: [(&str, &str, &str); 38] = [
    ("bit", "1", "Bit(Some(true))"),
    ("tinyint", "255", "U8(Some(255))"),
    ("smallint", "-32768", "I16(Some(-32768))"),
    ("int", "-2147483648", "I32(Some(-2147483648))"),
    (
        "bigint",
        "9223372036854775807",
        "I64(Some(9223372036854775807))",
    ),
    ("real", "1.5", "F32(Some(1.5))"),
    ("float", "-1.5e300", "F64(Some(-1.5e300))"),
    ("smallmoney", "-1.25", "F64(Some(-1.25))"),
    ("money", "1234.5678", "F64(Some(1234.5678))"),
    (
        "decimal(38,10)",
        "-1234567890123456789012345678.0123456789",
        "Numeric(Some(-1234567890123456789012345678.0123456789))",
    ),
    ("numeric(5,0)", "99999", "Numeric(Some(99999.0))"),
    ("date", "'0001-01-01'", "Date(Some(Date(0)))"),
    (
        "time(0)",
        "'23:59:59'",
        "Time(Some(Time { increments: 86399, scale: 0 }))",
    ),
    (
        "time(7)",
        "'23:59:59.9999999'",
        "Time(Some(Time { increments: 863999999999, scale: 7 }))",
    ),
    (
        "smalldatetime",
        "'2079-06-06 23:59'",
        "SmallDateTime(Some(SmallDateTime { days: 65535, seconds_fragments: 1439 }))",
    ),
    (
        "datetime",
        "'1753-01-01T00:00:00.003'",
        "DateTime(Some(DateTime { days: -53690, seconds_fragments: 1 }))",
    ),
    (
        "datetime",
        "'2024-01-01T23:59:59.997'",
        "DateTime(Some(DateTime { days: 45290, seconds_fragments: 25919999 }))",
    ),
    (
        "datetime2(0)",
        "'1969-12-31 23:59:59'",
        "DateTime2(Some(DateTime2 { date: Date(719161), time: Time { increments: 86399, scale: 0 } }))",
    ),
    (
        "datetime2(7)",
        "'9999-12-31 23:59:59.9999999'",
        "DateTime2(Some(DateTime2 { date: Date(3652058), time: Time { increments: 863999999999, scale: 7 } }))",
    ),
    (
        "datetimeoffset(3)",
        "'2024-01-01 01:00:00.125 +02:00'",
        "DateTimeOffset(Some(DateTimeOffset { datetime2: DateTime2 { date: Date(738884), time: Time { increments: 82800125, scale: 3 } }, offset: 120 }))",
    ),
    ("char(5)", "'ab€'", "String(Some(\"ab€  \"))"),
    ("varchar(20)", "'zażółć é'", "String(Some(\"za?ó?? é\"))"),
    ("varchar(max)", "'long'", "String(Some(\"long\"))"),
    ("nchar(4)", "N'ż'", "String(Some(\"ż   \"))"),
    ("nvarchar(40)", "N'żółw 😀'", "String(Some(\"żółw 😀\"))"),
    ("nvarchar(max)", "N'😀'", "String(Some(\"😀\"))"),
    ("text", "'text'", "String(Some(\"text\"))"),
    ("ntext", "N'ż'", "String(Some(\"ż\"))"),
    ("image", "0x00ff", "Binary(Some([0, 255]))"),
    ("binary(3)", "0x01", "Binary(Some([1, 0, 0]))"),
    ("varbinary(10)", "0x0001ff", "Binary(Some([0, 1, 255]))"),
    ("varbinary(max)", "0x", "Binary(Some([]))"),
    (
        "uniqueidentifier",
        "'6f9619ff-8b86-d011-b42d-00c04fc964ff'",
        "Guid(Some(6f9619ff-8b86-d011-b42d-00c04fc964ff))",
    ),
    (
        "xml",
        "N'<a>ż</a>'",
        "Xml(Some(XmlData { data: \"<a>ż</a>\", schema: None }))",
    ),
    ("sql_variant", "42", "I32(Some(42))"),
    ("sql_variant", "N'x'", "String(Some(\"x\"))"),
    ("hierarchyid", "'/1/'", "Binary(Some([47, 49, 47]))"),
    ("sysname", "N'x'", "String(Some(\"x\"))"),
];

fn printed(data: ColumnData<'static>) -> String {
    format!("{data:?}")
}

#[tokio::test]
async fn every_type_arrives_as_it_was_written() {
    let (_server, mut db) = start().await;
    for (at, (ty, value, expected)) in VALUES.iter().enumerate() {
        run(&mut db, &format!("create table t{at} (a {ty} not null, b {ty} null); insert into t{at} values ({value}, {value})")).await;
        let row = rows(&mut db, &format!("select a, b from t{at}"))
            .await
            .remove(0);
        let cells: Vec<String> = row.into_iter().map(printed).collect();
        assert_eq!(cells, [*expected, *expected], "{ty} {value}");
    }
}

#[tokio::test]
async fn every_type_can_be_null_in_either_form_of_a_row() {
    let (_server, mut db) = start().await;
    for (ty, value, expected) in VALUES {
        // One NULL of eight is told in its place, one of one by the bitmap.
        for filler in ["", ", 1, 2, 3, 4, 5, 6, 7"] {
            let sql = format!(
                "select v.x{filler} from (select cast({value} as {ty}) as x union all select cast(null as {ty})) as v"
            );
            let found = rows(&mut db, &sql).await;
            let cells: Vec<String> = found
                .into_iter()
                .map(|row| printed(row.into_iter().next().unwrap()))
                .collect();
            assert_eq!(cells[0], expected, "{ty}");
            assert!(cells[1].contains("None"), "{ty}: {}", cells[1]);
        }
    }
}
