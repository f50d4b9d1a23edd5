-- The read model `tags`: which actions touched what, in the order of the log. `pos` orders the actions of one entry; `main` marks an action's first tag, which
-- names what it changes; the others name what it concerns. `wrote` tells actions
-- that changed something from those that only read.
CREATE TABLE rm_tags (
  tenant TEXT NOT NULL,
  tag TEXT NOT NULL,
  idx INTEGER NOT NULL,
  pos INTEGER NOT NULL,
  task TEXT NOT NULL,
  step TEXT NOT NULL,
  action TEXT NOT NULL,
  main INTEGER NOT NULL,
  wrote INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (tenant, tag, idx, pos)
) STRICT;
CREATE INDEX rm_tags_by_step ON rm_tags (tenant, task, step);
