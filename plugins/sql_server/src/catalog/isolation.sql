-- What a read of this session sees of transactions in flight: whether row versions stand for what they change, the
-- level of isolation (1: it sees their changes), and whether the database is a copy that cannot be written.
select (select d.is_read_committed_snapshot_on from sys.databases as d where d.name = db_name()),
       (select cast(s.transaction_isolation_level as bigint) from sys.dm_exec_sessions as s where s.session_id = @@spid),
       cast(databasepropertyex(db_name(), 'Updateability') as nvarchar(128))
