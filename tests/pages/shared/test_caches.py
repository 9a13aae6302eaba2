"""Caches of the pages know whose workspace they are of: project 1 exists in many."""

import ast

from core.workspace import REPOSITORY

PLACES = {"root", "workspace", "path", "database", "database_url"}
"""Arguments that differ between workspaces; a path lies in one."""

OF_NO_WORKSPACE = {"_facts"}
"""Counts of the networks themselves, the same for everybody."""


def without_a_place(source: str) -> list[str]:
    """Return the cached functions that read a workspace and are not told which one."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.FunctionDef):
            continue
        cached = any("st.cache_" in ast.unparse(one) for one in node.decorator_list)
        names = {one.arg for one in node.args.args}
        body = ast.unparse(node)
        reads = "frame.store()" in body or "frame.workspace()" in body or {"project", "project_id"} & names
        if cached and reads and not names & PLACES and node.name not in OF_NO_WORKSPACE:
            found.append(node.name)
    return found


def test_every_cache_of_a_workspace_is_told_which_one() -> None:
    wrong = {
        f"{path.relative_to(REPOSITORY)}: {name}"
        for path in (REPOSITORY / "pages").rglob("*.py")
        for name in without_a_place(path.read_text(encoding="utf-8"))
    }
    assert not wrong, wrong


def test_a_cache_by_the_number_of_a_project_alone_is_found() -> None:
    head = "@st.cache_data(ttl=1)\ndef sizes({}):\n    return frame.store().images(project_id)"
    assert without_a_place(head.format("project_id: int")) == ["sizes"]
    assert without_a_place(head.format("root: str, project_id: int")) == []
