-- Memory of a tenant (intent-manager/memory/). Namespaces, and the canonical tier: each item's newest version, its history, and whom it is about.
-- A subject stands here as a digest under a secret of the tenant's.
CREATE TABLE memory_namespaces (
  tenant TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  settings TEXT NOT NULL,               -- JSON (shared/memory.ts)
  revision INTEGER NOT NULL DEFAULT 0,  -- moves with every write; a version is the revision that it made, so none is ever used twice
  items INTEGER NOT NULL DEFAULT 0,     -- canonical items
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT;

CREATE TABLE memory_items (
  tenant TEXT NOT NULL,
  namespace TEXT NOT NULL,
  key TEXT NOT NULL,
  id TEXT NOT NULL,                     -- mem_…: random; what records name
  version INTEGER NOT NULL,
  prior INTEGER NOT NULL,               -- the version that this one replaced; 0: none
  text TEXT NOT NULL,
  source TEXT NOT NULL,
  contract TEXT NOT NULL,               -- version of the namespace's form when it was written
  subjects TEXT NOT NULL,               -- JSON list of digests
  by TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (tenant, namespace, key),
  FOREIGN KEY (tenant, namespace) REFERENCES memory_namespaces (tenant, name)
) STRICT;

CREATE TABLE memory_history (
  tenant TEXT NOT NULL,
  namespace TEXT NOT NULL,
  key TEXT NOT NULL,
  version INTEGER NOT NULL,
  text TEXT NOT NULL,
  source TEXT NOT NULL,
  contract TEXT NOT NULL,
  by TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (tenant, namespace, key, version)
) STRICT;

-- Also whom an earlier version was about: its text stands in the history.
CREATE TABLE memory_subjects (
  tenant TEXT NOT NULL,
  subject TEXT NOT NULL,
  namespace TEXT NOT NULL,
  key TEXT NOT NULL,
  PRIMARY KEY (tenant, subject, namespace, key)
) STRICT;
