"""Everything that changes data leaves an entry, bulk changes included."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import weiye

SOURCE = Path(weiye.__file__).parent

# Actions that write no entry of their own, each with the reason.
WITHOUT: dict[str, str] = {
    "base/files/actions.py:keep": "whoever keeps a file logs what it is: an upload, an export",
    "base/runs/actions.py:start": "the work itself is logged by what it does",
    "base/drafts/actions.py:save": "a form half typed; what is sent in the end is logged",
    "base/drafts/actions.py:discard": "as above",
    "base/drafts/actions.py:prefer": "columns and type size of the account itself",
    "base/integrity/actions.py:examine": "counts rows, changes nothing",
    "base/integrity/actions.py:keep": "keeps the counts",
    "base/integrity/actions.py:begin": "starts the run that counts",
    "base/integrity/actions.py:mend": "`gather` of the tree logs what it moved",
    "services/exchange/actions/steps.py:dry_run": "queues `check_now`, which is logged",
    "services/exchange/actions/steps.py:commit": "queues `commit_now`, which is logged",
    "services/exchange/actions/steps.py:ask_transfers": "queues `ask_transfers_now`",
    "services/exchange/actions/steps.py:ask_transfers_now": "each is logged by `ask_many`",
    "services/exchange/actions/undoing.py:preview_undo": "changes nothing",
    "services/exchange/actions/undoing.py:preview_undo_now": "changes nothing",
    "services/exchange/actions/undoing.py:undo": "queues `undo_now`, which is logged",
    "services/linkage/actions.py:start_search": "queues `search_now`, which is logged",
    "base/runs/actions.py:cancel": "stops work, changes no data; the run says who started it",
    "base/audit/actions.py:record": "writes the entry",
    "base/audit/actions.py:record_many": "writes the entries",
}


def actions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """(name, function) of every public action: plain functions with a keyword-only ``actor``."""
    files = [*SOURCE.glob("*/*/actions.py"), *SOURCE.glob("*/*/actions/**/*.py")]
    files += [*SOURCE.glob("registers/people/residents.py"), *SOURCE.glob("*/*/*/actions.py")]
    for path in sorted(set(files)):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            if any(arg.arg == "actor" for arg in node.args.kwonlyargs):
                yield f"{path.relative_to(SOURCE)}:{node.name}", node


def called(node: ast.AST) -> set[str]:
    """Names of everything that a function calls or enters."""
    found = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            if isinstance(each.func, ast.Name):
                found.add(each.func.id)
            elif isinstance(each.func, ast.Attribute):
                found.add(each.func.attr)
    return found


RECORDING = {"record", "record_many"}


@cache
def recording_names(app: Path) -> frozenset[str]:
    """Functions, methods and classes of one app that record, or call one of the app that does.

    Within the app alone: followed any further, names coincide and everything seems to record.
    """
    calls: dict[str, set[str]] = {}
    for path in app.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                calls.setdefault(node.name, set()).update(called(node))
            elif isinstance(node, ast.ClassDef):
                methods = [n for n in node.body if isinstance(n, ast.FunctionDef)]
                calls.setdefault(node.name, set()).update(*(called(m) for m in methods))
    known = set(RECORDING)
    while more := {name for name, names in calls.items() if name not in known and names & known}:
        known |= more
    return frozenset(known)


def app_of(name: str) -> Path:
    return SOURCE.joinpath(*name.split("/")[:2])


def test_every_action_leaves_an_entry_or_says_why_not() -> None:
    silent = [
        name
        for name, node in actions()
        if not called(node) & recording_names(app_of(name)) and name not in WITHOUT
    ]
    assert not silent, "record what they do, or list them here with the reason"


def test_the_reasons_are_of_actions_that_exist() -> None:
    there = {name for name in WITHOUT if (SOURCE / name.partition(":")[0]).is_file()}
    assert there <= {name for name, _ in actions()}


# Modules that write many rows at once → the verbs under which the log has them.
BULK = {
    "base/accounts/actions/second_factor.py": {"totp.enrol", "totp.recovery.renew"},
    "base/drafts/actions.py": set[str](),  # half-typed forms
    "base/integrity/actions.py": set[str](),  # counts
    "base/privacy/retention.py": {"retention."},
    "base/regions/actions/loading.py": {"regions.load"},
    "registers/employers/intake.py": {"employer.import", "vacancy.import"},
    "registers/people/intake/__init__.py": {"person.import"},
    "services/exchange/reflow/actions.py": {"reflow.hand_over"},
    "services/linkage/actions.py": {"linkage.search", "linkage.keep"},
    "registers/people/intake/changes.py": {"person.import"},
    "registers/people/intake/journal.py": {"person.import.undo"},
    "services/exchange/senders.py": {"import.commit"},
    # The pipeline's: one entry with the counts of what changed.
    "services/assistance/actions/pipeline/deaths.py": {"file.close"},
    "services/assistance/frames.py": {"pipeline.run"},
    "services/demonstration/loading.py": {"demonstration.load"},
}
_BULK = re.compile(
    r"\bbulk\.(insert|update|insert_objects)\(|bulk_(create|update)\(|scope\.bulk import"
)


def test_every_bulk_write_is_in_the_log() -> None:
    found = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if _BULK.search(path.read_text(encoding="utf-8")) and path.name != "bulk.py"
    }
    there = {module for module in BULK if (SOURCE / module).is_file()}
    assert found == there, "say under which verb the log has them"
    for module in sorted(there):
        verbs = BULK[module]
        app = "\n".join(p.read_text(encoding="utf-8") for p in app_of(module).rglob("*.py"))
        for verb in verbs:
            assert f'"{verb}' in app, f"{module}: {verb}"


def test_there_are_actions_to_look_at() -> None:
    names = {name for name, _ in actions()}
    assert len(names) > 40
    assert "registers/people/actions/facts.py:edit_person" in names
    assert "services/assistance/actions/files.py:close_file" in names
