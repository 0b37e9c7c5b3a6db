"""Deploy one trivial route on a running Ray head, as Ray's own quick start does."""

import sys

import ray
from ray import serve as ray_serve
from ray.serve.config import HTTPOptions


class Hello:
    """Answer every request alike."""

    async def __call__(self, _request: object) -> dict[str, str]:
        return {"hello": "world"}


def main() -> None:
    """Connect to the head at the first argument and serve on the port of the second."""
    ray.init(address=sys.argv[1], log_to_driver=False)
    ray_serve.start(http_options=HTTPOptions(host="127.0.0.1", port=int(sys.argv[2])))
    deployment = ray_serve.deployment(ray_actor_options={"num_cpus": 0})(Hello)
    ray_serve.run(deployment.bind(), name="hello", route_prefix="/")


if __name__ == "__main__":
    main()
