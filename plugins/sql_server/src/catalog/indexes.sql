-- The key columns of the indexes of the table with the id @P1 that hold every row, the primary key first; 7 is a hash
-- index, which has no order.
select cast(i.index_id as bigint), i.is_primary_key, i.is_unique, cast(case when i.type in (1, 2) then 1 else 0 end as bit),
       cast(k.column_id as bigint)
  from sys.indexes as i
  join sys.index_columns as k on k.object_id = i.object_id and k.index_id = i.index_id
 where i.object_id = cast(@P1 as int) and i.type in (1, 2, 7)
   and i.is_disabled = 0 and i.is_hypothetical = 0 and i.has_filter = 0
   and k.key_ordinal > 0
 order by i.is_primary_key desc, i.index_id, k.key_ordinal
