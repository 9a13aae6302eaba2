"""The arrows of the design, read from the imports: who may know whom."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# package -> the packages of core it may import (its own is always allowed); no arrow runs back, lazy imports included
FOUNDATION = {
    "accelerators",
    "free_memory",
    "background_process",
    "cache_use",
    "errors",
    "exact_products",
    "file_replacement",
    "limited_process",
    "processors",
    "progress",
    "quota",
    "storage_errors",
    "workers",
    "workspace",
}
ARROWS = {
    "errors": set(),
    "progress": set(),
    "processors": set(),
    "accelerators": set(),
    "exact_products": set(),
    "free_memory": set(),
    "storage_errors": {"errors"},
    "workspace": {"errors", "storage_errors"},
    "file_replacement": set(),
    "quota": {"errors", "file_replacement", "workspace"},
    "background_process": {"errors", "file_replacement", "storage_errors", "workspace"},
    "cache_use": {"background_process"},
    "limited_process": {"background_process"},
    "workers": {"background_process", "errors", "processors", "progress", "storage_errors", "workspace"},
    "data": FOUNDATION,
    "models": FOUNDATION,
    "features": FOUNDATION | {"data", "models"},
    "training": FOUNDATION | {"data", "models", "features"},
    "inspection": FOUNDATION | {"data", "models", "features", "training"},
    "live": FOUNDATION | {"data", "models", "features", "training", "inspection"},
    "runs": FOUNDATION | {"data", "models", "features", "training", "inspection"},
    "export": FOUNDATION | {"data", "models", "features", "training", "inspection", "runs"},
    "lessons": FOUNDATION | {"data", "models", "training", "inspection"},
    "people": FOUNDATION | {"data", "features", "models", "training", "inspection", "runs", "backup"},
    "serving": FOUNDATION | {"data", "models", "inspection"},
    "backup": FOUNDATION | {"data", "models", "runs"},
    "hosting": FOUNDATION,
    "cli": FOUNDATION
    | {"data", "models", "features", "training", "inspection", "live", "runs", "export", "serving"}
    | {"backup", "hosting", "lessons", "people"},
    "__main__": {"cli"},
}
# Inside a package with floors: a floor, or a module beside them, may import those named before it.
FLOORS = {
    "data": (
        "pictures",
        "tables",
        "grouping",
        "splits",
        "split_counts",
        "store",
        "project_copy",
        "limited",
        "importing",
        "snapshot",
        "snapshot_changes",
        "dataset",
    ),
    "inspection": (
        "deciding",
        "predicting",
        "measuring",
        "doubt",
        "explaining",
        "covering",
        "concepts",
        "background",
        "suggesting",
        "cross_validation",
    ),
}
PAGE_FRAMEWORKS = {"streamlit", "gradio"}
# Outside core: core must run without these.
ABOVE_CORE = {"app", "demo", "demo_parts", "pages", "tests", "benchmarks", "scripts"}

# Modules that pages import before anything is trained or predicted: they may not pull torch in.
TORCH_FREE = [
    "core.workspace",
    "core.data.pictures.decoding",
    "core.data.tables.labels_csv",
    "core.data.importing.plan_import",
    "core.data.store.store",
    "core.data.splits",
    "core.data.snapshot",
    "core.models.zoo",
    "core.models.weights_table",
    "core.features.budget",
    "core.features.vectors",
    "core.features.frozen_pass",
    "core.features.engines.int8_engine",
    "core.features.engines.ort_engine",
    "core.features.engines.remembered",
    "core.data.snapshot",
    "core.training.saving.head_replacement",
    "core.training.recipe",
    "core.training.linear.head_run",
    "core.data.pictures.resized_cache",
    "core.runs.estimates.waiting",
    "core.runs.folder",
    "core.runs.jobs",
    "core.runs.solving.solved_run",
    "core.runs.sweeps.results",
    "core.runs.sweeps.sweep_jobs",
    "core.runs.sweeps.work_through",
    "core.runs.tensorboard.event_writer",
    "core.inspection.measuring.report",
    "core.inspection.measuring.logit_report",
    "core.inspection.doubt.fit",
    "core.runs.deciding.saved_decision",
    "core.inspection.covering.occlusion",
    "core.inspection.covering.guess",
    "core.inspection.concepts.concepts",
    "core.inspection.background.words",
    "core.inspection.background.slices",
    "core.inspection.suggesting.suggestions",
    "core.inspection.suggesting.review",
    "core.inspection.suggesting.vector_job",
    "core.inspection.cross_validation.computation",
    "core.inspection.cross_validation.kept_results",
    "core.live.session",
    "core.live.frame_files",
    "core.data.importing.formats",
    "core.data.pictures.image_quality",
    "core.data.importing.arrays.packed_images",
    "core.lessons.experiments",
    "core.lessons.result_cache",
    "core.runs.computations.background",
    "core.runs.computations.concepts",
    "core.runs.computations.epochs",
    "core.runs.computations.occlusion",
    "core.runs.computations.predictions",
    "core.runs.computations.reports",
    "core.workers.pool",
    "core.export.onnx_file.onnx_task",
    "core.cli",
]


def python_files(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported_modules(path: Path) -> tuple[tuple[int, str], ...]:
    """Every module named in an import statement of the file, wherever in the file it stands."""
    return docstring_and_imports(path, path.read_text(encoding="utf-8"))[1]


@cache  # most tests here read the same files
def docstring_and_imports(path: Path, text: str) -> tuple[str | None, tuple[tuple[int, str], ...]]:
    tree = ast.parse(text)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(node.lineno, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively; write the module's full name"
            found.append((node.lineno, node.module or ""))
            found += [(node.lineno, f"{node.module}.{alias.name}") for alias in node.names]
    return ast.get_docstring(tree), tuple(found)


def package_of(path: Path) -> str:
    inside = path.relative_to(ROOT / "core").parts
    return Path(inside[0]).stem


def core_package(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "core" and len(parts) > 1 else None


def wrong_arrows(path: Path) -> list[str]:
    own = package_of(path)
    found = []
    for line, module in imported_modules(path):
        target = core_package(module)
        if module.split(".")[0] in ABOVE_CORE:
            found.append(f"{path.relative_to(ROOT)}:{line} {own} -> {module}")
        if target in ARROWS and target != own and target not in ARROWS[own]:
            found.append(f"{path.relative_to(ROOT)}:{line} {own} -> {target} ({module})")
        if target == own and own in FLOORS and not downstairs(FLOORS[own], path, module):
            found.append(f"{path.relative_to(ROOT)}:{line} {module}")
    return found


def downstairs(floors: tuple[str, ...], path: Path, module: str) -> bool:
    """Whether an import within one package stays on its floor or goes to a lower one."""
    inside = path.relative_to(ROOT / "core").parts
    here, imported = Path(inside[1]).stem, module.split(".")[2:]
    if here == "__init__" or not imported:  # "from core.data import splits" also names core.data.splits
        return True
    there = imported[0]
    return there in floors and floors.index(there) <= floors.index(here)


def circles(arrows: dict[str, set[str]]) -> list[str]:
    """The nodes that can be reached from themselves."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = [*arrows.get(start, ())]
        while ahead:
            node = ahead.pop()
            if node not in seen:
                seen.add(node)
                ahead += arrows.get(node, ())
        return seen

    return sorted(node for node in arrows if node in reached(node))


