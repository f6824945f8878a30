import type { LargeIndex, Migration } from './migration.ts'

const ORDERS = [
  ['by_availability', 'listed_rank desc, listed_seen desc, user_id desc'],
  ['by_rating', '(coalesce(rating, 0)) desc, listed_rank desc, user_id desc'],
  ['by_price', `(-coalesce(price, '1e15'::float8)) desc, listed_rank desc, user_id desc`],
] as const

const index = (name: string, by: string): LargeIndex => ({
  name: `porchlight_presence_${name}`,
  table: 'porchlight_presence',
  by,
})

/**
 * The listing: what a search needs, in tables of ours, so that one index finds the providers of a city in order of their presence.
 *
 * In `porchlight_presence`, of providers only: `city`, `services`, `rating` and `price` as the host's directory has them; `listed_*`
 * follow the public columns by themselves, and stand still while somebody present is active (R22). `rank_before` and `decided` are what
 * the last write replaced: a statement cannot return it otherwise, and has to count by it. `porchlight_directory`: what is
 * given out of a provider, and the name to look for. `porchlight_counts`: how many are present in a city and service ('' is any),
 * in several rows each, so that nodes that write at once need not wait for each other.
 */
export const listing: Migration = {
  name: '004-listing',
  indexes: [
    ...ORDERS.map(([name, order]) => index(name, `(city, ${order}) where city is not null`)),
    index('later', '(city, listed_activity) where city is not null and listed_activity is not null'),
  ],
  // Nobody searches by it any more.
  retires: ['porchlight_presence_shown'],

  async up({ database, users }) {
    // Stored columns that follow others have PostgreSQL write this table of ours anew. It is empty, unless somebody took this migration
    // back before: no version was given out that ended here.
    await database.rows(`
      alter table porchlight_presence
        add column city text collate "C",
        add column services text[] collate "C" not null default '{}',
        add column rating float8,
        add column price float8,
        add column rank_before smallint not null default 0,
        add column decided boolean not null default false,
        add column listed_rank smallint not null generated always as (
          case public_status when 'online' then 3 when 'away' then 2 when 'dnd' then 1 else 0 end
        ) stored,
        -- To the millisecond, like the place in a list that is made of it.
        add column listed_seen timestamptz(3) not null generated always as (
          case when public_status = 'offline' then coalesce(public_last_seen, timestamptz 'epoch') else timestamptz 'epoch' end
        ) stored,
        -- Of the few who used the service after they left, by requests alone.
        add column listed_activity timestamptz generated always as (
          case when public_status = 'offline' and public_activity > coalesce(public_last_seen, timestamptz 'epoch')
            then public_activity end
        ) stored`)
    await database.rows(`
      create table porchlight_directory (
        user_id ${users.idType} primary key references ${users.table} (${users.id}) on delete cascade,
        name_key text not null,
        fields text not null,
        digest text not null
      )`)
    await database.rows(NAME_INDEX)
    await database.rows(`
      create table porchlight_counts (
        service text collate "C" not null,
        city text collate "C" not null,
        slot smallint not null,
        online int not null,
        away int not null,
        dnd int not null,
        latest bigint not null,
        primary key (service, city, slot)
      ) with (fillfactor = 50)`)
    await database.rows(UNCOUNT)
    await database.rows(`
      create trigger porchlight_uncount after delete on porchlight_presence for each row
        when (old.city is not null and old.listed_rank > 0) execute function porchlight_uncount()`)
  },

  async down({ database }) {
    await database.rows('drop trigger porchlight_uncount on porchlight_presence')
    await database.rows('drop function porchlight_uncount()')
    await database.rows('drop table porchlight_counts')
    await database.rows('drop table porchlight_directory')
    await database.rows(`
      alter table porchlight_presence drop column city, drop column services, drop column rating, drop column price,
        drop column rank_before, drop column decided,
        drop column listed_rank, drop column listed_seen, drop column listed_activity`)
  },
}

/**
 * Parts of names are found by their trigrams where the extension can be had: it comes with PostgreSQL, and whoever may create things in
 * a database may create it. Without it a search for a name looks at everybody of its city. The extension stays when we go: the host
 * may use it by then.
 */
const NAME_INDEX = `
  do $$
  declare place text;
  begin
    begin
      create extension if not exists pg_trgm;
    exception when others then
      raise notice 'pg_trgm cannot be had: names are found without an index';
    end;
    select quote_ident(nspname) into place from pg_extension e join pg_namespace n on n.oid = e.extnamespace
      where extname = 'pg_trgm';
    if place is not null then
      execute format('create index porchlight_directory_name on porchlight_directory using gin (name_key %s.gin_trgm_ops)', place);
    end if;
  end $$`

/** Whoever is deleted while present is not counted any more; every other change counts itself (`counts.ts`). */
const UNCOUNT = `
  create function porchlight_uncount() returns trigger language plpgsql as $$
  begin
    insert into porchlight_counts as c (service, city, slot, online, away, dnd, latest)
    select service, old.city, pg_backend_pid() % 8,
      -(old.listed_rank = 3)::int, -(old.listed_rank = 2)::int, -(old.listed_rank = 1)::int, 0
    from unnest(old.services || ''::text) as service order by service
    on conflict (service, city, slot) do update set
      online = c.online + excluded.online, away = c.away + excluded.away, dnd = c.dnd + excluded.dnd;
    return null;
  end $$`
