"""Every route of the product, read from the URL map."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.converters import UUIDConverter

from weiye.base.scope.access import Access, declared


@dataclass(frozen=True)
class Route:
    name: str
    # Name → what it may be.
    arguments: dict[str, Any]
    view: Any

    @property
    def access(self) -> Access | None:
        return declared(self.view)

    def url(self, things: dict[str, Any]) -> str:
        """Its address for the planted things; fails for an argument that nobody has named."""
        special = things.get(self.name, {})
        kwargs = {}
        for name, converter in self.arguments.items():
            keyed = f"uuid:{name}" if isinstance(converter, UUIDConverter) else name
            value = special.get(name, things.get(keyed))
            assert value is not None, f"{self.name}: say in things.py (`named`) what {name} means"
            kwargs[name] = value
        return reverse(self.name, kwargs=kwargs)


def routes(
    resolver: URLResolver | None = None, space: str = "", above: dict[str, Any] | None = None
) -> Iterator[Route]:
    for entry in (resolver or get_resolver()).url_patterns:
        arguments = {**(above or {}), **entry.pattern.converters}
        if isinstance(entry, URLPattern):
            yield Route(space + (entry.name or ""), arguments, entry.callback)
        else:
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from routes(entry, inner, arguments)


def all_routes() -> list[Route]:
    return sorted(routes(), key=lambda route: route.name)
