-- What stands outside this database as well, and how far that has come (ledger/outside/). A row for each tenant, or for each place.

-- Full entry bundles and hash tiles below `bundles` are in the archive; of the bundles below `dropped` the bodies are there alone, and the
-- column `body` of their entries is empty.
CREATE TABLE archive (
  tenant TEXT NOT NULL,
  bundles INTEGER NOT NULL,
  dropped INTEGER NOT NULL,
  moved_ms INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  last_error TEXT,
  PRIMARY KEY (tenant),
  CHECK (dropped <= bundles)
) STRICT;

-- The newest checkpoint that each place outside has taken, and what came of the newest try. A place is `archive` or an address.
CREATE TABLE published (
  tenant TEXT NOT NULL,
  place TEXT NOT NULL,
  size INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  tried_size INTEGER NOT NULL,
  tried_ms INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  last_error TEXT,
  PRIMARY KEY (tenant, place)
) STRICT;

-- What outside contradicts this database: one row for each name of an object. People look; an epoch ends it.
CREATE TABLE log_alarms (
  tenant TEXT NOT NULL,
  object TEXT NOT NULL,
  code TEXT NOT NULL,
  detail TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant, object)
) STRICT;

-- Epochs, in their order: the statement stands at `idx` of the log, which ended at `old_size` and goes on from `new_size`. Bundles from
-- `from_bundle` on have names of their own in the archive since.
CREATE TABLE epochs (
  tenant TEXT NOT NULL,
  number INTEGER NOT NULL,
  epoch TEXT NOT NULL,
  idx INTEGER NOT NULL,
  old_size INTEGER NOT NULL,
  new_size INTEGER NOT NULL,
  from_bundle INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant, number),
  UNIQUE (tenant, epoch)
) STRICT;
