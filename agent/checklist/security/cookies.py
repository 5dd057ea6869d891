"""SEC-COOKIES and SEC-CSRF: how session cookies are set, and whether another site can make a browser use them.

The contract need not mention a cookie: what counts is what the service sets, and what it takes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from agent.binding.model import Bound
from agent.binding.words import words
from agent.checklist.probe.accounts import Caller, NoCredentials
from agent.checklist.probe.exchange import caller_for
from agent.checklist.probe.requests import Request
from agent.checklist.probe.store import NoRow
from agent.checklist.probe.users import cookies_in
from agent.checklist.record import Seen
from agent.checklist.running import ORIGIN
from agent.checklist.security.answers import reproducer
from agent.checklist.security.round import NOT_APPLICABLE, Round, curl
from agent.contract.credentials import known_by_cookie
from agent.receipts import Receipt

ASKED: Mapping[str, str] = {
    "SEC-CSRF": "headers: every change that a cookie authorises, asked as another site's page would ask for it",
}
"""What is seen by asking."""
RULES: Mapping[str, str] = {
    "SEC-COOKIES": "headers: attributes of every cookie that any gate was given",
}
"""What is seen after everybody has asked."""

_ELSEWHERE = "https://elsewhere.example"
_FORGED = {
    "Origin": _ELSEWHERE,
    "Referer": f"{_ELSEWHERE}/page",
    "Sec-Fetch-Site": "cross-site",
    "Sec-Fetch-Mode": "no-cors",
}
_OWN = {"Origin": ORIGIN, "Referer": f"{ORIGIN}/", "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors"}
_READABLE = frozenset({"csrf", "xsrf", "csrftoken", "xsrftoken"})
"""Words in the name of a cookie that the page's own script has to read: it is the proof, and no session."""
_PROOF_HEADERS = ("X-CSRF-Token", "X-XSRF-TOKEN", "X-CSRFToken")
_CHANGING = ("post", "put", "patch", "delete")


def cookie_problems(seen: Sequence[Seen]) -> Iterator[tuple[str, Seen]]:
    """What is missing from session cookies, each fault once, with the first answer that has it."""
    told: set[str] = set()
    for one in seen:
        for name, attributes in _cookies(one):
            missing = [word for word in ("HttpOnly", "Secure") if word.lower() not in attributes]
            site = attributes.get("samesite", "")
            missing += [] if site.lower() == "strict" else [f"SameSite=Strict (it says {site or 'nothing'})"]
            problem = f"the session cookie {name} lacks {' and '.join(missing)}"
            if missing and problem not in told:
                told.add(problem)
                yield f"{problem}: {one.told}", one


async def judge_cookies(probes: Round) -> tuple[Receipt, ...]:
    """Settle how cookies are set, from all answers; somebody logs in first, since that is when most are set."""
    try:
        await probes.caller("first")
    except NoCredentials as error:
        nobody = str(error)
    else:
        nobody = ""
    seen = probes.record.seen
    names = {name for one in seen for name, _ in _cookies(one)}
    if not names and nobody:
        why = f"no session cookie was seen, because nobody could log in: {nobody}"
        return probes.owing.cannot(["SEC-COOKIES"], why, reproduce="").receipts
    if not names:
        return probes.owing.leave("SEC-COOKIES", f"{NOT_APPLICABLE}none of {len(seen)} answers set a session cookie")
    found = list(cookie_problems(seen))
    return probes.judge(
        "SEC-COOKIES",
        [problem for problem, _ in found],
        ran=f"{len(seen)} answers to all gates; session cookies: {', '.join(sorted(names))}",
        found="HttpOnly, Secure and SameSite=Strict each time",
        reproduce=reproducer(found[0][1]) if found else "",
    )


async def judge_forgery(probes: Round) -> tuple[Receipt, ...]:
    """Settle whether another site can change something. Raises `NoCredentials` and `NoRow`."""
    problems, asked = list[str](), dict[str, str]()
    reproduce = ""
    first = await probes.caller("first")
    for bound in _authorised(probes) if first is not None and _held(probes, first) else ():
        try:
            forged, problem = await _forged(probes, bound)
        except (NoCredentials, NoRow) as error:
            forged, problem = None, f"{bound.operation.key} could not be asked: {error}"
        if problem:
            problems.append(problem)
            reproduce = reproduce or (forged.curl() if forged else "")
        elif forged is not None:
            asked[bound.operation.key] = forged.sent_target
    for target in dict.fromkeys(asked.values()):
        if problem := await _opened_to_all(probes, target):
            problems.append(problem)
            reproduce = reproduce or curl("GET", target, [f"Origin: {_ELSEWHERE}"])
    if not problems and not asked:
        return probes.owing.leave("SEC-CSRF", f"{NOT_APPLICABLE}no change is accepted with a cookie alone")
    ran = f"{', '.join(asked) or 'changes'} with the cookie alone, from elsewhere.example and from its own pages"
    return probes.judge("SEC-CSRF", problems, ran=ran, found="refused from elsewhere", reproduce=reproduce)


