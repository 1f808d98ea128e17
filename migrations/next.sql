-- What the coming upgrade step does beyond CREATE OR REPLACE of every routine: ALTER, moves of data, DROP.

SET LOCAL lock_timeout = '5s';

-- relations of 05_auth.sql
-- relations of 06_rate_limits.sql
-- relations of 07_audit.sql
-- relations of 14_protection.sql
-- relations of 51_webhooks.sql
-- relations of 51_webhooks_deliveries.sql
-- relations of 51_webhooks_work.sql
-- relations of 52_events.sql
-- relations of 53_alerts.sql
-- relations of 62_metrics.sql
-- relations of 62_metrics_jobs.sql
-- relations of 62_metrics_views.sql
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
CREATE TYPE _pggit.catalog_address AS (
    classid oid,
    objid   oid
);
ALTER TABLE _pggit.worktree_objects
    ADD COLUMN hash bytea,
    ADD COLUMN beside smallint NOT NULL DEFAULT 0;
CREATE INDEX worktree_objects_object_id_idx ON _pggit.worktree_objects (worktree_id, object_id);
CREATE INDEX worktree_objects_beside_idx ON _pggit.worktree_objects (worktree_id) WHERE beside > 0;
-- relations of 23_anchor.sql
DROP FUNCTION _pggit.store_identities(integer, _pggit.identified[]);
DROP FUNCTION _pggit.read_rows(name[], name[]);
DROP FUNCTION _pggit._read_tables(name[], name[]);
DROP FUNCTION _pggit._read_columns(name[], name[]);
DROP FUNCTION _pggit._read_inherited_columns(name[], name[]);
DROP FUNCTION _pggit._read_sequences(name[], name[]);
DROP FUNCTION _pggit._read_constraints(name[], name[]);
DROP FUNCTION _pggit._read_indexes(name[], name[]);
DROP FUNCTION _pggit._read_triggers(name[], name[]);
DROP FUNCTION _pggit._read_policies(name[], name[]);
DROP FUNCTION _pggit._read_rules(name[], name[]);
DROP FUNCTION _pggit._read_views(name[], name[]);
DROP FUNCTION _pggit.read_view_columns(name[], name[]);
DROP FUNCTION _pggit._read_routines(name[], name[]);
DROP FUNCTION _pggit._read_aggregates(name[], name[]);
DROP FUNCTION _pggit._read_enums(name[], name[]);
DROP FUNCTION _pggit._read_domains(name[], name[]);
DROP FUNCTION _pggit._read_composites(name[], name[]);
DROP FUNCTION _pggit._read_ranges(name[], name[]);
DROP FUNCTION _pggit.read_types(name[], name[]);
DROP FUNCTION _pggit.find_breaks(_pggit.merge_pair[], _pggit.object[], _pggit.merge_conflict[]);
DROP FUNCTION _pggit.settle_breaks(_pggit.merge_pair[], _pggit.merge_result, _pggit.merge_choice[]);
-- these take one more argument
DROP FUNCTION _pggit.order_nodes(_pggit.plan_item[], _pggit.plan_node[]);
DROP FUNCTION _pggit.plan_edges(_pggit.plan_item[], _pggit.plan_node[]);
