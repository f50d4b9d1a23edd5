-- Evidence: which entries hold what later tasks are judged by (releases, stops, revoked keys, erasures, consent, epochs, alarms), so that the
-- evidence of a task is made without reading its executor's whole chain. Rows of the read model `tags`, built again from the entries.
CREATE TABLE rm_lasting (
  tenant TEXT NOT NULL,
  executor TEXT NOT NULL,
  idx INTEGER NOT NULL,
  PRIMARY KEY (tenant, executor, idx)
) STRICT, WITHOUT ROWID;
