-- What the business buys: its suppliers, the orders that it placed with them, and the documents that came in for those.
-- The account of a supplier is recorded by people who checked it; no document changes it.

CREATE TABLE suppliers (
  tenant  TEXT NOT NULL,
  id      TEXT NOT NULL,
  name    TEXT NOT NULL,
  vat_id  TEXT NOT NULL,
  iban    TEXT NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX suppliers_by_vat_id ON suppliers (tenant, vat_id);

-- `gross_cents` is what was ordered, `billed_cents` what booked invoices have asked for so far; both with tax, in the minor unit.
CREATE TABLE purchase_orders (
  tenant       TEXT NOT NULL,
  id           TEXT NOT NULL,
  supplier_id  TEXT NOT NULL,
  currency     TEXT NOT NULL CHECK (length(currency) = 3),
  gross_cents  INTEGER NOT NULL CHECK (gross_cents >= 0),
  billed_cents INTEGER NOT NULL DEFAULT 0 CHECK (billed_cents >= 0),
  version      INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, id),
  FOREIGN KEY (tenant, supplier_id) REFERENCES suppliers (tenant, id)
) STRICT, WITHOUT ROWID;

-- Invoices that are booked for payment. The id is the action that booked. A supplier's number is booked once.
CREATE TABLE invoices (
  tenant      TEXT NOT NULL,
  id          TEXT NOT NULL,
  supplier_id TEXT NOT NULL,
  number      TEXT NOT NULL,
  order_id    TEXT,
  issued_on   TEXT NOT NULL,
  currency    TEXT NOT NULL CHECK (length(currency) = 3),
  net_cents   INTEGER NOT NULL CHECK (net_cents >= 0),
  vat_cents   INTEGER NOT NULL CHECK (vat_cents >= 0),
  gross_cents INTEGER NOT NULL CHECK (gross_cents > 0),
  at_ms       INTEGER NOT NULL,
  version     INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, id),
  FOREIGN KEY (tenant, supplier_id) REFERENCES suppliers (tenant, id),
  FOREIGN KEY (tenant, order_id) REFERENCES purchase_orders (tenant, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX invoices_by_number ON invoices (tenant, supplier_id, number);

-- What came in and is not booked: kept under the document's own id, with what it is.
CREATE TABLE filed_documents (
  tenant  TEXT NOT NULL,
  id      TEXT NOT NULL,
  kind    TEXT NOT NULL CHECK (kind IN ('goods-invoice', 'service-invoice', 'credit-note', 'reminder', 'not-an-invoice')),
  number  TEXT NOT NULL,
  at_ms   INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
