"""Tell which changes of an OpenAPI document break who wrote a program against the former one.

What a caller sends may be taken more widely, never more narrowly; what a caller is answered may say
more, never less or otherwise.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

Schema = Mapping[str, Any]
Direction = Literal["sent", "answered"]
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


def breaking_changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """List what breaks, each as `METHOD path: what`."""
    found = []
    for path, item in old["paths"].items():
        for method, before in item.items():
            after = new["paths"].get(path, {}).get(method)
            name = f"{method.upper()} {path}"
            if after is None:
                found.append(f"{name}: is gone")
            else:
                found += [f"{name}: {what}" for what in _Operation(old, new).of(before, after)]
    return list(dict.fromkeys(found))


class _Operation:
    """Compare one operation; references are followed in the document that holds them."""

    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self._documents = old, new
        self._seen: set[tuple[str, str, Direction]] = set()

    def of(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
        more = set(after.get("x-permissions", ())) - set(before.get("x-permissions", ()))
        if more:
            yield f"needs {', '.join(sorted(more))} too"
        if after.get("x-step-up") and not before.get("x-step-up"):
            yield "needs a fresh proof of who one is"
        yield from self._parameters(before, after)
        yield from self._body(before, after)
        yield from self._answers(before, after)

    def _parameters(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
        former, newer = (
            {(one["in"], one["name"]): one for one in operation.get("parameters", ())}
            for operation in (before, after)
        )
        for key, one in former.items():
            if key not in newer:
                yield f"takes no {key[1]} any more"
            else:
                schemas = one["schema"], newer[key]["schema"]
                yield from self._schema(*schemas, "sent", key[1])
        for key, one in newer.items():
            was_required = former.get(key, {}).get("required", False)
            if one.get("required", False) and not was_required:
                yield f"requires {key[1]}"

    def _body(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
        former, newer = (one.get("requestBody", {}) for one in (before, after))
        if newer.get("required") and not former.get("required"):
            yield "requires a body"
        for media_type, content in former.get("content", {}).items():
            other = newer.get("content", {}).get(media_type)
            if other is None:
                yield f"takes no {media_type} any more"
            else:
                schemas = content.get("schema", {}), other.get("schema", {})
                yield from self._schema(*schemas, "sent", "body")

    def _answers(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
        for status, answer in before["responses"].items():
            if not status.startswith("2"):
                continue
            other = after["responses"].get(status)
            if other is None:
                yield f"answers {status} no more"
                continue
            for media_type, content in answer.get("content", {}).items():
                newer = other.get("content", {}).get(media_type)
                if newer is None:
                    yield f"answers no {media_type} any more"
                else:
                    schemas = content.get("schema", {}), newer.get("schema", {})
                    yield from self._schema(*schemas, "answered", "answer")

    def _schema(self, old: Schema, new: Schema, direction: Direction, at: str) -> Iterator[str]:
        names = old.get("$ref", ""), new.get("$ref", "")
        if all(names):
            if (*names, direction) in self._seen:
                return
            self._seen.add((*names, direction))
        old, new = (
            _resolved(one, document)
            for one, document in zip((old, new), self._documents, strict=True)
        )
        former, newer = _branches(old), _branches(new)
        if len(former) > 1 or len(newer) > 1:
            yield from self._choice(former, newer, direction, at)
            return
        yield from _of_values(old, new, direction, at)
        yield from self._of_members(old, new, direction, at)
        if "items" in old and "items" in new:
            yield from self._schema(old["items"], new["items"], direction, f"{at}[]")

    def _choice(
        self, former: list[Schema], newer: list[Schema], direction: Direction, at: str
    ) -> Iterator[str]:
        """Hold each branch that must stay against its likeness on the other side."""
        kept, offered = (former, newer) if direction == "sent" else (newer, former)
        for branch in kept:
            likeness = [one for one in offered if _kind(one) == _kind(branch)]
            if not likeness:
                yield f"{at}: {_kind(branch)} is {'refused' if direction == 'sent' else 'new'}"
            else:
                pair = (branch, likeness[0]) if direction == "sent" else (likeness[0], branch)
                yield from self._schema(*pair, direction, at)

    def _of_members(self, old: Schema, new: Schema, direction: Direction, at: str) -> Iterator[str]:
        former, newer = old.get("properties", {}), new.get("properties", {})
        was, is_now = set(old.get("required", ())), set(new.get("required", ()))
        for name in former:
            if name not in newer:
                yield f"{at}.{name} is gone"
            else:
                yield from self._schema(former[name], newer[name], direction, f"{at}.{name}")
        if direction == "sent":
            for name in sorted(is_now - was):
                yield f"{at}.{name} is required"
        else:
            for name in sorted((was - is_now) & set(newer)):
                yield f"{at}.{name} may be absent"


def _resolved(schema: Schema, document: Mapping[str, Any]) -> Schema:
    while "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        schema = document["components"]["schemas"][name]
    return schema


def _branches(schema: Schema) -> list[Schema]:
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return list(schema[word])
    return [schema]


def _kind(schema: Schema) -> str:
    return str(schema.get("$ref") or (schema.get("type"), schema.get("format")))


def _of_values(old: Schema, new: Schema, direction: Direction, at: str) -> Iterator[str]:
    for word in ("type", "format", "pattern"):
        # Another pattern may take more or less, which nobody can tell from it.
        if old.get(word) != new.get(word) and not (direction == "sent" and word not in new):
            yield f"{at}: {word} {old.get(word)} is {new.get(word)} now"
    lost = set(map(str, old.get("enum", ()))) - set(map(str, new.get("enum", old.get("enum", ()))))
    if direction == "sent" and (lost or ("enum" in new and "enum" not in old)):
        yield f"{at}: takes {', '.join(sorted(lost)) or 'any value'} no more"
    if direction == "sent":
        for words, is_tighter in ((_LOWER, lambda a, b: b > a), (_UPPER, lambda a, b: b < a)):
            for word in words:
                if word in new and (word not in old or is_tighter(old[word], new[word])):
                    yield f"{at}: {word} is {new[word]}, was {old.get(word)}"
