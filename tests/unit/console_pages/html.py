"""What a page is made of, and what is wrong with it, as a strict reader sees it."""

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "input", "img", "br", "hr", "rect", "path", "circle", "line", "text"}
_FIELDS = {"input", "select", "textarea"}


@dataclass
class Node:
    tag: str
    attributes: dict[str, str]


@dataclass
class Page(HTMLParser):
    nodes: list[Node] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    unlabelled: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.nodes.append(Node(tag, given))
        in_label = "label" in self.open
        if tag in _FIELDS and given.get("type") != "hidden" and not in_label:
            self.unlabelled.append(given.get("id", f"<{tag} name={given.get('name')}>"))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.words.append(data)

    def all(self, tag: str) -> list[Node]:
        return [node for node in self.nodes if node.tag == tag]

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def faults(self) -> list[str]:
        """What a strict reader, or our policy for contents, complains of."""
        found = []
        ids = Counter(node.attributes["id"] for node in self.nodes if "id" in node.attributes)
        found += [f"the id {id_} stands {count} times" for id_, count in ids.items() if count > 1]
        labels = {node.attributes.get("for") for node in self.all("label")}
        found += [f"{one} has no label" for one in self.unlabelled if one not in labels]
        found += [f"{for_} is labelled, and is not there" for for_ in labels - {None} if for_ not in ids]
        found += [
            "a head of a table without scope" for node in self.all("th") if "scope" not in node.attributes
        ]
        found += ["a picture without alt" for node in self.all("img") if "alt" not in node.attributes]
        found += [f"{count} h1" for count in [len(self.all("h1"))] if count != 1]
        found += [f"{count} main" for count in [len(self.all("main"))] if count != 1]
        for node in self.nodes:
            if node.tag == "style" or (node.tag == "script" and "src" not in node.attributes):
                found.append(f"<{node.tag}> inside the page")
            found += [
                f"{name} of <{node.tag}>" for name in node.attributes if name == "style" or name[:2] == "on"
            ]
            if "aria-labelledby" in node.attributes and node.attributes["aria-labelledby"] not in ids:
                found.append(f"{node.attributes['aria-labelledby']} names, and is not there")
        return found


def read(content: str) -> Page:
    page = Page()
    page.feed(content)
    page.close()
    return page
