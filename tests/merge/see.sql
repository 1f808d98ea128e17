-- What the cases ask of a merged schema, in a schema that is not tracked.
CREATE SCHEMA see;

CREATE FUNCTION see.column_of(a pg_attribute) RETURNS text LANGUAGE sql STABLE SET search_path = public RETURN
    format_type((a).atttypid, (a).atttypmod)
    || CASE WHEN (a).attnotnull THEN ' NN' ELSE '' END
    || CASE WHEN (a).attidentity <> '' THEN ' IDENTITY ' || (a).attidentity::text ELSE '' END
    || coalesce((SELECT ' =' || pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef AS d
        WHERE d.adrelid = (a).attrelid AND d.adnum = (a).attnum), '');

CREATE FUNCTION see.columns(p_table text) RETURNS text LANGUAGE sql STABLE SET search_path = public AS $$
    SELECT string_agg(quote_ident(a.attname) || ' ' || see.column_of(a), ', ' ORDER BY a.attname COLLATE "C")
    FROM pg_attribute AS a
    WHERE a.attrelid = p_table::regclass AND a.attnum > 0 AND NOT a.attisdropped
$$;

CREATE FUNCTION see.column(p_table text, p_name text) RETURNS text LANGUAGE sql STABLE SET search_path = public AS $$
    SELECT see.column_of(a) FROM pg_attribute AS a
    WHERE a.attrelid = p_table::regclass AND a.attname = p_name AND NOT a.attisdropped
$$;

CREATE FUNCTION see.comment(p_table text, p_name text) RETURNS text LANGUAGE sql STABLE SET search_path = public AS $$
    SELECT col_description(a.attrelid, a.attnum) FROM pg_attribute AS a
    WHERE a.attrelid = p_table::regclass AND a.attname = p_name
$$;

-- Name and definition from the columns on; without those that constraints bring.
CREATE FUNCTION see.indexes(p_table text) RETURNS text LANGUAGE sql STABLE SET search_path = public AS $$
    SELECT coalesce(string_agg(
        CASE WHEN i.indisunique THEN 'UNIQUE ' ELSE '' END || c.relname || ' '
            || regexp_replace(pg_get_indexdef(c.oid), '^.* USING btree ', ''),
        '; ' ORDER BY i.indisunique DESC, c.relname COLLATE "C"), '')
    FROM pg_index AS i
    JOIN pg_class AS c ON c.oid = i.indexrelid
    WHERE i.indrelid = p_table::regclass AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
$$;

CREATE FUNCTION see.options(p_relation text) RETURNS text LANGUAGE sql STABLE SET search_path = public AS $$
SELECT string_agg(o, ' ' ORDER BY o) FROM pg_class, unnest(reloptions) AS o WHERE oid = p_relation::regclass
$$;
CREATE FUNCTION see.constraints(p_table text) RETURNS text LANGUAGE sql STABLE SET search_path = public AS $$
    SELECT coalesce(string_agg(c.conname || ' ' || pg_get_constraintdef(c.oid, true), '; ' ORDER BY c.conname COLLATE "C"), '')
    FROM pg_constraint AS c
    WHERE c.conrelid = p_table::regclass AND c.contype <> 'n'
$$;

CREATE FUNCTION see.constraint(p_table text, p_name text) RETURNS text LANGUAGE sql STABLE SET search_path = public AS $$
    SELECT pg_get_constraintdef(c.oid, true) FROM pg_constraint AS c
    WHERE c.conrelid = p_table::regclass AND c.conname = p_name
$$;

CREATE FUNCTION see.trigger(p_table text, p_name text) RETURNS text LANGUAGE sql STABLE SET search_path = public AS $$
    SELECT pg_get_triggerdef(t.oid, true) FROM pg_trigger AS t
    WHERE t.tgrelid = p_table::regclass AND t.tgname = p_name
$$;

CREATE FUNCTION see.policies(p_table text) RETURNS text LANGUAGE sql STABLE SET search_path = public AS $$
    SELECT string_agg(p.polname, ', ' ORDER BY p.polname) FROM pg_policy AS p WHERE p.polrelid = p_table::regclass
$$;

CREATE FUNCTION see.domain(p_domain text) RETURNS text LANGUAGE sql STABLE SET search_path = public AS $$
    SELECT format_type(t.typbasetype, t.typtypmod) || CASE WHEN t.typnotnull THEN ' NN' ELSE '' END || coalesce(' =' || t.typdefault, '')
        || coalesce(' ' || (
            SELECT string_agg(c.conname || ' ' || pg_get_constraintdef(c.oid, true), '; ' ORDER BY c.conname COLLATE "C")
            FROM pg_constraint AS c WHERE c.contypid = t.oid AND c.contype = 'c'), '')
    FROM pg_type AS t WHERE t.oid = p_domain::regtype
$$;

CREATE FUNCTION see.count(p_table text) RETURNS bigint LANGUAGE plpgsql STABLE SET search_path = public AS $$
DECLARE
    v_count bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM %s', p_table::regclass) INTO v_count;
    RETURN v_count;
END;
$$;

CREATE FUNCTION see.rows(p_table text) RETURNS text LANGUAGE plpgsql STABLE SET search_path = public AS $$
DECLARE
    v_rows text;
BEGIN
    EXECUTE format('SELECT string_agg(r, '' '' ORDER BY r) FROM (SELECT to_jsonb(t)::text FROM %s AS t) AS q(r)', p_table::regclass)
    INTO v_rows;
    RETURN v_rows;
END;
$$;

-- Every catalog row of the schema public: whatever is altered, dropped or made anew changes it.
CREATE FUNCTION see.fingerprint() RETURNS text LANGUAGE sql STABLE AS $$
    WITH rels AS (SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace), lines AS (
        SELECT (to_jsonb(c) - 'relpages' - 'reltuples' - 'relallvisible' - 'relallfrozen' - 'relfrozenxid' - 'relminmxid')::text AS line FROM pg_class AS c JOIN rels USING (oid)
        UNION ALL SELECT a::text FROM pg_attribute AS a JOIN rels ON rels.oid = a.attrelid
        UNION ALL SELECT d::text FROM pg_attrdef AS d JOIN rels ON rels.oid = d.adrelid
        UNION ALL SELECT c::text FROM pg_constraint AS c WHERE c.connamespace = 'public'::regnamespace
        UNION ALL SELECT t::text FROM pg_trigger AS t JOIN rels ON rels.oid = t.tgrelid
        UNION ALL SELECT p::text FROM pg_policy AS p JOIN rels ON rels.oid = p.polrelid
        UNION ALL SELECT p::text FROM pg_proc AS p WHERE p.pronamespace = 'public'::regnamespace
        UNION ALL SELECT t::text FROM pg_type AS t WHERE t.typnamespace = 'public'::regnamespace
        UNION ALL SELECT e::text FROM pg_enum AS e
        UNION ALL SELECT n::text FROM pg_namespace AS n
        UNION ALL SELECT d::text FROM pg_description AS d JOIN rels ON rels.oid = d.objoid
        UNION ALL SELECT s::text FROM pg_sequence AS s JOIN rels ON rels.oid = s.seqrelid
    )
    SELECT md5(string_agg(line, E'\n' ORDER BY line)) FROM lines
$$;
