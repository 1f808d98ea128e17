-- Plan of what lives beside the schemas: foreign servers, publications, subscriptions, event triggers, access methods.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.foreign_options(p_old jsonb, p_new jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT 'OPTIONS (' || string_agg(concat_ws(' ',
        CASE
            WHEN p_old IS NULL THEN NULL
            WHEN n.value IS NULL THEN 'DROP'
            WHEN o.value IS NULL THEN 'ADD'
            ELSE 'SET'
        END,
        quote_ident(substr(coalesce(n.key, o.key), 9)), quote_literal(n.value)), ', ' ORDER BY coalesce(n.key, o.key)) || ')'
    FROM (SELECT e.key, e.value FROM jsonb_each_text(coalesce(p_old, '{}')) AS e WHERE starts_with(e.key, 'foreign:')) AS o
    FULL JOIN (SELECT e.key, e.value FROM jsonb_each_text(p_new) AS e WHERE starts_with(e.key, 'foreign:')) AS n ON n.key = o.key
    WHERE n.value IS DISTINCT FROM o.value;
END;
COMMENT ON FUNCTION _pggit.foreign_options(jsonb, jsonb) IS $$
OPTIONS of a foreign object: all of them without p_old, else those that differ; NULL if there are none.
$$;

CREATE OR REPLACE FUNCTION _pggit.secret_hazards(p_old jsonb, p_new jsonb)
RETURNS text[]
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN count(*) > 0 THEN '{secret_missing}'::text[] ELSE '{}' END
    FROM jsonb_object_keys(p_new) AS n(key)
    WHERE starts_with(n.key, 'secret:') AND NOT coalesce(p_old, '{}') ? n.key;
END;
COMMENT ON FUNCTION _pggit.secret_hazards(jsonb, jsonb) IS $$
Marks a step after which somebody must set a secret by hand: pggit does not read any.
$$;

CREATE OR REPLACE FUNCTION _pggit.foreign_changes(p_head text, p_old jsonb, p_new jsonb)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(p_head || ' ' || c.options, 'ACCESS EXCLUSIVE', _pggit.secret_hazards(p_old, p_new))
    FROM (SELECT _pggit.foreign_options(p_old, p_new)) AS c(options)
    WHERE c.options IS NOT NULL;
END;
COMMENT ON FUNCTION _pggit.foreign_changes(text, jsonb, jsonb) IS $$
The options of a foreign table or column that differ.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_foreign_data_wrapper(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(concat_ws(' ',
    'CREATE ' || _pggit.object_address(p_object),
    'HANDLER ' || ((p_object).attrs->>'handler'),
    'VALIDATOR ' || ((p_object).attrs->>'validator'),
    _pggit.foreign_options(NULL, (p_object).attrs)), '', _pggit.secret_hazards(NULL, (p_object).attrs));
COMMENT ON FUNCTION _pggit.create_foreign_data_wrapper(_pggit.object, _pggit.object[]) IS $$
CREATE FOREIGN DATA WRAPPER.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_foreign_data_wrapper(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('ALTER ' || _pggit.object_address(p_new) || ' ' || c.changes, '',
        _pggit.secret_hazards((p_old).attrs, (p_new).attrs))
    FROM (
        SELECT concat_ws(' ',
            CASE WHEN (p_old).attrs->'handler' IS DISTINCT FROM (p_new).attrs->'handler'
                THEN coalesce('HANDLER ' || ((p_new).attrs->>'handler'), 'NO HANDLER') END,
            CASE WHEN (p_old).attrs->'validator' IS DISTINCT FROM (p_new).attrs->'validator'
                THEN coalesce('VALIDATOR ' || ((p_new).attrs->>'validator'), 'NO VALIDATOR') END,
            _pggit.foreign_options((p_old).attrs, (p_new).attrs))
    ) AS c(changes)
    WHERE c.changes <> '';
END;
COMMENT ON FUNCTION _pggit.alter_foreign_data_wrapper(_pggit.object, _pggit.object) IS $$
ALTER FOREIGN DATA WRAPPER.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_server(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(concat_ws(' ',
    'CREATE ' || _pggit.object_address(p_object),
    'TYPE ' || quote_literal((p_object).attrs->>'type'),
    'VERSION ' || quote_literal((p_object).attrs->>'version'),
    'FOREIGN DATA WRAPPER ' || ((p_object).attrs->>'wrapper'),
    _pggit.foreign_options(NULL, (p_object).attrs)), '', _pggit.secret_hazards(NULL, (p_object).attrs));
COMMENT ON FUNCTION _pggit.create_server(_pggit.object, _pggit.object[]) IS $$
CREATE SERVER.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_server(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'wrapper' <> (p_new).attrs->'wrapper'
    OR (p_old).attrs->'type' IS DISTINCT FROM (p_new).attrs->'type'
    -- a version can be changed, but not taken away
    OR (p_old).attrs ? 'version' AND NOT (p_new).attrs ? 'version';
COMMENT ON FUNCTION _pggit.rebuild_server(_pggit.object, _pggit.object) IS $$
ALTER SERVER has no wrapper and no type.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_server(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('ALTER ' || _pggit.object_address(p_new) || ' ' || c.changes, '',
        _pggit.secret_hazards((p_old).attrs, (p_new).attrs))
    FROM (
        SELECT concat_ws(' ',
            CASE WHEN (p_old).attrs->'version' IS DISTINCT FROM (p_new).attrs->'version'
                THEN 'VERSION ' || quote_literal((p_new).attrs->>'version') END,
            _pggit.foreign_options((p_old).attrs, (p_new).attrs))
    ) AS c(changes)
    WHERE c.changes <> '';
END;
COMMENT ON FUNCTION _pggit.alter_server(_pggit.object, _pggit.object) IS $$
ALTER SERVER.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_user_mapping(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(concat_ws(' ',
    'CREATE ' || _pggit.object_address(p_object), _pggit.foreign_options(NULL, (p_object).attrs)),
    '', _pggit.secret_hazards(NULL, (p_object).attrs));
COMMENT ON FUNCTION _pggit.create_user_mapping(_pggit.object, _pggit.object[]) IS $$
CREATE USER MAPPING.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_user_mapping(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('ALTER ' || _pggit.object_address(p_new) || ' ' || c.changes, '',
        _pggit.secret_hazards((p_old).attrs, (p_new).attrs))
    FROM (SELECT _pggit.foreign_options((p_old).attrs, (p_new).attrs)) AS c(changes)
    WHERE c.changes <> '';
END;
COMMENT ON FUNCTION _pggit.alter_user_mapping(_pggit.object, _pggit.object) IS $$
ALTER USER MAPPING.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_publication(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(concat_ws(' ',
    'CREATE ' || _pggit.object_address(p_object),
    CASE WHEN (p_object).attrs ? 'all_tables' THEN 'FOR ALL TABLES' END,
    'WITH (' || nullif(concat_ws(', ',
        'publish = ' || quote_literal((p_object).attrs->>'publish'),
        CASE WHEN (p_object).attrs ? 'via_root' THEN 'publish_via_partition_root = true' END,
        'publish_generated_columns = ' || ((p_object).attrs->>'generated_columns')), '') || ')'));
COMMENT ON FUNCTION _pggit.create_publication(_pggit.object, _pggit.object[]) IS $$
CREATE PUBLICATION; its tables and schemas are added one by one.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_publication(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs ? 'all_tables' <> (p_new).attrs ? 'all_tables';
COMMENT ON FUNCTION _pggit.rebuild_publication(_pggit.object, _pggit.object) IS $$
A publication of all tables cannot become one of some.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_publication(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('ALTER ' || _pggit.object_address(p_new) || ' SET (' || c.changes || ')')
    FROM (
        SELECT concat_ws(', ',
            CASE WHEN (p_old).attrs->'publish' IS DISTINCT FROM (p_new).attrs->'publish' THEN 'publish = '
                || quote_literal(coalesce((p_new).attrs->>'publish', 'insert, update, delete, truncate')) END,
            CASE WHEN (p_old).attrs->'via_root' IS DISTINCT FROM (p_new).attrs->'via_root'
                THEN 'publish_via_partition_root = ' || ((p_new).attrs ? 'via_root')::text END,
            CASE WHEN (p_old).attrs->'generated_columns' IS DISTINCT FROM (p_new).attrs->'generated_columns'
                THEN 'publish_generated_columns = ' || coalesce((p_new).attrs->>'generated_columns', 'none') END)
    ) AS c(changes)
    WHERE c.changes <> '';
END;
COMMENT ON FUNCTION _pggit.alter_publication(_pggit.object, _pggit.object) IS $$
ALTER PUBLICATION … SET.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_publication_table(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(
    format('ALTER PUBLICATION %s ADD TABLE ONLY %s%s%s', (p_object).attrs->>'publication', (p_object).name,
        coalesce(' (' || _pggit.name_list((p_object).attrs->'columns') || ')', ''),
        coalesce(' WHERE (' || ((p_object).attrs->>'where') || ')', '')),
    'SHARE UPDATE EXCLUSIVE');
COMMENT ON FUNCTION _pggit.create_publication_table(_pggit.object, _pggit.object[]) IS $$
ALTER PUBLICATION … ADD TABLE.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_publication_table(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(
    format('ALTER PUBLICATION %s DROP TABLE ONLY %s', (p_object).attrs->>'publication', (p_object).name), 'SHARE UPDATE EXCLUSIVE');
COMMENT ON FUNCTION _pggit.drop_publication_table(_pggit.object) IS $$
ALTER PUBLICATION … DROP TABLE.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_publication_schema(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(format('ALTER PUBLICATION %s ADD TABLES IN SCHEMA %I', (p_object).attrs->>'publication', (p_object).name));
COMMENT ON FUNCTION _pggit.create_publication_schema(_pggit.object, _pggit.object[]) IS $$
ALTER PUBLICATION … ADD TABLES IN SCHEMA.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_publication_schema(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(format('ALTER PUBLICATION %s DROP TABLES IN SCHEMA %I', (p_object).attrs->>'publication', (p_object).name));
COMMENT ON FUNCTION _pggit.drop_publication_schema(_pggit.object) IS $$
ALTER PUBLICATION … DROP TABLES IN SCHEMA.
$$;

CREATE OR REPLACE FUNCTION _pggit.subscription_options(p_old jsonb, p_new jsonb)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(k.name || ' = ' || coalesce(CASE k.name WHEN 'slot_name' THEN
        CASE p_new->>'slot_name' WHEN 'NONE' THEN 'NONE' ELSE quote_literal(p_new->>'slot_name') END
        ELSE p_new->>k.name END, k.initial), ', ' ORDER BY k.place)
    FROM unnest(
        '{slot_name,synchronous_commit,binary,streaming,two_phase,disable_on_error,password_required,run_as_owner,origin,failover}'::text[],
        '{NONE,off,false,off,false,false,true,false,any,false}'::text[]) WITH ORDINALITY AS k(name, initial, place)
    WHERE p_old->k.name IS DISTINCT FROM p_new->k.name;
END;
COMMENT ON FUNCTION _pggit.subscription_options(jsonb, jsonb) IS $$
The options of a subscription that differ.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_subscription(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(format('CREATE %s CONNECTION %L PUBLICATION %s WITH (connect = false%s)',
    _pggit.object_address(p_object), (p_object).attrs->>'connection', _pggit.name_list((p_object).attrs->'publications'),
    coalesce(', ' || _pggit.subscription_options('{}', (p_object).attrs), '')));
COMMENT ON FUNCTION _pggit.create_subscription(_pggit.object, _pggit.object[]) IS $$
CREATE SUBSCRIPTION that does not connect: the slot is made, and the subscription enabled, by hand, as after a dump.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_subscription(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(format('ALTER %s CONNECTION %L', _pggit.object_address(p_new), (p_new).attrs->>'connection'), '',
        '{secret_missing}')
    WHERE (p_old).attrs->'connection' <> (p_new).attrs->'connection'
    UNION ALL
    SELECT _pggit.make_ddl(format('ALTER %s SET PUBLICATION %s WITH (refresh = false)', _pggit.object_address(p_new),
        _pggit.name_list((p_new).attrs->'publications')))
    WHERE (p_old).attrs->'publications' <> (p_new).attrs->'publications'
    UNION ALL
    SELECT _pggit.make_ddl(format('ALTER %s SET (%s)', _pggit.object_address(p_new), o.changes))
    FROM (SELECT _pggit.subscription_options((p_old).attrs, (p_new).attrs)) AS o(changes)
    WHERE o.changes IS NOT NULL;
END;
COMMENT ON FUNCTION _pggit.alter_subscription(_pggit.object, _pggit.object) IS $$
ALTER SUBSCRIPTION.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_subscription(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'two_phase' IS DISTINCT FROM (p_new).attrs->'two_phase';
COMMENT ON FUNCTION _pggit.rebuild_subscription(_pggit.object, _pggit.object) IS $$
Before PostgreSQL 18, two_phase is for CREATE alone.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_subscription(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(format('ALTER %s DISABLE', _pggit.object_address(p_object)))
    WHERE (p_object).attrs->>'slot_name' <> 'NONE'
    UNION ALL
    SELECT _pggit.make_ddl(format('ALTER %s SET (slot_name = NONE)', _pggit.object_address(p_object)))
    WHERE (p_object).attrs->>'slot_name' <> 'NONE'
    UNION ALL
    SELECT _pggit.make_ddl('DROP ' || _pggit.object_address(p_object), '', '{slot_remains}');
END;
COMMENT ON FUNCTION _pggit.drop_subscription(_pggit.object) IS $$
DROP SUBSCRIPTION without its slot, since that takes a connection to the publisher and no transaction.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_event_trigger(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(format('CREATE %s ON %s%s EXECUTE FUNCTION %s()', _pggit.object_address(p_object),
        (p_object).attrs->>'event',
        coalesce(' WHEN TAG IN (' || (
            SELECT string_agg(quote_literal(t.tag), ', ' ORDER BY t.place)
            FROM jsonb_array_elements_text((p_object).attrs->'tags') WITH ORDINALITY AS t(tag, place)) || ')', ''),
        (p_object).attrs->>'function'))
    UNION ALL
    SELECT _pggit.make_ddl(format('ALTER %s %s', _pggit.object_address(p_object), _pggit.enabled_phrase((p_object).attrs)))
    WHERE (p_object).attrs ? 'enabled';
END;
COMMENT ON FUNCTION _pggit.create_event_trigger(_pggit.object, _pggit.object[]) IS $$
CREATE EVENT TRIGGER.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_event_trigger(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs - '{owner,comment,enabled}'::text[] <> (p_new).attrs - '{owner,comment,enabled}'::text[];
COMMENT ON FUNCTION _pggit.rebuild_event_trigger(_pggit.object, _pggit.object) IS $$
ALTER EVENT TRIGGER only enables and disables.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_event_trigger(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(format('ALTER %s %s', _pggit.object_address(p_new), _pggit.enabled_phrase((p_new).attrs)))
    WHERE (p_old).attrs->'enabled' IS DISTINCT FROM (p_new).attrs->'enabled';
END;
COMMENT ON FUNCTION _pggit.alter_event_trigger(_pggit.object, _pggit.object) IS $$
When an event trigger fires.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_access_method(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(format('CREATE %s TYPE %s HANDLER %s', _pggit.object_address(p_object),
    upper((p_object).attrs->>'type'), (p_object).attrs->>'handler'));
COMMENT ON FUNCTION _pggit.create_access_method(_pggit.object, _pggit.object[]) IS $$
CREATE ACCESS METHOD.
$$;
