"""The model that judges texts: what counts, and that no text costs more than its length."""

from __future__ import annotations

import pytest

from server.services.sentiment_model import LONGEST, SentimentModel


@pytest.fixture(scope="module")
def model() -> SentimentModel:
    """Read the lexicon once."""
    return SentimentModel()


def test_the_words_of_the_market_count(model: SentimentModel) -> None:
    """What is good and bad for prices is, and what only sounds so is not."""
    assert model.score("Bitcoin soars to a record as inflows surge") > 0.5
    assert model.score("Exchange hacked, funds drained, users sue") < -0.5
    assert model.score("Share of mine tokens in the block") == 0


@pytest.mark.parametrize(
    "text", ["\N{SLIGHTLY SMILING FACE}" * LONGEST, "bull but " * LONGEST, "not bad, VERY GOOD! " * LONGEST]
)
def test_whatever_the_text_little_is_judged_at_once(
    model: SentimentModel, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """VADER's time grows with the square of the words: it never sees more than two hundred, emoji written out."""
    model.score("once")
    seen: list[int] = []
    judge = model._analyzer.polarity_scores

    def watching(piece: str) -> object:
        names = sum(len(model._analyzer.emojis.get(letter, "").split()) for letter in piece)
        seen.append(len(piece.split()) + names)
        return judge(piece)

    monkeypatch.setattr(model._analyzer, "polarity_scores", watching)
    assert -1 <= model.score(text) <= 1
    assert max(seen) <= 400
    assert len(seen) <= LONGEST / 200


def test_a_long_text_has_the_mean_of_its_pieces(model: SentimentModel) -> None:
    """Two hundred good words and two hundred bad ones are as good as bad."""
    assert model.score("good " * 200 + "bad " * 200) == pytest.approx(
        (model.score("good " * 200) + model.score("bad " * 200)) / 2
    )


def test_emoji_count_up_to_the_fiftieth(model: SentimentModel) -> None:
    """A few of them say something, thousands say no more."""
    smile = "\N{SMILING FACE WITH SMILING EYES}"
    assert model.score(f"bitcoin {smile}") > 0
    assert model.score(smile * 51) == model.score(smile * 9000)
