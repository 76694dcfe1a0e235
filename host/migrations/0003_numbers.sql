-- The AI Squared form of the API names everything by integers. None of these is ever given twice.

-- Entries of a connector's connections.json, numbered when they are first seen. A name keeps its number even while it is
-- not in the file.
create table sources (
    id             integer primary key autoincrement,
    connector_id   text not null references connectors (id),
    connection_ref text not null,
    created_at     integer not null,
    unique (connector_id, connection_ref)
) strict;

-- What syncs of that form read: a table or a query, with the columns that tell its rows apart (a JSON list).
create table models (
    id          integer primary key autoincrement,
    org_id      text not null references orgs (id),
    source_id   integer not null references sources (id),
    name        text not null,
    description text,
    schema_name text,
    table_name  text,
    query       text,
    primary_key text not null,
    created_at  integer not null,
    updated_at  integer not null,
    check ((table_name is null) <> (query is null))
) strict;
create index models_by_org on models (org_id, id);

-- Every sync has a number, whichever form made it: the trigger leaves no moment without one.
create table sync_numbers (
    id      integer primary key autoincrement,
    sync_id text not null unique references syncs (id) on delete cascade,
    -- What that form says and a sync does not hold. Null: made by the other form.
    form    text
) strict;
insert into sync_numbers (sync_id) select id from syncs order by id;
create trigger syncs_have_numbers after insert on syncs begin
    insert into sync_numbers (sync_id) values (new.id);
end;
