-- The ledger's database. Every table is keyed by tenant first: one database may hold several tenants.

-- The head of each tenant's log, as a chain of batches: the newest row is the head. A batch is inserted only behind the batch that its
-- writer had seen: prev_hash must exist (foreign key) and can have one successor only (unique). That is the log's compare-and-swap.
CREATE TABLE batches (
  tenant TEXT NOT NULL,
  seq INTEGER NOT NULL,
  prev_hash TEXT,
  hash TEXT NOT NULL,
  size INTEGER NOT NULL,
  root TEXT NOT NULL,
  note TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant, seq),
  UNIQUE (tenant, prev_hash),
  UNIQUE (tenant, hash),
  UNIQUE (tenant, size),
  FOREIGN KEY (tenant, prev_hash) REFERENCES batches (tenant, hash),
  CHECK ((seq = 0) = (prev_hash IS NULL))
) STRICT;

-- A leaf of the log is exactly the UTF-8 of body; its hash stands in the tiles of level 0.
CREATE TABLE entries (
  tenant TEXT NOT NULL,
  idx INTEGER NOT NULL,
  body TEXT NOT NULL,
  executor TEXT NOT NULL,
  from_seq INTEGER NOT NULL,
  to_seq INTEGER NOT NULL,
  task TEXT,
  type TEXT NOT NULL,
  PRIMARY KEY (tenant, idx)
) STRICT;
CREATE INDEX entries_by_task ON entries (tenant, task, idx) WHERE task IS NOT NULL;
CREATE INDEX statements_by_seq ON entries (tenant, executor, to_seq, idx) WHERE type = 'countersign.executor.statement.v1';

-- Hash tiles (C2SP tlog-tiles), each at the widest that it has reached; narrower ones are its beginnings.
CREATE TABLE tiles (
  tenant TEXT NOT NULL,
  level INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  width INTEGER NOT NULL,
  hashes BLOB NOT NULL,
  PRIMARY KEY (tenant, level, idx),
  CHECK (length(hashes) = 32 * width)
) STRICT;

-- The last record that the log holds of each executor's chain.
CREATE TABLE executor_cursors (
  tenant TEXT NOT NULL,
  executor TEXT NOT NULL,
  seq INTEGER NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (tenant, executor)
) STRICT;

-- Read models: everything below can be thrown away and built again from the entries.
CREATE TABLE rm_cursor (
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  cursor INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT;

CREATE TABLE rm_quarantine (
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  idx INTEGER NOT NULL,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant, name, idx)
) STRICT;

CREATE TABLE rm_tasks (
  tenant TEXT NOT NULL,
  task TEXT NOT NULL,
  automation TEXT NOT NULL,
  status TEXT NOT NULL,
  region TEXT NOT NULL,
  executor TEXT NOT NULL,
  opened_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  first_idx INTEGER NOT NULL,
  last_idx INTEGER NOT NULL,
  open_steps TEXT NOT NULL,
  PRIMARY KEY (tenant, task)
) STRICT;
CREATE INDEX rm_tasks_by_age ON rm_tasks (tenant, first_idx);
CREATE INDEX rm_tasks_by_status ON rm_tasks (tenant, status, first_idx);
CREATE INDEX rm_tasks_by_automation ON rm_tasks (tenant, automation, first_idx);
