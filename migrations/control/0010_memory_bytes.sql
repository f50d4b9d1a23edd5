-- Memory counted in bytes: the texts of all kept versions of a namespace's canonical items.
ALTER TABLE memory_namespaces ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE memory_namespaces SET bytes = (
  SELECT COALESCE(SUM(length(CAST(h.text AS BLOB))), 0) FROM memory_history h WHERE h.tenant = memory_namespaces.tenant AND h.namespace = memory_namespaces.name
);

-- Erasures of late: a write that began before one of them writes nothing after it.
CREATE TABLE memory_erased (
  tenant TEXT NOT NULL,
  subject TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (tenant, subject)
) STRICT;
