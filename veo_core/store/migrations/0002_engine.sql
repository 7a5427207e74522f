-- What the engine remembers of money, tries and trouble.

-- `counts`: 1 while the job takes one of its person's places. `charged`: what it weighs in the budgets, in
-- thousandths of a credit: the estimate, then the real cost where the provider names one; 0 once it is given back.
ALTER TABLE jobs ADD COLUMN counts INTEGER NOT NULL DEFAULT 1 CHECK (counts IN (0, 1));
ALTER TABLE jobs ADD COLUMN charged INTEGER NOT NULL DEFAULT 0 CHECK (charged >= 0);
ALTER TABLE jobs ADD COLUMN cost_estimate INTEGER CHECK (cost_estimate >= 0);
ALTER TABLE jobs ADD COLUMN cost_real INTEGER CHECK (cost_real >= 0);

UPDATE jobs SET counts = 0 WHERE state IN ('failed', 'expired', 'rejected', 'cancelled');

-- How many POSTs of this job got an answer: the fuse against paying without end.
ALTER TABLE jobs ADD COLUMN posts INTEGER NOT NULL DEFAULT 0 CHECK (posts >= 0);

-- 1 when Discord refused the acknowledgement or the answer: the same request soon after is this one.
ALTER TABLE jobs ADD COLUMN unanswered INTEGER NOT NULL DEFAULT 0 CHECK (unanswered IN (0, 1));

-- The result's file: how often it could not be read, and since when.
ALTER TABLE jobs ADD COLUMN file_tries INTEGER NOT NULL DEFAULT 0 CHECK (file_tries >= 0);
ALTER TABLE jobs ADD COLUMN file_failed_at INTEGER;

-- Which warnings of a budget were told: each once for a limit and a period.
CREATE TABLE budget_warnings (
    scope TEXT NOT NULL,
    scope_id INTEGER NOT NULL,
    budget TEXT NOT NULL,
    limit_value INTEGER NOT NULL,
    period TEXT NOT NULL,
    threshold INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (scope, scope_id, budget, limit_value, period, threshold)
) STRICT, WITHOUT ROWID;

-- Models that the provider seems to have retired; `retry_at` is when one job may try again.
CREATE TABLE model_troubles (
    model TEXT PRIMARY KEY,
    failures INTEGER NOT NULL CHECK (failures >= 0),
    doubtful_at INTEGER,
    retry_at INTEGER,
    told_at INTEGER
) STRICT, WITHOUT ROWID;
