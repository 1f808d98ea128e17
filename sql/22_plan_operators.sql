-- Plan of operators, their families and classes, casts and conversions: their CREATE, ALTER and DROP statements.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.create_operator(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(format('CREATE OPERATOR %I.%s (%s)', (p_object).schema_name, (p_object).name, concat_ws(', ',
        'FUNCTION = ' || ((p_object).attrs->>'function'),
        'LEFTARG = ' || nullif(split_part((p_object).signature, ', ', 1), 'NONE'),
        'RIGHTARG = ' || split_part((p_object).signature, ', ', 2),
        'COMMUTATOR = OPERATOR(' || ((p_object).attrs->>'commutator') || ')',
        'NEGATOR = OPERATOR(' || ((p_object).attrs->>'negator') || ')',
        'RESTRICT = ' || ((p_object).attrs->>'restrict'),
        'JOIN = ' || ((p_object).attrs->>'join'),
        CASE WHEN (p_object).attrs ? 'hashes' THEN 'HASHES' END,
        CASE WHEN (p_object).attrs ? 'merges' THEN 'MERGES' END)));
END;
COMMENT ON FUNCTION _pggit.create_operator(_pggit.object, _pggit.object[]) IS $$
CREATE OPERATOR. A commutator or negator that does not exist yet becomes a shell, which its own CREATE fills.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_operator(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs - '{owner,comment,restrict,join}'::text[] <> (p_new).attrs - '{owner,comment,restrict,join}'::text[];
COMMENT ON FUNCTION _pggit.rebuild_operator(_pggit.object, _pggit.object) IS $$
ALTER OPERATOR changes estimators; the rest is made anew.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_operator(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(format('ALTER %s SET (RESTRICT = %s, JOIN = %s)', _pggit.object_address(p_new),
        coalesce((p_new).attrs->>'restrict', 'NONE'), coalesce((p_new).attrs->>'join', 'NONE')))
    WHERE (p_old).attrs->'restrict' IS DISTINCT FROM (p_new).attrs->'restrict'
       OR (p_old).attrs->'join' IS DISTINCT FROM (p_new).attrs->'join';
END;
COMMENT ON FUNCTION _pggit.alter_operator(_pggit.object, _pggit.object) IS $$
ALTER OPERATOR … SET.
$$;

CREATE OR REPLACE FUNCTION _pggit.family_item(p_key text, p_value text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    -- OPERATOR 1 (integer, integer) is written OPERATOR 1 < (integer, integer) FOR ORDER BY x
    WHEN p_key LIKE 'item:OPERATOR %' THEN regexp_replace(
        substr(p_key, 6), '^(OPERATOR \d+) (.*)$',
        '\1 ' || replace(split_part(p_value, ' FOR ORDER BY ', 1), '\', '\\') || ' \2')
        || coalesce(' FOR ORDER BY ' || nullif(split_part(p_value, ' FOR ORDER BY ', 2), ''), '')
    ELSE substr(p_key, 6) || ' ' || p_value
END;
COMMENT ON FUNCTION _pggit.family_item(text, text) IS $$
A member of an operator class or family as CREATE and ADD write it.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_operator_family(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER ' || _pggit.object_address(p_new) || ' DROP ' || string_agg(substr(o.key, 6), ', ' ORDER BY o.key DESC))
    FROM jsonb_each_text((p_old).attrs) AS o
    WHERE starts_with(o.key, 'item:') AND (p_new).attrs->>o.key IS DISTINCT FROM o.value
    HAVING count(*) > 0
    UNION ALL
    SELECT _pggit.make_ddl(
        'ALTER ' || _pggit.object_address(p_new) || ' ADD ' || string_agg(_pggit.family_item(n.key, n.value), ', ' ORDER BY n.key))
    FROM jsonb_each_text((p_new).attrs) AS n
    WHERE starts_with(n.key, 'item:') AND (p_old).attrs->>n.key IS DISTINCT FROM n.value
    HAVING count(*) > 0;
END;
COMMENT ON FUNCTION _pggit.alter_operator_family(_pggit.object, _pggit.object) IS $$
ALTER OPERATOR FAMILY … DROP and ADD.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_operator_family(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('CREATE ' || _pggit.object_address(p_object))
    UNION ALL
    SELECT a FROM _pggit.alter_operator_family(
        (NULL, NULL, NULL, NULL, NULL, NULL, NULL, '{}', NULL)::_pggit.object, p_object) AS a;
END;
COMMENT ON FUNCTION _pggit.create_operator_family(_pggit.object, _pggit.object[]) IS $$
CREATE OPERATOR FAMILY with the members that belong to none of its classes.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_operator_class(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(format('CREATE OPERATOR CLASS %s%s FOR TYPE %s USING %I FAMILY %s AS %s',
        _pggit.qualified_name((p_object).schema_name, (p_object).name),
        CASE WHEN (p_object).attrs ? 'default' THEN ' DEFAULT' ELSE '' END,
        (p_object).attrs->>'type', (p_object).signature, (p_object).attrs->>'family',
        concat_ws(', ',
            -- without a member it must say something
            'STORAGE ' || coalesce((p_object).attrs->>'storage', CASE WHEN i.items IS NULL THEN (p_object).attrs->>'type' END),
            i.items)))
    FROM (
        SELECT string_agg(_pggit.family_item(a.key, a.value), ', ' ORDER BY a.key DESC)
        FROM jsonb_each_text((p_object).attrs) AS a
        WHERE starts_with(a.key, 'item:')
    ) AS i(items);
END;
COMMENT ON FUNCTION _pggit.create_operator_class(_pggit.object, _pggit.object[]) IS $$
CREATE OPERATOR CLASS.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_cast(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(concat_ws(' ',
    'CREATE ' || _pggit.object_address(p_object),
    CASE
        WHEN (p_object).attrs ? 'function' THEN 'WITH FUNCTION ' || ((p_object).attrs->>'function')
        WHEN (p_object).attrs ? 'inout' THEN 'WITH INOUT'
        ELSE 'WITHOUT FUNCTION'
    END,
    'AS ' || upper((p_object).attrs->>'context')));
COMMENT ON FUNCTION _pggit.create_cast(_pggit.object, _pggit.object[]) IS $$
CREATE CAST.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_conversion(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
RETURN _pggit.make_ddl(format('CREATE %sCONVERSION %s FOR %L TO %L FROM %s',
    CASE WHEN (p_object).attrs ? 'default' THEN 'DEFAULT ' ELSE '' END,
    _pggit.qualified_name((p_object).schema_name, (p_object).name),
    (p_object).attrs->>'source', (p_object).attrs->>'target', (p_object).attrs->>'function'));
COMMENT ON FUNCTION _pggit.create_conversion(_pggit.object, _pggit.object[]) IS $$
CREATE CONVERSION.
$$;
