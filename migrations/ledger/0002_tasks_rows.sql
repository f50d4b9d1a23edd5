-- The list of tasks with fewer rows to write for each task: the table is its own first index, and only tasks that are not among the many that
-- succeeded are indexed by status.
-- The read model is built again from the entries.
DROP TABLE rm_tasks;
CREATE TABLE rm_tasks (
  tenant TEXT NOT NULL,
  task TEXT NOT NULL,
  automation TEXT NOT NULL,
  status TEXT NOT NULL,
  region TEXT NOT NULL,
  executor TEXT NOT NULL,
  opened_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  first_idx INTEGER NOT NULL,
  last_idx INTEGER NOT NULL,
  open_steps TEXT NOT NULL,
  PRIMARY KEY (tenant, task)
) STRICT, WITHOUT ROWID;
CREATE INDEX rm_tasks_by_age ON rm_tasks (tenant, first_idx);
CREATE INDEX rm_tasks_by_status ON rm_tasks (tenant, status, first_idx) WHERE status <> 'succeeded';
CREATE INDEX rm_tasks_by_automation ON rm_tasks (tenant, automation, first_idx);
DELETE FROM rm_cursor WHERE name = 'tasks';
