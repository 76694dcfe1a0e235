//! The demo's first source: a shop's orders in a throw-away PostgreSQL cluster.

use tokio_postgres::NoTls;

use super::super::CommandError;
use super::tour::Table;
use crate::cluster::Cluster;

/// A shop's orders: every kind of column that such tables have, with a few nulls, in Zipf-like proportions.
const SOURCE_TABLE: &str = "
create table orders (
    order_id    bigint generated always as identity primary key,
    placed_at   timestamptz not null,
    customer    text not null,
    country     char(2) not null,
    status      text not null,
    items       smallint not null,
    amount      numeric(12,2) not null,
    discount    real,
    paid        boolean not null,
    delivery    date,
    address     jsonb not null,
    note        text
);
insert into orders (placed_at, customer, country, status, items, amount, discount, paid, delivery, address, note)
select timestamptz '2024-01-01 00:00+00' + g * interval '97 seconds',
       'customer ' || (1 + (g::bigint * 7919) % 20011),
       (array['DE','FR','IT','ES','NL','PL','SE','PT'])[1 + (g % 8) * (g % 3) / 2],
       (array['new','paid','packed','sent','sent','sent','returned'])[1 + g % 7],
       1 + g % 5,
       round((5 + (g::bigint * 31 % 100000) / 100.0)::numeric, 2),
       case when g % 6 = 0 then (g % 30) / 100.0 end,
       g % 7 <> 0,
       case when g % 11 <> 0 then date '2024-01-03' + g / 900 end,
       jsonb_build_object('street', 'Street ' || g % 977, 'zip', lpad((g % 99999)::text, 5, '0')),
       case when g % 13 = 0 then 'leave at the door, please' end
from generate_series(1, $ROWS) g;
create index on orders (placed_at, order_id);
analyze orders;";

/// Fills the cluster.
pub async fn fill(cluster: &Cluster, rows: u32) -> Result<Table, CommandError> {
    let (client, connection) = tokio_postgres::connect(&cluster.dsn("postgres"), NoTls)
        .await
        .map_err(CommandError::from_display)?;
    tokio::spawn(connection);
    let script = SOURCE_TABLE.replace("$ROWS", &rows.to_string());
    client
        .batch_execute(&script)
        .await
        .map_err(CommandError::from_display)?;
    let row = client
        .query_one("select count(*), sum(amount)::text from orders", &[])
        .await
        .map_err(CommandError::from_display)?;
    Ok(Table {
        kind: "postgres",
        connection: "shop",
        name: "orders",
        cursor_column: "order_id",
        summed: "amount",
        rows: row.get(0),
        total: row.get(1),
    })
}
