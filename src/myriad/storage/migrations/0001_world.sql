-- The world as a store keeps it. Types are PostgreSQL's; SQLite reads them by its affinity rules. What stands in
-- comments with a database's name is for that one alone (storage/connection.py).

-- What there is one of: the secret of the world.
CREATE TABLE world (name TEXT PRIMARY KEY, value BYTEA NOT NULL);

-- Numbers that are given out in the order of commits, and never twice.
CREATE TABLE counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
INSERT INTO counter (name, value) VALUES ('account', 0), ('character', 0), ('post', 0), ('deletion', 0);

CREATE TABLE account (
    account INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    password_hash TEXT,
    banned INTEGER NOT NULL DEFAULT 0
);

CREATE TABLE session (
    token_hash BYTEA PRIMARY KEY,
    account INTEGER NOT NULL,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX session_by_end ON session (expires_ms);

-- presence: 0 away, 1 playing, 2 deleted (then name_key is NULL, and the row only keeps its number from coming back).
CREATE TABLE character (
    character INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    name TEXT NOT NULL,
    name_key TEXT UNIQUE,
    owner_zone TEXT NOT NULL,
    owner_layer INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    presence INTEGER NOT NULL CHECK (presence BETWEEN 0 AND 2),
    hop BIGINT NOT NULL,
    session BIGINT NOT NULL,
    x DOUBLE PRECISION NOT NULL,
    y DOUBLE PRECISION NOT NULL,
    record BYTEA,
    layout TEXT NOT NULL,
    last_input BIGINT NOT NULL
);
CREATE INDEX character_by_account ON character (account);
CREATE INDEX character_by_owner ON character (owner_zone, owner_layer) WHERE presence = 1;

-- host is '' when nobody has the zone; the epoch stays. Only taking a zone changes the epoch.
CREATE TABLE lease (
    zone TEXT NOT NULL,
    layer INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    host TEXT NOT NULL DEFAULT '',
    machine TEXT NOT NULL DEFAULT '',
    pid BIGINT NOT NULL DEFAULT 0,
    endpoint TEXT NOT NULL DEFAULT '',
    private_key BYTEA,
    protocol_id BIGINT NOT NULL DEFAULT 0,
    expires_ms BIGINT NOT NULL DEFAULT 0,
    capacity INTEGER NOT NULL DEFAULT 0,
    players INTEGER NOT NULL DEFAULT 0,
    connected INTEGER NOT NULL DEFAULT 0,
    lateness_p99_ms DOUBLE PRECISION NOT NULL DEFAULT 0,
    cpu_cores DOUBLE PRECISION NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'running',
    front_door TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (zone, layer)
);

CREATE TABLE wanted (zone TEXT NOT NULL, layer INTEGER NOT NULL, PRIMARY KEY (zone, layer));

-- The newest cut of each zone. totals: JSON, asset -> amount, without those who departed in that cut.
CREATE TABLE zone_state (
    zone TEXT NOT NULL,
    layer INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    cut BIGINT NOT NULL,
    tick BIGINT NOT NULL,
    layout TEXT NOT NULL,
    totals TEXT NOT NULL,
    residents BYTEA NOT NULL,
    ground BYTEA NOT NULL,
    PRIMARY KEY (zone, layer)
);
/*pg ALTER TABLE zone_state
    ALTER COLUMN residents SET STORAGE EXTERNAL,
    ALTER COLUMN ground SET STORAGE EXTERNAL,
    SET (toast.autovacuum_vacuum_scale_factor = 0, toast.autovacuum_vacuum_threshold = 20000)*/;

-- What became of departures; kept as long as a zone may ask again.
CREATE TABLE handoff (
    transfer BIGINT PRIMARY KEY,
    zone TEXT NOT NULL,
    layer INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    cut BIGINT NOT NULL,
    character INTEGER NOT NULL,
    target_zone TEXT NOT NULL,
    target_layer INTEGER NOT NULL,
    done INTEGER NOT NULL
);
CREATE INDEX handoff_by_zone ON handoff (zone, layer, epoch, cut);

-- The ledger. Rows are named by the cut that brought them: each zone's come in order, without a lock for all.
CREATE TABLE entry (
    zone TEXT NOT NULL,
    layer INTEGER NOT NULL,
    epoch BIGINT NOT NULL,
    cut BIGINT NOT NULL,
    number INTEGER NOT NULL,
    asset INTEGER NOT NULL,
    amount BIGINT NOT NULL CHECK (amount > 0),
    source_kind INTEGER NOT NULL,
    source BIGINT NOT NULL,
    target_kind INTEGER NOT NULL,
    target BIGINT NOT NULL,
    reason INTEGER NOT NULL,
    PRIMARY KEY (zone, layer, epoch, cut, number)
) /*lite WITHOUT ROWID*/;

-- What the entries add up to, for each holder but the void.
CREATE TABLE holding (
    kind INTEGER NOT NULL,
    id BIGINT NOT NULL,
    asset INTEGER NOT NULL,
    amount BIGINT NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (kind, id, asset)
) /*lite WITHOUT ROWID*/;

-- Which zone wrote to which ground.
CREATE TABLE ground (id BIGINT PRIMARY KEY, zone TEXT NOT NULL, layer INTEGER NOT NULL);

-- Messages of the bus; digest: of topic and body.
CREATE TABLE post (
    number BIGINT PRIMARY KEY,
    topic TEXT NOT NULL,
    body BYTEA NOT NULL,
    digest BYTEA NOT NULL UNIQUE,
    expires_ms BIGINT NOT NULL
);
CREATE INDEX post_by_end ON post (expires_ms);
