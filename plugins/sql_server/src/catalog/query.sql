-- What the statement @P1 answers: a row a column, or one with the reason why it cannot run.
select name, system_type_name, user_type_name, collation_name, cast(error_number as bigint), error_message
  from sys.dm_exec_describe_first_result_set(@P1, null, 0)
 order by column_ordinal
