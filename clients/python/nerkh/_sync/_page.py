"""Pages of lists: they hold their items and fetch the next ones; every list of the sub-clients returns one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Generic, Self, TypeVar

from nerkh._listing import Listing
from nerkh._models.common import AssetCandidate, Provenance
from nerkh._options import Timeout
from nerkh._reader import read
from nerkh._tables import Table
from nerkh._transport import Transport

T = TypeVar("T")
S = TypeVar("S")


class Page(Table[T]):
    """One page of a list: `items` are its own, iterating goes on over all pages, fetching each when it is due.

    `next_page_token` is empty on the last page. `candidates` are all assets that share the symbol that was asked for,
    the one that was taken first; empty unless several do.
    """

    def __init__(
        self, transport: Transport, listing: Listing[T], request: Any, response: Any, timeout: Timeout
    ) -> None:
        self._transport = transport
        self._listing = listing
        self._request = request
        self._timeout = timeout
        self._item = listing.item
        self.items: tuple[T, ...] = listing.items(response)
        self.next_page_token: str = response.next_page_token
        self.provenance: Provenance | None = listing.provenance(response)
        self.candidates: tuple[AssetCandidate, ...] = listing.candidates(response)

    def __iter__(self) -> Iterator[T]:
        """Yield the items of this page and of all that follow."""
        page: Page[T] | None = self
        while page is not None:
            yield from page.items
            page = page.next_page()

    def next_page(self) -> Self | None:
        """Return the next page, None behind the last; raises `NerkhError`."""
        if not self.next_page_token:
            return None
        request = type(self._request)()
        request.CopyFrom(self._request)
        request.page_token = self.next_page_token
        return self._made(request, self._transport.call(self._listing.method, request, self._timeout))

    def _made(self, request: Any, response: Any) -> Self:
        return type(self)(self._transport, self._listing, request, response, self._timeout)

    def __repr__(self) -> str:
        more = ", more follow" if self.next_page_token else ""
        return f"<{type(self).__name__} of {len(self.items)} {self._item.__name__}{more}>"


class Series(Page[T], Generic[S, T]):
    """A page of points whose common fields, such as asset and quote, stand once in `series`."""

    def __init__(
        self,
        transport: Transport,
        listing: Listing[T],
        request: Any,
        response: Any,
        timeout: Timeout,
        *,
        head: type[S],
    ) -> None:
        super().__init__(transport, listing, request, response, timeout)
        self._head = head
        self.series: S = read(head, response)

    def _made(self, request: Any, response: Any) -> Self:
        return type(self)(self._transport, self._listing, request, response, self._timeout, head=self._head)


def page_of(
    transport: Transport,
    listing: Listing[T],
    request: Any,
    timeout: Timeout,
) -> Page[T]:
    """Fetch the first page of a list."""
    return Page(transport, listing, request, transport.call(listing.method, request, timeout), timeout)


def series_of(
    transport: Transport,
    listing: Listing[T],
    head: type[S],
    request: Any,
    timeout: Timeout,
) -> Series[S, T]:
    """Fetch the first page of a series."""
    response = transport.call(listing.method, request, timeout)
    return Series(transport, listing, request, response, timeout, head=head)
