-- The columns of the table with the id @P1, in its order; @P2 is its quoted name. Aliases of types are told by the type
-- below them; those of CLR types have none.
select cast(c.column_id as bigint), c.name, isnull(b.name, u.name), u.is_assembly_type, cast(c.max_length as bigint),
       cast(c.precision as bigint), cast(c.scale as bigint), c.collation_name, c.is_nullable,
       c.is_hidden, c.is_sparse, c.is_column_set,
       cast(isnull(has_perms_by_name(@P2, 'OBJECT', 'SELECT', c.name, 'COLUMN'), 0) as bit)
  from sys.columns as c
  join sys.types as u on u.user_type_id = c.user_type_id
  left join sys.types as b on b.user_type_id = c.system_type_id
 where c.object_id = cast(@P1 as int)
 order by c.column_id
