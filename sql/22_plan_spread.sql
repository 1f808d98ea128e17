-- Plan, spreading: what else must change because PostgreSQL would not keep it beside a change.

-- == relations ==

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.rename_words(p_text text, p_from text, p_to text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (
    -- Not inside string constants but those of regclass and its like; quoted names are taken whole, for an apostrophe in one
    -- begins no constant.
    SELECT string_agg(CASE WHEN p.piece LIKE '''%' AND NOT coalesce(p.next_piece LIKE '::reg%', false) THEN p.piece ELSE regexp_replace(
        p.piece,
        '(^|[^[:alnum:]_$])' || regexp_replace(p_from, '([][\\^$.|?*+(){}])', '\\\1', 'g') || '(?![[:alnum:]_$])',
        '\1' || replace(p_to, '\', '\\'),
        'g'
    ) END, '' ORDER BY p.place)
    FROM (
        SELECT m.found[1] AS piece, m.place, lead(m.found[1]) OVER (ORDER BY m.place) AS next_piece
        FROM regexp_matches(p_text, '((?:[^''"]|"(?:[^"]|"")*")+|''(?:[^'']|'''')*''?|")', 'g') WITH ORDINALITY AS m(found, place)
    ) AS p
);
COMMENT ON FUNCTION _pggit.rename_words(text, text, text) IS $$
The SQL text with a whole name replaced wherever it is not part of a string constant.
$$;

CREATE OR REPLACE FUNCTION _pggit.rename_in_query(p_query text, p_from text[], p_to text[])
RETURNS text
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_query text := p_query;
    v_name  text;
