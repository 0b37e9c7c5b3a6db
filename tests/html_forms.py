"""Read pages as a browser without scripts does: their words, their links, and their forms."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx

_FIELDS = ("input", "button", "select", "textarea")
_SILENT = ("script", "style", "title")


@dataclass
class Form:
    """Hold one form: where it goes, and what it sends as it stands."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


class Shown(HTMLParser):
    """Hold what one page shows."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.marks: dict[str, dict[str, str]] = {}
        self.labels: set[str] = set()
        self._words: list[str] = []
        self._form: Form | None = None
        self._link: str | None = None
        self._silent = 0
        self.feed(content)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._words).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._silent += tag in _SILENT
        if "id" in given:
            self.marks[given["id"]] = given
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get"))
            self.forms.append(self._form)
        if tag == "a":
            self._link = given.get("href")
        if tag == "label":
            self.labels.add(given.get("for", ""))
        if tag in _FIELDS and self._form is not None and "name" in given:
            self._form.names.add(given["name"])
            if tag == "input":
                self._form.fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT
        if tag == "form":
            self._form = None
        if tag == "a":
            self._link = None

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._words.append(data)
            if self._link and data.strip():
                self.links[data.strip()] = self._link


class Visitor:
    """Be a browser without scripts on one origin: it keeps cookies and follows redirects there."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.origin = str(client.base_url).rstrip("/")
        self.answer: httpx.Response | None = None

    @property
    def shown(self) -> Shown:
        assert self.answer is not None
        return Shown(self.answer.text)

    @property
    def text(self) -> str:
        return self.shown.text

    @property
    def path(self) -> str:
        assert self.answer is not None
        return self.answer.url.path

    @property
    def status(self) -> int:
        assert self.answer is not None
        return self.answer.status_code

    async def open(self, address: str) -> "Visitor":
        """Open an address as if it were typed."""
        return await self._follow(
            await self.client.get(address, headers={"Sec-Fetch-Site": "none"})
        )

    async def submit(self, to: str, number: int = 0, **fields: str) -> "Visitor":
        """Fill the form that goes to a path, and send it; every field must be one of the form's."""
        forms = [form for form in self.shown.forms if form.action == to]
        assert len(forms) > number, f"no form to {to}, but {[f.action for f in self.shown.forms]}"
        form = forms[number]
        assert set(fields) <= form.names, (set(fields), form.names)
        headers = {"Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        sent = {**form.fields, **fields}
        return await self._follow(await self.client.post(to, data=sent, headers=headers))

    async def _follow(self, answer: httpx.Response) -> "Visitor":
        for _ in range(10):
            if not answer.is_redirect:
                break
            target = urljoin(str(answer.url), answer.headers["location"])
            if not target.startswith(f"{self.origin}/") or urlsplit(target).netloc == "":
                break  # it leads elsewhere: left to the test
            answer = await self.client.get(target)
        self.answer = answer
        return self

    @property
    def sent_to(self) -> str:
        """Return the address elsewhere that the last answer leads to."""
        assert self.answer is not None
        return self.answer.headers["location"]
