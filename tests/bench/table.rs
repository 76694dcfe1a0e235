//! The source: a cluster of our own with tables like lineitem of TPC-H, with a timestamp and with the order's number as
//! the key. The same rows in every run: the random numbers have a fixed seed.

use std::time::Duration;

use sluice::cluster::Cluster;
use tokio_postgres::{Client, NoTls};

use super::Outcome;

/// Its name in `connections.json`.
pub const CONNECTION: &str = "bench";
pub const KEY: &str = "l_orderkey";
pub const TABLE: &str = "lineitem";
pub const FEWER: &str = "lineitem_fewer";
pub const HUNDRED: &str = "lineitem_hundred";

/// Between two looks at who is there.
const LOOK: Duration = Duration::from_millis(20);

/// All columns, in the order of the table.
pub const COLUMNS: [&str; 17] = [
    KEY,
    "l_partkey",
    "l_suppkey",
    "l_linenumber",
    "l_quantity",
    "l_extendedprice",
    "l_discount",
    "l_tax",
    "l_returnflag",
    "l_linestatus",
    "l_shipdate",
    "l_commitdate",
    "l_receiptdate",
    "l_shipinstruct",
    "l_shipmode",
    "l_comment",
    "l_changed_at",
];

const CREATE: &str = "
    create table lineitem (
        l_orderkey bigint primary key, l_partkey bigint not null, l_suppkey bigint not null, l_linenumber int not null,
        l_quantity numeric(15,2) not null, l_extendedprice numeric(15,2) not null, l_discount numeric(15,2) not null,
        l_tax numeric(15,2) not null, l_returnflag char(1) not null, l_linestatus char(1) not null,
        l_shipdate date not null, l_commitdate date not null, l_receiptdate date not null,
        l_shipinstruct char(25) not null, l_shipmode char(10) not null, l_comment varchar(44) not null,
        l_changed_at timestamptz not null
    );
    create table lineitem_fewer (like lineitem including all);
    create table lineitem_hundred (like lineitem including all);";

/// Values as wide and as varied as those of TPC-H's own generator.
const FILL: &str = "
    select setseed(0.5);
    insert into lineitem
    select key, part, 1 + (random() * 9999)::bigint, 1 + key % 7, quantity, quantity * (900 + part % 1000),
        (random() * 10)::int / 100.0, (random() * 8)::int / 100.0,
        (array['A', 'N', 'R'])[1 + (random() * 2)::int], (array['F', 'O'])[1 + (random())::int],
        shipped, shipped + (random() * 60)::int - 30, shipped + 1 + (random() * 29)::int,
        (array['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'])[1 + (random() * 3)::int],
        (array['REG AIR', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB'])[1 + (random() * 6)::int],
        left(concat_ws(' ', words[1 + (random() * 31)::int], words[1 + (random() * 31)::int],
            words[1 + (random() * 31)::int], words[1 + (random() * 31)::int]), 10 + (random() * 33)::int),
        timestamptz '2024-01-01 00:00:00Z' + key * interval '1 second' + random() * interval '1 second'
    from (
        select key, 1 + (random() * 199999)::bigint as part, 1 + (random() * 49)::int as quantity,
            date '1992-01-01' + (random() * 2525)::int as shipped,
            '{the,slyly,regular,packages,carefully,final,deposits,haggle,blithely,ironic,accounts,quickly,express,requests,
              furiously,special,theodolites,sleep,above,even,instructions,among,pending,foxes,bold,pinto,beans,nag,
              unusual,ideas,wake,dependencies}'::text[] as words
        from generate_series(1, {rows}) as key offset 0
    ) as row;
    insert into lineitem_fewer select * from lineitem where l_orderkey <= {fewer};
    insert into lineitem_hundred select * from lineitem where l_orderkey <= 100;";

/// A running cluster with filled tables. Ends with this value.
pub struct Source {
    pub cluster: Cluster,
    pub rows: u64,
    pub fewer_rows: u64,
}

impl Source {
    pub async fn start(rows: u64, fewer_rows: u64) -> Outcome<Self> {
        Self::start_with(&[], rows, fewer_rows).await
    }

    /// With more settings of the server, `name=value`.
    pub async fn start_with(
        settings: &'static [&str],
        rows: u64,
        fewer_rows: u64,
    ) -> Outcome<Self> {
        println!("filling a throw-away cluster with {rows} rows …");
        let cluster = tokio::task::spawn_blocking(|| Cluster::start_with(settings, &[])).await??;
        let source = Self {
            cluster,
            rows,
            fewer_rows,
        };
        let client = source.client().await?;
        client.batch_execute(CREATE).await?;
        let fill = FILL
            .replace("{rows}", &rows.to_string())
            .replace("{fewer}", &fewer_rows.to_string());
        client.batch_execute(&fill).await?;
        // Else the first readers pay for the marks that the later ones profit from.
        client.batch_execute("vacuum (freeze, analyze)").await?;
        client.batch_execute("checkpoint").await?;
        Ok(source)
    }

    pub async fn client(&self) -> Outcome<Client> {
        let (client, connection) = tokio_postgres::connect(&self.dsn(), NoTls).await?;
        // Ends with the client.
        tokio::spawn(connection);
        Ok(client)
    }

    pub fn dsn(&self) -> String {
        self.cluster.dsn("postgres")
    }

    /// Waits until no job has a session here any more.
    pub async fn until_left_alone(&self) -> Outcome<()> {
        let client = self.client().await?;
        let sessions = "select 1 from pg_stat_activity where application_name like 'sluice/%'";
        while !client.query(sessions, &[]).await?.is_empty() {
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// The text of a `connections.json` with this cluster in it.
    pub fn connections(&self) -> String {
        serde_json::json!({ CONNECTION: { "kind": "postgres", "dsn": self.dsn() } }).to_string()
    }
}
