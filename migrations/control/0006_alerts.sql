-- Alerts of a tenant as the last evaluation left them (shared/alerts/life.ts). One row each: an evaluation writes all of them, or none.
CREATE TABLE alerts (
  tenant TEXT PRIMARY KEY,
  version INTEGER NOT NULL,              -- moves with every change: whoever writes names the one that it read
  evaluated_at INTEGER NOT NULL,         -- Unix ms; 0: never
  kept TEXT NOT NULL                     -- JSON list
) STRICT;
