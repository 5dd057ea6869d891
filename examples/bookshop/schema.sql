-- A bookshop that its members run together.

CREATE TYPE book_format AS ENUM ('hardcover', 'paperback', 'ebook', 'audiobook');
CREATE TYPE order_status AS ENUM ('draft', 'placed', 'shipped', 'cancelled');

CREATE TABLE users (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email varchar(254) NOT NULL,
    name varchar(80) NOT NULL,
    password_hash text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_email_key UNIQUE (email)
);

CREATE TABLE authors (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name varchar(120) NOT NULL,
    biography varchar(4000),
    born_on date,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX authors_name_idx ON authors (name);
CREATE INDEX authors_created_at_idx ON authors (created_at);

CREATE TABLE books (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    author_id uuid NOT NULL REFERENCES authors (id) ON DELETE RESTRICT,
    title varchar(200) NOT NULL,
    isbn char(13) NOT NULL,
    format book_format NOT NULL DEFAULT 'paperback',
    price_cents integer NOT NULL,
    description varchar(4000),
    published_on date,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT books_isbn_key UNIQUE (isbn),
    CONSTRAINT books_isbn_digits CHECK (isbn ~ '^97[89][0-9]{10}$'),
    CONSTRAINT books_price_bounds CHECK (price_cents BETWEEN 0 AND 1000000)
);

COMMENT ON COLUMN books.price_cents IS 'In cents of the shop''s currency.';

CREATE INDEX books_author_id_idx ON books (author_id);
CREATE INDEX books_format_idx ON books (format);
CREATE INDEX books_title_idx ON books (title);
CREATE INDEX books_price_cents_idx ON books (price_cents);
CREATE INDEX books_published_on_idx ON books (published_on);
CREATE INDEX books_created_at_idx ON books (created_at);

CREATE TABLE reviews (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    book_id uuid NOT NULL REFERENCES books (id) ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    rating smallint NOT NULL,
    comment varchar(2000),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reviews_once_a_book UNIQUE (book_id, user_id),
    CONSTRAINT reviews_rating_bounds CHECK (rating BETWEEN 1 AND 5)
);

CREATE INDEX reviews_user_id_idx ON reviews (user_id);
CREATE INDEX reviews_book_id_created_at_idx ON reviews (book_id, created_at);

CREATE TABLE orders (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    status order_status NOT NULL DEFAULT 'draft',
    delivery_address varchar(300) NOT NULL,
    note varchar(500),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX orders_user_id_created_at_idx ON orders (user_id, created_at);
CREATE INDEX orders_status_idx ON orders (status);

CREATE TABLE order_items (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id uuid NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    book_id uuid NOT NULL REFERENCES books (id) ON DELETE RESTRICT,
    quantity smallint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT order_items_once_an_order UNIQUE (order_id, book_id),
    CONSTRAINT order_items_quantity_bounds CHECK (quantity BETWEEN 1 AND 99)
);

CREATE INDEX order_items_book_id_idx ON order_items (book_id);
