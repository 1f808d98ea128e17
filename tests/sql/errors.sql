BEGIN;
SET LOCAL search_path = public, tap;
SELECT plan(2);

SELECT throws_ok(
    $$SELECT _pggit.raise_error('VCN01', 'branch "x" does not exist', 'the detail', 'the hint')$$,
    'VCN01', 'branch "x" does not exist', 'raise_error raises the code with its message'
);
SELECT is_empty(
    $$SELECT error_code FROM _pggit.error_codes WHERE error_code !~ '^VC[NCSVAL]\d\d$'$$,
    'every code of our own belongs to one of the six families'
);

SELECT * FROM finish();
ROLLBACK;
