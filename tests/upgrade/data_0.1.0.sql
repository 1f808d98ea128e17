-- A repository to dump: branches, a worktree, a tag, a finished merge and one with an open conflict.
-- A small shop with its history: main and feature/long-email changed the same column, feature/loyalty merges cleanly.

CREATE SCHEMA shop;
SET search_path = shop;

CREATE TABLE customers (
    customer_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        varchar(80) NOT NULL,
    email       varchar(120) NOT NULL UNIQUE,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE products (
    product_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title      text NOT NULL,
    price      numeric(10, 2) NOT NULL CONSTRAINT products_price_check CHECK (price >= 0)
);
CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped');
CREATE TABLE orders (
    order_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers,
    status      order_status NOT NULL DEFAULT 'new',
    ordered_at  timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE order_items (
    order_id   bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
    product_id integer NOT NULL REFERENCES products,
    quantity   integer NOT NULL CONSTRAINT order_items_quantity_check CHECK (quantity > 0),
    PRIMARY KEY (order_id, product_id)
);
CREATE INDEX orders_customer_id_idx ON orders (customer_id);
CREATE VIEW order_totals AS
SELECT o.order_id, o.customer_id, sum(i.quantity * p.price) AS total
FROM orders AS o
JOIN order_items AS i USING (order_id)
JOIN products AS p USING (product_id)
GROUP BY o.order_id, o.customer_id;

INSERT INTO customers (name, email) VALUES ('Ada Lovelace', 'ada@example.com'), ('Alan Turing', 'alan@example.com');
INSERT INTO products (title, price) VALUES ('Notebook', 4.50), ('Pencil', 0.80), ('Difference engine', 17000);
INSERT INTO orders (customer_id, status) VALUES (1, 'paid'), (2, 'new');
INSERT INTO order_items VALUES (1, 1, 2), (1, 3, 1), (2, 2, 12);

SELECT pggit.init('shop');

-- What one team does on its branch: longer addresses, and a column that main does not have.
SELECT pggit.create_branch('feature/long-email');
SELECT pggit.checkout('feature/long-email');
ALTER TABLE customers ALTER COLUMN email TYPE varchar(320);
ALTER TABLE customers ADD COLUMN phone text;
SELECT pggit.commit('Allow addresses of 320 characters, and a phone number');

-- Another team's branch touches other things: it will merge without a question.
SELECT pggit.create_branch('feature/loyalty', 'main');
SELECT pggit.checkout('feature/loyalty');
CREATE TABLE loyalty_cards (
    card_id     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id integer NOT NULL UNIQUE REFERENCES customers,
    points      integer NOT NULL DEFAULT 0 CONSTRAINT loyalty_cards_points_check CHECK (points >= 0)
);
ALTER TYPE order_status ADD VALUE 'returned';
SELECT pggit.commit('Add loyalty cards and returned orders');

-- Meanwhile main went on: the same column, another length.
SELECT pggit.checkout('main');
ALTER TABLE customers ALTER COLUMN email TYPE varchar(254);
COMMENT ON COLUMN customers.email IS 'RFC 5321 allows 254 characters';
SELECT pggit.commit('Limit addresses to what mail servers accept');

RESET search_path;

SELECT pggit.create_tag('v1', 'main');
SELECT pggit.merge('feature/loyalty', 'main', 'Merge loyalty cards');
SELECT pggit.merge('feature/long-email', 'main');
