-- Plan of schemas, extensions and types: their CREATE, ALTER and DROP statements.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.create_schema(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('CREATE SCHEMA ' || quote_ident((p_object).name));
END;
COMMENT ON FUNCTION _pggit.create_schema(_pggit.object, _pggit.object[]) IS $$
CREATE SCHEMA.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_schema(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT NULL::_pggit.ddl WHERE false;
END;
COMMENT ON FUNCTION _pggit.alter_schema(_pggit.object, _pggit.object) IS $$
Nothing: a schema has only owner, grants, comment and name.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_schema(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('DROP SCHEMA ' || quote_ident((p_object).name));
END;
COMMENT ON FUNCTION _pggit.drop_schema(_pggit.object) IS $$
DROP SCHEMA.
$$;

CREATE OR REPLACE FUNCTION _pggit.member_grants(p_old jsonb, p_new jsonb)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(_pggit.acl_statement(
        c.deed, array_to_string(c.privileges, ', '), m.target, c.grantee, coalesce(n.grants, o.grants)->>'owner'))
    FROM (
        SELECT k.target FROM jsonb_object_keys(coalesce(p_old, '{}') || coalesce(p_new, '{}')) AS k(target)
    ) AS m
    CROSS JOIN LATERAL (SELECT p_old->m.target) AS o(grants)
    CROSS JOIN LATERAL (SELECT p_new->m.target) AS n(grants)
    CROSS JOIN LATERAL _pggit.acl_changes(coalesce(o.grants, '{}'), coalesce(n.grants, '{}')) AS c
    ORDER BY m.target;
END;
COMMENT ON FUNCTION _pggit.member_grants(jsonb, jsonb) IS $$
GRANT and REVOKE on the members of an extension that stays, or comes.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_extension(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE EXTENSION ' || quote_ident((p_object).name)
        || ' SCHEMA ' || quote_ident((p_object).attrs->>'schema')
        || ' VERSION ' || quote_literal((p_object).attrs->>'version'),
        '', CASE WHEN EXISTS (
            SELECT FROM pg_available_extension_versions AS v WHERE v.name = (p_object).name AND v.version = (p_object).attrs->>'version'
        ) THEN '{}'::text[] ELSE '{not_available}' END)
    UNION ALL
    SELECT m FROM _pggit.member_grants('{}', (p_object).attrs->'members') AS m;
END;
COMMENT ON FUNCTION _pggit.create_extension(_pggit.object, _pggit.object[]) IS $$
CREATE EXTENSION at the recorded version.
$$;

CREATE OR REPLACE FUNCTION _pggit.extension_obstacle(p_old _pggit.object, p_new _pggit.object)
RETURNS text
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN CASE
    WHEN NOT EXISTS (
        SELECT FROM pg_available_extension_versions AS v WHERE v.name = (p_new).name AND v.version = (p_new).attrs->>'version'
    ) THEN 'not_available'
    WHEN (p_old).attrs->>'schema' <> (p_new).attrs->>'schema' AND NOT (
        SELECT v.relocatable FROM pg_available_extension_versions AS v
        WHERE v.name = (p_old).name AND v.version = (p_old).attrs->>'version'
    ) THEN 'not_relocatable'
    WHEN (p_old).attrs->>'version' <> (p_new).attrs->>'version' AND NOT EXISTS (
        SELECT FROM pg_extension_update_paths((p_new).name) AS u
        WHERE u.source = (p_old).attrs->>'version' AND u.target = (p_new).attrs->>'version' AND u.path IS NOT NULL
    ) THEN 'no_update_path'
END;
COMMENT ON FUNCTION _pggit.extension_obstacle(_pggit.object, _pggit.object) IS $$
Why ALTER EXTENSION would be refused on this server, NULL if it would not.
$$;

CREATE OR REPLACE FUNCTION _pggit.remade_extensions(p_items _pggit.plan_item[])
RETURNS uuid[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT e.object_id
    FROM unnest(p_items) AS e
    WHERE e.kind = 'extension' AND e.action = 'alter'
      AND _pggit.extension_obstacle(e.old, e.new) IN ('not_relocatable', 'no_update_path')
      AND NOT EXISTS (
          SELECT FROM unnest(p_items) AS i WHERE e.object_id = ANY ((i.old).deps) AND i.action <> 'drop')
);
COMMENT ON FUNCTION _pggit.remade_extensions(_pggit.plan_item[]) IS $$
Extensions that are dropped and made again, since there is no other way, and nothing that stays uses them.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_extension(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER EXTENSION ' || quote_ident((p_new).name) || ' SET SCHEMA ' || quote_ident((p_new).attrs->>'schema'),
        'ACCESS EXCLUSIVE',
        CASE WHEN _pggit.extension_obstacle(p_old, p_new) = 'not_relocatable' THEN '{not_relocatable}'::text[] ELSE '{}' END)
    WHERE (p_old).attrs->>'schema' <> (p_new).attrs->>'schema'
    UNION ALL
    SELECT _pggit.make_ddl(
        'ALTER EXTENSION ' || quote_ident((p_new).name) || ' UPDATE TO ' || quote_literal((p_new).attrs->>'version'),
        'ACCESS EXCLUSIVE', CASE WHEN o.obstacle IN ('not_available', 'no_update_path') THEN ARRAY[o.obstacle] ELSE '{}' END)
    FROM (SELECT _pggit.extension_obstacle(p_old, p_new)) AS o(obstacle)
    WHERE (p_old).attrs->>'version' <> (p_new).attrs->>'version'
    UNION ALL
    SELECT m FROM _pggit.member_grants((p_old).attrs->'members', (p_new).attrs->'members') AS m;
END;
COMMENT ON FUNCTION _pggit.alter_extension(_pggit.object, _pggit.object) IS $$
Moves an extension to another schema or version. A statement that this server will refuse says so among its hazards: what uses the
extension must be settled by hand first.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_extension(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'DROP EXTENSION ' || quote_ident((p_object).name), 'ACCESS EXCLUSIVE', '{data_loss}');
END;
COMMENT ON FUNCTION _pggit.drop_extension(_pggit.object) IS $$
DROP EXTENSION.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_enum(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE TYPE ' || _pggit.qualified_name((p_object).schema_name, (p_object).name) || ' AS ENUM ('
        || coalesce(string_agg(quote_literal(l.label), ', ' ORDER BY l.place), '') || ')')
    FROM jsonb_array_elements_text((p_object).attrs->'labels') WITH ORDINALITY AS l(label, place);
END;
COMMENT ON FUNCTION _pggit.create_enum(_pggit.object, _pggit.object[]) IS $$
CREATE TYPE … AS ENUM.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_enum(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN EXISTS (
    -- ALTER TYPE can only add: what was there must still be there, in the same order
    SELECT
    FROM jsonb_array_elements_text((p_old).attrs->'labels') WITH ORDINALITY AS o(label, place)
    FULL JOIN (
        SELECT n.label, row_number() OVER (ORDER BY n.place) AS place
        FROM jsonb_array_elements_text((p_new).attrs->'labels') WITH ORDINALITY AS n(label, place)
        WHERE (p_old).attrs->'labels' ? n.label
    ) AS k ON k.label = o.label AND k.place = o.place
    WHERE o.label IS NULL
       OR k.label IS NULL
);
COMMENT ON FUNCTION _pggit.rebuild_enum(_pggit.object, _pggit.object) IS $$
Whether labels went away or changed places.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_enum(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    WITH label AS (
        SELECT
            n.label, n.place,
            lag(n.label) OVER (ORDER BY n.place) AS previous,
            (
                SELECT f.label
                FROM jsonb_array_elements_text((p_new).attrs->'labels') WITH ORDINALITY AS f(label, place)
                WHERE f.place > n.place
                  AND (p_old).attrs->'labels' ? f.label
                ORDER BY f.place
                LIMIT 1
            ) AS next_old
        FROM jsonb_array_elements_text((p_new).attrs->'labels') WITH ORDINALITY AS n(label, place)
    )
    SELECT _pggit.make_ddl(
        'ALTER TYPE ' || _pggit.qualified_name((p_new).schema_name, (p_new).name)
        || ' ADD VALUE ' || quote_literal(l.label)
        || CASE
            WHEN l.next_old IS NULL THEN ''
            WHEN l.previous IS NULL THEN ' BEFORE ' || quote_literal(l.next_old)
            ELSE ' AFTER ' || quote_literal(l.previous)
        END)
    FROM label AS l
    WHERE NOT (p_old).attrs->'labels' ? l.label
    ORDER BY l.place;
END;
COMMENT ON FUNCTION _pggit.alter_enum(_pggit.object, _pggit.object) IS $$
ALTER TYPE … ADD VALUE, each in its place.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_type(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl('DROP ' || _pggit.object_address(p_object));
END;
COMMENT ON FUNCTION _pggit.drop_type(_pggit.object) IS $$
DROP of anything whose address is all that DROP needs.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_enum(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.drop_type(p_object);
END;
COMMENT ON FUNCTION _pggit.drop_enum(_pggit.object) IS $$
DROP TYPE.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_domain(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE DOMAIN ' || _pggit.qualified_name((p_object).schema_name, (p_object).name)
        || ' AS ' || ((p_object).attrs->>'base')
        || coalesce(' COLLATE ' || ((p_object).attrs->>'collation'), '')
        || coalesce(' DEFAULT ' || ((p_object).attrs->>'default'), '')
        || CASE WHEN (p_object).attrs ? 'not_null' THEN ' NOT NULL' ELSE '' END);
END;
COMMENT ON FUNCTION _pggit.create_domain(_pggit.object, _pggit.object[]) IS $$
CREATE DOMAIN.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_domain(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'base' IS DISTINCT FROM (p_new).attrs->'base'
    OR (p_old).attrs->'collation' IS DISTINCT FROM (p_new).attrs->'collation';
COMMENT ON FUNCTION _pggit.rebuild_domain(_pggit.object, _pggit.object) IS $$
Whether the type beneath changes.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_domain(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER ' || _pggit.object_address(p_new)
        || coalesce(' SET DEFAULT ' || ((p_new).attrs->>'default'), ' DROP DEFAULT'))
    WHERE (p_old).attrs->>'default' IS DISTINCT FROM (p_new).attrs->>'default'
    UNION ALL
    SELECT _pggit.make_ddl(
        'ALTER ' || _pggit.object_address(p_new) || CASE WHEN (p_new).attrs ? 'not_null' THEN ' SET' ELSE ' DROP' END || ' NOT NULL',
        CASE WHEN (p_new).attrs ? 'not_null' THEN 'SHARE' ELSE '' END,
        CASE WHEN (p_new).attrs ? 'not_null' THEN '{may_fail,long_lock}'::text[] ELSE '{}' END)
    WHERE (p_old).attrs ? 'not_null' <> (p_new).attrs ? 'not_null';
END;
COMMENT ON FUNCTION _pggit.alter_domain(_pggit.object, _pggit.object) IS $$
ALTER DOMAIN: default and NOT NULL.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_domain(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.drop_type(p_object);
END;
COMMENT ON FUNCTION _pggit.drop_domain(_pggit.object) IS $$
DROP DOMAIN.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_domain_constraint(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER DOMAIN ' || _pggit.qualified_name((p_object).schema_name, (p_object).table_name)
        || ' ADD CONSTRAINT ' || quote_ident((p_object).name)
        || ' CHECK (' || ((p_object).attrs->>'expression') || ')'
        || CASE WHEN (p_object).attrs ? 'not_valid' THEN ' NOT VALID' ELSE '' END,
        CASE WHEN (p_object).attrs ? 'not_valid' THEN '' ELSE 'SHARE' END,
        CASE WHEN (p_object).attrs ? 'not_valid' THEN '{}' ELSE '{may_fail,long_lock}'::text[] END);
END;
COMMENT ON FUNCTION _pggit.create_domain_constraint(_pggit.object, _pggit.object[]) IS $$
ALTER DOMAIN … ADD CONSTRAINT.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_domain_constraint(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN (p_old).attrs->'expression' IS DISTINCT FROM (p_new).attrs->'expression'
    OR NOT (p_old).attrs ? 'not_valid' AND (p_new).attrs ? 'not_valid';
COMMENT ON FUNCTION _pggit.rebuild_domain_constraint(_pggit.object, _pggit.object) IS $$
Whether the condition changes, or is no longer known to hold.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_domain_constraint(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER DOMAIN ' || _pggit.qualified_name((p_new).schema_name, (p_new).table_name)
        || ' VALIDATE CONSTRAINT ' || quote_ident((p_new).name),
        'SHARE', '{may_fail,long_lock}')
    WHERE (p_old).attrs ? 'not_valid'
      AND NOT (p_new).attrs ? 'not_valid';
END;
COMMENT ON FUNCTION _pggit.alter_domain_constraint(_pggit.object, _pggit.object) IS $$
Validates a domain's check; its other changes are rebuilds.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_domain_constraint(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER DOMAIN ' || _pggit.qualified_name((p_object).schema_name, (p_object).table_name)
        || ' DROP CONSTRAINT ' || quote_ident((p_object).name));
END;
COMMENT ON FUNCTION _pggit.drop_domain_constraint(_pggit.object) IS $$
ALTER DOMAIN … DROP CONSTRAINT.
$$;

CREATE OR REPLACE FUNCTION _pggit.composite_comment(p_object _pggit.object, p_attribute jsonb)
RETURNS _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN _pggit.make_ddl(
    'COMMENT ON COLUMN ' || _pggit.qualified_name((p_object).schema_name, (p_object).name) || '.'
    || quote_ident(p_attribute->>'name') || ' IS ' || coalesce(quote_literal(p_attribute->>'comment'), 'NULL'));
COMMENT ON FUNCTION _pggit.composite_comment(_pggit.object, jsonb) IS $$
COMMENT on an attribute of a composite type.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_composite(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE TYPE ' || _pggit.qualified_name((p_object).schema_name, (p_object).name) || ' AS ('
        || coalesce(string_agg(
            quote_ident(a.item->>'name') || ' ' || (a.item->>'type') || coalesce(' COLLATE ' || (a.item->>'collation'), ''),
            ', ' ORDER BY a.place), '')
        || ')')
    FROM jsonb_array_elements((p_object).attrs->'attributes') WITH ORDINALITY AS a(item, place)
    UNION ALL
    SELECT _pggit.composite_comment(p_object, a.item)
    FROM jsonb_array_elements((p_object).attrs->'attributes') AS a(item)
    WHERE a.item ? 'comment';
END;
COMMENT ON FUNCTION _pggit.create_composite(_pggit.object, _pggit.object[]) IS $$
CREATE TYPE … AS, with the comments of its attributes.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_composite(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
-- the type of a typed table can never go; its attributes change with the table's columns
RETURN NOT (p_new).attrs ? 'typed' AND (
    -- attributes that stay must keep type and order, and new ones come last
    SELECT coalesce(array_agg(o.item - 'comment' ORDER BY o.place), '{}')
    FROM jsonb_array_elements((p_old).attrs->'attributes') WITH ORDINALITY AS o(item, place)
    WHERE EXISTS (
        SELECT
        FROM jsonb_array_elements((p_new).attrs->'attributes') AS n(item)
        WHERE n.item->>'name' = o.item->>'name'
    )
) <> (
    SELECT coalesce((array_agg(n.item - 'comment' ORDER BY n.place))[:(
        SELECT count(*)
        FROM jsonb_array_elements((p_old).attrs->'attributes') AS o(item)
        WHERE EXISTS (
            SELECT
            FROM jsonb_array_elements((p_new).attrs->'attributes') AS k(item)
            WHERE k.item->>'name' = o.item->>'name'
        )
    )], '{}')
    FROM jsonb_array_elements((p_new).attrs->'attributes') WITH ORDINALITY AS n(item, place)
);
COMMENT ON FUNCTION _pggit.rebuild_composite(_pggit.object, _pggit.object) IS $$
Whether an attribute changes its type or place: ALTER TYPE refuses the one while columns use it, and cannot do the other.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_composite(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    WITH pair AS (
        SELECT o.item AS old, n.item AS new, coalesce(n.place, 0) AS place
        FROM jsonb_array_elements((p_old).attrs->'attributes') AS o(item)
        FULL JOIN jsonb_array_elements((p_new).attrs->'attributes') WITH ORDINALITY AS n(item, place)
            ON n.item->'name' = o.item->'name'
    ), deed AS (
        SELECT string_agg(
            CASE
                WHEN p.old IS NOT NULL AND p.new IS NOT NULL THEN 'ALTER ATTRIBUTE ' || quote_ident(p.new->>'name')
                    || ' TYPE ' || (p.new->>'type') || coalesce(' COLLATE ' || (p.new->>'collation'), '') || ' CASCADE'
                WHEN p.new IS NULL THEN 'DROP ATTRIBUTE ' || quote_ident(p.old->>'name')
                    || CASE WHEN (p_new).attrs ? 'typed' THEN ' CASCADE' ELSE '' END
                ELSE 'ADD ATTRIBUTE ' || quote_ident(p.new->>'name') || ' ' || (p.new->>'type')
                    || coalesce(' COLLATE ' || (p.new->>'collation'), '')
                    || CASE WHEN (p_new).attrs ? 'typed' THEN ' CASCADE' ELSE '' END
            END, ', ' ORDER BY p.place) AS sql
        FROM pair AS p
        WHERE p.old IS NULL
           OR p.new IS NULL
           OR (p_new).attrs ? 'typed' AND p.old - 'comment'::text <> p.new - 'comment'::text
    )
    SELECT _pggit.make_ddl(
        'ALTER TYPE ' || _pggit.qualified_name((p_new).schema_name, (p_new).name) || ' ' || d.sql,
        CASE WHEN (p_new).attrs ? 'typed' THEN 'ACCESS EXCLUSIVE' ELSE '' END,
        CASE WHEN d.sql ~ '(^|, )ALTER ATTRIBUTE ' THEN '{table_rewrite,may_fail}'::text[] ELSE '{}' END)
    FROM deed AS d
    WHERE d.sql IS NOT NULL
    UNION ALL
    SELECT _pggit.composite_comment(p_new, p.new)
    FROM pair AS p
    WHERE p.new IS NOT NULL
      AND p.old->>'comment' IS DISTINCT FROM p.new->>'comment';
END;
COMMENT ON FUNCTION _pggit.alter_composite(_pggit.object, _pggit.object) IS $$
ALTER TYPE: drops and appends attributes, and comments them.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_composite(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.drop_type(p_object);
END;
COMMENT ON FUNCTION _pggit.drop_composite(_pggit.object) IS $$
DROP TYPE.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_range(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE TYPE ' || _pggit.qualified_name((p_object).schema_name, (p_object).name) || ' AS RANGE ('
        || concat_ws(', ',
            'SUBTYPE = ' || ((p_object).attrs->>'subtype'),
            'SUBTYPE_OPCLASS = ' || ((p_object).attrs->>'opclass'),
            'COLLATION = ' || ((p_object).attrs->>'collation'),
            'CANONICAL = ' || ((p_object).attrs->>'canonical'),
            'SUBTYPE_DIFF = ' || ((p_object).attrs->>'subtype_diff'),
            'MULTIRANGE_TYPE_NAME = ' || _pggit.qualified_name((p_object).schema_name, (p_object).attrs->>'multirange'))
        || ')');
END;
COMMENT ON FUNCTION _pggit.create_range(_pggit.object, _pggit.object[]) IS $$
CREATE TYPE … AS RANGE.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_range(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN EXISTS (
    SELECT
    FROM unnest(_pggit.changed_attributes((p_old).attrs, (p_new).attrs)) AS c(attribute)
    WHERE c.attribute IN ('subtype', 'opclass', 'collation', 'canonical', 'subtype_diff', 'multirange')
);
COMMENT ON FUNCTION _pggit.rebuild_range(_pggit.object, _pggit.object) IS $$
Whether anything of the range itself changes: ALTER TYPE has nothing for that.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_range(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT NULL::_pggit.ddl WHERE false;
END;
COMMENT ON FUNCTION _pggit.alter_range(_pggit.object, _pggit.object) IS $$
Nothing: see rebuild_range.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_range(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.drop_type(p_object);
END;
COMMENT ON FUNCTION _pggit.drop_range(_pggit.object) IS $$
DROP TYPE.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_collation(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'CREATE COLLATION ' || _pggit.qualified_name((p_object).schema_name, (p_object).name) || ' ('
        || concat_ws(', ',
            'PROVIDER = ' || ((p_object).attrs->>'provider'),
            'LOCALE = ' || quote_literal((p_object).attrs->>'locale'),
            'LC_COLLATE = ' || quote_literal((p_object).attrs->>'lc_collate'),
            'LC_CTYPE = ' || quote_literal((p_object).attrs->>'lc_ctype'),
            'RULES = ' || quote_literal((p_object).attrs->>'rules'),
            CASE WHEN (p_object).attrs ? 'nondeterministic' THEN 'DETERMINISTIC = false' END)
        || ')');
END;
COMMENT ON FUNCTION _pggit.create_collation(_pggit.object, _pggit.object[]) IS $$
CREATE COLLATION.
$$;

CREATE OR REPLACE FUNCTION _pggit.rebuild_collation(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN EXISTS (
    SELECT
    FROM unnest(_pggit.changed_attributes((p_old).attrs, (p_new).attrs)) AS c(attribute)
    WHERE c.attribute NOT IN ('owner', 'comment')
);
COMMENT ON FUNCTION _pggit.rebuild_collation(_pggit.object, _pggit.object) IS $$
Whether anything of the collation itself changes: ALTER COLLATION has nothing for that.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_collation(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT NULL::_pggit.ddl WHERE false;
END;
COMMENT ON FUNCTION _pggit.alter_collation(_pggit.object, _pggit.object) IS $$
Nothing: see rebuild_collation.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_collation(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.drop_type(p_object);
END;
COMMENT ON FUNCTION _pggit.drop_collation(_pggit.object) IS $$
DROP COLLATION.
$$;

CREATE OR REPLACE FUNCTION _pggit.alter_default_privilege(p_old _pggit.object, p_new _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT _pggit.make_ddl(
        'ALTER DEFAULT PRIVILEGES FOR ROLE ' || quote_ident((o.object).attrs->>'role')
        || coalesce(' IN SCHEMA ' || quote_ident((o.object).schema_name), '') || ' '
        || _pggit.acl_statement(
            c.deed, array_to_string(c.privileges, ', '), upper((o.object).attrs->>'objects'), c.grantee,
            (o.object).attrs->>'role'))
    FROM (SELECT coalesce(p_new, p_old) AS object) AS o
    CROSS JOIN LATERAL _pggit.acl_changes(coalesce((p_old).attrs, '{}'), coalesce((p_new).attrs, '{}')) AS c;
END;
COMMENT ON FUNCTION _pggit.alter_default_privilege(_pggit.object, _pggit.object) IS $$
ALTER DEFAULT PRIVILEGES; either version may be missing.
$$;

CREATE OR REPLACE FUNCTION _pggit.create_default_privilege(p_object _pggit.object, p_parts _pggit.object[])
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.alter_default_privilege(NULL, p_object);
END;
COMMENT ON FUNCTION _pggit.create_default_privilege(_pggit.object, _pggit.object[]) IS $$
ALTER DEFAULT PRIVILEGES for what had none.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_default_privilege(p_object _pggit.object)
RETURNS SETOF _pggit.ddl
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
ROWS 1
BEGIN ATOMIC
    SELECT * FROM _pggit.alter_default_privilege(p_object, NULL);
END;
COMMENT ON FUNCTION _pggit.drop_default_privilege(_pggit.object) IS $$
ALTER DEFAULT PRIVILEGES back to none.
$$;
