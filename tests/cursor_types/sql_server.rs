//! SQL Server's types: name, value of row `g` as the text of an API's cursor, the literal that `{}` of it makes, and the
//! API's kind.

type Text = fn(i64) -> String;

pub const TYPES: &[(&str, Text, &str, &str)] = &[
    ("tinyint", |g| ((g + 10) / 2).to_string(), "{}", "int"),
    ("smallint", |g| (g / 2).to_string(), "{}", "int"),
    ("int", |g| (g / 2 * 100_000_000).to_string(), "{}", "int"),
    ("bigint", bigint, "{}", "int"),
    (
        "real",
        |g| format!("{:?}", (g / 2) as f32 / 3.0),
        "cast('{}' as real)",
        "float",
    ),
    (
        "float",
        |g| format!("{:?}", (g / 2) as f64 / 3.0),
        "cast('{}' as float)",
        "float",
    ),
    (
        "decimal(38,4)",
        |g| format!("{}.3456", i128::from(g / 2) * 1_234_567_890_123_456_789 + 7),
        "{}",
        "decimal",
    ),
    (
        "numeric(5,0)",
        |g| (g / 2 * 1000).to_string(),
        "{}",
        "decimal",
    ),
    (
        "money",
        |g| format!("{}.1234", 922_337_203_685_400 + g / 2),
        "cast('{}' as money)",
        "decimal",
    ),
    (
        "smallmoney",
        |g| format!("{}.5001", g / 2 + 20),
        "cast('{}' as smallmoney)",
        "decimal",
    ),
    (
        "datetime",
        |g| format!("2026-03-29 00:59:59.{:03}", thirds(g)),
        "convert(datetime, '{}', 121)",
        "timestamp",
    ),
    (
        "smalldatetime",
        |g| format!("2026-03-29 00:{:02}:00", g / 2 + 20),
        "cast('{}' as smalldatetime)",
        "timestamp",
    ),
    (
        "datetime2(0)",
        |g| format!("1969-12-31 23:59:{:02}", g / 2 + 20),
        "'{}'",
        "timestamp",
    ),
    (
        "datetime2(3)",
        |g| format!("2026-03-29 00:59:59.{:03}", g / 2 + 20),
        "'{}'",
        "timestamp",
    ),
    (
        "datetime2(7)",
        |g| format!("2026-03-29 00:59:59.{:07}", g / 2 + 20),
        "'{}'",
        "timestamp",
    ),
    (
        "datetime2(7)",
        |g| format!("{:04}-01-01 00:00:00.9999999", 100 + g / 2),
        "'{}'",
        "timestamp",
    ),
    (
        "datetimeoffset(0)",
        |g| format!("2026-03-29 00:59:{:02} {}", g / 2 + 20, offset(g)),
        "'{}'",
        "timestamptz",
    ),
    (
        "datetimeoffset(7)",
        |g| format!("2026-03-29 00:59:59.{:07} {}", g / 2 + 20, offset(g)),
        "'{}'",
        "timestamptz",
    ),
    (
        "date",
        |g| format!("{:04}-02-28", 1970 + g / 2 * 50),
        "'{}'",
        "date",
    ),
    (
        "time(0)",
        |g| format!("12:00:{:02}", g / 2 + 20),
        "'{}'",
        "time",
    ),
    (
        "time(7)",
        |g| format!("12:00:00.{:07}", g / 2 + 20),
        "'{}'",
        "time",
    ),
    ("uniqueidentifier", uuid, "'{}'", "uuid"),
    ("char(8)", |g| format!("c{}", g / 2 + 20), "'{}'", "text"),
    ("nchar(8)", |g| format!("ž{}", g / 2 + 20), "N'{}'", "text"),
    ("varchar(20)", letters, "'{}'", "text"),
    ("nvarchar(20)", letters, "N'{}'", "text"),
    (
        "varchar(20) collate Latin1_General_BIN2",
        letters,
        "'{}'",
        "text",
    ),
    (
        "nvarchar(20) collate Latin1_General_BIN2",
        |g| format!("🦀ä{}", letters(g)),
        "N'{}'",
        "text",
    ),
    (
        "varchar(40) collate Latin1_General_100_CI_AS_SC_UTF8",
        |g| format!("żółw{}", letters(g)),
        "N'{}'",
        "text",
    ),
    (
        "binary(4)",
        |g| format!("0x00ff{:04x}", g / 2 + 20),
        "{}",
        "bytes",
    ),
    (
        "varbinary(10)",
        |g| format!("0xff{:04x}", g / 2 + 20),
        "{}",
        "bytes",
    ),
];

fn bigint(g: i64) -> String {
    match g {
        -10 => i64::MIN.to_string(),
        _ => (g / 2 * 100_000_000_000_000_000).to_string(),
    }
}

/// Milliseconds that a `datetime` holds: thirds of hundredths of a second, rounded.
fn thirds(g: i64) -> i64 {
    ((g / 2 + 20) * 10 + 1) / 3
}

/// One instant is written in more than one way.
fn offset(g: i64) -> &'static str {
    match g % 2 {
        0 => "+00:00",
        _ => "-00:00",
    }
}

/// The server orders by the last six bytes first.
fn uuid(g: i64) -> String {
    let (low, high) = (g / 2 + 20, 59 - g);
    format!("{high:08X}-0000-4000-8000-{low:012X}")
}

/// Letters that differ in case only are equal under some collations.
fn letters(g: i64) -> String {
    let letter = ["a", "A", "b", "B"][g.unsigned_abs() as usize % 4];
    format!("{letter}{}", g / 5 + 2)
}
