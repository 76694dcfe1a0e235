-- `pk`: the position in the primary key, from 1. `hidden` 1: an argument of a virtual table.
select name, type, "notnull", pk, hidden
from pragma_table_xinfo(?1)
order by cid
