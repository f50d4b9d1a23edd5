-- Feature toggles: every value that was ever set, with who set it, when and why. The newest version of a name holds; rows are never changed.
CREATE TABLE toggles (
  tenant TEXT NOT NULL,
  automation TEXT NOT NULL,             -- '': for all automations of the tenant
  name TEXT NOT NULL,
  version INTEGER NOT NULL,             -- 1, 2, …: whoever sets one names the version that it follows
  value TEXT NOT NULL,                  -- JSON: a boolean, an integer or a short text
  by TEXT NOT NULL,                     -- API key
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (tenant, automation, name, version)
) STRICT;
