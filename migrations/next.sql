-- What the coming upgrade step does beyond CREATE OR REPLACE of every routine: ALTER, moves of data, DROP.

SET LOCAL lock_timeout = '5s';

-- relations of 52_events.sql
