-- A job that did not come to its end says where the next run goes on (JSON).
ALTER TABLE job_runs ADD COLUMN resume TEXT;
