-- One table or view: its id, the names as the server writes them, and whether it is a view.
select cast(o.object_id as bigint), s.name, o.name, cast(case when o.type = 'V' then 1 else 0 end as bit)
  from sys.objects as o
  join sys.schemas as s on s.schema_id = o.schema_id
 where s.name = cast(@P1 as nvarchar(128)) and o.name = cast(@P2 as nvarchar(128)) and o.type in ('U', 'V')