def test_every_package_of_core_has_its_arrows() -> None:
    packages = {package_of(path) for path in python_files("core")} - {"__init__"}
    assert packages <= set(ARROWS), f"say in ARROWS what {sorted(packages - set(ARROWS))} may import"
    assert not circles(ARROWS)


def test_every_floor_has_its_place() -> None:
    for package, floors in FLOORS.items():
        entries = (ROOT / "core" / package).glob("*")
        there = {entry.stem for entry in entries if entry.suffix == ".py" or (entry / "__init__.py").is_file()}
        assert there - {"__init__"} == set(floors)


def test_folders_of_components_import_each_other_in_one_direction() -> None:
    arrows: dict[str, set[str]] = {}
    for path in python_files("pages/components"):
        own = folder_of_component(".".join(path.relative_to(ROOT).with_suffix("").parts))
        targets = {folder_of_component(module) for _, module in imported_modules(path)}
        arrows.setdefault(own, set()).update(targets - {own, ""})
    assert not circles(arrows), {node: sorted(arrows[node]) for node in circles(arrows)}
    assert arrows["door"] == set(), f"door imports {arrows['door']}"
    assert arrows["many_tabs"] == set(), f"many_tabs imports {arrows['many_tabs']}"
    assert arrows["shared"] == {"door", "many_tabs"}, f"shared imports {arrows['shared']}"


