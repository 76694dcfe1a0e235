//! PostgreSQL's types: name, value of row `g` as an expression of its SQL, and the API's kind of a cursor.

pub const TYPES: &[(&str, &str, &str)] = &[
    ("int2", "(g / 2)::int2", "int"),
    ("int4", "g / 2 * 100000000", "int"),
    (
        "int8",
        "case g when -10 then -9223372036854775808 else g / 2 * 100000000000000000 end",
        "int",
    ),
    (
        "float4",
        "case g when 39 then 'NaN' when 38 then 'Infinity' when -10 then '-Infinity' else (g / 2 / 3.0)::float4 end",
        "float",
    ),
    (
        "float8",
        "case g when 39 then 'NaN' when 38 then 'Infinity' when 3 then '-0' else g / 2 / 3.0::float8 end",
        "float",
    ),
    (
        "numeric",
        "case g when 39 then 'NaN' else round((g / 3)::numeric * 1e30, abs(g) % 3) end",
        "decimal",
    ),
    (
        "numeric(30,4)",
        "(g / 2) * 1234567890123456789012.3456",
        "decimal",
    ),
    ("numeric(3,-2)", "(g / 2) * 100", "decimal"),
    ("text collate \"C\"", "chr(60 + g) || (g / 2)", "text"),
    (
        "text collate \"und-x-icu\"",
        "(array['a', 'B', 'ä', 'Z', '_', '🦀'])[1 + abs(g) % 6] || g / 7",
        "text",
    ),
    (
        "text collate nocase",
        "(array['a', 'A', 'b', 'B'])[1 + abs(g) % 4] || g / 5",
        "text",
    ),
    ("varchar(20)", "'v''\"' || g / 2", "text"),
    ("char(8)", "chr(70 + g)", "text"),
    ("name", "'n' || g / 2", "text"),
    (
        "citext",
        "(array['a', 'A', 'b', 'B'])[1 + abs(g) % 4] || g / 5",
        "text",
    ),
    ("uuid", "md5((g / 2)::text)::uuid", "uuid"),
    (
        "bytea",
        "decode(case when g < 0 then '00' else 'ff' end || to_hex(g / 2 + 100), 'hex')",
        "bytes",
    ),
    ("date", "date '1970-01-01' + g / 2 * 1000", "date"),
    (
        "timestamp",
        "timestamp '1970-01-01 00:00:00.031153' + g / 2 * interval '1 microsecond'",
        "timestamp",
    ),
    (
        "timestamptz",
        "timestamptz '2026-03-29 00:59:59.999999+00' + g / 2 * interval '1 microsecond'",
        "timestamptz",
    ),
    (
        "timestamptz",
        "timestamptz '1800-01-01 00:00:00+00' + g / 2 * interval '20 years'",
        "timestamptz",
    ),
    (
        "time",
        "case g when 39 then '24:00:00' else time '12:00:00.5' + g / 2 * interval '1 microsecond' end",
        "time",
    ),
    (
        "timetz",
        "(time '12:00:00' + g / 2 * interval '1 second')::text::timetz at time zone make_interval(hours => g % 3)",
        "time",
    ),
    (
        "interval",
        "case when g % 2 = 0 then make_interval(days => g / 2) else make_interval(hours => g / 2 * 24) end",
        "text",
    ),
    (
        "inet",
        "('10.0.' || g + 10 || '.0/' || 24 + abs(g) % 2)::inet",
        "text",
    ),
    ("cidr", "('10.' || g / 2 + 10 || '.0.0/16')::cidr", "text"),
    (
        "macaddr",
        "('08:00:2b:01:02:' || lpad(to_hex(g / 2 + 10), 2, '0'))::macaddr",
        "text",
    ),
    ("mood", "(enum_range(null::mood))[1 + abs(g) % 3]", "text"),
    ("bool", "g > 10", "text"),
    ("positive", "g / 2 + 100", "int"),
    ("bit(8)", "(g / 2 + 20)::bit(8)", "text"),
    ("varbit", "(g / 2 + 20)::bit(8)::varbit", "text"),
    ("money", "(g / 2)::money", "text"),
    ("oid", "(g + 4000000000)::oid", "int"),
    ("\"char\"", "chr(70 + g)::\"char\"", "text"),
    ("int4range", "int4range(g / 2, g / 2 + 3)", "text"),
    ("pg_lsn", "('16/' || to_hex(g / 2 + 20))::pg_lsn", "text"),
    ("tsvector", "to_tsvector('simple', 'w' || g / 2)", "text"),
];

pub const SETUP: &str = "create extension citext; set timezone = 'UTC';
    create type mood as enum ('sad', 'so la la', 'happy'); create domain positive as int check (value > 0);
    create collation nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)";
