"""Frames and states: what every page carries, and what is shown when something is missing."""

import json
import re
from pathlib import Path

import pytest
from django.template.loader import render_to_string
from django.test import Client

from tests.world import PASSWORD, sign_in

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[3]
DESKS = ROOT / "src" / "weiye" / "desks"
TEMPLATES = sorted(DESKS.rglob("templates/**/*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.name)
def test_templates_keep_to_the_content_security_policy(path: Path) -> None:
    """No inline style, script or handler, nothing from another host."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle\s*=|<style|\son[a-z]+\s*=(?!=)|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)
    assert not re.search(r"(src|href)\s*=\s*[\"'](https?:)?//", text)
    assert "hx-on" not in text


def test_every_icon_that_is_drawn_is_vendored() -> None:
    package = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    served = set(package["weiye"]["vendor"].values())
    text = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES)
    text += (DESKS / "community/templatetags/desk.py").read_text(encoding="utf-8")
    drawn = set(re.findall(r"{% icon \"([a-z0-9-]+)\"", text))
    drawn |= set(re.findall(r"nav_item \"[^\"]+\" \"([a-z0-9-]+)\"", text))
    drawn |= set(re.findall(r"drawing=\"([a-z0-9-]+)\"", text))
    assert len(drawn) > 20
    assert {f"icons/{name}.svg" for name in drawn} <= served


def test_no_address_of_a_registry_in_the_lock() -> None:
    text = (ROOT / "package-lock.json").read_text(encoding="utf-8")
    assert "http" not in text
    assert '"resolved"' not in text


def test_the_style_guide_shows_the_components(client: Client) -> None:
    assert client.get("/styleguide/")["Location"].startswith("/signin/")
    sign_in(client, "worker-a")
    page = client.get("/styleguide/")
    assert page.status_code == 200
    text = page.content.decode()
    for words in (
        "主要操作",
        "为什么：",
        "提出异议",
        "12333",
        "怎么算的",
        "还有地方要改",
        "有人改过这条记录",
        "选择文件，或拖到这里",
        "已用 1分钟，大约还要 2分钟",
        "取消",
        "撤销",
    ):
        assert words in text
    assert "missing variable" not in text


def test_large_type_is_kept_by_the_browser(client: Client) -> None:
    assert 'class="wy-large"' not in client.get("/signin/").content.decode()
    answer = client.post("/account/type/", {"large": "1", "next": "/signin/"})
    assert answer["Location"] == "/signin/"
    assert 'class="wy-large"' in client.get("/signin/").content.decode()
    client.post("/account/type/", {"large": "0", "next": "/signin/"})
    assert 'class="wy-large"' not in client.get("/signin/").content.decode()


@pytest.mark.parametrize("elsewhere", ["//evil.example/", "https://evil.example/", "javascript:1"])
def test_nobody_is_sent_to_another_site(client: Client, elsewhere: str) -> None:
    assert client.post("/account/type/", {"next": elsewhere})["Location"] == "/"
    signed = client.post(
        "/signin/", {"username": "worker-a", "password": PASSWORD, "next": elsewhere}
    )
    assert signed["Location"] == "/community/"


def test_sign_in_keeps_what_was_typed_and_does_not_tell_which_was_wrong(client: Client) -> None:
    answers = [
        client.post("/signin/", {"username": name, "password": "wrong wrong wrong"})
        for name in ("worker-a", "nobody-at-all")
    ]
    for answer, name in zip(answers, ("worker-a", "nobody-at-all"), strict=True):
        assert answer.status_code == 422
        text = answer.content.decode()
        assert f'value="{name}"' in text
        assert "用户名或密码不对" in text
        assert "wrong wrong wrong" not in text


def test_sign_in_asks_for_what_is_missing(client: Client) -> None:
    text = client.post("/signin/", {"username": "", "password": ""}).content.decode()
    assert "请填写用户名。" in text
    assert "请填写密码。" in text


def test_signing_out_needs_a_post_and_ends_the_session(client: Client) -> None:
    client.post("/signin/", {"username": "worker-a", "password": PASSWORD})
    assert client.get("/signout/").status_code == 405
    assert client.post("/signout/")["Location"] == "/signin/"
    assert client.get("/community/")["Location"].startswith("/signin/")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("400.html", "这个请求看不懂"),
        ("403.html", "您不能打开这一页"),
        ("403_csrf.html", "页面放得太久"),
        ("404.html", "没有找到这一页"),
        ("500.html", "系统出错了"),
    ],
)
def test_failure_pages_stand_without_a_request(name: str, words: str) -> None:
    assert words in render_to_string(name)


def test_a_page_that_is_not_there(client: Client) -> None:
    answer = client.get("/nothing/here/")
    assert answer.status_code == 404
    assert "没有找到这一页" in answer.content.decode()
    assert "default-src 'self'" in answer["Content-Security-Policy"]
