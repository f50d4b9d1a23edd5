-- Answers: who touched a record and what depended on it, and what became of every task. Read models, built again from the entries.

-- The read model `tags` in the order of the acts, so that a record's actions are read from any time on without reading others. `doubt` marks
-- an action of which it was not known whether it happened when the row was written.
DROP TABLE rm_tags;
CREATE TABLE rm_tags (
  tenant TEXT NOT NULL,
  tag TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  pos INTEGER NOT NULL,
  task TEXT NOT NULL,
  step TEXT NOT NULL,
  action TEXT NOT NULL,
  main INTEGER NOT NULL,
  wrote INTEGER NOT NULL,
  doubt INTEGER NOT NULL,
  PRIMARY KEY (tenant, tag, at_ms, idx, pos)
) STRICT, WITHOUT ROWID;
CREATE INDEX rm_tags_by_step ON rm_tags (tenant, task, step);
DELETE FROM rm_cursor WHERE name = 'tags';

-- The read model `runs`: one row per task. `record` is the run as it stood when the task ended and is never written again after that;
-- what happened later (an undo, the end of a doubt) is appended to `later`.
CREATE TABLE rm_runs (
  tenant TEXT NOT NULL,
  task TEXT NOT NULL,
  automation TEXT NOT NULL,
  status TEXT NOT NULL,
  opened_ms INTEGER NOT NULL,
  ended_ms INTEGER,
  first_idx INTEGER NOT NULL,
  last_idx INTEGER NOT NULL,
  record TEXT NOT NULL,
  later TEXT NOT NULL,
  PRIMARY KEY (tenant, task)
) STRICT;
CREATE INDEX rm_runs_by_age ON rm_runs (tenant, opened_ms, task);
CREATE INDEX rm_runs_by_status ON rm_runs (tenant, status, opened_ms, task) WHERE status <> 'succeeded';
CREATE INDEX rm_runs_by_automation ON rm_runs (tenant, automation, opened_ms, task);

-- Which runs planned an action of which capability.
CREATE TABLE rm_run_uses (
  tenant TEXT NOT NULL,
  capability TEXT NOT NULL,
  opened_ms INTEGER NOT NULL,
  task TEXT NOT NULL,
  PRIMARY KEY (tenant, capability, opened_ms, task)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER rm_runs_keep_their_record BEFORE UPDATE ON rm_runs
WHEN OLD.ended_ms IS NOT NULL AND (NEW.record <> OLD.record OR NEW.ended_ms IS NOT OLD.ended_ms OR NEW.status <> OLD.status
  OR substr(NEW.later, 1, length(OLD.later) - 1) <> substr(OLD.later, 1, length(OLD.later) - 1))
BEGIN
  SELECT RAISE(ABORT, 'constraint failed: the record of a run that ended is never written again');
END;
