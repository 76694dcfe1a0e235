-- The columns of the table with oid $1, in its order.
with recursive base as (
    select a.attnum, a.atttypid as type, a.attndims::pg_catalog.int4 as dimensions
      from pg_catalog.pg_attribute as a
     where a.attrelid = $1::pg_catalog.oid and a.attnum > 0 and not a.attisdropped
     union all
    select b.attnum, d.typbasetype, d.typndims::pg_catalog.int4
      from base as b
      join pg_catalog.pg_type as d on d.oid = b.type
     where d.typtype = 'd'
)
select a.attnum::pg_catalog.int8,
       a.attname::pg_catalog.text,
       pg_catalog.format_type(a.atttypid, a.atttypmod),
       -- Kept neither by a foreign server, nor by every child of a parent, nor (18 and later) before it is validated.
       a.attnotnull and c.relkind <> 'f'
           and not (c.relkind = 'r' and exists (select from pg_catalog.pg_inherits as h where h.inhparent = c.oid))
           and not exists (select from pg_catalog.pg_constraint as v
                            where v.conrelid = c.oid and v.contype = 'n' and not v.convalidated and a.attnum = any (v.conkey)),
       pg_catalog.has_column_privilege(c.oid, a.attnum, 'select'),
       t.oid::pg_catalog.int8,
       n.nspname::pg_catalog.text,
       t.typname::pg_catalog.text,
       case when t.typelem <> 0 and t.typlen = -1 then 'a' else t.typtype::pg_catalog.text end,
       b.dimensions::pg_catalog.int8,
       coalesce(l.collisdeterministic, true),
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
         limit 1)
  from base as b
  join pg_catalog.pg_type as t on t.oid = b.type and t.typtype <> 'd'
  join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
  join pg_catalog.pg_attribute as a on a.attrelid = $1::pg_catalog.oid and a.attnum = b.attnum
  join pg_catalog.pg_class as c on c.oid = a.attrelid
  left join pg_catalog.pg_collation as l on l.oid = a.attcollation
 order by a.attnum
