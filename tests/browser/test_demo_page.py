"""The demo's page in a real browser: what somebody does who tries the bot by hand."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import FilePayload, Locator, Page, async_playwright, expect

from sandbox.demo import LivePage, Pump, demo_world
from sandbox.demo.pictures import harbour
from sandbox.demo.world import MakeBot, World
from tests.programs import missing

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
)
_SOON = 15_000
_A_VIDEO = 60_000
"""Milliseconds; the demo's videos take a few seconds and the bot looks for them every few."""


@dataclass(frozen=True, slots=True)
class Demo:
    """The demo's world with its page open in the browser."""

    world: World
    browser: Page

    @property
    def timeline(self) -> Locator:
        return self.browser.locator("#channel-timeline")

    @property
    def videos(self) -> Locator:
        return self.timeline.locator("video")

    @property
    def commands(self) -> Locator:
        """What the list over the composer offers."""
        return self.browser.locator("[role=option]").filter(has_text="/")


@pytest.fixture
async def demo(make_bot: MakeBot, tmp_path: Path) -> AsyncIterator[Demo]:
    if _CHROMIUM is None:
        missing("Chromium")
    async with (
        demo_world(make_bot, tmp_path / "bot", video_takes=4) as world,
        LivePage(world.env, world.films, world.people.all, port=None) as page,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=_QUIET)
        pump = asyncio.create_task(Pump(world, page).run())
        tab = await browser.new_page(viewport={"width": 1300, "height": 900})
        await tab.goto(page.url)
        yield Demo(world, tab)
        await tab.screenshot(path=tmp_path / "page.png")
        await browser.close()
        pump.cancel()
        await asyncio.wait({pump})


async def test_a_video_made_on_the_page_appears_and_plays_there(demo: Demo) -> None:
    await _type_command(demo.browser, "a fox on a ship", harbour())

    await expect(demo.timeline).to_contain_text("a fox on a ship", timeout=_SOON)
    await expect(demo.videos).to_have_count(1, timeout=_A_VIDEO)
    assert await _plays(demo.videos.first) == (640, 360)

    await demo.timeline.get_by_role("button", name="1080p").first.click()

    await expect(demo.videos).to_have_count(2, timeout=_A_VIDEO)
    assert await _plays(demo.videos.last) == (1920, 1080)


@pytest.mark.slow
async def test_the_status_line_changes_by_itself_and_leaves_a_draft_alone(demo: Demo) -> None:
    await _type_command(demo.browser, "a lighthouse in a storm")
    status = demo.timeline.locator("article", has_text="a lighthouse in a storm").first
    await expect(status).to_contain_text("· #1 ·", timeout=_SOON)
    await expect(status).not_to_contain_text("done")

    composer = demo.browser.locator("#channel-composer-input")
    draft = "I have been typing this for a while now, and nothing takes it away"
    await composer.press_sequentially(draft, delay=120)

    await expect(status).to_contain_text("done", timeout=_A_VIDEO)
    await expect(demo.videos).to_have_count(1, timeout=_SOON)
    await expect(composer).to_have_value(draft)


@pytest.mark.slow
async def test_the_page_offers_each_viewer_what_their_role_may_do(demo: Demo) -> None:
    for person in demo.world.people.all:
        await demo.browser.locator("#viewer-picker").select_option(label=person.user.global_name)
        await expect(demo.browser.locator("#viewer-picker option:checked")).to_have_text(person.user.global_name or "")
        composer = demo.browser.locator("#channel-composer-input")
        await composer.press_sequentially("/", delay=20)
        await expect(demo.commands.first).to_be_visible(timeout=_SOON)
        commands = {text.splitlines()[0].removeprefix("/") for text in await demo.commands.all_inner_texts()}
        assert commands == set(person.available_commands(demo.world.films))
        await composer.fill("")


async def _type_command(page: Page, prompt: str, picture: bytes | None = None) -> None:
    composer = page.locator("#channel-composer-input")
    await composer.click()
    await composer.press_sequentially("/veo create", delay=20)
    await page.locator("[role=option]", has_text="/veo create").wait_for()
    await page.keyboard.press("Enter")
    await page.get_by_label("prompt, required").fill(prompt)
    if picture is not None:
        await page.locator(".command-ghost").click()
        await page.locator(".command-suggestion-label", has_text="image1").first.click()
        async with page.expect_file_chooser() as chooser:
            await page.locator(".command-file-choose[data-option=image1]").click()
        file: FilePayload = {"name": "harbour.png", "mimeType": "image/png", "buffer": picture}
        await (await chooser.value).set_files(file)
    await page.get_by_role("button", name="Send").click()


async def _plays(video: Locator) -> tuple[int, int]:
    """Play a video from its start; width and height once it really moves."""
    await video.evaluate("video => video.play()")
    await video.page.wait_for_function(
        "video => video.readyState >= 2 && video.currentTime > 0.2", arg=await video.element_handle(), timeout=_SOON
    )
    size: list[int] = await video.evaluate("video => [video.videoWidth, video.videoHeight]")
    return size[0], size[1]
