-- Neighbours lend each other tools.

CREATE TYPE tool_kind AS ENUM ('hand', 'power', 'garden');

CREATE TABLE members (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL CONSTRAINT members_email_key UNIQUE,
    display_name text NOT NULL,
    password_digest text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE tools (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    owner_id uuid NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    title text NOT NULL CONSTRAINT tools_title_check CHECK (char_length(title) BETWEEN 1 AND 80),
    description text,
    kind tool_kind NOT NULL,
    daily_price_cents integer NOT NULL CONSTRAINT tools_price_check CHECK (daily_price_cents >= 0),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE loans (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    tool_id uuid NOT NULL REFERENCES tools (id) ON DELETE CASCADE,
    member_id uuid NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    due_on date NOT NULL,
    remark text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX tools_owner_id_idx ON tools (owner_id);
CREATE INDEX tools_kind_idx ON tools (kind, created_at, id);
CREATE INDEX tools_created_at_idx ON tools (created_at, id);
CREATE INDEX loans_tool_id_idx ON loans (tool_id);
CREATE INDEX loans_member_id_idx ON loans (member_id, created_at, id);
