-- What waits, by automation and region: effects in doubt, people, gates and limits that hold a step back, and a plan that has not come. The
-- rows come out of the entries: a read model whose version changed is built again.
ALTER TABLE rm_flow ADD COLUMN automation TEXT NOT NULL DEFAULT '';
ALTER TABLE rm_flow ADD COLUMN region TEXT NOT NULL DEFAULT '';
ALTER TABLE rm_flow ADD COLUMN held_ms INTEGER;
ALTER TABLE rm_flow ADD COLUMN plan_ms INTEGER;
DROP INDEX rm_flow_doubts;
DROP INDEX rm_flow_reviews;
CREATE INDEX rm_flow_doubts ON rm_flow (tenant, automation, region, doubt_ms) WHERE doubt_ms IS NOT NULL;
CREATE INDEX rm_flow_reviews ON rm_flow (tenant, automation, region, review_ms) WHERE review_ms IS NOT NULL;
CREATE INDEX rm_flow_held ON rm_flow (tenant, automation, region, held_ms) WHERE held_ms IS NOT NULL;
CREATE INDEX rm_flow_plans ON rm_flow (tenant, automation, region, plan_ms) WHERE plan_ms IS NOT NULL;
