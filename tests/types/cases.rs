//! Every type with values at its edges, and what of a value the two sides agree on.

/// A column, what it holds as the server reads it, and what of it is compared on either side (`{}` is the column).
pub struct Case {
    pub of: &'static str,
    pub values: &'static [&'static str],
    pub landed: &'static str,
    pub source: &'static str,
}

/// The server's text is what lands.
const fn text(of: &'static str, values: &'static [&'static str]) -> Case {
    compared(of, values, "{}", "{}::text")
}

const fn compared(
    of: &'static str,
    values: &'static [&'static str],
    landed: &'static str,
    source: &'static str,
) -> Case {
    Case {
        of,
        values,
        landed,
        source,
    }
}

/// Infinities have the same words on both sides; digits are compared as numbers.
const FLOATS: &[&str] = &[
    "0",
    "-0",
    "0.1",
    "-1.5",
    "NaN",
    "Infinity",
    "-Infinity",
    "1e-37",
    "3.4e38",
    "16777217",
];
const DOUBLES: &[&str] = &[
    "0.1",
    "-0",
    "NaN",
    "Infinity",
    "-Infinity",
    "1.7976931348623157e308",
    "5e-324",
    "122.416294033786585",
    "9007199254740993",
];
const HUGE: &str = "-123456789012345678901234567890123456789012345678901234567890.000100";
/// Microseconds since 1970, which say more than a text whose form the years beyond 9999 have none in common.
const MICROS: (&str, &str) = (
    "cast({} as bigint)",
    "(extract(epoch from {}) * 1000000)::bigint::text",
);
const DAYS: (&str, &str) = (
    "cast(cast({} as int) as bigint)",
    "({} - date '1970-01-01')::text",
);

