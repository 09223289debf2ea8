-- A ban has an end (0: none), a reason that its player is told, and who asked for it.
ALTER TABLE account ADD COLUMN ban_until_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN ban_reason TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN ban_by TEXT NOT NULL DEFAULT '';
