-- Errors: every code that pggit raises, and the one helper that raises them.

-- == relations ==
CREATE TABLE _pggit.error_codes (
    error_code  text PRIMARY KEY CHECK (error_code ~ '^[0-9A-Z]{5}$'),
    condition   text NOT NULL UNIQUE CHECK (condition ~ '^[a-z_]+$'),
    description text NOT NULL
);

-- == routines ==
COMMENT ON TABLE _pggit.error_codes IS
    'Codes of pggit''s own error class: VCN not found, VCC conflict, VCS wrong state, VCV invalid, VCA not allowed, VCL limit.';

CREATE OR REPLACE FUNCTION _pggit.raise_error(
    p_code text,
    p_message text,
    p_detail text DEFAULT NULL,
    p_hint text DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
IMMUTABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION USING
        ERRCODE = p_code,
        MESSAGE = p_message,
        DETAIL = coalesce(p_detail, ''),
        HINT = coalesce(p_hint, '');
END;
$$;
COMMENT ON FUNCTION _pggit.raise_error(text, text, text, text) IS $$
Raises the error p_code with its message, detail and hint; callable from SQL bodies, which have no RAISE.
$$;
