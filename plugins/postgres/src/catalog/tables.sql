-- What the login may read, a page at a time behind ($1, $2). Partitions are listed too: they can be read by themselves.
select n.nspname::pg_catalog.text, c.relname::pg_catalog.text,
       case c.relkind
            when 'v' then -1
            when 'p' then (
                select case when pg_catalog.min(l.reltuples) < 0 then -1
                            else coalesce(pg_catalog.sum(l.reltuples), 0) end
                  from pg_catalog.pg_partition_tree(c.oid) as p
                  join pg_catalog.pg_class as l on l.oid = p.relid
                 where p.isleaf)
            else c.reltuples
       end::pg_catalog.int8
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'f', 'v', 'm')
   and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
   and pg_catalog.has_schema_privilege(n.oid, 'usage')
   and pg_catalog.has_any_column_privilege(c.oid, 'select')
   and (n.nspname, c.relname) > ($1::pg_catalog.name, $2::pg_catalog.name)
 order by n.nspname, c.relname
 limit 5000
