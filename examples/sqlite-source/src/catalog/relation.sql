-- One table, found as SQLite compares names. `wr`: it is kept by its key, and its rows have no numbers.
select name, type, wr
from pragma_table_list
where schema = ?1 and name = ?2 collate nocase
