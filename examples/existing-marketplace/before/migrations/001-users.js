export const up = ({ context }) =>
  context.sequelize.query(`
    create table users (
      id uuid primary key,
      email varchar(255) not null unique,
      password_hash varchar(255) not null,
      name varchar(255) not null,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create table logins (
      token varchar(255) primary key,
      user_id uuid not null references users on delete cascade,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create table providers (
      id uuid primary key,
      user_id uuid not null unique references users on delete cascade,
      trade varchar(255) not null,
      city varchar(255) not null,
      rating integer not null,
      created_at timestamptz not null,
      updated_at timestamptz not null
    )`)

export const down = ({ context }) => context.sequelize.query('drop table providers, logins, users')
