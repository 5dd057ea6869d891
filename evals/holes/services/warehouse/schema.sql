CREATE TABLE categories (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name text NOT NULL UNIQUE CHECK (char_length(name) BETWEEN 1 AND 100)
);

CREATE TABLE products (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    category_id uuid NOT NULL REFERENCES categories (id),
    sku text NOT NULL UNIQUE CHECK (char_length(sku) BETWEEN 1 AND 40),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    price_cents integer NOT NULL CHECK (price_cents BETWEEN 1 AND 100000000),
    stock integer NOT NULL DEFAULT 0,
    reorder_level integer NOT NULL DEFAULT 0 CHECK (reorder_level BETWEEN 0 AND 1000000),
    discontinued_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX products_category_id_idx ON products (category_id);

CREATE TABLE movements (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    product_id uuid NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    quantity integer NOT NULL CHECK (quantity <> 0),
    reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX movements_product_id_idx ON movements (product_id, created_at DESC);

CREATE TABLE reservations (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    product_id uuid NOT NULL REFERENCES products (id) ON DELETE CASCADE,
    quantity integer NOT NULL CHECK (quantity BETWEEN 1 AND 1000000),
    status text NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'taken', 'released')),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE INDEX reservations_product_id_idx ON reservations (product_id);
