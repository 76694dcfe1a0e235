-- Failed attempts in a row since rows last landed. `attempt` counts all of them.
alter table jobs add column failures integer not null default 0;
