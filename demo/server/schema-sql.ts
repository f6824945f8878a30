/** The directory of the marketplace: who there is, where, and for what. Presence adds its own columns to `users`. */
export const createDirectory = `
  create table users (
    id uuid primary key,
    name text not null,
    role text not null check (role in ('client', 'provider', 'staff')),
    created_at timestamptz not null default now()
  );
  create index users_role_id on users (role, id);

  create table cities (
    id int primary key,
    name text not null,
    country_code char(2) not null,
    country text not null,
    population int not null
  );

  create table services (
    id int primary key,
    name text not null,
    plural text not null,
    slug text not null unique
  );

  create table providers (
    user_id uuid primary key references users on delete cascade,
    city_id int not null references cities,
    service_id int not null references services,
    rating numeric(2, 1) not null,
    reviews int not null default 0,
    price int not null,
    about text not null default '',
    simulated boolean not null default false
  );
  create index providers_city on providers (city_id);
  create index providers_simulated on providers (user_id) where simulated;

  create table provider_services (
    user_id uuid references providers on delete cascade,
    service_id int references services,
    primary key (user_id, service_id)
  );
  create index provider_services_service on provider_services (service_id, user_id);

  create view provider_cards as
  select
    users.id, users.name,
    cities.id as city_id, cities.name as city, cities.country,
    main.id as service_id, main.name as service,
    offered.service_ids, offered.services,
    providers.rating::float8 as rating, providers.reviews, providers.price, providers.about, providers.simulated
  from providers
  join users on users.id = providers.user_id
  join cities on cities.id = providers.city_id
  join services main on main.id = providers.service_id
  left join lateral (
    select
      coalesce(array_agg(services.id order by services.id <> main.id, services.id), '{}') as service_ids,
      coalesce(array_agg(services.name order by services.id <> main.id, services.id), '{}') as services
    from provider_services
    join services on services.id = provider_services.service_id
    where provider_services.user_id = providers.user_id
  ) offered on true;
`

export const dropDirectory = `
  drop view provider_cards;
  drop table provider_services;
  drop table providers;
  drop table services;
  drop table cities;
  drop table users;
`
