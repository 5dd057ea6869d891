-- Parcels that their senders hand in. Senders log in elsewhere; their ids are known here.

CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email varchar(254) NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_email_key UNIQUE (email)
);

CREATE TABLE parcels (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label varchar(80) NOT NULL,
    grams integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT parcels_grams_bounds CHECK (grams BETWEEN 1 AND 30000)
);

CREATE INDEX parcels_user_id_idx ON parcels (user_id);
CREATE INDEX parcels_created_at_idx ON parcels (created_at);
