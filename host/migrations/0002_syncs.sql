-- Runs of a sync are jobs like any other. Null: a job of its own, or the sync is gone.
alter table jobs add column sync_id text;
-- What `throttled_ms` is made of, and the waits that the source's transactions cost, as JSON.
alter table jobs add column waited text not null default '{}';
-- A sync has one run at a time, whoever starts it: this index decides between two hosts.
create unique index jobs_one_run on jobs (sync_id) where sync_id is not null and state in ('queued', 'running');
create index jobs_of_sync on jobs (sync_id, id) where sync_id is not null;
-- What retention looks for: jobs without a sync, by the time they ended.
create index jobs_to_forget on jobs (finished_at) where sync_id is null and finished_at is not null;
create index jobs_of_stream on jobs (stream_id);

-- Standing orders. `spec` is what was ordered and never changes; what a client can change has a column.
-- `revision` grows with every change of a row: who decides on what it read writes only if the revision is still that one.
create table syncs (
    id                   text primary key,
    org_id               text not null references orgs (id),
    connector_id         text not null references connectors (id),
    kb_id                integer not null,
    kb_uid               text not null,
    -- What commits are numbered in. Another one after a reset, and when the cursor is set by hand.
    stream_id            text not null unique,
    name                 text,
    dest_table           text not null,
    source_kind          text not null,
    spec                 text not null,
    pacing               text not null,
    batch_rows           integer not null,
    schedule             text not null,
    interval_secs        integer not null,
    -- What the first run of the stream does with the dest table; later ones append.
    first_run            text not null check (first_run in ('create', 'append', 'replace')),
    set_cursor           text,
    enabled              integer not null check (enabled in (0, 1)),
    disabled_reason      text,
    scheduled_from       integer not null,
    last_start_at        integer,
    -- Decided from the columns above, so that a look for due syncs reads no others. Null: to be decided again.
    due_at               integer,
    held_until           integer,
    consecutive_failures integer not null default 0,
    last_failure         text,
    last_success_at      integer,
    -- Counted with the jobs in one transaction, and kept when those are forgotten.
    runs_total           integer not null default 0,
    runs_completed       integer not null default 0,
    runs_failed          integer not null default 0,
    rows_total           integer not null default 0,
    revision             integer not null default 1,
    created_at           integer not null,
    updated_at           integer not null
) strict;
-- Two syncs that write one table would not know of each other's rows.
create unique index syncs_by_dest on syncs (kb_id, dest_table);
create index syncs_by_org on syncs (org_id, id);
create index syncs_due on syncs (due_at) where enabled = 1;
