-- Inputs that failed a quality gate, counted by the hour: what the owner's alerts are made of. No input is kept.
CREATE TABLE gate_failures (
  tenant TEXT NOT NULL,
  automation TEXT NOT NULL,
  gate TEXT NOT NULL,
  hour INTEGER NOT NULL,                -- hours since the epoch
  failures INTEGER NOT NULL,
  last_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, automation, gate, hour)
) STRICT;
CREATE INDEX gate_failures_by_hour ON gate_failures (hour);
