"""Own `heliostat webhooks`: who is told that runs have ended, and whether that reached them."""

from itertools import islice
from typing import Annotated

import typer

from cluster.commands.connection import DataOption, connect
from cluster.commands.exit_codes import teach
from cluster.commands.output import JsonOption, remark, show, show_done, show_json

WebhookArgument = Annotated[
    str, typer.Argument(metavar="WEBHOOK_ID", help="The id of the webhook.")
]

_PAGE_SIZE = 50

webhooks_app = typer.Typer(
    no_args_is_help=True, help="Have an address told, signed, of every run that ends."
)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.add_typer(webhooks_app, name="webhooks")


@webhooks_app.command("add", epilog=teach("heliostat webhooks add https://example.com/hook --json"))
def add_webhook(
    context: typer.Context,
    url: Annotated[str, typer.Argument(metavar="URL", help="Where messages are to go.")],
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add an address; its secret is printed now and never again."""
    with connect(context, data) as client:
        added = client.add_webhook(url)
    if as_json:
        show_json(added.model_dump(mode="json"))
        return
    show(f"{added.webhook_id}  {added.url}", f"secret {added.secret}")
    remark("Keep the secret: it signs every message and is not shown again.")


@webhooks_app.command("list", epilog=teach("heliostat webhooks list"))
def list_webhooks(
    context: typer.Context, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """List the addresses that are told."""
    with connect(context, data) as client:
        found = client.webhooks()
    if as_json:
        show_json({"items": [one.model_dump(mode="json", exclude={"secret"}) for one in found]})
        return
    from rich.table import Table

    table = Table("webhook", "added", "url", box=None, pad_edge=False)
    for one in found:
        table.add_row(one.webhook_id, f"{one.created_at:%Y-%m-%d %H:%M:%S}", one.url)
    show(table if found else "No webhooks yet; `heliostat webhooks add URL` adds one.")


@webhooks_app.command("remove", epilog=teach("heliostat webhooks remove WEBHOOK_ID"))
def remove_webhook(
    context: typer.Context,
    webhook_id: WebhookArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell an address nothing more."""
    with connect(context, data) as client:
        client.remove_webhook(webhook_id)
    done = {"webhook_id": webhook_id, "removed": True}
    show_done(done, f"Webhook {webhook_id} is removed.", as_json=as_json)


@webhooks_app.command("test", epilog=teach("heliostat webhooks test WEBHOOK_ID"))
def send_test(
    context: typer.Context,
    webhook_id: WebhookArgument,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send an address a message without a run; `deliveries` tells what became of it."""
    with connect(context, data) as client:
        delivery = client.test_webhook(webhook_id)
    if as_json:
        show_json(delivery.model_dump(mode="json"))
    else:
        show(f"Message {delivery.delivery_id} is on its way; see `heliostat webhooks deliveries`.")


@webhooks_app.command(
    "deliveries", epilog=teach("heliostat webhooks deliveries --webhook WEBHOOK_ID --limit 5")
)
def list_deliveries(
    context: typer.Context,
    webhook: Annotated[
        str | None, typer.Option(metavar="WEBHOOK_ID", help="Only to this address.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
    data: DataOption = None,
    as_json: JsonOption = False,
) -> None:
    """List what was sent and what is still owed, newest first."""
    with connect(context, data) as client:
        pages = client.webhook_deliveries(webhook, min(limit, _PAGE_SIZE))
        found = list(islice(pages, limit))
    if as_json:
        show_json({"items": [one.model_dump(mode="json") for one in found]})
        return
    from rich.table import Table

    table = Table("created", "event", "run", "state", "tries", "answer", box=None, pad_edge=False)
    for one in found:
        answer = one.error or ("" if one.answered is None else str(one.answered))
        created = f"{one.created_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(created, one.event, one.run_id or "", one.state, str(one.attempts), answer)
    show(table if found else "Nothing was sent yet.")
