"""Drive a headless Chromium over its DevTools protocol, a virtual authenticator included."""

import asyncio
import base64
import itertools
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import websockets

PROGRAM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome", "chrome")
        if (found := shutil.which(name))
    ),
    None,
)
_START_S = 30.0
_WAIT_S = 15.0
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-default-browser-check",
    "--remote-debugging-port=0",
)


class Page:
    """Hold one tab. What is awaited for longer than 15 s fails the test."""

    def __init__(self, socket: websockets.ClientConnection, session_id: str) -> None:
        self._socket = socket
        self._session_id = session_id
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._loads = asyncio.Condition()
        self._loaded = 0
        self.complaints: list[str] = []
        self._reader = asyncio.create_task(self._read())

    async def send(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its result."""
        number = next(self._numbers)
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        message = {"id": number, "sessionId": self._session_id, "method": method, "params": params}
        await self._socket.send(json.dumps(message))
        async with asyncio.timeout(_WAIT_S):
            return await answer

    async def close(self) -> None:
        self._reader.cancel()

    async def goto(self, address: str) -> None:
        """Open an address and wait until it is loaded."""
        async with self.loading():
            await self.send("Page.navigate", url=address)

    @asynccontextmanager
    async def loading(self) -> AsyncIterator[None]:
        """Wait at the end of the block until another page is loaded."""
        before = self._loaded
        yield
        async with asyncio.timeout(_WAIT_S), self._loads:
            await self._loads.wait_for(lambda: self._loaded > before)

    async def evaluate(self, script: str) -> Any:
        """Return the value of an expression in the page, awaited if it is a promise."""
        answer = await self.send(
            "Runtime.evaluate",
            expression=script,
            returnByValue=True,
            awaitPromise=True,
            userGesture=True,
        )
        assert "exceptionDetails" not in answer, (script, answer["exceptionDetails"])
        return answer["result"].get("value")

    async def fill(self, selector: str, text: str) -> None:
        """Type into a field, in place of what it held."""
        found = await self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " if (!e) return false; e.focus(); e.select(); return true; })()"
        )
        assert found, f"no {selector} in {await self.text()}"
        await self.send("Input.insertText", text=text)

    async def click(self, selector: str) -> None:
        """Press an element and wait for the page that follows."""
        async with self.loading():
            await self.press(selector)

    async def press(self, selector: str) -> None:
        """Press an element that leads to no other page."""
        found = await self.evaluate(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " if (!e || !e.checkVisibility()) return false; e.click(); return true; })()"
        )
        assert found, f"no visible {selector} in {await self.text()}"

    async def text(self) -> str:
        """Return what a person reads."""
        return str(await self.evaluate("document.body?.innerText ?? ''"))

    async def path(self) -> str:
        return str(await self.evaluate("location.pathname"))

    async def add_authenticator(self) -> None:
        """Give the tab a passkey device of its own, whose owner always agrees."""
        await self.send("WebAuthn.enable")
        await self.send(
            "WebAuthn.addVirtualAuthenticator",
            options={
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            },
        )

    async def look(self, width: int, height: int, *, is_dark: bool) -> None:
        """Set the size of the window and what its owner prefers."""
        await self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        wanted = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        await self.send("Emulation.setEmulatedMedia", features=[wanted])

    async def picture(self) -> bytes:
        """Return what the tab shows as PNG."""
        answer = await self.send("Page.captureScreenshot", format="png")
        return base64.b64decode(answer["data"])

    async def _read(self) -> None:
        async for raw in self._socket:
            message = json.loads(raw)
            waiting = self._answers.pop(message.get("id", 0), None)
            if waiting is not None and not waiting.done():
                if "error" in message:
                    waiting.set_exception(AssertionError(message["error"]))
                else:
                    waiting.set_result(message["result"])
            await self._note(message)

    async def _note(self, message: dict[str, Any]) -> None:
        if message.get("method") == "Page.loadEventFired":
            async with self._loads:
                self._loaded += 1
                self._loads.notify_all()
        if message.get("method") == "Log.entryAdded":
            entry = message["params"]["entry"]
            if entry["level"] == "error":
                self.complaints.append(f"{entry['text']} {entry.get('url', '')}")


@asynccontextmanager
async def browsing() -> AsyncIterator[Page]:
    """Start a browser with one empty tab, and end it with the block."""
    assert PROGRAM is not None
    with tempfile.TemporaryDirectory(prefix="hs-chromium-", ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *_FLAGS,
            f"--user-data-dir={profile}",
            "about:blank",
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            address = await _address(Path(profile))
            async with websockets.connect(address, max_size=None) as socket:
                page = await _attach(socket)
                try:
                    yield page
                finally:
                    await page.close()
        finally:
            process.terminate()
            await process.wait()


async def _address(profile: Path) -> str:
    told = profile / "DevToolsActivePort"
    async with asyncio.timeout(_START_S):
        while not told.exists() or len(told.read_text().splitlines()) < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # a program of others tells by a file
    port, path = told.read_text().splitlines()[:2]
    return f"ws://127.0.0.1:{port}{path}"


async def _attach(socket: websockets.ClientConnection) -> Page:
    async def ask(number: int, method: str, **params: Any) -> dict[str, Any]:
        await socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while (message := json.loads(await socket.recv())).get("id") != number:
            pass
        result: dict[str, Any] = message["result"]
        return result

    target = await ask(-1, "Target.createTarget", url="about:blank")
    session = await ask(-2, "Target.attachToTarget", targetId=target["targetId"], flatten=True)
    page = Page(socket, session["sessionId"])
    for method in ("Page.enable", "Runtime.enable", "Log.enable"):
        await page.send(method)
    return page
