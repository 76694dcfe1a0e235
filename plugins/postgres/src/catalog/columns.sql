-- The columns of the table with oid $1, in its order; or, where $2 lists types, e.g. '23,25', as many columns of these types,
-- of which nothing else is known.
with recursive listed as (
    select a.attnum::pg_catalog.int8 as place, a.attname::pg_catalog.text as name, a.atttypid as type, a.atttypmod as modifier,
           a.attndims::pg_catalog.int4 as dimensions, a.attcollation as collation,
           -- Kept neither by a foreign server, nor by every child of a parent, nor (18 and later) before it is validated.
           a.attnotnull and c.relkind <> 'f'
               and not (c.relkind = 'r' and exists (select from pg_catalog.pg_inherits as h where h.inhparent = c.oid))
               and not exists (select from pg_catalog.pg_constraint as v
                                where v.conrelid = c.oid and v.contype = 'n' and not v.convalidated and a.attnum = any (v.conkey)) as not_null,
           pg_catalog.has_column_privilege(c.oid, a.attnum, 'select') as readable
      from pg_catalog.pg_attribute as a
      join pg_catalog.pg_class as c on c.oid = a.attrelid
     where a.attrelid = $1::pg_catalog.oid and a.attnum > 0 and not a.attisdropped
     union all
    select u.place, '', u.type, -1, 0, 0, false, true
      from pg_catalog.unnest(pg_catalog.string_to_array($2::pg_catalog.text, ',')::pg_catalog.oid[]) with ordinality as u (type, place)
), base as (
    select l.place, l.type, l.dimensions
      from listed as l
     union all
    select b.place, d.typbasetype, d.typndims::pg_catalog.int4
      from base as b
      join pg_catalog.pg_type as d on d.oid = b.type
     where d.typtype = 'd'
)
select l.place,
       l.name,
       pg_catalog.format_type(l.type, l.modifier),
       l.not_null,
       l.readable,
       t.oid::pg_catalog.int8,
       n.nspname::pg_catalog.text,
       t.typname::pg_catalog.text,
       case when t.typelem <> 0 and t.typlen = -1 then 'a' else t.typtype::pg_catalog.text end,
       b.dimensions::pg_catalog.int8,
       -- Of a text whose collation is not known nothing can be said.
       coalesce(k.collisdeterministic, l.collation <> 0 or t.typcollation = 0),
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
  join listed as l on l.place = b.place
  left join pg_catalog.pg_collation as k on k.oid = l.collation
 order by l.place
