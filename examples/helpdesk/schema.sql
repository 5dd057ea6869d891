-- A helpdesk: agents answer the tickets of customers.

CREATE TYPE ticket_status AS ENUM ('open', 'pending', 'resolved', 'merged');
CREATE TYPE ticket_priority AS ENUM ('low', 'normal', 'high', 'urgent');

CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;

CREATE TABLE agents (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email varchar(254) NOT NULL UNIQUE,
    full_name varchar(80) NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE customers (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email varchar(254) NOT NULL UNIQUE,
    full_name varchar(80) NOT NULL,
    company varchar(120),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX customers_created_at_idx ON customers (created_at);
CREATE INDEX customers_full_name_idx ON customers (full_name);

CREATE TABLE tickets (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    customer_id uuid NOT NULL REFERENCES customers (id) ON DELETE RESTRICT,
    assignee_id uuid REFERENCES agents (id) ON DELETE SET NULL,
    merged_into_id uuid REFERENCES tickets (id) ON DELETE RESTRICT,
    subject varchar(200) NOT NULL,
    description varchar(8000) NOT NULL,
    status ticket_status NOT NULL DEFAULT 'open',
    priority ticket_priority NOT NULL DEFAULT 'normal',
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tickets_not_into_itself CHECK (merged_into_id <> id),
    CONSTRAINT tickets_merged_names_target CHECK ((status = 'merged') = (merged_into_id IS NOT NULL))
);

COMMENT ON COLUMN tickets.merged_into_id IS 'The ticket that stays, when this one was a duplicate of it.';

CREATE INDEX tickets_customer_id_idx ON tickets (customer_id);
CREATE INDEX tickets_assignee_id_status_idx ON tickets (assignee_id, status);
CREATE INDEX tickets_merged_into_id_idx ON tickets (merged_into_id);
CREATE INDEX tickets_status_idx ON tickets (status);
CREATE INDEX tickets_priority_idx ON tickets (priority);
CREATE INDEX tickets_created_at_idx ON tickets (created_at);
CREATE INDEX tickets_updated_at_idx ON tickets (updated_at);

CREATE TABLE ticket_comments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ticket_id uuid NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
    author_id uuid NOT NULL REFERENCES agents (id) ON DELETE RESTRICT,
    body varchar(8000) NOT NULL,
    internal boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX ticket_comments_ticket_id_created_at_idx ON ticket_comments (ticket_id, created_at);
CREATE INDEX ticket_comments_author_id_idx ON ticket_comments (author_id);

CREATE TABLE escalations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ticket_id uuid NOT NULL REFERENCES tickets (id) ON DELETE CASCADE,
    requested_by_id uuid NOT NULL REFERENCES agents (id) ON DELETE RESTRICT,
    reason varchar(500) NOT NULL,
    from_priority ticket_priority NOT NULL,
    to_priority ticket_priority NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT escalations_go_up CHECK (to_priority > from_priority)
);

CREATE INDEX escalations_ticket_id_idx ON escalations (ticket_id);
CREATE INDEX escalations_requested_by_id_idx ON escalations (requested_by_id);

CREATE TRIGGER agents_set_updated_at BEFORE UPDATE ON agents
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER customers_set_updated_at BEFORE UPDATE ON customers
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER tickets_set_updated_at BEFORE UPDATE ON tickets
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER ticket_comments_set_updated_at BEFORE UPDATE ON ticket_comments
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
CREATE TRIGGER escalations_set_updated_at BEFORE UPDATE ON escalations
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();
