-- Runs of a sync are jobs like any other. Null: a job of its own.
alter table jobs add column sync_id text;
