"""The card of words is one page on paper, and each word leads to its entry."""


def test_the_card_is_one_page_with_a_link_for_each_word(visit, html):
    with visit("book/glossary_card.html", scheme="file") as opened:
        words = opened.page.locator(".glossary-card p > strong a[href*='glossary.html#term-']")
        assert words.count() == opened.page.locator(".glossary-card p").count() > 35
        edge = dict.fromkeys(("top", "bottom", "left", "right"), "15mm")
        paper = opened.page.pdf(format="A4", margin=edge)
        assert paper.count(b"/Type /Page\n") == 1
        assert opened.errors == []
