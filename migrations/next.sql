-- What the coming upgrade step does beyond CREATE OR REPLACE of every routine: ALTER, moves of data, DROP.

SET LOCAL lock_timeout = '5s';

-- relations of 52_events.sql
-- relations of 53_alerts.sql
-- relations of 62_metrics.sql
-- relations of 62_metrics_jobs.sql
-- these take one more argument
DROP FUNCTION pggit.cherry_pick(text, text);
DROP FUNCTION pggit.revert(text, text);
DROP FUNCTION pggit.rebase(text, text);
DROP FUNCTION _pggit.replay(text, text, text, name[]);
DROP FUNCTION _pggit.finish_rebase(_pggit.merges, integer, boolean);
DROP FUNCTION _pggit.execute_steps(_pggit.step[], name);

-- relations of 52_events_feed.sql

-- relations of 61_cache.sql
-- relations of 22_plan_under_load.sql
-- relations of 24_history_online.sql
-- these take one more argument
DROP FUNCTION pggit.get_migration(text, text);
DROP FUNCTION pggit.migration_script(text, text);
-- relations of 21_diff_renames.sql
