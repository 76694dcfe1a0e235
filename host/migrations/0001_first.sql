-- The host's own rows. Rows of sources never come here: they live in the lake, whose log is the truth about what landed.
-- Times are microseconds since 1970-01-01T00:00:00Z. Ids are UUIDv7 in 32 hex digits, so they order by creation.

-- Who owns connectors, knowledge bases and keys. The first one is named `default`.
create table orgs (
    id         text primary key,
    name       text not null unique,
    created_at integer not null
) strict;

-- API keys. The secret is shown once; only its SHA-256 is kept, so a stolen store opens nothing.
create table tokens (
    id            text primary key,
    org_id        text not null references orgs (id),
    name          text not null,
    secret_sha256 text not null unique,
    created_at    integer not null
) strict;

-- The places that run extractions. This host registers itself at its first start.
create table connectors (
    id           text primary key,
    org_id       text not null references orgs (id),
    name         text,
    hostname     text,
    os           text,
    arch         text,
    version      text,
    enrolled_at  integer not null,
    last_seen_at integer
) strict;

-- Knowledge bases. `id` is what clients say, `uid` is the folder in the lake; neither is ever used again.
create table kbs (
    id          integer primary key autoincrement,
    org_id      text not null references orgs (id),
    uid         text not null unique,
    name        text not null,
    description text,
    created_at  integer not null,
    updated_at  integer not null,
    unique (org_id, name)
) strict;

-- Executions. `spec` is what was asked for and never changes. The lease says who runs it: every claim raises `lease_epoch`,
-- and every write of a holder carries the epoch it claimed under, so a holder that was thought dead can change nothing.
create table jobs (
    id           text primary key,
    org_id       text not null references orgs (id),
    connector_id text not null references connectors (id),
    kb_id        integer not null,
    kb_uid       text not null,
    stream_id    text not null,
    dest_table   text not null,
    spec         text not null,
    state        text not null check (state in ('queued', 'running', 'completed', 'failed', 'stopped')),
    attempt      integer not null default 1,
    run_after    integer not null,
    lease_owner  text,
    lease_until  integer,
    lease_epoch  integer not null default 0,
    rows         integer not null default 0,
    batches      integer not null default 0,
    bytes        integer not null default 0,
    throttled_ms integer not null default 0,
    failure      text,
    warnings     text not null default '[]',
    created_at   integer not null,
    updated_at   integer not null,
    started_at   integer,
    finished_at  integer
) strict;
create index jobs_to_claim on jobs (connector_id, state, run_after);
create index jobs_by_org on jobs (org_id, id);

-- Step 1 and 3 of a commit. `prepared` is an intention: whether it landed is what the table's log says.
-- `body` is the checkpoint itself. Older numbers of a stream are pruned when a newer one is committed.
create table checkpoints (
    stream_id text not null,
    seq       integer not null,
    epoch     integer not null,
    state     text not null check (state in ('prepared', 'committed')),
    body      text not null,
    primary key (stream_id, seq)
) strict;
