-- Erasures of data subjects that were asked for, so that an unfinished one is seen and can be repeated. The subject's name goes when it is done.
CREATE TABLE erasures (
  tenant TEXT NOT NULL,
  erasure TEXT NOT NULL,
  subject TEXT,                         -- null once it is done
  digest TEXT NOT NULL,                 -- HMAC of the subject under a secret of the tenant's
  by TEXT NOT NULL,
  at INTEGER NOT NULL,
  done_at INTEGER,
  PRIMARY KEY (tenant, erasure)
) STRICT;
CREATE INDEX erasures_open ON erasures (tenant, at) WHERE done_at IS NULL;
