"""Everything about Veo, jobs and quotas; knows nothing of Discord."""
