//! The demo's first source where no PostgreSQL can be started: the same orders in an SQLite file, read by a plugin that is
//! not built in and is put into the plugins folder, as an operator would.

use std::fs;
use std::path::Path;

use rusqlite::Connection;

use super::super::CommandError;
use super::tour::Table;

/// `examples/sqlite-source`
const PLUGIN: &[u8] = include_bytes!(env!("EMBEDDED_PLUGIN_SQLITE"));

/// Some of the columns of `shop`, with the same values.
const SOURCE_TABLE: &str = "
create table orders (
    order_id    integer primary key,
    placed_at   timestamptz not null,
    customer    text not null,
    country     text not null,
    status      text not null,
    items       integer not null,
    amount      decimal(12, 2) not null,
    paid        boolean not null,
    address     json not null,
    note        text
);
with recursive numbers(g) as (select 1 union all select g + 1 from numbers where g < $ROWS)
insert into orders (placed_at, customer, country, status, items, amount, paid, address, note)
select strftime('%Y-%m-%d %H:%M:%S+00', 1704067200 + g * 97, 'unixepoch'),
       'customer ' || (1 + (g * 7919) % 20011),
       substr('DEFRITESNLPLSEPT', 1 + 2 * ((g % 8) * (g % 3) / 2), 2),
       case g % 7 when 0 then 'new' when 1 then 'paid' when 2 then 'packed' when 6 then 'returned' else 'sent' end,
       1 + g % 5,
       (500 + g * 31 % 100000) / 100.0,
       g % 7 <> 0,
       json_object('street', 'Street ' || (g % 977), 'zip', printf('%05d', g % 99999)),
       case when g % 13 = 0 then 'leave at the door, please' end
from numbers;
create index orders_placed_at on orders (placed_at, order_id);";

const SUMS: &str = "
select rows, printf('%d.%02d', cents / 100, cents % 100)
from (select count(*) as rows, sum(cast(round(amount * 100) as integer)) as cents from orders)";

/// Puts the plugin where the host looks for plugins.
pub fn add_plugin(plugins_dir: &Path) -> std::io::Result<()> {
    fs::create_dir_all(plugins_dir)?;
    fs::write(plugins_dir.join("sqlite.wasm"), PLUGIN)
}

/// Fills a new file.
pub fn fill(file: &Path, rows: u32) -> Result<Table, CommandError> {
    let filled = Connection::open(file).and_then(|mut connection| {
        let transaction = connection.transaction()?;
        transaction.execute_batch(&SOURCE_TABLE.replace("$ROWS", &rows.to_string()))?;
        transaction.commit()?;
        connection.query_row(SUMS, [], |row| Ok((row.get(0)?, row.get(1)?)))
    });
    let (rows, total) = filled.map_err(CommandError::from_display)?;
    Ok(Table {
        kind: "sqlite",
        connection: "shop",
        name: "orders",
        cursor_column: "order_id",
        summed: "amount",
        rows,
        total,
    })
}
