-- Cache: which kept answers an event makes stale. Processes of the API follow the events and drop what the rules name.

-- == relations ==
-- not dumped: the install script fills it
CREATE TABLE _pggit.cache_rules (
    cache_key  text NOT NULL CHECK (cache_key ~ '^[a-z_]+$'),
    event_type text NOT NULL CHECK (event_type ~ '^[a-z_]+\.([a-z_.]+|\*)$'),
    PRIMARY KEY (cache_key, event_type)
);

CREATE TYPE pggit.cache_rule AS (
    cache_key  text,
    event_type text
);

-- == routines ==
COMMENT ON TABLE _pggit.cache_rules IS 'After an event of the type, or of "thing.*", no answer kept under the key is right any more.';
COMMENT ON TYPE pggit.cache_rule IS 'A kept answer, and an event that makes it stale.';

DELETE FROM _pggit.cache_rules;
INSERT INTO _pggit.cache_rules (cache_key, event_type)
VALUES
    ('webhooks_list', 'webhook.*'),
    ('webhooks_list', 'delivery.*'),
    ('alerts_summary', 'alert.*'),
    ('dashboard_metrics', 'alert.*'),
    ('dashboard_metrics', 'webhook.*'),
    ('dashboard_metrics', 'delivery.*'),
    ('dashboard_metrics', 'metrics.*'),
    ('dashboard_metrics', 'branch.*'),
    ('dashboard_metrics', 'commit.*'),
    ('dashboard_metrics', 'merge.*'),
    ('dashboard_metrics', 'tag.*');

CREATE OR REPLACE FUNCTION pggit.list_cache_rules()
RETURNS SETOF pggit.cache_rule
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT r.cache_key, r.event_type
    FROM _pggit.cache_rules AS r
    ORDER BY r.cache_key, r.event_type;
END;
COMMENT ON FUNCTION pggit.list_cache_rules() IS 'Which kept answers which events make stale.';

CREATE OR REPLACE FUNCTION pggit.invalidate_cache(p_keys text[] DEFAULT '{}', p_pattern text DEFAULT NULL)
RETURNS bigint
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
BEGIN ATOMIC
    SELECT _pggit.emit_event('cache.invalidated', 'cache', jsonb_build_object('keys', p_keys, 'pattern', p_pattern));
END;
COMMENT ON FUNCTION pggit.invalidate_cache(text[], text) IS $$
Makes every process of the API forget the answers that it keeps under these keys.
p_pattern: keys that fit it, too; * and ? as in file names.
Returns: the event by which they hear of it.
$$;
