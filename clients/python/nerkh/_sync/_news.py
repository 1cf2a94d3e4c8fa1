"""`client.news`: articles; one story that many feeds carry is one article."""

from __future__ import annotations

from datetime import datetime

from nerkh import _methods as methods
from nerkh._listing import Listing
from nerkh._models.news import Article
from nerkh._options import Timeout
from nerkh._reader import read
from nerkh._requests import timestamp_of, view_of
from nerkh._sync._page import Page, page_of
from nerkh._transport import Transport
from nerkh.v1 import news_pb2

ARTICLES = Listing(methods.LIST_ARTICLES, "articles", Article)


class NewsClient:
    """Answers about news; all raise `NerkhError`."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def articles(
        self,
        asset: str = "",
        *,
        source: str = "",
        language: str = "",
        search: str = "",
        start_time: datetime | None = None,
        end_time: datetime | None = None,
        page_size: int = 0,
        page_token: str = "",
        full: bool = False,
        timeout: Timeout = None,
    ) -> Page[Article]:
        """List articles, the newest first; every filter that is given must hold."""
        request = news_pb2.ListArticlesRequest(
            asset=asset,
            source=source,
            language=language,
            search=search,
            start_time=timestamp_of(start_time),
            end_time=timestamp_of(end_time),
            page_size=page_size,
            page_token=page_token,
            view=view_of(full),
        )
        return page_of(self._transport, ARTICLES, request, timeout)

    def article(self, article: str, *, full: bool = False, timeout: Timeout = None) -> Article:
        """Return one article by its id."""
        request = news_pb2.GetArticleRequest(article=article, view=view_of(full))
        response = self._transport.call(methods.GET_ARTICLE, request, timeout)
        return read(Article, response.article, response)
