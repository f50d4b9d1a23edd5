-- The control database: tenants, API keys, releases and their promotions, enrolments. The intent-manager's alone.
-- Times are milliseconds since the epoch. Nothing here makes an action valid: executors check signatures against their own root keys.

CREATE TABLE tenants (
  id TEXT PRIMARY KEY,
  regions TEXT NOT NULL,                -- JSON list of region ids
  shards INTEGER NOT NULL CHECK (shards BETWEEN 1 AND 256), -- executors for each region; never changes, task ids carry the shard
  root_key TEXT NOT NULL,               -- public JWK {kty, crv, x}, as published; the executors hold their own copy
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE api_keys (
  hash TEXT PRIMARY KEY,                -- SHA-256 of the whole key, 64 hex digits; the key itself is nowhere
  id TEXT NOT NULL UNIQUE,              -- key_…: what records and logs name
  tenant TEXT NOT NULL REFERENCES tenants (id),
  role TEXT NOT NULL CHECK (role IN ('app', 'agent', 'approver', 'operator', 'auditor', 'admin')),
  member TEXT,                          -- the person whose key it is, where it is a person's
  label TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;

CREATE TABLE automations (
  tenant TEXT NOT NULL REFERENCES tenants (id),
  name TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, name)
) STRICT;

CREATE TABLE releases (
  tenant TEXT NOT NULL,
  digest TEXT NOT NULL,                 -- sha256: of the bundle's canonical JSON
  automation TEXT NOT NULL,
  bundle TEXT NOT NULL,                 -- canonical JSON
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant, digest),
  FOREIGN KEY (tenant, automation) REFERENCES automations (tenant, name)
) STRICT;
CREATE INDEX releases_by_automation ON releases (tenant, automation, created_at);

-- The release in force is the one with the greatest serial.
CREATE TABLE promotions (
  tenant TEXT NOT NULL,
  automation TEXT NOT NULL,
  serial INTEGER NOT NULL,
  release TEXT NOT NULL,
  envelope TEXT NOT NULL,               -- SignedPromotion: {envelope, chain}
  at INTEGER NOT NULL,
  PRIMARY KEY (tenant, automation, serial),
  FOREIGN KEY (tenant, release) REFERENCES releases (tenant, digest)
) STRICT;

CREATE TABLE enrolments (
  tenant TEXT NOT NULL REFERENCES tenants (id),
  kid TEXT NOT NULL,
  member TEXT NOT NULL,
  roles TEXT NOT NULL,                  -- JSON list
  envelope TEXT NOT NULL,               -- the signed enrolment
  chain TEXT NOT NULL,                  -- JSON list: enrolments from its signer to the root
  expires INTEGER NOT NULL,
  created INTEGER NOT NULL,
  PRIMARY KEY (tenant, kid)
) STRICT;
CREATE INDEX enrolments_by_member ON enrolments (tenant, member);

CREATE TABLE enrolment_requests (
  tenant TEXT NOT NULL REFERENCES tenants (id),
  kid TEXT NOT NULL,
  member TEXT NOT NULL,
  key TEXT NOT NULL,                    -- public JWK
  possession TEXT NOT NULL,             -- envelope signed by that key
  created INTEGER NOT NULL,
  PRIMARY KEY (tenant, kid)
) STRICT;

CREATE TABLE revoked_keys (
  tenant TEXT NOT NULL REFERENCES tenants (id),
  kid TEXT NOT NULL,
  by TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (tenant, kid)
) STRICT;

-- What was asked to stop, for display; the executors hold the stops themselves.
CREATE TABLE stops (
  tenant TEXT NOT NULL REFERENCES tenants (id),
  stop TEXT NOT NULL,
  kind TEXT NOT NULL,
  target TEXT NOT NULL,
  by TEXT NOT NULL,
  reason TEXT NOT NULL,
  at INTEGER NOT NULL,
  lifted_at INTEGER,
  PRIMARY KEY (tenant, stop)
) STRICT;
CREATE INDEX stops_by_target ON stops (tenant, kind, target, at);
