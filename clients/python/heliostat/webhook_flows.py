"""Own the conversations about webhooks."""

from dataclasses import dataclass

from pydantic_core import to_json

from heliostat.answers import query, segment
from heliostat.conversation import Conversation
from heliostat.effects import Call, Emit, Flow
from heliostat.runs import Webhook, WebhookDelivery, WebhookDeliveryPage

_PATH = "/v1/webhooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookFlows(Conversation):
    """Make the flows about webhooks."""

    def add_webhook(self, url: str) -> Flow[Webhook]:
        """Not repeated once it may have arrived: every request adds one."""
        call = Call(
            method="POST",
            path=_PATH,
            headers={"Content-Type": "application/json"},
            body=to_json({"url": url}),
            repeatable=False,
        )
        return self._fetch(Webhook, call)

    def webhooks(self) -> Flow[tuple[Webhook, ...]]:
        return self._items(Webhook, Call(method="GET", path=_PATH))

    def remove_webhook(self, webhook_id: str) -> Flow[None]:
        path = f"{_PATH}/{segment(webhook_id)}"
        yield from self._send(Call(method="DELETE", path=path, repeatable=False))

    def test_webhook(self, webhook_id: str) -> Flow[WebhookDelivery]:
        path = f"{_PATH}/{segment(webhook_id)}/test"
        return self._fetch(WebhookDelivery, Call(method="POST", path=path, repeatable=False))

    def webhook_deliveries(self, webhook_id: str | None, page_size: int) -> Flow[None]:
        before: str | None = None
        while True:
            params = query(webhook_id=webhook_id, limit=page_size, before=before)
            call = Call(method="GET", path=f"{_PATH}/deliveries", params=params)
            page = yield from self._fetch(WebhookDeliveryPage, call)
            for item in page.items:
                yield Emit(item)
            if page.next_before is None or page.next_before == before:
                return
            before = page.next_before
