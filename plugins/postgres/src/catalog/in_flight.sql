-- Transactions in flight that may add rows below a cursor value that others have committed already: what each is called,
-- its session, its age in seconds, and when it began. The last two are null for what the login may not see.
-- $1: the table. $2: whether values are taken at the insert itself, as from a sequence; then only those count that hold
-- the lock of a writer on the table. Else every one of this database that can write does: it may have taken its stamp
-- before it touched the table. One that has written nothing for five minutes is taken for a reader.
with recursive below (oid) as (
    select $1::pg_catalog.oid
     union
    select i.inhrelid
      from below as b
      join pg_catalog.pg_inherits as i on i.inhparent = b.oid
), above (oid) as (
    select $1::pg_catalog.oid
     union
    select i.inhparent
      from above as a
      join pg_catalog.pg_inherits as i on i.inhrelid = a.oid
), holders as (
    select l.virtualtransaction as name, l.pid,
           pg_catalog.bool_or(l.locktype = 'relation' and l.mode = 'RowExclusiveLock') as writes_here,
           pg_catalog.max(case when l.locktype = 'transactionid' then l.transactionid::pg_catalog.text end) as xid
      from pg_catalog.pg_locks as l
     where l.granted and l.pid is distinct from pg_catalog.pg_backend_pid()
       and (l.locktype = 'virtualxid'
            or l.locktype = 'transactionid' and l.mode = 'ExclusiveLock'
            or l.locktype = 'relation'
               and l.database = (select d.oid from pg_catalog.pg_database as d where d.datname = pg_catalog.current_database())
               and l.relation in (select b.oid from below as b union select a.oid from above as a))
     group by l.virtualtransaction, l.pid
)
select h.name,
       h.pid::pg_catalog.int8,
       extract(epoch from pg_catalog.clock_timestamp() - coalesce(a.xact_start, p.prepared))::pg_catalog.int8,
       a.xact_start::pg_catalog.text
  from holders as h
  left join pg_catalog.pg_stat_activity as a on a.pid = h.pid
  left join pg_catalog.pg_prepared_xacts as p on p.transaction::pg_catalog.text = h.xid and h.pid is null
 where h.writes_here
    or not $2::pg_catalog.bool
       and coalesce(a.datname, p.database) = pg_catalog.current_database()
       and (h.xid is not null
            or a.usesysid is not null
               and coalesce(a.backend_type, '') <> 'walsender'
               -- Ours, and a well-known one, are readers for certain.
               and a.application_name not like 'sluice/%' and a.application_name <> 'pg_dump'
               and coalesce(a.xact_start > pg_catalog.clock_timestamp() - '5 minutes'::pg_catalog.interval, true))
