-- A regional business database: customers, what they bought, and the executor's own record of effects.
-- Money is integer cents. Every key starts with the tenant. `version` rises with each change of a row, so that an action can rely on
-- exactly the state that was read when it was decided.

CREATE TABLE products (
  tenant  TEXT NOT NULL,
  id      TEXT NOT NULL,
  name    TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;

-- What can be bought: a product with its options chosen. `options` is canonical JSON, name to value.
CREATE TABLE variants (
  tenant      TEXT NOT NULL,
  id          TEXT NOT NULL,
  product_id  TEXT NOT NULL,
  options     TEXT NOT NULL CHECK (json_valid(options)),
  available   INTEGER NOT NULL CHECK (available IN (0, 1)),
  price_cents INTEGER NOT NULL CHECK (price_cents >= 0),
  version     INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, id),
  FOREIGN KEY (tenant, product_id) REFERENCES products (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX variants_by_product ON variants (tenant, product_id);

CREATE TABLE customers (
  tenant     TEXT NOT NULL,
  id         TEXT NOT NULL,
  first_name TEXT NOT NULL,
  last_name  TEXT NOT NULL,
  email      TEXT NOT NULL COLLATE NOCASE,
  address1   TEXT NOT NULL,
  address2   TEXT NOT NULL,
  city       TEXT NOT NULL,
  state      TEXT NOT NULL,
  country    TEXT NOT NULL,
  zip        TEXT NOT NULL,
  version    INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX customers_by_email ON customers (tenant, email);
CREATE INDEX customers_by_name ON customers (tenant, last_name COLLATE NOCASE, zip);

-- `balance_cents` stands exactly for gift cards, and is never negative.
CREATE TABLE payment_methods (
  tenant        TEXT NOT NULL,
  id            TEXT NOT NULL,
  customer_id   TEXT NOT NULL,
  kind          TEXT NOT NULL CHECK (kind IN ('gift_card', 'credit_card', 'paypal')),
  brand         TEXT,
  last_four     TEXT,
  balance_cents INTEGER,
  version       INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, id),
  FOREIGN KEY (tenant, customer_id) REFERENCES customers (tenant, id),
  CONSTRAINT balance_of_gift_cards CHECK ((kind = 'gift_card') = (balance_cents IS NOT NULL)),
  CONSTRAINT balance_not_negative CHECK (balance_cents IS NULL OR balance_cents >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX payment_methods_by_customer ON payment_methods (tenant, customer_id);

-- `position` orders the customer's orders. The address is the order's own, copied when it was placed.
CREATE TABLE orders (
  tenant        TEXT NOT NULL,
  id            TEXT NOT NULL,
  customer_id   TEXT NOT NULL,
  position      INTEGER NOT NULL,
  status        TEXT NOT NULL CHECK (status IN ('pending', 'pending-items-modified', 'processed', 'delivered', 'cancelled', 'return-requested', 'exchange-requested')),
  address1      TEXT NOT NULL,
  address2      TEXT NOT NULL,
  city          TEXT NOT NULL,
  state         TEXT NOT NULL,
  country       TEXT NOT NULL,
  zip           TEXT NOT NULL,
  cancel_reason TEXT,
  version       INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, id),
  FOREIGN KEY (tenant, customer_id) REFERENCES customers (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_by_customer ON orders (tenant, customer_id, position);

-- The same variant may stand in an order more than once. Name, options and price are those of the purchase.
CREATE TABLE order_items (
  tenant      TEXT NOT NULL,
  order_id    TEXT NOT NULL,
  position    INTEGER NOT NULL,
  product_id  TEXT NOT NULL,
  variant_id  TEXT NOT NULL,
  name        TEXT NOT NULL,
  options     TEXT NOT NULL CHECK (json_valid(options)),
  price_cents INTEGER NOT NULL CHECK (price_cents >= 0),
  version     INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, order_id, position),
  FOREIGN KEY (tenant, order_id) REFERENCES orders (tenant, id)
) STRICT, WITHOUT ROWID;

-- Parcels. Both lists are JSON arrays of text.
CREATE TABLE fulfillments (
  tenant       TEXT NOT NULL,
  order_id     TEXT NOT NULL,
  position     INTEGER NOT NULL,
  tracking_ids TEXT NOT NULL CHECK (json_valid(tracking_ids)),
  variant_ids  TEXT NOT NULL CHECK (json_valid(variant_ids)),
  version      INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, order_id, position),
  FOREIGN KEY (tenant, order_id) REFERENCES orders (tenant, id)
) STRICT, WITHOUT ROWID;

-- Money that moved, in order. Rows are added and never changed.
CREATE TABLE payments (
  tenant       TEXT NOT NULL,
  order_id     TEXT NOT NULL,
  position     INTEGER NOT NULL,
  kind         TEXT NOT NULL CHECK (kind IN ('payment', 'refund')),
  amount_cents INTEGER NOT NULL CHECK (amount_cents >= 0),
  method_id    TEXT NOT NULL,
  version      INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, order_id, position),
  FOREIGN KEY (tenant, order_id) REFERENCES orders (tenant, id)
) STRICT, WITHOUT ROWID;

-- A delivered order is returned or exchanged once. For an exchange the difference is what the customer pays (negative: receives).
CREATE TABLE order_returns (
  tenant           TEXT NOT NULL,
  order_id         TEXT NOT NULL,
  kind             TEXT NOT NULL CHECK (kind IN ('return', 'exchange')),
  method_id        TEXT NOT NULL,
  difference_cents INTEGER,
  version          INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, order_id),
  FOREIGN KEY (tenant, order_id) REFERENCES orders (tenant, id),
  CONSTRAINT difference_of_exchanges CHECK ((kind = 'exchange') = (difference_cents IS NOT NULL))
) STRICT, WITHOUT ROWID;

-- `item_position` is the item's place in the order: one of two equal items can come back.
CREATE TABLE order_return_items (
  tenant         TEXT NOT NULL,
  order_id       TEXT NOT NULL,
  item_position  INTEGER NOT NULL,
  variant_id     TEXT NOT NULL,
  new_variant_id TEXT,
  version        INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, order_id, item_position),
  FOREIGN KEY (tenant, order_id) REFERENCES order_returns (tenant, order_id)
) STRICT, WITHOUT ROWID;

