"""NewsService: requests checked, the service asked, articles converted."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from nerkh.v1 import news_pb2

from server.errors import InvalidField
from server.rpc.calls import LIST_S, Call, Method, Unary
from server.rpc.convert.news import article_message
from server.rpc.convert.plain import known_view, name_in, optional_name, range_in
from server.rpc.convert.provenance import candidate_messages, provenance_message
from server.rpc.market import AN_ASSET
from server.rpc.pages import PageTokens, page_size
from server.services.naming import Named, Names
from server.services.news import News, Wanted, words_of

SERVICE = "nerkh.v1.NewsService"
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*\Z")


class NewsServicer:
    """Answers NewsService."""

    def __init__(self, news: News, names: Names, tokens: PageTokens) -> None:
        self._news = news
        self._names = names
        self._tokens = tokens

    def methods(self) -> tuple[Method, ...]:
        """Return the methods to bind."""
        return (
            Unary(f"/{SERVICE}/ListArticles", news_pb2.ListArticlesRequest, self.list_articles, LIST_S),
            Unary(f"/{SERVICE}/GetArticle", news_pb2.GetArticleRequest, self.get_article),
        )

    async def list_articles(self, request: Any, call: Call) -> news_pb2.ListArticlesResponse:
        """Answer with a page of articles, the newest first."""
        full = known_view(request)
        size, cursor = page_size(request, 25, 200), self._tokens.read(request)
        named = self._named(request)
        wanted = self._wanted(request, named)
        call.asset = wanted.asset
        after = (cursor[0], str(cursor[1])) if cursor is not None and isinstance(cursor[0], datetime) else None
        found = await self._news.page(wanted, after, size, call.left_s())
        call.note(found.provenance, courses=())
        return news_pb2.ListArticlesResponse(
            articles=[article_message(article) for article in found.articles],
            next_page_token=self._tokens.next(found.after, request),
            provenance=provenance_message(found.provenance, full=full),
            asset=wanted.asset,
            ambiguous=named is not None and bool(named.candidates),
            candidates=candidate_messages(named.candidates if named else ()),
        )

    async def get_article(self, request: Any, call: Call) -> news_pb2.GetArticleResponse:
        """Answer with one article."""
        full = known_view(request)
        identity = name_in(request.article, "article", "an article's id, as ListArticles gives it")
        article, provenance = await self._news.article(identity, call.left_s())
        call.note(provenance, courses=())
        return news_pb2.GetArticleResponse(
            article=article_message(article), provenance=provenance_message(provenance, full=full)
        )

    def _named(self, request: Any) -> Named | None:
        text = optional_name(request.asset, "asset", AN_ASSET)
        return self._names.asset(text) if text else None

    def _wanted(self, request: Any, named: Named | None) -> Wanted:
        start, end = range_in(request)
        language = request.language
        if language and not _LANGUAGE.match(language):
            raise InvalidField("language", language, "a BCP-47 tag such as en or pt-BR")
        search = optional_name(request.search, "search", "words")
        if search and not words_of(search):
            raise InvalidField("search", search, "words, of letters or digits")
        return Wanted(
            asset=named.asset.id if named else "",
            source=self._names.source(optional_name(request.source, "source", "a source's id")),
            language=language,
            text=search,
            start=start,
            end=end,
        )