pub const CASES: &[Case] = &[
    text("bool", &["true", "false"]),
    text("int2", &["-32768", "32767", "0"]),
    text("int4", &["-2147483648", "2147483647"]),
    text(
        "int8",
        &[
            "-9223372036854775808",
            "9223372036854775807",
            "9007199254740993",
        ],
    ),
    compared("float4", FLOATS, "cast({} as varchar)", "{}::text"),
    compared("float8", DOUBLES, "cast({} as varchar)", "{}::text"),
    text("numeric(12,2)", &["-9999999999.99", "0.01", "0", "1e3"]),
    text(
        "numeric(38,0)",
        &["99999999999999999999999999999999999999", "-1"],
    ),
    text(
        "numeric(38,38)",
        &["0.99999999999999999999999999999999999999", "-0.1"],
    ),
    text("numeric(1,1)", &["0.1", "-0.9"]),
    text(
        "numeric(39,2)",
        &["1234567890123456789012345678901234567.89"],
    ),
    text(
        "numeric",
        &[
            HUGE,
            "NaN",
            "Infinity",
            "-Infinity",
            "0.00",
            "1e-20",
            "1e40",
        ],
    ),
    text("numeric(3,-2)", &["12345", "-99900", "0", "NaN"]),
    text("numeric(3,5)", &["0.00123", "-0.00999"]),
    text(
        "text",
        &[
            "",
            "a'b\"c",
            "ünïcødé 🦀 日本",
            "tab\tnew\nline",
            "NULL",
            "\\N",
        ],
    ),
    text("varchar(10)", &["äöü", "0123456789", " pad "]),
    text("varchar", &["x"]),
    compared("char(6)", &["ab", "  x", ""], "{}", "rpad({}::text, 6)"),
    text("name", &["relname"]),
    text("\"char\"", &["a", "", "\\377"]),
    text("citext", &["MiXed"]),
    text("mood", &["so la la", "happy"]),
    text("positive", &["1", "2147483647"]),
    text("short", &["abc"]),
    text("price", &["12.50", "-0.01"]),
    text("bytea", &["\\x00ff", "\\x", "\\xdeadbeef00"]),
    text(
        "date",
        &["1970-01-01", "2024-02-29", "0001-01-01", "9999-12-31"],
    ),
    compared(
        "date",
        &["4713-11-24 BC", "0044-03-15 BC", "5874897-12-31"],
        DAYS.0,
        DAYS.1,
    ),
    compared(
        "timestamp",
        &[
            "2026-01-31 23:59:59.031153",
            "0001-01-01 00:00:00.000001",
            "1969-12-31 23:59:59.999999",
        ],
        "{}",
        "replace({}::text, ' ', 'T')",
    ),
    compared(
        "timestamp",
        &["4713-01-01 00:00:00 BC", "290000-12-31 00:00:00.000001"],
        MICROS.0,
        MICROS.1,
    ),
    compared(
        "timestamptz",
        &[
            "2026-01-31 23:59:59.031153+05:30",
            "1970-01-01 00:00:00.000001+00",
            "9999-12-31 23:59:59.999999+00",
        ],
        "{}",
        "to_char({} at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')",
    ),
    compared(
        "timestamptz",
        &["4713-06-01 00:00:00+00 BC", "290000-01-01 00:00:00.5+00"],
        MICROS.0,
        MICROS.1,
    ),
    compared(
        "timestamp(3)",
        &["2026-01-31 23:59:59.123"],
        "{}",
        "replace({}::text, ' ', 'T')",
    ),
    text(
        "time",
        &["00:00:00", "23:59:59.999999", "24:00:00", "12:00:00.5"],
    ),
    text("time(0)", &["12:34:56.7"]),
    text("timetz", &["23:59:59.999999+05:30", "00:00:00-15:59"]),
    text(
        "interval",
        &[
            "1 year 2 months 3 days 04:05:06.000007",
            "-178000000 years",
            "0",
        ],
    ),
    text(
        "uuid",
        &[
            "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
            "00000000-0000-0000-0000-000000000000",
        ],
    ),
    text(
        "json",
        &["{\"b\": 1,  \"a\": [null, \"ü\"], \"a\": 2}", "null"],
    ),
    text(
        "jsonb",
        &["{\"b\": 1, \"a\": [1.0, 12345678901234567890.5]}", "\"x\""],
    ),
    text("xml", &["<a b=\"c\">d</a>"]),
    text("inet", &["192.168.0.1/24", "::1", "10.0.0.1"]),
    text("cidr", &["10.0.0.0/8", "2001:db8::/32"]),
    text("macaddr", &["08:00:2b:01:02:03"]),
    text("money", &["-92233720368547758.08", "1234.50"]),
    text("bit(5)", &["10110"]),
    text("varbit", &["1", "", "0000000011111111"]),
    text("int4range", &["[1,10)", "empty", "(,5]"]),
    text("tstzrange", &["[2026-01-01 00:00+00,infinity)"]),
    text("int4multirange", &["{[1,3),[7,9)}", "{}"]),
    text("hstore", &["a=>1, \"b c\"=>NULL"]),
    text("pair", &["(1,\"a,b\")", "(,)"]),
    text("point", &["(1.5,-2)"]),
    text("polygon", &["((0,0),(1,1),(1,0))"]),
    text("tsvector", &["'fat':2 'cat':3A"]),
    text("tsquery", &["fat & !rat"]),
    text("oid", &["4294967295", "0"]),
    text("regclass", &["pg_class"]),
    text("pg_lsn", &["16/B374D848"]),
    compared(
        "int4[]",
        &["{}", "{1,NULL,-3}", "[5:6]={1,2}"],
        "{}",
        "to_json({})::text",
    ),
    compared(
        "text[]",
        &["{\"a,b\",NULL,\"\",\"q\\\"uote\",🦀}", "{}"],
        "{}",
        "to_json({})::text",
    ),
    compared("bool[]", &["{t,f,NULL}"], "{}", "to_json({})::text"),
    compared(
        "uuid[]",
        &["{00000000-0000-0000-0000-000000000001}"],
        "{}",
        "to_json({})::text",
    ),
    compared("bytea[]", &["{\"\\\\x00ff\"}"], "{}", "to_json({})::text"),
    compared("date[]", &["{2024-02-29,NULL}"], "{}", "to_json({})::text"),
    compared(
        "timestamp[]",
        &["{2024-02-29 12:00:00.123456}"],
        "{}",
        "to_json({})::text",
    ),
    compared(
        "int4[][]",
        &["{{1,2},{3,NULL}}", "{}"],
        "{}",
        "to_json({})::text",
    ),
    text("numeric[]", &["{1.50,NaN,NULL}", "{{1},{2}}"]),
    text("mood[]", &["{happy,\"so la la\"}"]),
    text("interval[]", &["{\"1 day\",NULL}"]),
    text("pair[]", &["{\"(1,a)\"}"]),
];
