"""What faults do to an answer: the replies that stand in for it, and how its bytes are spoilt."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from urllib.parse import quote, urlencode

from server.simulator.faults import Fault
from server.simulator.reply import Asked, Format, Said, said
from server.simulator.view import View

_PAGE = (
    "<!DOCTYPE html>\n<html><head><title>{title}</title></head>\n"
    '<body><div class="main"><h1>{title}</h1><p>{text}</p></div></body></html>\n'
)
_CHALLENGE = (
    '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title>'
    '<meta http-equiv="refresh" content="390"></head><body>'
    "<noscript>Enable JavaScript and cookies to continue</noscript>"
    '<script>(function(){window._cf_chl_opt={cvId:"3",cType:"managed"};}());</script></body></html>'
)
_GONE = ".".join(["gone"] * 60)
"""In front of a host's name it makes one that is too long to be resolved: it fails at once, and no query goes out."""
_DECIMAL = re.compile(rb"(?<![\w.])-?\d+\.\d+(?:[eE][-+]?\d+)?(?![\w.])")
_WHOLE = re.compile(rb'(?<=[:\[,"])\s*-?\d+(?=\s*[,\]}"])')
_HEX = re.compile(rb'"0x[0-9a-fA-F]{1,64}"')


def _page(title: str, text: str, status: int) -> Said:
    return Said(status, _PAGE.format(title=title, text=text).encode(), "text/html; charset=UTF-8")


def replaced(faults: Mapping[str, Fault], form: Format) -> Said | None:  # noqa: PLR0911 -- one line for each fault
    """Return the answer that takes the place of the true one, None when no active fault does."""
    if fault := faults.get("dead"):
        gone = fault.word("how") == "410"
        return _page("410 Gone", "This service has ended.", 410) if gone else _page("404 Not Found", "nginx", 404)
    if fault := faults.get("status"):
        code = int(fault.number("code"))
        return _page(f"{code} Error", "cloudflare", code)
    if fault := faults.get("rate_limit"):
        return _limited(fault)
    if fault := faults.get("region"):
        message = "Service unavailable from a restricted location according to 'b. Eligibility' in the terms."
        return said({"code": 0, "msg": message}, int(fault.number("code")))
    if "challenge" in faults:
        headers = {"cf-mitigated": "challenge", "Server": "cloudflare"}
        return Said(403, _CHALLENGE.encode(), "text/html; charset=UTF-8", headers)
    if fault := faults.get("html"):
        return _page("Scheduled maintenance", "We will be back soon.", int(fault.number("code")))
    if fault := faults.get("nested"):
        depth = int(fault.number("depth"))
        return Said(200, b"[" * depth + b"]" * depth)
    if "error_body" in faults:
        return form.failure
    return None


def moved(asked: Asked, faults: Mapping[str, Fault]) -> Said | None:
    """Return the redirect that `dns` and `tls` answer with, None without them.

    Stand-ins are reached by address and without encryption. So the source says that it moved: to a name under its own
    that cannot be resolved, or to https on its own port, where no handshake succeeds.
    """
    host = asked.headers.get("host", "127.0.0.1")
    if "dns" in faults:
        target = f"http://{_GONE}.{host}"
    elif "tls" in faults:
        target = f"https://{host}"
    else:
        return None
    query = f"?{urlencode(asked.query)}" if asked.query else ""
    return Said(307, b"", "text/plain", {"Location": target + quote(asked.path) + query})


def _limited(fault: Fault) -> Said:
    wait = fault.number("retry_after")
    answer = said(
        {"status": {"error_code": 429, "error_message": "You've exceeded the Rate Limit."}}, int(fault.number("code"))
    )
    return dataclasses.replace(answer, headers={"Retry-After": f"{wait:.0f}"}) if wait else answer


def shifted(view: View, faults: Mapping[str, Fault]) -> View:
    """Return the view with what faults do to values and times."""
    changes: dict[str, object] = {}
    if fault := faults.get("frozen"):
        changes["now"] = fault.start
    if fault := faults.get("skew"):
        changes["now"] = view.now + fault.number("by_s")
    if fault := faults.get("wrong_value"):
        changes["factor"] = fault.number("factor")
    if "wrong_asset" in faults:
        changes["swap"] = True
    return dataclasses.replace(view, **changes) if changes else view  # type: ignore[arg-type]  # names checked above


def spoilt(answer: Said, faults: Mapping[str, Fault]) -> Said:
    """Return the answer with its bytes spoilt by `nan` and `truncated`."""
    body = answer.body
    if "nan" in faults:
        changed = _DECIMAL.sub(b"NaN", _HEX.sub(b'"NaN"', body))
        body = changed if changed != body else _WHOLE.sub(b"NaN", body)
    if fault := faults.get("truncated"):
        body = body[: max(1, int(len(body) * fault.number("keep")))] if len(body) > 1 else b""
    return dataclasses.replace(answer, body=body) if body is not answer.body else answer


def answered(view: View, asked: Asked, form: Format, faults: Mapping[str, Fault]) -> Said:
    """Return what a source with these faults says, as far as it is a matter of bytes."""
    instead = moved(asked, faults) or replaced(faults, form)
    return instead if instead is not None else spoilt(form.answer(shifted(view, faults), asked), faults)
