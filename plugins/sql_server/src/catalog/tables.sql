-- What the login may read, a page at a time behind (@P1, @P2). The server lists only what the login has some right on.
select top (5000) s.name, o.name,
       case when o.type = 'U'
            then isnull((select sum(p.rows) from sys.partitions as p where p.object_id = o.object_id and p.index_id in (0, 1)), -1)
            else cast(-1 as bigint) end
  from sys.objects as o
  join sys.schemas as s on s.schema_id = o.schema_id
 where o.type in ('U', 'V') and o.is_ms_shipped = 0
   and (s.name > cast(@P1 as nvarchar(128))
        or s.name = cast(@P1 as nvarchar(128)) and o.name > cast(@P2 as nvarchar(128)))
   and (has_perms_by_name(concat(quotename(s.name), N'.', quotename(o.name)), 'OBJECT', 'SELECT') = 1
        or exists (select 1 from sys.columns as c
                    where c.object_id = o.object_id
                      and has_perms_by_name(concat(quotename(s.name), N'.', quotename(o.name)), 'OBJECT', 'SELECT', c.name, 'COLUMN') = 1))
 order by s.name, o.name
