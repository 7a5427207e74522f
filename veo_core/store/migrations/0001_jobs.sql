-- The first schema: jobs, their history of states, and facts about this database.

CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Times are milliseconds since 1970 in UTC.
CREATE TABLE jobs (
    job_id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL CHECK (kind IN ('create', 'upscale')),
    state TEXT NOT NULL CHECK (state IN (
        'awaiting_review', 'queued', 'submitting', 'running',
        'succeeded', 'failed', 'expired', 'rejected', 'cancelled'
    )),

    -- Who asked, where, and for what
    user_id INTEGER NOT NULL,
    guild_id INTEGER,
    channel_id INTEGER NOT NULL,
    interaction_id INTEGER UNIQUE,
    private INTEGER NOT NULL DEFAULT 0 CHECK (private IN (0, 1)),
    prompt TEXT NOT NULL,
    model TEXT NOT NULL,
    action TEXT NOT NULL,
    image_urls TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(image_urls)),
    aspect_ratio TEXT,
    resolution TEXT NOT NULL,
    translate INTEGER NOT NULL DEFAULT 0 CHECK (translate IN (0, 1)),
    source_job_id INTEGER REFERENCES jobs (job_id),
    source_video_id TEXT,
    fingerprint TEXT NOT NULL,

    -- Its life
    created_at INTEGER NOT NULL,
    due_at INTEGER,
    tried_at INTEGER,
    submitting_at INTEGER,
    in_doubt_at INTEGER,
    running_at INTEGER,
    seen_at INTEGER,
    slow INTEGER NOT NULL DEFAULT 0 CHECK (slow IN (0, 1)),
    ended_at INTEGER,
    task_id TEXT UNIQUE,
    trace_id TEXT,
    video_id TEXT,
    video_url TEXT,
    reason TEXT,

    -- The status line
    status_message_id INTEGER,
    status_shown TEXT,
    status_due_at INTEGER NOT NULL DEFAULT 0,
    status_attempts INTEGER NOT NULL DEFAULT 0,
    status_wanted TEXT NOT NULL GENERATED ALWAYS AS (
        CASE
            WHEN state IN ('cancelled', 'rejected') THEN state
            WHEN state IN ('failed', 'expired') THEN 'failed'
            WHEN state = 'succeeded' AND (delivered_at IS NOT NULL OR kept_at IS NOT NULL) THEN 'done'
            WHEN state = 'awaiting_review' THEN state
            WHEN state IN ('queued', 'submitting') THEN 'queued'
            WHEN slow = 1 THEN 'slow'
            ELSE 'running'
        END
    ) VIRTUAL,

    -- The delivery
    delivery_due_at INTEGER,
    delivery_attempts INTEGER NOT NULL DEFAULT 0,
    delivered_at INTEGER,
    delivered_guild_id INTEGER,
    delivered_channel_id INTEGER,
    message_id INTEGER,
    message_deleted_at INTEGER,
    kept_at INTEGER,

    CHECK (state <> 'running' OR task_id IS NOT NULL),
    CHECK (state <> 'succeeded' OR video_url IS NOT NULL),
    CHECK (state NOT IN ('failed', 'expired') OR reason IS NOT NULL),
    CHECK ((state IN ('succeeded', 'failed', 'expired', 'rejected', 'cancelled')) = (ended_at IS NOT NULL)),
    CHECK ((delivered_at IS NULL) = (message_id IS NULL)),
    CHECK (delivered_at IS NULL OR ended_at IS NOT NULL),
    CHECK ((kind = 'upscale') = (source_job_id IS NOT NULL))
) STRICT;

CREATE INDEX jobs_by_user ON jobs (user_id, created_at);
CREATE INDEX jobs_active ON jobs (state, due_at) WHERE ended_at IS NULL;
CREATE INDEX jobs_submitting ON jobs (fingerprint) WHERE state = 'submitting';
CREATE INDEX jobs_undelivered ON jobs (delivery_due_at)
WHERE ended_at IS NOT NULL AND delivered_at IS NULL AND kept_at IS NULL;
CREATE INDEX jobs_status ON jobs (status_due_at) WHERE status_shown IS NOT status_wanted;

-- Asking twice for the 1080p version makes one job, whoever asks and however fast.
CREATE UNIQUE INDEX jobs_one_upscale ON jobs (source_job_id)
WHERE kind = 'upscale' AND state NOT IN ('failed', 'expired', 'rejected', 'cancelled');

CREATE TABLE blocked (
    guild_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    by_user_id INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (guild_id, user_id)
) STRICT, WITHOUT ROWID;

-- Each change of state, written by the database itself in the same transaction: what an audit counts.
CREATE TABLE job_events (
    event_id INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id INTEGER NOT NULL REFERENCES jobs (job_id) ON DELETE CASCADE,
    at INTEGER NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)),
    state TEXT NOT NULL
) STRICT;

CREATE INDEX job_events_by_job ON job_events (job_id);

CREATE TRIGGER jobs_recorded AFTER INSERT ON jobs
BEGIN
    INSERT INTO job_events (job_id, state) VALUES (new.job_id, new.state);
END;

CREATE TRIGGER jobs_moved AFTER UPDATE OF state ON jobs WHEN old.state <> new.state
BEGIN
    INSERT INTO job_events (job_id, state) VALUES (new.job_id, new.state);
END;
