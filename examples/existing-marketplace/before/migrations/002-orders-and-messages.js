export const up = ({ context }) =>
  context.sequelize.query(`
    create table orders (
      id uuid primary key,
      client_id uuid not null references users on delete cascade,
      worker_id uuid not null references users on delete cascade,
      text text not null,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create table messages (
      id uuid primary key,
      sender_id uuid not null references users on delete cascade,
      recipient_id uuid not null references users on delete cascade,
      text text not null,
      created_at timestamptz not null,
      updated_at timestamptz not null
    )`)

export const down = ({ context }) => context.sequelize.query('drop table messages, orders')
