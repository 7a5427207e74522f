-- What the engine remembers of money, tries and trouble.

-- What the bot remembers of the past must not slow it down: an index for exactly the words of each statement.
DROP INDEX jobs_active;
DROP INDEX jobs_undelivered;
CREATE INDEX jobs_open ON jobs (user_id) WHERE ended_at IS NULL;
CREATE INDEX jobs_queued ON jobs (user_id, tried_at, created_at) WHERE state = 'queued';
CREATE INDEX jobs_tried ON jobs (tried_at) WHERE tried_at IS NOT NULL;
CREATE INDEX jobs_in_flight ON jobs (user_id) WHERE state IN ('submitting', 'running');
CREATE INDEX jobs_running ON jobs (due_at) WHERE state = 'running';
CREATE INDEX jobs_undelivered ON jobs (delivery_due_at) WHERE delivery_due_at IS NOT NULL;
CREATE INDEX jobs_by_guild ON jobs (guild_id, created_at, state);
CREATE INDEX jobs_moderated ON jobs (guild_id, created_at, user_id) WHERE reason = 'moderated';
CREATE INDEX blocked_by_time ON blocked (guild_id, at);
CREATE INDEX blocked_by_person ON blocked (user_id);

-- The next waiting job of each person, kept by the triggers below, so that a fair choice reads people, not jobs.
-- `tried_at` is 0 for a job that was not tried.
CREATE TABLE queue_heads (
    user_id INTEGER PRIMARY KEY,
    job_id INTEGER NOT NULL REFERENCES jobs (job_id) ON DELETE CASCADE,
    tried_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE INDEX queue_heads_in_order ON queue_heads (tried_at, created_at, job_id);
CREATE INDEX queue_heads_by_job ON queue_heads (job_id);

INSERT INTO queue_heads (user_id, job_id, tried_at, created_at)
SELECT user_id, job_id, coalesce(tried_at, 0), created_at FROM (
    SELECT *, row_number() OVER (PARTITION BY user_id ORDER BY tried_at, created_at, job_id) AS turn
    FROM jobs WHERE state = 'queued'
) WHERE turn = 1;

CREATE TRIGGER queue_joined AFTER INSERT ON jobs WHEN new.state = 'queued'
BEGIN
    DELETE FROM queue_heads WHERE user_id = new.user_id;
    INSERT INTO queue_heads (user_id, job_id, tried_at, created_at)
    SELECT user_id, job_id, coalesce(tried_at, 0), created_at FROM jobs
    WHERE user_id = new.user_id AND state = 'queued' ORDER BY tried_at, created_at, job_id LIMIT 1;
END;

CREATE TRIGGER queue_moved AFTER UPDATE OF state, tried_at ON jobs WHEN 'queued' IN (old.state, new.state)
BEGIN
    DELETE FROM queue_heads WHERE user_id = new.user_id;
    INSERT INTO queue_heads (user_id, job_id, tried_at, created_at)
    SELECT user_id, job_id, coalesce(tried_at, 0), created_at FROM jobs
    WHERE user_id = new.user_id AND state = 'queued' ORDER BY tried_at, created_at, job_id LIMIT 1;
END;

-- `counts`: 1 while the job takes one of its person's places. `charged`: what it weighs in the budgets, in
-- thousandths of a credit: the estimate, then the real cost where the provider names one; 0 once it is given back.
ALTER TABLE jobs ADD COLUMN counts INTEGER NOT NULL DEFAULT 1 CHECK (counts IN (0, 1));
ALTER TABLE jobs ADD COLUMN charged INTEGER NOT NULL DEFAULT 0 CHECK (charged >= 0);
ALTER TABLE jobs ADD COLUMN cost_estimate INTEGER CHECK (cost_estimate >= 0);
ALTER TABLE jobs ADD COLUMN cost_real INTEGER CHECK (cost_real >= 0);

UPDATE jobs SET counts = 0 WHERE state IN ('failed', 'expired', 'rejected', 'cancelled');
-- What was made before there were estimates weighs what its kind costs now.
UPDATE jobs SET cost_estimate = CASE
    WHEN kind = 'upscale' THEN 160 WHEN model IN ('veo31', 'veo3', 'veo2') THEN 7640 ELSE 720
END;
UPDATE jobs SET charged = cost_estimate WHERE counts = 1;

-- The server whose budgets a job weighs on; also where a button is pressed in a direct message.
ALTER TABLE jobs ADD COLUMN workspace_id INTEGER;
UPDATE jobs SET workspace_id = guild_id;

-- What budgets are summed from; nothing else is read for a sum.
CREATE INDEX jobs_charged ON jobs (created_at, kind, charged, counts) WHERE counts = 1 OR charged > 0;
CREATE INDEX jobs_charged_by_workspace ON jobs (workspace_id, created_at, kind, charged, counts)
WHERE counts = 1 OR charged > 0;

-- How many POSTs of this job were sent, without those that the API certainly did not take: the fuse against paying
-- without end.
ALTER TABLE jobs ADD COLUMN posts INTEGER NOT NULL DEFAULT 0 CHECK (posts >= 0);

-- How many characters the provider allows, where it said so when it refused a prompt as too long.
ALTER TABLE jobs ADD COLUMN reason_limit INTEGER CHECK (reason_limit > 0);

-- 1 when Discord refused the acknowledgement or the answer: the same request soon after is this one.
ALTER TABLE jobs ADD COLUMN unanswered INTEGER NOT NULL DEFAULT 0 CHECK (unanswered IN (0, 1));
-- What a request is recognised by: a digest of its prompt, options and images, without the images' addresses.
ALTER TABLE jobs ADD COLUMN request_key TEXT;
CREATE INDEX jobs_by_request ON jobs (user_id, request_key, created_at) WHERE request_key IS NOT NULL;

-- The result's file: how often it could not be read, and since when.
ALTER TABLE jobs ADD COLUMN file_tries INTEGER NOT NULL DEFAULT 0 CHECK (file_tries >= 0);
ALTER TABLE jobs ADD COLUMN file_failed_at INTEGER;

-- Which warnings of a budget there were: each once for a limit and a period; due until `told_at` is set.
CREATE TABLE budget_warnings (
    scope TEXT NOT NULL,
    scope_id INTEGER NOT NULL,
    budget TEXT NOT NULL,
    limit_value INTEGER NOT NULL,
    period TEXT NOT NULL,
    threshold INTEGER NOT NULL,
    at INTEGER NOT NULL,
    told_at INTEGER,
    PRIMARY KEY (scope, scope_id, budget, limit_value, period, threshold)
) STRICT, WITHOUT ROWID;

CREATE INDEX budget_warnings_due ON budget_warnings (at) WHERE told_at IS NULL;

-- Models that the provider seems to have retired; `retry_at` is when one job may try again.
CREATE TABLE model_troubles (
    model TEXT PRIMARY KEY,
    failures INTEGER NOT NULL CHECK (failures >= 0),
    doubtful_at INTEGER,
    retry_at INTEGER,
    told_at INTEGER
) STRICT, WITHOUT ROWID;

-- Where a job's messages go first: its channel, or the person's direct messages. Work is taken fairly by lane.
ALTER TABLE jobs ADD COLUMN lane INTEGER GENERATED ALWAYS AS (
    CASE WHEN private = 1 THEN user_id ELSE channel_id END
) VIRTUAL;

CREATE INDEX jobs_undelivered_by_lane ON jobs (lane, delivery_due_at)
WHERE ended_at IS NOT NULL AND delivered_at IS NULL AND kept_at IS NULL AND delivery_due_at IS NOT NULL;
CREATE INDEX jobs_lines_by_lane ON jobs (lane, status_due_at) WHERE status_shown IS NOT status_wanted;

-- Which life of the bot this database is in: the token is new at every start and also stands in a file beside the
-- database, and `writes` grows with every change. Both tell a copy that was put back.
CREATE TABLE life (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    token TEXT,
    writes INTEGER NOT NULL CHECK (writes >= 0)
) STRICT;

INSERT INTO life (one, token, writes) VALUES (1, NULL, 0);

-- 1 for a job from a copy that was put back: a later life of the bot may have submitted and posted it already.
ALTER TABLE jobs ADD COLUMN restored INTEGER NOT NULL DEFAULT 0 CHECK (restored IN (0, 1));
