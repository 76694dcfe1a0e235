-- One table: its oid, whether the login may use its schema, its keys as sets of column numbers, e.g. 'p1;u2,3', its kind,
-- and the columns whose order an index serves, e.g. '1,4'.
-- A key is a unique index over plain columns that are all not null and compare as the column itself does. A
-- deferrable one serves as well: what a read sees is committed, and a commit has checked it.
select c.oid::pg_catalog.int8,
       pg_catalog.has_schema_privilege(n.oid, 'usage'),
       (select pg_catalog.string_agg(k.kind || k.columns, ';' order by k.kind, k.count, k.width, k.columns)
          from (select case when i.indisprimary then 'p' else 'u' end as kind,
                       pg_catalog.count(*) as count,
                       -- Without a fixed length: longer than any that has one.
                       pg_catalog.sum(case when a.attlen < 0 then 100 else a.attlen end) as width,
                       pg_catalog.string_agg(a.attnum::pg_catalog.text, ',' order by u.place) as columns
                  from pg_catalog.pg_index as i
                 cross join lateral pg_catalog.generate_series(0, i.indnkeyatts - 1) as u (place)
                  left join pg_catalog.pg_attribute as a
                         on a.attrelid = i.indrelid and a.attnum = i.indkey[u.place] and a.attnum > 0
                        and a.attnotnull and a.attcollation = i.indcollation[u.place]
                 where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indpred is null
                 group by i.indexrelid, i.indisprimary
                having pg_catalog.bool_and(a.attnum is not null)) as k
         -- The rows of a parent come from its children too, and those have indexes of their own.
         where not (c.relkind = 'r' and exists (select from pg_catalog.pg_inherits as h where h.inhparent = c.oid))),
       c.relkind::pg_catalog.text,
       (select pg_catalog.string_agg(distinct a.attnum::pg_catalog.text, ',')
          from pg_catalog.pg_index as i
          join pg_catalog.pg_class as x on x.oid = i.indexrelid
          join pg_catalog.pg_am as m on m.oid = x.relam and m.amname = 'btree'
          join pg_catalog.pg_opclass as o on o.oid = i.indclass[0] and o.opcdefault
          join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attcollation = i.indcollation[0]
         -- Nulls last in the order of its values, read from either end.
         where i.indrelid = c.oid and i.indisvalid and i.indpred is null and i.indoption[0] & 3 in (0, 3))
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where n.nspname = $1::pg_catalog.text and c.relname = $2::pg_catalog.text
   and c.relkind in ('r', 'p', 'f', 'v', 'm')
