-- A table and its columns, in its order, a row each: the table's oid, whether the login may use its schema, its keys as sets of
-- column numbers, e.g. 'p1;u2,3', its kind, and the columns whose order an index serves, e.g. '1,4'. Without such a table its
-- oid is null, without a column the number of that. Where $3 lists types, e.g. '23,25', as many columns of these types,
-- of which nothing else is known.
--
-- A key is a unique index over plain columns that are all not null and compare as the column itself does. A
-- deferrable one serves as well: what a read sees is committed, and a commit has checked it.
with recursive relation as (
    select c.oid,
           c.relkind,
           pg_catalog.has_schema_privilege(n.oid, 'usage') as usable,
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
             where not (c.relkind = 'r' and exists (select from pg_catalog.pg_inherits as h where h.inhparent = c.oid))) as keys,
           (select pg_catalog.string_agg(distinct a.attnum::pg_catalog.text, ',')
              from pg_catalog.pg_index as i
              join pg_catalog.pg_class as x on x.oid = i.indexrelid
              join pg_catalog.pg_am as m on m.oid = x.relam and m.amname = 'btree'
              join pg_catalog.pg_opclass as o on o.oid = i.indclass[0] and o.opcdefault
              join pg_catalog.pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] and a.attcollation = i.indcollation[0]
             -- Nulls last in the order of its values, read from either end.
             where i.indrelid = c.oid and i.indisvalid and i.indpred is null and i.indoption[0] & 3 in (0, 3)) as ordered
      from pg_catalog.pg_class as c
      join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where n.nspname = $1::pg_catalog.text and c.relname = $2::pg_catalog.text
       and c.relkind in ('r', 'p', 'f', 'v', 'm')
), listed as (
    select a.attnum::pg_catalog.int8 as place, a.attname::pg_catalog.text as name, a.atttypid as type, a.atttypmod as modifier,
           a.attndims::pg_catalog.int4 as dimensions, a.attcollation as collation,
           -- Kept neither by a foreign server, nor by every child of a parent, nor (18 and later) before it is validated.
           a.attnotnull and c.relkind <> 'f'
               and not (c.relkind = 'r' and exists (select from pg_catalog.pg_inherits as h where h.inhparent = c.oid))
               and not exists (select from pg_catalog.pg_constraint as v
                                where v.conrelid = c.oid and v.contype = 'n' and not v.convalidated and a.attnum = any (v.conkey)) as not_null,
           pg_catalog.has_column_privilege(c.oid, a.attnum, 'select') as readable
      from pg_catalog.pg_attribute as a
      join relation as c on c.oid = a.attrelid
     where a.attnum > 0 and not a.attisdropped
     union all
    select u.place, '', u.type, -1, 0, 0, false, true
      from pg_catalog.unnest(pg_catalog.string_to_array($3::pg_catalog.text, ',')::pg_catalog.oid[]) with ordinality as u (type, place)
), base as (
    select l.place, l.type, l.dimensions
      from listed as l
     union all
    select b.place, d.typbasetype, d.typndims::pg_catalog.int4
      from base as b
      join pg_catalog.pg_type as d on d.oid = b.type
     where d.typtype = 'd'
), described as (
    select l.place,
           l.name,
           pg_catalog.format_type(l.type, l.modifier) as native_type,
           l.not_null,
           l.readable,
           t.oid::pg_catalog.int8 as type,
           n.nspname::pg_catalog.text as type_schema,
           t.typname::pg_catalog.text as type_name,
           case when t.typelem <> 0 and t.typlen = -1 then 'a' else t.typtype::pg_catalog.text end as category,
           b.dimensions::pg_catalog.int8 as dimensions,
           -- Of a text whose collation is not known nothing can be said.
           coalesce(k.collisdeterministic, l.collation <> 0 or t.typcollation = 0) as is_deterministic,
           -- The schema of `>` of the type's default ordering; enums, ranges and multiranges share one of a pseudo-type.
           (select s.nspname::pg_catalog.text
              from pg_catalog.pg_opclass as o
              join pg_catalog.pg_am as m on m.oid = o.opcmethod and m.amname = 'btree'
              join pg_catalog.pg_amop as p on p.amopfamily = o.opcfamily and p.amopstrategy = 5
                                          and p.amoplefttype = o.opcintype and p.amoprighttype = o.opcintype
              join pg_catalog.pg_operator as r on r.oid = p.amopopr
              join pg_catalog.pg_namespace as s on s.oid = r.oprnamespace
             where o.opcdefault
               and (o.opcintype = t.oid
                    or o.opcintype = (select y.oid from pg_catalog.pg_type as y
                                       where y.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
                                         and y.typname = case t.typtype when 'e' then 'anyenum' when 'r' then 'anyrange' when 'm' then 'anymultirange' end)
                    or exists (select from pg_catalog.pg_cast as k
                                where k.castsource = t.oid and k.casttarget = o.opcintype
                                  and k.castmethod = 'b' and k.castcontext = 'i'))
             order by o.opcintype = t.oid desc
             limit 1) as operators
      from base as b
      join pg_catalog.pg_type as t on t.oid = b.type and t.typtype <> 'd'
      join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
      join listed as l on l.place = b.place
      left join pg_catalog.pg_collation as k on k.oid = l.collation
)
select r.oid::pg_catalog.int8, r.usable, r.keys, r.relkind::pg_catalog.text, r.ordered,
       d.place, d.name, d.native_type, d.not_null, d.readable, d.type, d.type_schema, d.type_name, d.category, d.dimensions,
       d.is_deterministic, d.operators
  from (values (1)) as one
  left join relation as r on true
  left join described as d on true
 order by d.place
