"""SQL that several tests bind to."""

LIBRARY = """
CREATE TYPE format AS ENUM ('paper', 'audio');
CREATE TABLE authors (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL,
    biography text
);
CREATE TABLE books (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    author_id uuid NOT NULL REFERENCES authors (id),
    translator_id uuid REFERENCES authors (id),
    title varchar(200) NOT NULL,
    isbn char(13) NOT NULL UNIQUE,
    format format NOT NULL DEFAULT 'paper',
    price numeric(8, 2) NOT NULL DEFAULT 0,
    pages integer NOT NULL DEFAULT 1,
    is_lent boolean NOT NULL DEFAULT false,
    tags text[] NOT NULL DEFAULT '{}',
    details jsonb,
    published_on date,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE chapters (
    book_id uuid NOT NULL REFERENCES books (id),
    number integer NOT NULL,
    heading text NOT NULL,
    PRIMARY KEY (book_id, number)
);
CREATE TABLE book_covers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    book_id uuid NOT NULL REFERENCES books (id),
    colour text NOT NULL
);
CREATE TABLE shelves (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    label text NOT NULL UNIQUE
);
"""

NOTES = """
CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    password_hash text NOT NULL
);
CREATE TABLE notebooks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id),
    title text NOT NULL
);
CREATE TABLE notes (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    notebook_id uuid NOT NULL REFERENCES notebooks (id),
    body text NOT NULL
);
CREATE TABLE attachments (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    note_id uuid NOT NULL REFERENCES notes (id),
    name text NOT NULL
);
CREATE TABLE articles (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    author_id uuid NOT NULL REFERENCES users (id),
    title text NOT NULL
);
CREATE TABLE remarks (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    article_id uuid NOT NULL REFERENCES articles (id),
    user_id uuid NOT NULL REFERENCES users (id),
    body text NOT NULL
);
CREATE TABLE letters (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    sender_id uuid NOT NULL REFERENCES users (id),
    receiver_id uuid NOT NULL REFERENCES users (id),
    body text NOT NULL
);
"""