def folder_of_component(module: str) -> str:
    """``annotate``, ``learn`` or ``learn.lessons``, for a module in pages/components; else nothing."""
    parts = module.split(".")
    if parts[:2] != ["pages", "components"] or len(parts) < 4:
        return ""
    return "learn.lessons" if parts[2:4] == ["learn", "lessons"] else parts[2]


def test_no_folder_is_an_attic() -> None:
    folders = {path.parent for folder in ("core", "pages") for path in python_files(folder)}
    full = {str(one.relative_to(ROOT)): count for one in folders if (count := len([*one.glob("*.py")])) > 17}
    assert not full, full


def test_arrows_run_one_way() -> None:
    wrong = [
        text for path in python_files("core") if path != ROOT / "core" / "__init__.py" for text in wrong_arrows(path)
    ]
    assert not wrong, "\n".join(wrong)


def test_a_wrong_arrow_would_be_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    bad = tmp_path / "core" / "data" / "bad.py"
    bad.parent.mkdir(parents=True)
    bad.write_text("def f():\n    from core.training import recipe\n    return recipe\n", encoding="utf-8")
    assert wrong_arrows(bad) != []
    upstairs = tmp_path / "core" / "data" / "pictures" / "bad.py"
    upstairs.parent.mkdir()
    upstairs.write_text("def f():\n    from core.data.store import store\n    return store\n", encoding="utf-8")
    assert wrong_arrows(upstairs) != []
    upstairs.write_text("from core.data import splits\n", encoding="utf-8")
    assert wrong_arrows(upstairs) != []
    upstairs.write_text("from pages.components.shared import wording\nimport demo\n", encoding="utf-8")
    assert len(wrong_arrows(upstairs)) == 3
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c"]


def test_core_knows_no_page_framework() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {module}"
        for path in python_files("core")
        for line, module in imported_modules(path)
        if module.split(".")[0] in PAGE_FRAMEWORKS
    ]
    assert not wrong, "\n".join(wrong)


def test_pages_hold_no_sql_and_no_tensors() -> None:
    forbidden = {"torch", "torchvision", "sqlalchemy", "sqlite3", "alembic", "accelerate", "pytorch_grad_cam"}
    wrong = [
        f"{path.relative_to(ROOT)}:{line} {module}"
        for path in [ROOT / "app.py", *python_files("pages")]
        for line, module in imported_modules(path)
        if module.split(".")[0] in forbidden
    ]
    assert not wrong, "\n".join(wrong)


def test_no_module_is_a_drawer_for_everything() -> None:
    names = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
    wrong = [str(p.relative_to(ROOT)) for f in ("core", "pages") for p in python_files(f) if p.stem in names]
    assert not wrong, wrong


def test_first_line_of_a_module_says_its_job() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for folder in ("core", "pages", "benchmarks", "scripts")
        for path in python_files(folder)
        if not docstring_and_imports(path, path.read_text(encoding="utf-8"))[0]
    ]
    assert not silent, silent


def test_modules_and_pages_stay_small() -> None:
    limits = [(path, 350) for path in python_files("core") + python_files("pages")]
    limits += [(path, 150) for path in [ROOT / "app.py", *sorted((ROOT / "pages").glob("[0-9]*.py"))]]
    too_long = [
        f"{path.relative_to(ROOT)}: {length} lines, at most {limit}"
        for path, limit in limits
        if (length := len(path.read_text(encoding="utf-8").splitlines())) > limit
    ]
    assert not too_long, "\n".join(too_long)


def test_light_modules_do_not_load_torch() -> None:
    """Imported one after the other in one process: the first after which torch is there is the one that loads it."""
    code = f"""
import importlib, sys
for module in {TORCH_FREE}:
    importlib.import_module(module)
    if "torch" in sys.modules or "torchvision" in sys.modules:
        sys.exit(f"{{module}} imports torch")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_torchvision_is_imported_only_where_a_picture_or_box_needs_it() -> None:
    """Loading it takes about three seconds of processor time, which every prediction would wait for."""
    for path in python_files("core"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        loaded = [one for one in body if isinstance(one, ast.Import | ast.ImportFrom)]
        names = [getattr(one, "module", None) or alias.name for one in loaded for alias in one.names]
        assert not any(name.split(".")[0] == "torchvision" for name in names), path
