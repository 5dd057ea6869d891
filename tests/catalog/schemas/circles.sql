-- Tables that need each other, and functions, defaults and views that do.
CREATE TABLE teams (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    captain_id integer NOT NULL
);
CREATE TABLE players (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    team_id uuid NOT NULL REFERENCES teams (id),
    mentor_id integer REFERENCES players (id)
);
ALTER TABLE teams ADD CONSTRAINT teams_captain_fkey FOREIGN KEY (captain_id) REFERENCES players (id);
CREATE TABLE passports (
    player_id integer PRIMARY KEY REFERENCES players (id),
    number text NOT NULL UNIQUE
);
CREATE TABLE leagues (
    id integer PRIMARY KEY,
    parent_id integer NOT NULL REFERENCES leagues (id)
);
CREATE TABLE seasons (
    league_id integer NOT NULL REFERENCES leagues (id),
    year integer NOT NULL,
    PRIMARY KEY (league_id, year)
);
CREATE TABLE matches (
    id bigserial PRIMARY KEY,
    league_id integer NOT NULL REFERENCES leagues (id),
    year integer NOT NULL,
    home_id uuid NOT NULL REFERENCES teams (id),
    guest_id uuid NOT NULL REFERENCES teams (id),
    kind text NOT NULL,
    winner_id uuid,
    FOREIGN KEY (league_id, year) REFERENCES seasons (league_id, year),
    CONSTRAINT matches_kind_check CHECK (kind IN ('friendly', 'cup') OR num_nulls(winner_id) = 0),
    CONSTRAINT matches_odd_check CHECK (mod(char_length(kind), 3) = 0)
);
CREATE FUNCTION next_shirt() RETURNS integer LANGUAGE sql AS 'SELECT 7';
CREATE FUNCTION shirts_of(t teams) RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TABLE shirts (number integer PRIMARY KEY DEFAULT next_shirt(), size text NOT NULL);
CREATE VIEW shirted AS SELECT shirts_of(t) AS shirts, t.id FROM teams t;
CREATE FUNCTION any_shirted() RETURNS SETOF shirted LANGUAGE sql AS 'SELECT * FROM shirted';
