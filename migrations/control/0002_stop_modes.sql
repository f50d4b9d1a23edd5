-- A stop keeps new work out, or also lets nothing that is in flight be claimed.
ALTER TABLE stops ADD COLUMN mode TEXT NOT NULL DEFAULT 'stop-all';
