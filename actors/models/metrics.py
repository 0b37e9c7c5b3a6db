"""Own what is measured of models: how long an update and an estimate take, and what came out."""

from actors.runs.metrics import Form, Measure

UPDATE_SECONDS = Measure(
    name="heliostat_model_update_seconds",
    form=Form.HISTOGRAM,
    about="Seconds for which settlements moved a model, before it forecast.",
    labels=("product",),
    boundaries=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1),
)
PUBLISH_SECONDS = Measure(
    name="heliostat_model_publish_seconds",
    form=Form.HISTOGRAM,
    about="Seconds from the arrival of settlements to the announcement of their forecast.",
    labels=("product",),
    boundaries=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0),
)
FORECASTS = Measure(
    name="heliostat_model_forecasts",
    form=Form.COUNTER,
    about="Forecasts that were published.",
    labels=("product",),
)
REFIT_SECONDS = Measure(
    name="heliostat_model_fit_seconds",
    form=Form.HISTOGRAM,
    about="Seconds for which a model was estimated.",
    labels=("product",),
    boundaries=(1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0),
)
REFITS = Measure(
    name="heliostat_model_fits",
    form=Form.COUNTER,
    about="Estimates of models, by outcome.",
    labels=("product", "outcome"),
)
MEASURES = (UPDATE_SECONDS, PUBLISH_SECONDS, FORECASTS, REFIT_SECONDS, REFITS)
