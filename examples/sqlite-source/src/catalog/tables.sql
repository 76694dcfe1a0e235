-- What can be read, behind a schema and a name. Tables of SQLite itself and those that others are stored in are left out.
select schema, name, -1
from pragma_table_list
where schema = 'main' and type in ('table', 'view', 'virtual') and name not glob 'sqlite_*' and (schema, name) > (?1, ?2)
order by schema, name
limit 5000
