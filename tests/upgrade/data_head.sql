-- A repository to dump: branches, a worktree, a tag, a finished merge and one with an open conflict.
\ir ../../python/pggit/sample.sql
SELECT pggit.create_tag('v1', 'main');
SELECT pggit.merge('feature/loyalty', 'main', 'Merge loyalty cards');
SELECT pggit.merge('feature/long-email', 'main');
