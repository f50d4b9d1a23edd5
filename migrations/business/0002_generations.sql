-- How often what a domain key names was undone. A claim holds its key in the generation of its time, so that what was undone can be done
-- again; absent is 0.
CREATE TABLE countersign_generations (
  tenant     TEXT NOT NULL,
  effect_key TEXT NOT NULL,
  generation INTEGER NOT NULL CHECK (generation > 0),
  PRIMARY KEY (tenant, effect_key)
) STRICT, WITHOUT ROWID;

-- A premise is a condition of the claim itself: where it does not hold there is no row, and the column that said so goes.
CREATE TABLE countersign_effects_next (
  tenant        TEXT NOT NULL,
  action        TEXT NOT NULL,
  effect_key    TEXT,
  generation    INTEGER NOT NULL DEFAULT 0,
  task          TEXT NOT NULL,
  step          TEXT NOT NULL,
  capability    TEXT NOT NULL,
  nonce         TEXT NOT NULL,
  status        TEXT NOT NULL CHECK (status IN ('claimed', 'applied', 'refused')),
  result        TEXT CHECK (result IS NULL OR json_valid(result)),
  at_ms         INTEGER NOT NULL,
  PRIMARY KEY (tenant, action),
  CONSTRAINT countersign_result CHECK ((status = 'applied') = (result IS NOT NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO countersign_effects_next (tenant, action, effect_key, generation, task, step, capability, nonce, status, result, at_ms)
  SELECT tenant, action, effect_key, generation, task, step, capability, nonce, status, result, at_ms FROM countersign_effects;
DROP TABLE countersign_effects;
ALTER TABLE countersign_effects_next RENAME TO countersign_effects;
CREATE UNIQUE INDEX countersign_effects_by_key ON countersign_effects (tenant, effect_key, generation) WHERE effect_key IS NOT NULL;
