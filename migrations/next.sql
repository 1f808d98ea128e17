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
DROP FUNCTION _pggit.merge_attribute(text, jsonb, jsonb, jsonb);

-- relations of 52_events_feed.sql

-- relations of 61_cache.sql
-- relations of 22_plan_rights.sql
-- relations of 22_plan_under_load.sql
-- relations of 22_plan_under_load_parts.sql
-- relations of 22_plan_under_load_script.sql
-- relations of 22_plan_under_load_steps.sql
-- relations of 24_history_online.sql
-- these take one more argument
DROP FUNCTION pggit.get_migration(text, text);
DROP FUNCTION pggit.migration_script(text, text);
-- relations of 21_diff_renames.sql

-- A merge holds the part of the trees that it has to do with, the target's beside the merged one.
ALTER TYPE _pggit.merge_attempt ADD ATTRIBUTE ours _pggit.object[];
DROP FUNCTION _pggit.read_back(_pggit.merges, integer, integer, _pggit.object[], integer[]);
CREATE TYPE _pggit.catalog_address AS (
    classid oid,
    objid   oid
);
ALTER TABLE _pggit.worktree_objects
    ADD COLUMN hash bytea,
    ADD COLUMN beside smallint NOT NULL DEFAULT 0;
CREATE INDEX worktree_objects_object_id_idx ON _pggit.worktree_objects (worktree_id, object_id);
CREATE INDEX worktree_objects_beside_idx ON _pggit.worktree_objects (worktree_id) WHERE beside > 0;
CREATE INDEX blobs_parent_id_idx ON _pggit.blobs (parent_id);
CREATE INDEX blobs_deps_idx ON _pggit.blobs USING gin (deps) WITH (fastupdate = off);
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
DROP FUNCTION _pggit.try_plan(_pggit.object[], _pggit.object[]);
DROP FUNCTION _pggit.merge_trees(_pggit.object[], _pggit.object[], _pggit.object[], _pggit.merge_choice[], text);
DROP FUNCTION _pggit.merge_objects(
    _pggit.object[], _pggit.object[], _pggit.object[], _pggit.merge_choice[], text, _pggit.object[]);
DROP FUNCTION _pggit.find_breaks(_pggit.merge_pair[], _pggit.object[], _pggit.merge_conflict[]);
DROP FUNCTION _pggit.settle_breaks(_pggit.merge_pair[], _pggit.merge_result, _pggit.merge_choice[]);
-- these take one more argument
DROP FUNCTION _pggit.order_nodes(_pggit.plan_item[], _pggit.plan_node[]);
DROP FUNCTION _pggit.plan_edges(_pggit.plan_item[], _pggit.plan_node[]);
-- its rows say one thing more; the other reads it
DROP FUNCTION _pggit.plan_nodes(_pggit.plan_item[], uuid[]);
DROP FUNCTION _pggit.plan_facts(_pggit.plan_item[], uuid[]);
-- relations of 11_commits_walk.sql
ALTER TABLE _pggit.commits
    ADD COLUMN chain_commit_id integer,
    ADD COLUMN jump_commit_id integer;
DO $$
DECLARE
    v_commit record;
BEGIN
    FOR v_commit IN
        SELECT c.commit_id, p.parent_commit_id, p.count
        FROM _pggit.commits AS c
        LEFT JOIN (
            SELECT x.commit_id, count(*) AS count, min(x.parent_commit_id) AS parent_commit_id
            FROM _pggit.commit_parents AS x
            GROUP BY x.commit_id
        ) AS p ON p.commit_id = c.commit_id
        ORDER BY c.commit_id
    LOOP
        UPDATE _pggit.commits AS c
        SET chain_commit_id = coalesce(p.chain_commit_id, c.commit_id),
            jump_commit_id = coalesce(p.jump_commit_id, c.commit_id)
        FROM (SELECT 1) AS one
        LEFT JOIN (
            SELECT p.chain_commit_id, CASE
                WHEN p.generation - j.generation = j.generation - k.generation THEN k.commit_id ELSE p.commit_id
            END AS jump_commit_id
            FROM _pggit.commits AS p
            JOIN _pggit.commits AS j ON j.commit_id = p.jump_commit_id
            JOIN _pggit.commits AS k ON k.commit_id = j.jump_commit_id
            WHERE p.commit_id = v_commit.parent_commit_id AND v_commit.count = 1
        ) AS p ON true
        WHERE c.commit_id = v_commit.commit_id;
    END LOOP;
END;
$$;
ALTER TABLE _pggit.commits
    ALTER COLUMN chain_commit_id SET NOT NULL,
    ALTER COLUMN jump_commit_id SET NOT NULL;
INSERT INTO _pggit.commit_changes (object_id, attribute, commit_id)
SELECT DISTINCT coalesce((t.old_object).object_id, (t.new_object).object_id), a.name, c.commit_id
FROM _pggit.commits AS c
JOIN _pggit.commit_parents AS p ON p.commit_id = c.commit_id AND p.ordinality = 1
JOIN _pggit.commits AS f ON f.commit_id = p.parent_commit_id
CROSS JOIN LATERAL _pggit.tree_changes(f.tree_hash, c.tree_hash) AS t
CROSS JOIN LATERAL (
    SELECT '' WHERE (t.old_object).object_id IS NULL OR (t.new_object).object_id IS NULL
    UNION ALL
    SELECT key
    FROM jsonb_each((t.old_object).attrs - 'position' || jsonb_strip_nulls(jsonb_build_object(
        'name', (t.old_object).name, 'schema', (t.old_object).schema_name, 'table', (t.old_object).table_name,
        'signature', (t.old_object).signature))) AS o(key, value)
    FULL JOIN jsonb_each((t.new_object).attrs - 'position' || jsonb_strip_nulls(jsonb_build_object(
        'name', (t.new_object).name, 'schema', (t.new_object).schema_name, 'table', (t.new_object).table_name,
        'signature', (t.new_object).signature))) AS n(key, value) USING (key)
    WHERE o.value IS DISTINCT FROM n.value
      AND (t.old_object).object_id IS NOT NULL
      AND (t.new_object).object_id IS NOT NULL
) AS a(name)
WHERE f.tree_hash <> c.tree_hash;
-- relations of 20_catalog_marks.sql
-- relations of 20_catalog_units.sql
-- relations of 20_catalog_readers.sql
DROP FUNCTION _pggit.read_relations(name[], name[]);
DROP FUNCTION _pggit._read_schemas(name[], name[]);
DROP FUNCTION _pggit._read_extensions(name[], name[]);
DROP FUNCTION _pggit._read_collations(name[], name[]);
DROP FUNCTION _pggit._read_default_privileges(name[], name[]);
-- their readers say it themselves
DROP FUNCTION _pggit.constraint_attrs(pg_constraint, pg_index, text);
DROP FUNCTION _pggit.index_attrs(pg_index, text, text, text, text[]);
DROP FUNCTION _pggit.trigger_attrs(pg_trigger, text);
DROP FUNCTION _pggit.routine_attrs(pg_proc);
-- a repository writes its first tree with store_identities
DROP FUNCTION _pggit.assign_identities(integer);
-- the options themselves say the lock; what calls it is made anew
DROP FUNCTION _pggit.option_changes(text, jsonb, jsonb, text) CASCADE;
-- relations of 30_merge_spelling.sql
DROP FUNCTION _pggit.adopt_text(_pggit.object[], _pggit.object[]);
-- relations of 63_dependencies.sql
