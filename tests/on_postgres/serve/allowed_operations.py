"""Hold, written out by hand, who may do what: what the OpenAPI documents declare must agree.

Rows are operations, the words the roles that may call them; `open` needs no credentials.
"""

EVERYONE = "owner admin analyst researcher operator billing read-only"
WATCHERS = "owner admin analyst researcher operator read-only"
READERS = "owner admin analyst researcher read-only"
DESK = "owner admin analyst researcher"
ADMINS = "owner admin"
OVERSEERS = "owner admin operator"

_MARKET = (
    "/v1/products",
    "/v1/products/{code}/curve",
    "/v1/products/{code}/curve/prices",
    "/v1/products/{code}/instruments",
    "/v1/products/{code}/quotes",
    "/v1/products/{code}/ticks",
    "/v1/products/{code}/bars",
    "/v1/products/{code}/history",
    "/v1/products/{code}/seasonality",
    "/v1/products/{code}/forecast",
    "/v1/products/{code}/volatility",
    "/v1/products/{code}/scenarios",
    "/v1/products/{code}/model",
    "/v1/models",
    "/v1/spreads/spark",
    "/v1/spreads/clean-spark",
    "/v1/spreads/{name}",
    "/v1/settlements",
    "/v1/weather/stations",
    "/v1/weather/{code}/current",
    "/v1/weather/{code}/hourly",
    "/v1/weather/{code}/daily",
    "/v1/weather/{code}/degree-days",
    "/v1/feeds",
    "/v1/feeds/{venue}",
    "/v1/streams/quotes",
    "/v1/streams/forecasts/{code}",
    "/v1/streams/runs/{run_id}",
    "/v1/backends",
    "/v1/runs",
    "/v1/runs/{run_id}",
    "/v1/runs/{run_id}/events",
    "/v1/runs/{run_id}/chunks",
    "/v1/runs/{run_id}/result",
)
_ANALYTICS = (
    "/v1/risk",
    "/v1/risk/stress",
    "/v1/risk/explain",
    "/v1/risk/backtest",
    "/v1/books/{name}/risk",
    "/v1/books/{name}/risk/stress",
    "/v1/books/{name}/risk/explain",
    "/v1/books/{name}/risk/backtest",
    "/v1/books/{name}/greeks",
    "/v1/greeks",
    "/v1/options/price",
    "/v1/options/implied-volatility",
    "/v1/options/smile",
)

ALLOWED: dict[tuple[str, str], str] = {
    ("GET", "/v1/health"): "open",
    **{("GET", path): WATCHERS for path in _MARKET},
    **{("POST", path): READERS for path in _ANALYTICS},
    ("GET", "/v1/stresses"): READERS,
    ("GET", "/v1/books"): READERS,
    ("GET", "/v1/books/{name}"): READERS,
    ("GET", "/v1/books/{name}/versions"): READERS,
    ("POST", "/v1/books"): "owner admin analyst",
    ("PUT", "/v1/books/{name}"): "owner admin analyst",
    ("DELETE", "/v1/books/{name}"): "owner admin analyst",
    ("POST", "/v1/books/{name}/import"): "owner admin analyst",
    ("POST", "/v1/settlements/imports"): "owner admin analyst operator",
    ("POST", "/v1/runs"): DESK,
    ("POST", "/v1/runs/validate"): DESK,
    ("POST", "/v1/runs/{run_id}/cancel"): "owner admin analyst researcher operator",
    ("GET", "/v1/webhooks"): OVERSEERS,
    ("GET", "/v1/webhooks/deliveries"): OVERSEERS,
    ("POST", "/v1/webhooks"): ADMINS,
    ("DELETE", "/v1/webhooks/{webhook_id}"): ADMINS,
    ("POST", "/v1/webhooks/{webhook_id}/test"): ADMINS,
    ("GET", "/v1/organisation"): EVERYONE,
    ("PATCH", "/v1/organisation"): "owner",
    ("GET", "/v1/members"): EVERYONE,
    ("GET", "/v1/members/{user_id}"): EVERYONE,
    ("PATCH", "/v1/members/{user_id}"): ADMINS,
    ("DELETE", "/v1/members/{user_id}"): ADMINS,
    ("POST", "/v1/members/{user_id}/disable"): ADMINS,
    ("POST", "/v1/members/{user_id}/enable"): ADMINS,
    ("GET", "/v1/invitations"): ADMINS,
    ("POST", "/v1/invitations"): ADMINS,
    ("DELETE", "/v1/invitations/{invitation_id}"): ADMINS,
    ("GET", "/v1/keys"): "owner admin analyst researcher operator",
    ("POST", "/v1/keys"): "owner admin analyst researcher operator",
    ("DELETE", "/v1/keys/{key_id}"): "owner admin analyst researcher operator",
    ("GET", "/v1/account/personal-data"): EVERYONE,
    ("DELETE", "/v1/account/personal-data"): EVERYONE,
    ("GET", "/v1/personal-data/{user_id}"): ADMINS,
    ("DELETE", "/v1/personal-data/{user_id}"): ADMINS,
}

DANGEROUS = {
    ("DELETE", "/v1/members/{user_id}"),
    ("POST", "/v1/members/{user_id}/disable"),
    ("POST", "/v1/members/{user_id}/enable"),
    ("DELETE", "/v1/account/personal-data"),
    ("GET", "/v1/personal-data/{user_id}"),
    ("DELETE", "/v1/personal-data/{user_id}"),
}
"""Be the operations that ask a person to have proved lately, by a second factor, who they are."""
