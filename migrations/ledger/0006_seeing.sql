-- The read model `figures`: counts and sums by what they are about. at_ms is the beginning of ten minutes, 0 for everything since the first entry.
CREATE TABLE rm_figures (
  tenant TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  name TEXT NOT NULL,
  automation TEXT NOT NULL,
  capability TEXT NOT NULL,
  region TEXT NOT NULL,
  label TEXT NOT NULL,
  n INTEGER NOT NULL,
  total INTEGER NOT NULL,
  PRIMARY KEY (tenant, at_ms, name, automation, capability, region, label)
) STRICT, WITHOUT ROWID;

-- What the figures must remember of a task until nothing more can happen to it; most tasks never have a row.
CREATE TABLE rm_flow (
  tenant TEXT NOT NULL,
  task TEXT NOT NULL,
  state TEXT NOT NULL,
  doubt_ms INTEGER,
  review_ms INTEGER,
  PRIMARY KEY (tenant, task)
) STRICT, WITHOUT ROWID;
CREATE INDEX rm_flow_doubts ON rm_flow (tenant, doubt_ms) WHERE doubt_ms IS NOT NULL;
CREATE INDEX rm_flow_reviews ON rm_flow (tenant, review_ms) WHERE review_ms IS NOT NULL;
