"""The store: who owns what, durably. SQLite embedded, PostgreSQL at scale, one contract."""
