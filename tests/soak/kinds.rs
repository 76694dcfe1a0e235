//! The kinds of tables that are kept in sync, each with what must and what may have landed at the end. Rows are compared as
//! texts that the source and the knowledge base make of them, so each row says all that it is.

use serde_json::{Value, json};

/// A sync of a table, and the rule for what it owes.
pub struct Kind {
    /// Name of the dest table.
    pub name: &'static str,
    /// Table and cursor column.
    pub source: (&'static str, &'static str),
    /// What its request has besides.
    pub request: fn() -> Value,
    /// A landed row as one text.
    pub landed_row: &'static str,
    /// A query for the rows, as such texts, that are in the knowledge base exactly as often as here, or more often if…
    pub owed: &'static str,
    /// …this one has them more often. None: there is nothing beyond what is owed.
    pub allowed: Option<&'static str>,
    /// Whether a run adds to what the ones before have landed, so that an idle one lands nothing.
    pub appends: bool,
    /// Whether no row ever changes its cursor value.
    pub keeps_its_place: bool,
}

/// Rows per second of the one that is paced.
pub const CAP: u32 = 400;
pub const PACED: &str = "serials_paced";

/// Versions of stamped rows are told apart by a number that no other version has, and all that were ever committed are
/// remembered: what was current when a run looked is allowed, the last version of each row is owed, nothing is twice.
pub const TABLES: &str = "
    create table serials (id bigserial primary key, note text not null);

    create sequence versions;
    create table stamped (
        id bigserial primary key, version bigint not null default nextval('versions'),
        updated_at timestamptz not null default now(), note text not null
    );
    create index on stamped (updated_at, id);
    create table stamped_history (like stamped);
    create function remember() returns trigger language plpgsql as
        'begin insert into stamped_history values (new.*); return null; end';
    create trigger remember after insert or update on stamped for each row execute function remember();

    -- A day of two seconds; like any stamp it is that of the beginning of the transaction.
    create table dated (
        id bigserial primary key, note text not null,
        day date not null default date '2001-01-01' + (extract(epoch from now())::bigint / 2 % 1000000)::int
    );
    create index on dated (day, id);

    create sequence ticks;
    create table keyless (tick int not null default nextval('ticks') / 40, letter text not null);
    create index on keyless (tick);

    create sequence moments;
    create table nullable (id bigserial primary key, moment bigint, early boolean not null default false);
    create index on nullable (moment, id);

    create table moving (id bigserial primary key, note text not null);

    insert into serials (note) select md5(g::text) from generate_series(1, 3000) g;
    insert into stamped (note) select md5(g::text) from generate_series(1, 2000) g;
    insert into dated (note) select md5(g::text) from generate_series(1, 1000) g;
    insert into keyless (letter) select chr(97 + g % 3) from generate_series(1, 2000) g;
    insert into nullable (moment, early)
        select case when g % 3 = 0 then null else nextval('moments') end, true from generate_series(1, 600) g;
    insert into moving (note) select md5(g::text) from generate_series(1, 300) g;";

const STAMPED: &str = "concat_ws('|', cast(id as varchar), cast(version as varchar), cast(cast(updated_at as bigint) as varchar), note)";
const STAMPED_NOW: &str = "select concat_ws('|', id, version, (extract(epoch from updated_at) * 1000000)::bigint, note) from stamped";
const STAMPED_EVER: &str = "select concat_ws('|', id, version, (extract(epoch from updated_at) * 1000000)::bigint, note) from stamped_history";
const ID_NOTE: &str = "concat_ws('|', cast(id as varchar), note)";
const SERIALS: &str = "select concat_ws('|', id, note) from serials";

pub const KINDS: [Kind; 8] = [
    Kind {
        name: "serials",
        source: ("serials", "id"),
        request: || json!({"batch_rows": 7}),
        landed_row: ID_NOTE,
        owed: SERIALS,
        allowed: None,
        appends: true,
        keeps_its_place: true,
    },
    Kind {
        name: PACED,
        source: ("serials", "id"),
        request: || json!({"batch_rows": 50, "pacing": {"max_rows_per_sec": CAP}}),
        landed_row: ID_NOTE,
        owed: SERIALS,
        allowed: None,
        appends: true,
        keeps_its_place: false,
    },
    Kind {
        name: "stamped",
        source: ("stamped", "updated_at"),
        request: || json!({"batch_rows": 13}),
        landed_row: STAMPED,
        owed: STAMPED_NOW,
        allowed: Some(STAMPED_EVER),
        appends: true,
        keeps_its_place: false,
    },
    Kind {
        name: "stamped_latest",
        source: ("stamped", "updated_at"),
        request: || json!({"batch_rows": 60, "mode": "upsert", "key_columns": ["id"]}),
        landed_row: STAMPED,
        owed: STAMPED_NOW,
        allowed: None,
        appends: true,
        keeps_its_place: false,
    },
    Kind {
        name: "dated",
        source: ("dated", "day"),
        request: || json!({"batch_rows": 36, "pacing": {"batch_delay_ms": 5}}),
        landed_row: "concat_ws('|', cast(id as varchar), cast(day as varchar), note)",
        owed: "select concat_ws('|', id, day, note) from dated",
        allowed: None,
        appends: true,
        keeps_its_place: true,
    },
    Kind {
        name: "keyless",
        source: ("keyless", "tick"),
        request: || json!({"batch_rows": 5}),
        landed_row: "concat_ws('|', cast(tick as varchar), letter)",
        owed: "select concat_ws('|', tick, letter) from keyless",
        allowed: None,
        appends: true,
        keeps_its_place: true,
    },
    // A run that goes on from a cursor cannot see rows without one: those of before the first run are owed.
    Kind {
        name: "nullable",
        source: ("nullable", "moment"),
        request: || json!({"batch_rows": 1}),
        landed_row: "concat_ws('|', cast(id as varchar), coalesce(cast(moment as varchar), 'none'))",
        owed: "select concat_ws('|', id, coalesce(moment::text, 'none')) from nullable where moment is not null or early",
        allowed: Some("select concat_ws('|', id, coalesce(moment::text, 'none')) from nullable"),
        appends: true,
        keeps_its_place: false,
    },
    Kind {
        name: "moving",
        source: ("moving", "id"),
        request: || json!({"batch_rows": 20, "mode": "replace"}),
        landed_row: ID_NOTE,
        owed: "select concat_ws('|', id, note) from moving",
        allowed: None,
        appends: false,
        keeps_its_place: false,
    },
];
