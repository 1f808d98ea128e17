"""Write the engine in the form in which `pggit compare` sends it: for a temporary schema, and no more than is called.

A comparison of small schemas spends its time on making functions, so

- the engine comes in parts, each sent only when it is needed; a part holds what its entries call, directly or not;
- SQL bodies are strings: PostgreSQL parses `BEGIN ATOMIC` at once, which takes it three times as long as all else about a
  function, and a string only when the function is called;
- comments are left out.
"""

import re

# In the order in which they are sent. `read` comes always, and `plan` before `online`; the others may be left out.
ENTRIES = {
    "read": ("read_objects",),
    "digest": ("catalog_marks", "read_units", "tied_units"),
    "rename": ("read_rows", "identify", "renamed_identities"),
    "plan": (
        "plan",
        "rename_equal_parts",
        "likely_renames",
        "uprooted_objects",
        "missing_roles",
        "keep_rights",
    ),
    "online": ("plan_online", "online_script"),
}
# Called by names that are put together from these and a kind of object.
BY_KIND = re.compile(r"(create|alter|drop|rebuild)_\w+|definition_changed")

_COMMENT = re.compile(r"^COMMENT ON [^$']*? IS (?:\$\$.*?\$\$|'(?:[^']|'')*');\n", re.M | re.S)
_NOTE = re.compile(r"^\s*--.*\n", re.M)
_START = re.compile(r"^(?=CREATE (?:OR REPLACE FUNCTION|TYPE) _pggit\.)", re.M)
_NAME = re.compile(r"CREATE (?:OR REPLACE FUNCTION|(TYPE)) _pggit\.(\w+)")
_ATOMIC = re.compile(r"^BEGIN ATOMIC\n(.*);\nEND;\Z", re.M | re.S)
_RETURN = re.compile(r"^RETURN (.*);\Z", re.M | re.S)


def _with_string_body(statement: str) -> str:
    if "\nLANGUAGE sql\n" not in statement:
        return statement
    for form, select in ((_ATOMIC, ""), (_RETURN, "SELECT ")):
        if found := form.search(statement):
            return f"{statement[: found.start()]}AS $_${select}{found[1]}$_$;"
    return statement


def parts(modules: str) -> dict[str, str]:
    """The text of each part, by its name, from the relations and routines of the engine's modules."""
    pieces: dict[str, list[str]] = {}
    types = set()
    for text in _START.split(_NOTE.sub("", _COMMENT.sub("", modules))):
        if found := _NAME.match(text):
            pieces.setdefault(found[2], []).append(_with_string_body(text.strip()))
            if found[1]:
                types.add(found[2])
    calls = {
        name: {one for text in texts for one in re.findall(r"\b_pggit\.(\w+)", text)}
        & pieces.keys()
        for name, texts in pieces.items()
    }
    wanted = {part: _reached(calls, entries) for part, entries in ENTRIES.items()}
    wanted["plan"] |= _reached(calls, [name for name in pieces if BY_KIND.fullmatch(name)])
    # A function may be made twice, a type may not.
    shared = {name for name in types if sum(name in names for names in wanted.values()) > 1}
    wanted["read"] |= shared
    for part in wanted:
        if part != "read":
            wanted[part] -= wanted["read"]
    wanted["online"] -= wanted["plan"]
    return {
        part: "\n".join(
            text for name, texts in pieces.items() if name in names for text in texts
        ).replace("_pggit.", "pg_temp.")
        + "\n"
        for part, names in wanted.items()
    }


def _reached(calls: dict[str, set[str]], entries: "tuple[str, ...] | list[str]") -> set[str]:
    reached: set[str] = set()
    coming = list(entries)
    while coming:
        name = coming.pop()
        if name not in reached:
            reached.add(name)
            coming += calls[name]
    return reached