async def _forged(probes: Round, bound: Bound) -> tuple[Request | None, str]:
    """Ask as a foreign page, and then as one of its own; None when not even that one is let in by its cookie."""
    caller = await caller_for(probes.world, bound)
    held = _held(probes, caller) if caller else {}
    if caller is None or not held:
        return None, ""
    request, need = await probes.request(bound, caller, fresh=True)
    cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in held.items())}
    forged = replace(request, credentials=cookie, headers={**request.headers, **_FORGED})
    store, table = probes.world.asker.store, probes.world.catalog.table(bound.table)
    before = store.digest(table) if table else ""
    reply = await probes.send(forged)
    changed = table is not None and store.digest(table) != before
    if 200 <= reply.status < 300 or changed:
        return forged, f"{bound.operation.key} from another site with the cookie alone → {reply.status}, expected 403"
    own = {**request.headers, **_OWN, **_proof(held)}
    good = await probes.send(probes.world.asker.refreshed(replace(request, credentials=cookie, headers=own)))
    return (forged, "") if 200 <= good.status < 300 else (None, "")


async def _opened_to_all(probes: Round, target: str) -> str:
    """Whether the pages of another site may read with the caller's cookies, and so the proof of their own requests."""
    reply = await probes.service.ask("GET", target, headers={"Origin": _ELSEWHERE, "Cookie": "page=1"})
    allowed = reply.headers.get("access-control-allow-origin", "") == _ELSEWHERE
    with_cookies = reply.headers.get("access-control-allow-credentials", "").lower() == "true"
    return f"GET {target} lets pages of {_ELSEWHERE} read with the caller's cookies" if allowed and with_cookies else ""


def _authorised(probes: Round) -> Iterator[Bound]:
    """What changes something for a caller who has to be known, or may be known by a cookie."""
    contract = probes.case.contract
    for bound in probes.world.binding.operations:
        known = bound.operation.protected or known_by_cookie(bound.operation, contract)
        if known and not bound.hole and bound.operation.method in _CHANGING:
            yield bound


def _held(probes: Round, caller: Caller) -> Mapping[str, str]:
    """Every cookie that a browser of the caller's would send: what answers to them set, declared or not.

    Where a contract declares a cookie and the log-in sets none, that one holds the token.
    """
    own = [secret for secret in (caller.password, caller.token, *caller.cookies.values()) if secret]
    held = dict(caller.cookies)
    for one in probes.record.seen:
        if "set-cookie" in one.reply.headers and _sent_with(one, own):
            held |= cookies_in(one.reply)
    schemes = probes.case.contract.security_schemes.values()
    declared = {one.parameter: caller.key or caller.token for one in schemes if one.location == "cookie"}
    return {name: value for name, value in {**declared, **held}.items() if value}


def _sent_with(one: Seen, secrets: Collection[str]) -> bool:
    sent = " ".join([*one.sent.values(), (one.content or b"").decode("utf-8", "replace")])
    return any(secret in sent for secret in secrets)


def _proof(held: Mapping[str, str]) -> dict[str, str]:
    """What the page's own script would send along, where a cookie holds it."""
    for name, value in held.items():
        if _READABLE.intersection(words(name)):
            return dict.fromkeys(_PROOF_HEADERS, value)
    return {}


def _cookies(one: Seen) -> Iterator[tuple[str, dict[str, str]]]:
    """Name and attributes of the cookies that an answer sets, those aside that it removes or that scripts read."""
    for text in one.reply.headers.get_list("set-cookie"):
        pair, *rest = text.split(";")
        name, _, value = pair.partition("=")
        attributes = {key.strip().lower(): said.strip() for key, _, said in (part.partition("=") for part in rest)}
        if value.strip().strip('"') and not _READABLE.intersection(words(name.strip())):
            yield name.strip(), attributes
