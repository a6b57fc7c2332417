"""docs/rules.md says what the engine does: its examples are run."""

import json
import re
from pathlib import Path

import pytest
import yaml

from weiye.engine.rules.compile.functions import FUNCTIONS

from .book import verdict

PAGE = Path(__file__).parents[3] / "docs" / "rules.md"
WORDS = {"met": True, "unmet": False, "unknown": None}


def examples():
    """Facts and expression and verdict, block by block."""
    people = []
    for kind, block in re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.S):
        if kind == "facts":
            decoder, people, at = json.JSONDecoder(), [], 0
            while at < len(block.rstrip()):
                person, at = decoder.raw_decode(block, at)
                people.append(person)
                at += 1
        elif kind == "rules":
            for line in block.splitlines():
                text, _, said = line.partition("#")
                word = re.match(r"\s*(\w+)", said)
                assert word and word[1] in WORDS, line
                yield pytest.param(people, text.strip(), WORDS[word[1]], id=text.strip())


@pytest.mark.parametrize(("people", "text", "expected"), tuple(examples()))
def test_an_example_of_the_manual(people, text, expected):
    assert verdict(text, *people)[0] is expected


def test_the_manual_names_every_function_and_no_other():
    page = PAGE.read_text(encoding="utf-8")
    table = "".join(line for line in page.splitlines() if line.startswith("| `"))
    named = set(re.findall(r"`(\w+)\(", table))
    assert named == set(FUNCTIONS)


def test_the_rule_of_the_manual_can_be_asked():
    page = PAGE.read_text(encoding="utf-8")
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.S)
    (entry,) = yaml.safe_load(block)
    parts = entry["clauses"][1]["any_of"]
    person = {"sex": "女", "birth_date": "1985-06-30", "land_lost": True}
    texts = [entry["clauses"][0]["when"], *(part["when"] for part in parts)]
    assert [verdict(text, person)[0] for text in texts] == [True, None, True]