BEGIN
    FOR v_i IN 1 .. coalesce(cardinality(p_from), 0) LOOP
        v_name := regexp_replace(p_from[v_i], '([][\\^$.|?*+(){}])', '\\\1', 'g');
        -- An output column keeps its name: chr(1) stands for it until the others are renamed.
        v_query := regexp_replace(v_query, '\mAS ' || v_name || '(?![[:alnum:]_$])', 'AS ' || chr(1), 'g');
        v_query := regexp_replace(
            v_query,
            '((?:\mSELECT\s+(?:DISTINCT\s+(?:ON \([^()]*\)\s+)?)?|,\n\s*)(?:(?:[[:alnum:]_$]+|"(?:[^"]|"")*")\.)*)'
                || v_name || '(?=,\n|\n|;|$)',
            '\1' || replace(p_to[v_i], '\', '\\') || ' AS ' || chr(1),
            'g'
        );
        v_query := replace(_pggit.rename_words(v_query, p_from[v_i], p_to[v_i]), chr(1), p_from[v_i]);
    END LOOP;
    RETURN v_query;
END;
$$;
COMMENT ON FUNCTION _pggit.rename_in_query(text, text[], text[]) IS $$
A view's query with names replaced as PostgreSQL prints it after a rename: what it puts out keeps its name.
$$;

CREATE OR REPLACE FUNCTION _pggit.rename_tokens(p_attrs jsonb, p_from text[], p_to text[])
RETURNS jsonb
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_attrs jsonb := '{}'::jsonb;
    v_key   text;
    v_value jsonb;
    v_text  text;
    v_from  text[] := ARRAY(
        SELECT ('"' || f.name || '"')::jsonb #>> '{}' FROM unnest(p_from) WITH ORDINALITY AS f(name, n) ORDER BY f.n);
    v_to    text[] := ARRAY(
        SELECT ('"' || f.name || '"')::jsonb #>> '{}' FROM unnest(p_to) WITH ORDINALITY AS f(name, n) ORDER BY f.n);
BEGIN
    FOR v_key, v_value IN SELECT a.key, a.value FROM jsonb_each(p_attrs) AS a LOOP
        IF v_key IN ('comment', 'owner', 'index_comment', 'not_null_comment', 'identity:comment') THEN
            NULL;
        ELSIF jsonb_typeof(v_value) = 'string' THEN
            v_text := v_value #>> '{}';
            IF v_key = 'query' THEN
                v_text := _pggit.rename_in_query(v_text, v_from, v_to);
            ELSE
                FOR v_i IN 1 .. coalesce(cardinality(v_from), 0) LOOP
                    v_text := _pggit.rename_words(v_text, v_from[v_i], v_to[v_i]);
                END LOOP;
            END IF;
            v_value := to_jsonb(coalesce(v_text, ''));
        ELSE
            v_text := v_value::text;
            FOR v_i IN 1 .. coalesce(cardinality(p_from), 0) LOOP
                v_text := regexp_replace(
                    v_text,
                    '(^|[^[:alnum:]_$])' || regexp_replace(p_from[v_i], '([][\\^$.|?*+(){}])', '\\\1', 'g')
                        || '(?![[:alnum:]_$])',
                    '\1' || replace(p_to[v_i], '\', '\\'),
                    'g'
                );
            END LOOP;
            v_value := v_text::jsonb;
        END IF;
        v_attrs := v_attrs || jsonb_build_object(v_key, v_value);
    END LOOP;
    RETURN v_attrs;
END;
$$;
COMMENT ON FUNCTION _pggit.rename_tokens(jsonb, text[], text[]) IS $$
The attributes with whole names replaced, as PostgreSQL rewrites definitions when something in them is renamed.
The names come as they stand in the text of the jsonb: quoted for SQL, then for JSON.
$$;

CREATE OR REPLACE FUNCTION _pggit.name_seen_from(p_schema text, p_object _pggit.object)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE WHEN p_schema = (p_object).schema_name THEN '' ELSE quote_ident((p_object).schema_name) || '.' END
    || quote_ident((p_object).name);
COMMENT ON FUNCTION _pggit.name_seen_from(text, _pggit.object) IS $$
An object's name as the definitions of a schema print it.
$$;

CREATE OR REPLACE FUNCTION _pggit.follow_renames(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM unnest(p_items) AS i WHERE i.is_renamed) THEN
        RETURN p_items;
    END IF;
    RETURN (
        WITH token AS (
            SELECT
                i.object_id, i.kind, (i.first).parent_id AS parent_id,
                regexp_replace(to_jsonb(quote_ident((i.first).name))::text, '^"|"$', '', 'g') AS token_from,
                regexp_replace(to_jsonb(quote_ident((i.new).name))::text, '^"|"$', '', 'g') AS token_to
            FROM unnest(p_items) AS i
            WHERE i.is_renamed
              AND (i.first).name <> (i.new).name
        ), placed AS MATERIALIZED (
            -- what stands in another schema is named with it: either may have moved
            SELECT i.object_id, t.object_id AS needed_id,
                regexp_replace(to_jsonb(_pggit.name_seen_from((i.first).schema_name, t.first))::text, '^"|"$', '', 'g') AS token_from,
                regexp_replace(to_jsonb(_pggit.name_seen_from((i.new).schema_name, t.new))::text, '^"|"$', '', 'g') AS token_to
            FROM unnest(p_items) AS i
            JOIN unnest(p_items) AS t ON t.object_id = ANY ((i.first).deps) AND (t.new).object_id IS NOT NULL AND t.kind <> 'column'
            WHERE i.action = 'alter'
              AND (t.first).object_id IS NOT NULL
              AND ((i.first).schema_name = (t.first).schema_name) <> ((i.new).schema_name = (t.new).schema_name)
        ), token_use AS (
            SELECT DISTINCT i.object_id, t.token_from, t.token_to
            FROM unnest(p_items) AS i
            LEFT JOIN unnest(p_items) AS h ON h.object_id = (i.first).parent_id
            JOIN token AS t
                ON t.object_id = ANY ((i.first).deps || (i.first).parent_id || i.object_id)
                -- a partition key names the table's own columns; those of an heir are its ancestors'
                OR t.parent_id = i.object_id
                OR t.kind = 'column' AND ((i.first).attrs ?| '{partition_of,inherits}' OR (h.first).attrs ?| '{partition_of,inherits}')
            WHERE i.action = 'alter'
              AND (i.object_id, t.object_id) NOT IN (SELECT p.object_id, p.needed_id FROM placed AS p)
            UNION
            SELECT p.object_id, p.token_from, p.token_to FROM placed AS p
        ), touched AS (
            SELECT
                u.object_id,
                array_agg(u.token_from ORDER BY u.token_from) AS tokens_from,
                array_agg(u.token_to ORDER BY u.token_from) AS tokens_to
            FROM token_use AS u
            GROUP BY u.object_id
        )
        SELECT array_agg(
            CASE
                WHEN t.object_id IS NULL THEN i
                ELSE (
                    i.object_id, i.kind,
                    CASE WHEN _pggit.changed_attributes(r.attrs, (i.new).attrs) = '{}' THEN 'keep' ELSE i.action END,
                    i.is_renamed, i.is_retyped, i.is_loosened, i.is_set_aside, i.parent_kind, i.first,
                    (
                        (i.old).object_id, (i.old).kind, (i.old).parent_id, (i.old).schema_name, (i.old).table_name,
                        (i.old).name, (i.old).signature, r.attrs, (i.old).deps
                    )::_pggit.object,
                    i.new
                )::_pggit.plan_item
            END
        )
        FROM unnest(p_items) AS i
        LEFT JOIN touched AS t ON t.object_id = i.object_id
        LEFT JOIN LATERAL (
            -- a value in which the names arrive at the new one was rewritten by PostgreSQL; any other is compared as it was
            -- (a view keeps the names of its columns: where these differ, so does its query)
            SELECT jsonb_object_agg(a.key, CASE
                WHEN a.value = (i.new).attrs->a.key AND NOT (i.kind IN ('view', 'materialized_view') AND a.key IN ('query', 'columns')
                    AND (i.old).attrs->'columns' <> (i.new).attrs->'columns') THEN a.value
                ELSE (i.old).attrs->a.key
            END)
            FROM jsonb_each(_pggit.rename_tokens((i.old).attrs, t.tokens_from, t.tokens_to)) AS a
        ) AS r(attrs) ON t.object_id IS NOT NULL
    );
END;
$$;
COMMENT ON FUNCTION _pggit.follow_renames(_pggit.plan_item[]) IS $$
Leaves alone what differs only because PostgreSQL rewrites it when a thing it names is renamed.
$$;

CREATE OR REPLACE FUNCTION _pggit.spread_effect(
    p_event text,
    p_on _pggit.plan_item,
    p_item _pggit.plan_item
)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN p_event = 'rebuild' AND p_item.kind = 'table' AND p_on.kind = 'server' THEN 'rebuild'
    WHEN p_item.kind IN ('schema', 'extension', 'table', 'default_privilege') THEN NULL
    WHEN p_event = 'rebuild' AND p_item.parent_kind = p_on.kind
        AND (p_item.old).parent_id = p_on.object_id THEN 'rebuild'
    WHEN p_event = 'rebuild' AND p_item.kind = 'column' THEN CASE
        WHEN _pggit.is_type_kind(p_on.kind) THEN 'retype'
        WHEN (p_item.new).attrs ? 'generated' OR p_on.kind = 'column' AND (p_item.old).attrs ? 'generated' THEN 'rebuild'
        ELSE 'loosen'
    END
    WHEN p_event = 'rebuild' AND p_item.kind = 'sequence' THEN NULL
    WHEN p_event = 'rebuild' THEN 'rebuild'
    WHEN p_event = 'retype' AND (
        p_item.kind IN (
            'view', 'materialized_view', 'rule', 'policy', 'trigger', 'function', 'procedure', 'publication_table')
        OR p_item.kind = 'column' AND (p_item.old).attrs ? 'generated'
    ) THEN 'rebuild'
END;
COMMENT ON FUNCTION _pggit.spread_effect(text, _pggit.plan_item, _pggit.plan_item) IS $$
What a dependent must undergo when p_on is rebuilt or, for a column, retyped; NULL if PostgreSQL keeps it.
$$;

CREATE OR REPLACE FUNCTION _pggit.spread_rebuilds(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_items   _pggit.plan_item[] := p_items;
    v_ids     uuid[];
    v_events  text[];
    v_targets uuid[];
    v_effects text[];
BEGIN
    SELECT array_agg(i.object_id), array_agg(CASE
        WHEN i.action = 'rebuild' THEN 'rebuild'
        WHEN i.action = 'alter' THEN 'retype'
        WHEN n.object_id IS NOT NULL THEN 'replace'
        ELSE 'drop'
    END)
    INTO v_ids, v_events
    FROM unnest(p_items) AS i
    LEFT JOIN unnest(p_items) AS n
        ON i.action = 'drop'
        AND n.action = 'create'
        AND _pggit.name_class(n.new) = _pggit.name_class(i.old)
        AND (n.new).name = (i.old).name
        AND (n.new).schema_name IS NOT DISTINCT FROM (i.old).schema_name
        AND (n.new).table_name IS NOT DISTINCT FROM (i.old).table_name
        AND (n.new).signature IS NOT DISTINCT FROM (i.old).signature
    -- what is said of a view's column comes and goes without the column
    WHERE i.action IN ('rebuild', 'drop') AND NOT (i.kind = 'column' AND i.parent_kind IN ('view', 'materialized_view'))
       OR i.action = 'alter' AND i.kind = 'column' AND _pggit.is_retyping(i.old, i.new);
    WHILE v_ids IS NOT NULL LOOP
        SELECT array_agg(e.object_id), array_agg(e.effect)
        INTO v_targets, v_effects
        FROM (
            SELECT x.object_id, min(s.effect) AS effect, bool_or(s.effect = 'rebuild') AS is_rebuilt,
                bool_or(s.effect = 'retype') AS is_retyped
            FROM unnest(v_items) AS x
            CROSS JOIN LATERAL unnest((x.old).deps || (x.old).parent_id) AS d(object_id)
            JOIN unnest(v_ids, v_events) AS v(object_id, event) ON v.object_id = d.object_id
            JOIN unnest(v_items) AS o ON o.object_id = v.object_id
            CROSS JOIN LATERAL (
                -- what loses its need by its own alteration is only in the way of a replacement of the same name
                SELECT CASE
                    WHEN v.event = 'drop' AND x.action = 'alter' THEN NULL
                    WHEN v.event = 'replace' AND x.action = 'alter' AND x.kind = 'column'
                        AND (_pggit.is_retyping(x.old, x.new) OR NOT _pggit.is_type_kind(o.kind)) THEN NULL
                    WHEN v.event IN ('drop', 'replace') THEN _pggit.spread_effect('rebuild', o, x)
                    ELSE _pggit.spread_effect(v.event, o, x)
                END AS effect
            ) AS s
            WHERE x.action IN ('keep', 'alter')
              AND s.effect IS NOT NULL
              AND NOT (s.effect = 'retype' AND x.is_retyped)
              AND NOT (s.effect = 'loosen' AND x.is_loosened)
              AND NOT (
                  x.action = 'alter' AND v.event = 'rebuild' AND d.object_id <> (x.new).parent_id
                  AND d.object_id <> ALL ((x.new).deps)
              )
            GROUP BY x.object_id
        ) AS g
        CROSS JOIN LATERAL (
            SELECT CASE WHEN g.is_rebuilt THEN 'rebuild' WHEN g.is_retyped THEN 'retype' ELSE g.effect END AS effect
        ) AS c
        CROSS JOIN LATERAL (SELECT g.object_id, c.effect) AS e;
        v_items := _pggit.apply_spread(v_items, v_targets, v_effects);
        SELECT array_agg(t.object_id), array_agg(t.effect)
        INTO v_ids, v_events
        FROM unnest(v_targets, v_effects) AS t(object_id, effect)
        WHERE t.effect IN ('rebuild', 'retype');
    END LOOP;
    RETURN _pggit.set_types_aside(_pggit.regive_sequences(_pggit.restore_heirs(_pggit.rebuild_foreign_keys(v_items))));
END;
$$;
COMMENT ON FUNCTION _pggit.spread_rebuilds(_pggit.plan_item[]) IS $$
Follows rebuilds and changes of column types to whatever PostgreSQL would refuse to keep beside them.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_retyping(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'type' IS DISTINCT FROM (p_new).attrs->'type'
    OR (p_old).attrs->'collation' IS DISTINCT FROM (p_new).attrs->'collation';
COMMENT ON FUNCTION _pggit.is_retyping(_pggit.object, _pggit.object) IS $$
Whether a column changes its type or collation, so that ALTER COLUMN TYPE runs.
$$;

CREATE OR REPLACE FUNCTION _pggit.apply_spread(p_items _pggit.plan_item[], p_targets uuid[], p_effects text[])
RETURNS _pggit.plan_item[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(CASE
        WHEN t.object_id IS NULL THEN i
        ELSE (
            i.object_id, i.kind, CASE WHEN t.effect = 'rebuild' THEN 'rebuild' ELSE 'alter' END, i.is_renamed,
            i.is_retyped OR t.effect = 'retype',
            i.is_loosened OR t.effect = 'loosen',
            i.is_set_aside, i.parent_kind, i.first, i.old, i.new
        )::_pggit.plan_item
    END)
    FROM unnest(p_items) AS i
    LEFT JOIN unnest(p_targets, p_effects) AS t(object_id, effect) ON t.object_id = i.object_id;
END;
COMMENT ON FUNCTION _pggit.apply_spread(_pggit.plan_item[], uuid[], text[]) IS $$
Writes the effects of one round of spreading into the items.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_foreign_keys(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- Materialized: else every foreign key would be met with every column before either is filtered.
    WITH retyped AS MATERIALIZED (
        SELECT c.object_id
        FROM unnest(p_items) AS c
        WHERE c.kind = 'column'
          AND c.action = 'alter'
          AND (c.is_retyped OR _pggit.is_retyping(c.old, c.new))
    ), need AS MATERIALIZED (
        SELECT k.object_id, d.object_id AS needed_id
        FROM unnest(p_items) AS k
        CROSS JOIN LATERAL unnest((k.old).deps) AS d(object_id)
        WHERE k.kind = 'constraint'
          AND k.action IN ('keep', 'alter')
          AND (k.old).attrs->>'type' = 'foreign_key'
          AND EXISTS (SELECT FROM retyped)
    ), torn AS (
        SELECT n.object_id
        FROM need AS n
        JOIN retyped AS r ON r.object_id = n.needed_id
        GROUP BY n.object_id
        HAVING count(*) > 1
    )
    SELECT _pggit.apply_spread(p_items, array_agg(t.object_id), array_agg('rebuild'::text))
    FROM torn AS t;
END;
COMMENT ON FUNCTION _pggit.rebuild_foreign_keys(_pggit.plan_item[]) IS $$
A foreign key whose columns change their type on both ends cannot hold in between.
$$;

CREATE OR REPLACE FUNCTION _pggit.restore_heirs(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH overrun AS (
        SELECT DISTINCT c.object_id
        FROM unnest(p_items) AS c
        JOIN unnest(p_items) AS t ON t.object_id = (c.new).parent_id
        JOIN unnest(p_items) AS o
            ON o.kind = 'column' AND o.action = 'alter'
            AND (o.new).name = (c.new).name
            AND (o.new).parent_id = ANY ((t.new).deps)
            AND (o.old).attrs->'default' IS DISTINCT FROM (o.new).attrs->'default'
        WHERE c.kind = 'column'
          AND c.action = 'keep'
          AND (c.new).attrs ? 'inherited'
          AND (c.new).attrs ? 'default'
        UNION
        SELECT c.object_id
        FROM unnest(p_items) AS c
        WHERE c.kind = 'column'
          AND c.action = 'alter'
          AND (c.new).attrs ? 'merged'
          AND (c.old).attrs ? 'default'
    )
    SELECT _pggit.apply_spread(p_items, array_agg(r.object_id), array_agg('loosen'::text))
    FROM overrun AS r;
END;
COMMENT ON FUNCTION _pggit.restore_heirs(_pggit.plan_item[]) IS $$
A new default runs down to partitions and heirs: those with a default of their own get it back. A new type does, too: the default of a
column that is the heir's own as well is out of its way.
$$;

CREATE OR REPLACE FUNCTION _pggit.regive_sequences(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH orphan AS (
        SELECT w.sequence_id
        FROM _pggit.owned_sequences(p_items) AS w
        JOIN unnest(p_items) AS c ON c.object_id = w.old_column_id
        JOIN unnest(p_items) AS s ON s.object_id = w.sequence_id
        WHERE c.action IN ('drop', 'rebuild')
          AND s.action = 'keep'
    )
    SELECT _pggit.apply_spread(p_items, array_agg(o.sequence_id), array_agg('alter'::text))
    FROM orphan AS o;
END;
COMMENT ON FUNCTION _pggit.regive_sequences(_pggit.plan_item[]) IS $$
A sequence that stays while its column is made anew must be taken from the one and given to the other.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_held_domains(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE tightened AS (
        SELECT i.object_id
        FROM unnest(p_items) AS i
        WHERE i.kind = 'domain'
          AND i.action = 'alter'
          AND (i.new).attrs ? 'not_null'
          AND NOT (i.old).attrs ? 'not_null'
        UNION
        SELECT (i.new).parent_id
        FROM unnest(p_items) AS i
        WHERE i.kind = 'constraint'
          AND i.parent_kind = 'domain'
          AND i.action IN ('create', 'rebuild', 'alter')
    ), line AS (
        -- a domain over the domain is read, or refused, with it
        SELECT t.object_id AS tightened_id, t.object_id AS domain_id FROM tightened AS t
        UNION
        SELECT l.tightened_id, x.object_id
        FROM line AS l
        JOIN unnest(p_items) AS x ON x.kind = 'domain' AND l.domain_id = ANY ((x.old).deps)
    ), held AS (
        -- ALTER DOMAIN reads the rows of columns of the domain, but refuses those that hold it inside a value
        SELECT d.tightened_id AS object_id
        FROM unnest(p_items) AS x
        CROSS JOIN LATERAL unnest((x.old).deps) AS n(object_id)
        JOIN line AS d ON d.domain_id = n.object_id
        JOIN unnest(p_items) AS o ON o.object_id = d.tightened_id AND o.action IN ('keep', 'alter')
        WHERE (x.new).object_id IS NOT NULL
          AND (x.kind IN ('composite', 'range') OR x.kind = 'column' AND (x.old).attrs->>'type' LIKE '%]')
        GROUP BY d.tightened_id
    )
    SELECT CASE
        WHEN EXISTS (SELECT FROM held) THEN _pggit.apply_spread(
            p_items, ARRAY(SELECT h.object_id FROM held AS h ORDER BY h.object_id),
            ARRAY(SELECT 'rebuild' FROM held AS h))
        ELSE p_items
    END;
END;
COMMENT ON FUNCTION _pggit.rebuild_held_domains(_pggit.plan_item[]) IS $$
A domain that arrays or composites hold cannot be tightened in place.
$$;

CREATE OR REPLACE FUNCTION _pggit.set_types_aside(p_items _pggit.plan_item[])
RETURNS _pggit.plan_item[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE held AS (
        SELECT DISTINCT t.object_id
        FROM unnest(p_items) AS c
        CROSS JOIN LATERAL unnest((c.old).deps) AS d(object_id)
        JOIN unnest(p_items) AS t ON t.object_id = d.object_id
        LEFT JOIN unnest(p_items) AS n
            ON n.action = 'create' AND _pggit.is_type_kind(n.kind)
            AND (n.new).schema_name = (t.old).schema_name AND (n.new).name = (t.old).name
        WHERE c.kind = 'column'
          AND c.action = 'alter'
          AND _pggit.is_type_kind(t.kind)
          AND (t.action = 'rebuild' OR t.action = 'drop' AND n.object_id IS NOT NULL)
    ), aside AS (
        SELECT h.object_id FROM held AS h
        UNION
        -- what a type set aside is made of stays as long as it does
        SELECT d.object_id
        FROM aside AS a
        JOIN unnest(p_items) AS i ON i.object_id = a.object_id
        CROSS JOIN LATERAL unnest((i.old).deps) AS n(object_id)
        JOIN unnest(p_items) AS d ON d.object_id = n.object_id AND _pggit.is_type_kind(d.kind) AND d.action = 'rebuild'
    )
    SELECT array_agg(CASE
        WHEN a.object_id IS NULL THEN i
        ELSE (
            i.object_id, i.kind, i.action, i.is_renamed, i.is_retyped, i.is_loosened, true, i.parent_kind,
            i.first, i.old, i.new
        )::_pggit.plan_item
    END)
    FROM unnest(p_items) AS i
    LEFT JOIN aside AS a ON a.object_id = i.object_id;
END;
COMMENT ON FUNCTION _pggit.set_types_aside(_pggit.plan_item[]) IS $$
A type that surviving columns leave for its replacement of the same name is renamed away first and dropped last.
$$;

CREATE OR REPLACE FUNCTION _pggit.uprooted_objects(p_from _pggit.object[], p_to _pggit.object[])
RETURNS SETOF _pggit.object
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 10
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_items _pggit.plan_item[] := _pggit.plan_items(_pggit.remake_partitioned(p_from, p_to), p_to);
    v_marked _pggit.plan_item[] := _pggit.mark_rebuilds(_pggit.adopt_indexes(v_items), '{}');
BEGIN
    -- as _pggit.plan and _pggit.spread_rebuilds begin
    RETURN QUERY
    SELECT (i.first).*
    FROM unnest(v_marked) AS i
    WHERE i.action IN ('rebuild', 'drop')
        OR i.action = 'alter' AND (i.kind = 'column' AND _pggit.is_retyping(i.old, i.new) OR i.kind = 'domain')
    UNION ALL
    SELECT (d.first).*
    FROM unnest(v_items) AS i
    JOIN unnest(v_items) AS d ON d.object_id = (i.new).parent_id AND d.kind = 'domain'
    WHERE i.parent_kind = 'domain' AND i.action IN ('create', 'alter') AND (d.first).object_id IS NOT NULL;
END;
$$;
COMMENT ON FUNCTION _pggit.uprooted_objects(_pggit.object[], _pggit.object[]) IS $$
What a plan takes away, makes anew or retypes: only what depends on these can be drawn into the plan beside what differs.
$$;
