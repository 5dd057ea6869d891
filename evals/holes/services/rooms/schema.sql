CREATE TABLE rooms (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 100),
    capacity integer NOT NULL CHECK (capacity BETWEEN 1 AND 10000),
    closed boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE bookings (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    room_id uuid NOT NULL REFERENCES rooms (id),
    title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
    attendees integer NOT NULL CHECK (attendees BETWEEN 1 AND 10000),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    status text NOT NULL DEFAULT 'held' CHECK (status IN ('held', 'confirmed', 'cancelled')),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX bookings_room_id_idx ON bookings (room_id, starts_at);

CREATE TABLE waiting_entries (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    room_id uuid NOT NULL REFERENCES rooms (id),
    title text NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
    attendees integer NOT NULL CHECK (attendees BETWEEN 1 AND 10000),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX waiting_entries_room_id_idx ON waiting_entries (room_id, created_at);
