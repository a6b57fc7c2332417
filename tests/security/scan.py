"""Scan the running product with Wapiti, signed in as each demonstration role.

    python -m venv /tmp/scan && /tmp/scan/bin/pip install --require-hashes -r requirements/scan.txt
    ./weiye run --port 8400 &                       # demonstration data, a state folder of its own
    .venv/bin/python -m tests.security.scan http://127.0.0.1:8400 --wapiti /tmp/scan/bin/wapiti

It sends forms: never point it at a system with real data. What it finds is compared with
``explained.yaml``; the exit status is 1 if anything is left over. Signs in over HTTP alone, with
the sign-ins that ``./weiye signins`` prints.
"""

import argparse
import http.cookiejar
import json
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
EXPLAINED = Path(__file__).with_name("explained.yaml")
MODULES = (
    "cookieflags,crlf,csp,csrf,exec,file,htaccess,http_headers,ldap,methods,permanentxss,"
    "redirect,sql,ssl,ssrf,timesql,upload,xss,xxe"
)
# Ends the session that the scan goes on with.
NOT = ("signout", "account/password", "account/sessions", "account/totp")


@dataclass(frozen=True)
class Finding:
    role: str
    module: str
    method: str
    path: str
    info: str

    @property
    def where(self) -> str:
        return f"{self.method} {self.path}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--wapiti", default="wapiti")
    parser.add_argument("--seconds", type=int, default=240, help="at most, for one role")
    parser.add_argument("--role", action="append", help="only these (default: all, and nobody)")
    options = parser.parse_args()
    url = options.url.rstrip("/")
    signs = [("nobody", "", ""), *sign_ins()]
    left: list[Finding] = []
    known: set[str] = set()
    for role, username, password in signs:
        if options.role and role not in options.role:
            continue
        found = list(scan(url, options, role, username, password))
        explained = [reason for finding in found if (reason := explain(finding))]
        known |= set(explained)
        rest = sorted({f for f in found if not explain(f)}, key=lambda f: (f.module, f.where))
        print(f"{role}: {len(found)} reported, {len(found) - len(explained)} unexplained")
        for finding in rest:
            print(f"  {finding.module}: {finding.where}: {finding.info}")
        left += rest
    for reason in sorted(known):
        print(f"explained: {reason}")
    return 1 if left else 0


def sign_ins() -> Iterator[tuple[str, str, str]]:
    """(role title, user name, password): the first account of each role."""
    done = subprocess.run(
        [ROOT / "weiye", "signins"], capture_output=True, text=True, check=True, cwd=ROOT
    )
    seen = set()
    for line in done.stdout.splitlines():
        role, username, password, *_ = line.split()
        if role not in seen:
            seen.add(role)
            yield role, username, password


def scan(
    url: str, options: argparse.Namespace, role: str, username: str, password: str
) -> Iterator[Finding]:
    with tempfile.TemporaryDirectory() as folder:
        report, cookies = Path(folder) / "report.json", Path(folder) / "cookies.json"
        command: list[str] = [
            options.wapiti, "-u", f"{url}/", "--scope", "folder", "-m", MODULES, "--color",
            "-f", "json", "-o", str(report), "--flush-session", "--store-session", folder,
            "--max-scan-time", str(options.seconds), "--max-attack-time", str(options.seconds),
            "--max-links-per-page", "40", "--max-files-per-dir", "30", "-S", "polite",
            "-t", "20", "-v", "0", "--no-bugreport",
        ]  # fmt: skip
        for part in NOT:
            command += ["-x", f"{url}/{part}/*", "-x", f"{url}/{part}/"]
        for start in ("community/", "administration/units/", "mine/", "account/"):
            command += ["-s", f"{url}/{start}"]
        if username:
            cookies.write_text(json.dumps(signed_in(url, username, password)), encoding="utf-8")
            command += ["-c", str(cookies), "--drop-set-cookie"]
        subprocess.run(command, check=True, stdout=sys.stderr)
        said = json.loads(report.read_text(encoding="utf-8"))
        for kind in ("vulnerabilities", "anomalies"):
            for module, entries in said[kind].items():
                for entry in entries:
                    yield Finding(
                        role, module, entry["method"], entry["path"].split("?")[0], entry["info"]
                    )


def signed_in(url: str, username: str, password: str) -> dict[str, Any]:
    """The cookies of a fresh session, in the scanner's form. Exits if signing in fails."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    browser.open(f"{url}/signin/").read()
    token = next(c.value for c in jar if c.name.endswith("csrftoken"))
    sent = {"username": username, "password": password, "csrfmiddlewaretoken": token or ""}
    answer = browser.open(
        urllib.request.Request(
            f"{url}/signin/",
            urllib.parse.urlencode(sent).encode(),
            headers={"Referer": f"{url}/signin/"},
        )
    )
    if answer.geturl().startswith(f"{url}/signin"):
        sys.exit(f"{username} could not sign in")
    cookies: dict[str, dict[str, Any]] = {}
    for cookie in jar:
        cookies.setdefault(cookie.path, {})[cookie.name] = {
            "version": 0,
            "expires": cookie.expires,
            "secure": cookie.secure,
            "value": cookie.value,
            "port": None,
        }
    return {urllib.parse.urlsplit(url).hostname or "": cookies}


def explain(finding: Finding) -> str:
    """The reason of the first entry that covers a finding, or ''."""
    for entry in yaml.safe_load(EXPLAINED.read_text(encoding="utf-8")):
        if entry["module"] == finding.module and re.fullmatch(entry["where"], finding.where):
            return f"{entry['module']}: {entry['why']}"
    return ""


if __name__ == "__main__":
    sys.exit(main())
