-- Errors: every code that pggit raises, and the one helper that raises them.

-- == relations ==
-- not dumped: the install script fills it
CREATE TABLE _pggit.error_codes (
    error_code  text PRIMARY KEY CHECK (error_code ~ '^[0-9A-Z]{5}$'),
    condition   text NOT NULL UNIQUE CHECK (condition ~ '^[a-z_]+$'),
    description text NOT NULL
);

-- == routines ==
COMMENT ON TABLE _pggit.error_codes IS
    'Codes of pggit''s own error class: VCN not found, VCC conflict, VCS wrong state, VCV invalid, VCA not allowed, VCL limit.';

INSERT INTO _pggit.error_codes (error_code, condition, description)
VALUES
    ('VCN01', 'branch_not_found', 'No branch has this name.'),
    ('VCN03', 'ref_not_found', 'The text names no branch, tag or commit.'),
    ('VCN06', 'branch_deleted', 'The branch existed, and was deleted.'),
    ('VCN11', 'worktree_not_found', 'The branch has no worktree.'),
    ('VCC01', 'branch_moved', 'The branch moved while the caller worked on an older head.'),
    ('VCC02', 'branch_exists', 'A branch of this name exists already.'),
    ('VCS01', 'no_repository', 'The database has pggit, but pggit.init has not been called.'),
    ('VCS08', 'no_branch_checked_out', 'The search_path names no worktree, or those of several branches.'),
    ('VCV01', 'invalid_ref_name', 'The name of a branch or tag breaks the rules of git check-ref-format.'),
    ('VCV02', 'empty_message', 'A commit needs a message.'),
    ('VCV03', 'ambiguous_ref', 'The text fits several commits.'),
    ('VCN02', 'schema_not_found', 'No schema has this name.'),
    ('VCN05', 'object_not_found', 'No object of the tree has this name.'),
    ('VCC03', 'tag_exists', 'A tag of this name exists already.'),
    ('VCC04', 'worktree_schema_exists', 'A schema that pggit did not make has the name that a worktree needs.'),
    ('VCS02', 'repository_exists', 'The database has a repository already.'),
    ('VCS03', 'nothing_to_commit', 'The worktree equals the head of its branch.'),
    ('VCS04', 'main_is_live', 'The call would remove the live schemas.'),
    ('VCS05', 'branch_not_merged', 'The branch holds commits that no other branch or tag reaches.'),
    ('VCS06', 'branch_checked_out', 'The branch is the one that this session stands on.'),
    ('VCS07', 'worktree_incomplete', 'The worktree is being built or dropped in batches.'),
    ('VCS09', 'worktree_differs', 'What PostgreSQL built differs from the commit.'),
    ('VCS10', 'worktree_in_use', 'Objects outside of a worktree depend on it.'),
    ('VCS11', 'uncommitted_changes', 'The worktree differs from the head of its branch.'),
    ('VCS12', 'data_loss', 'The change would lose rows or columns that hold data.'),
    ('VCV04', 'schema_not_trackable', 'The schema cannot be put under version control.'),
    ('VCV05', 'no_schema_named', 'The list of schemas is empty.'),
    ('VCN04', 'merge_not_found', 'No merge has this id.'),
    ('VCN07', 'conflict_not_found', 'The merge has no conflict of this id.'),
    ('VCS20', 'merge_ended', 'The merge is completed, aborted or failed.'),
    ('VCS21', 'conflicts_open', 'Conflicts of the merge still wait for a resolution.'),
    ('VCS22', 'conflict_resolved', 'The conflict is resolved in just this way already.'),
    ('VCS23', 'not_fast_forward', 'Both branches have commits that the other has not.'),
    ('VCS24', 'target_in_use', 'This session itself holds pending trigger events or open cursors on a table of the target.'),
    ('VCS25', 'depends_on_live', 'Objects of a branch use tracked objects of the live schema instead of the branch''s own.'),
    ('VCV10', 'merge_into_itself', 'Source and target are one branch.'),
    ('VCV11', 'invalid_strategy', 'The strategy is none of those that exist.'),
    ('VCV12', 'merge_argument_missing', 'The merge lacks its source or, for three-way, its base.'),
    ('VCV13', 'invalid_resolution', 'The custom resolution does not have the shape of the conflict, or does not build.'),
    ('VCV14', 'no_parent', 'The first commit has no parent to compare with.'),
    ('VCV30', 'invalid_cursor', 'The text is no position in the stream of events.'),
    ('VCV31', 'invalid_url', 'The URL of a webhook cannot be used.'),
    ('VCV32', 'invalid_event_types', 'The filter holds what is no event type.'),
    ('VCV33', 'invalid_retry_policy', 'The retry policy has other keys than its own.'),
    ('VCV34', 'invalid_webhook_name', 'The name of a webhook cannot be used.'),
    ('VCV35', 'invalid_overlap', 'The overlap of two secrets is too long.'),
    ('VCV36', 'invalid_range', 'The range ends before it begins.'),
    ('VCV37', 'invalid_event_type', 'The type is not one that publishers may use.'),
    ('VCV38', 'invalid_message_id', 'The message id would not be safe in a header.'),
    ('VCV39', 'event_too_large', 'The content of the event is too large to be sent.'),
    ('VCN30', 'webhook_not_found', 'No webhook has this id.'),
    ('VCN31', 'delivery_not_found', 'The webhook has no delivery of this id.'),
    ('VCC30', 'webhook_exists', 'A webhook of this name exists already.'),
    ('VCC31', 'message_exists', 'A message of this id exists with another content.'),
    ('VCL30', 'too_many_webhooks', 'There are as many webhooks as there may be.'),
    ('VCS31', 'webhook_inactive', 'The webhook is switched off.'),
    ('VCS32', 'delivery_under_way', 'The delivery is being sent or will be.'),
    ('VCS33', 'delivery_content_gone', 'What the delivery held was taken out or thrown away.'),
    ('VCS30', 'cursor_expired', 'Events after the cursor have been thrown away.'),
    ('VCN60', 'alert_not_found', 'No alert has this id.'),
    ('VCS60', 'alert_resolved', 'The alert is resolved.'),
    ('VCV60', 'operation_not_measured', 'The word is none of the operations that are measured.'),
    ('VCV61', 'invalid_schedule', 'The text is neither a cron line nor @every.'),
    ('VCN61', 'job_not_found', 'No job has this name.'),
    ('VCS61', 'job_run_ended', 'The run of the job is not under way.'),
    ('VCV40', 'invalid_access_argument', 'A key or a protection of this kind cannot be.'),
    ('VCN40', 'api_key_not_found', 'No API key in use has this id.'),
    ('VCC40', 'api_key_exists', 'A key of this name is in use.'),
    ('VCN41', 'branch_not_protected', 'The branch is not protected.'),
    ('VCA03', 'no_such_merge', 'A commit with two parents is written by a merge of those, and by nothing else.'),
    ('VCA04', 'worktree_not_rewritten', 'Rows of worktrees are written by the calls that build and drop them.'),
    ('VCA02', 'audit_rewritten', 'Entries of the audit log are neither changed nor removed.'),
    ('VCA01', 'branch_protected', 'The branch is protected: it moves by merges only, of those who may.'),
    ('VCL01', 'worktree_too_large', 'The worktree takes more locks than one transaction should hold.')
ON CONFLICT (error_code) DO UPDATE
SET condition = EXCLUDED.condition,
    description = EXCLUDED.description;

CREATE OR REPLACE FUNCTION _pggit.raise_error(
    p_code text,
    p_message text,
    p_detail text DEFAULT NULL,
    p_hint text DEFAULT NULL
)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
-- If it were immutable, the planner would call it for constants and raise where no row ever gets there.
-- @plpgsql_check_options: performance_warnings = false
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
