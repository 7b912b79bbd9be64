"""A page that lists every route, made from the OpenAPI document, without external resources."""

from html import escape
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

router = APIRouter(include_in_schema=False)
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_PAGE: Final = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>API · {title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root {{ color-scheme: light dark; --line: light-dark(#e0e1e6, #363a3f); --soft: light-dark(#60646c, #b0b4ba) }}
body {{ font: 14px/20px "Inter Variable", Inter, system-ui, sans-serif }}
body {{ max-width: 960px; margin: 32px auto; padding: 0 16px }}
h1 {{ font-size: 20px }} h2 {{ font-size: 14px; margin: 24px 0 4px }} p {{ color: var(--soft); margin: 4px 0 }}
li {{ border-top: 1px solid var(--line); padding: 10px 0; list-style: none }} ul {{ padding: 0; margin: 0 }}
code {{ font: 13px ui-monospace, monospace }} b {{ display: inline-block; min-width: 56px; font-weight: 600 }}
</style></head><body><main><h1>{title} {version}</h1><p>{description}</p>
<p>As a document for tools: <a href="/api/openapi.json">/api/openapi.json</a></p>{groups}</main></body></html>"""


@router.get("/api/docs")
async def docs(request: Request) -> HTMLResponse:
    """Every route with its purpose and parameters."""
    schema = request.app.openapi()
    info = schema["info"]
    groups: dict[str, list[str]] = {}
    for path, methods in schema["paths"].items():
        for method in _METHODS:
            if method in methods:
                tag = methods[method].get("tags", ["Other"])[0]
                groups.setdefault(tag, []).append(_route(path, method, methods[method]))
    body = "".join(f"<h2>{escape(tag)}</h2><ul>{''.join(rows)}</ul>" for tag, rows in groups.items())
    return HTMLResponse(
        _PAGE.format(
            title=escape(info["title"]),
            version=escape(info["version"]),
            description=escape(info.get("description", "")),
            groups=body,
        )
    )


def _route(path: str, method: str, operation: dict[str, Any]) -> str:
    names = ", ".join(f"<code>{escape(one['name'])}</code>" for one in operation.get("parameters", []))
    takes = f"<p>Takes {names}</p>" if names else ""
    told = escape(operation.get("description", ""))
    return (
        f"<li><b>{method.upper()}</b> <code>{escape(path)}</code> {escape(operation.get('summary', ''))}"
        f"<p>{told}</p>{takes}</li>"
    )