-- Conversations handed to a person of the support team. The id is the action that handed over.
CREATE TABLE handoffs (
  tenant      TEXT NOT NULL,
  id          TEXT NOT NULL,
  customer_id TEXT NOT NULL,
  summary     TEXT NOT NULL,
  status      TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'closed')),
  at_ms       INTEGER NOT NULL,
  version     INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, id),
  FOREIGN KEY (tenant, customer_id) REFERENCES customers (tenant, id)
) STRICT, WITHOUT ROWID;

-- One row for each action that touched this database. It is written in the effect's own batch, so it stands exactly when the effect does.
--   claimed  inside a batch only: never seen from outside
--   applied  the effect and `result` stand
--   refused  a tombstone: the action was given up here, and a batch of it that arrives late finds its key taken
CREATE TABLE countersign_effects (
  tenant        TEXT NOT NULL,
  action        TEXT NOT NULL,
  effect_key    TEXT,
  generation    INTEGER NOT NULL DEFAULT 0,
  task          TEXT NOT NULL,
  step          TEXT NOT NULL,
  capability    TEXT NOT NULL,
  nonce         TEXT NOT NULL,
  status        TEXT NOT NULL CHECK (status IN ('claimed', 'applied', 'refused')),
  premise_holds INTEGER NOT NULL DEFAULT 1,
  result        TEXT CHECK (result IS NULL OR json_valid(result)),
  at_ms         INTEGER NOT NULL,
  PRIMARY KEY (tenant, action),
  CONSTRAINT countersign_premise CHECK (premise_holds = 1),
  CONSTRAINT countersign_result CHECK ((status = 'applied') = (result IS NOT NULL))
) STRICT, WITHOUT ROWID;
-- The domain's own key: two tasks cannot do the same thing twice. An undo raises the generation, and the thing may be done again.
CREATE UNIQUE INDEX countersign_effects_by_key ON countersign_effects (tenant, effect_key, generation) WHERE effect_key IS NOT NULL;

-- After a crash nobody knows whether a batch is still on its way. The executor closes the action's attempts up to this one before it
-- prepares the next, so that a late batch of a closed attempt finds its premise false.
CREATE TABLE countersign_fences (
  tenant  TEXT NOT NULL,
  action  TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  PRIMARY KEY (tenant, action)
) STRICT, WITHOUT ROWID;

-- An approval is used once: its id is burned in the batch of the effect that it approved.
CREATE TABLE countersign_attestations (
  tenant TEXT NOT NULL,
  id     TEXT NOT NULL,
  action TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
