"""Fails unless a page's elements nest, and it names no resource outside itself."""
import html.parser
import sys

VOID = {"meta", "br", "hr"}
ALLOWED = {"html", "head", "title", "style", "body", "main", "h1", "h2", "p", "ol", "li", "dl", "dt",
           "dd", "span"} | VOID


class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = []
        self.seen = set()

    def handle_starttag(self, tag, attrs):
        assert tag in ALLOWED, tag
        for name, _ in attrs:
            assert name in {"lang", "charset", "name", "content", "http-equiv", "class"}, name
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()


with open(sys.argv[1], encoding="utf-8") as file:
    text = file.read()
page = Page()
page.feed(text)
page.close()
assert not page.open, page.open
assert {"html", "title", "main", "li", "dl"} <= page.seen, page.seen
assert "url(" not in text and "@import" not in text and "http://" not in text
