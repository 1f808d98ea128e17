"""Concatenate sql/ into build/: all relations in file order, then all routines (development form)."""
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent
parts: dict[str, list[str]] = {"relations": [], "routines": []}
for path in sorted((ROOT / "sql").glob("*.sql")):
    text = path.read_text()
    _, relations, routines = re.split(r"^-- == (?:relations|routines) ==$", text, flags=re.M)
    parts["relations"].append(f"-- {path.name}\n{relations.strip()}\n")
    parts["routines"].append(f"-- {path.name}\n{routines.strip()}\n")
(ROOT / "build").mkdir(exist_ok=True)
(ROOT / "build" / "pggit.sql").write_text(
    "BEGIN;\nSET LOCAL check_function_bodies = off;\n" + "\n".join(parts["relations"] + parts["routines"]) + "\nCOMMIT;\n")
