-- The key columns of the indexes that hold every row. An expression has no column of the table.
select listed.seq, listed."unique", listed.origin, keyed.cid
from pragma_index_list(?1) as listed, pragma_index_xinfo(listed.name) as keyed
where listed.partial = 0 and keyed.key = 1
order by listed.seq, keyed.seqno
