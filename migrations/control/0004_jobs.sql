-- Runs of the reconciliation jobs (intent-manager/jobs/): what each looked at, what it found and what it could set right.
CREATE TABLE job_runs (
  tenant TEXT NOT NULL,
  job TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER NOT NULL,
  looked INTEGER NOT NULL,
  found INTEGER NOT NULL,
  repaired INTEGER NOT NULL,
  named TEXT NOT NULL,                  -- JSON: the first of what was found and is not repaired
  error TEXT,                           -- code of what kept it from a whole answer
  reached INTEGER,                      -- how far a job that goes on from its last run has come (Unix ms)
  PRIMARY KEY (tenant, job, started_at)
) STRICT;
