"""The gallery in a real browser, opened from a file."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.galleries import set_size, wait_for_pictures, write_gallery
from tests.support.pipeline.programs import wait_until

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver
    from selenium.webdriver.remote.webelement import WebElement

MODELS = ["candy.pth", "many.onnx@2", "many.onnx@10"]
IMAGES = ["lisbon/old town/tram.png", "lisbon/new/tower.png", "100% #1 & 'a?' 🐈.png"]

FRAMES = 100
"""How many frames the page scrolls."""

Page = Callable[[str], "WebElement"]
"""Finds an element by its id."""


@pytest.fixture(scope="session")
def gallery(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a gallery of three pictures in three styles."""
    data = tmp_path_factory.mktemp("with # and %") / "data"
    failures = ["<script>alert(1)</script>.png: not an image; remove it"]
    return write_gallery(data, IMAGES, MODELS, failures).as_uri()


@pytest.fixture
def page(browser: WebDriver, gallery: str) -> Page:
    """The page, just opened."""
    browser.get(gallery)
    return lambda name: browser.find_element("id", name)


def list_shown(browser: WebDriver) -> list[str]:
    """Return what the cards on the page say, and so which are shown."""
    script = """
      return [...document.querySelectorAll(".results > li")]
        .filter((card) => card.checkVisibility())
        .map((card) => card.querySelector("img").alt)
    """
    shown: list[str] = browser.execute_script(script)
    return shown


def choose(select: WebElement, text: str) -> None:
    from selenium.webdriver.support.select import Select

    Select(select).select_by_visible_text(text)


def open_viewer(browser: WebDriver, index: int) -> None:
    browser.execute_script(f"document.querySelectorAll('.results a')[{index}].click()")


def press(browser: WebDriver, *keys: str) -> None:
    """Type keys where the focus is; Shift holds for those that follow."""
    browser.switch_to.active_element.send_keys(*keys)


def read_divider(browser: WebDriver) -> str:
    """Return how the left picture of the viewer is cut."""
    script = "return getComputedStyle(document.getElementById('left-image')).clipPath"
    return str(browser.execute_script(script))


def find_violations(browser: WebDriver, axe: str) -> list[Any]:
    browser.execute_script(axe)
    script = "axe.run().then((result) => arguments[0](result.violations))"
    violations = browser.execute_async_script(script)
    return [(v["id"], v["nodes"]) for v in violations if v["impact"] in ("serious", "critical")]


def test_every_picture_is_shown_beside_its_results(browser: WebDriver, page: Page) -> None:
    wait_for_pictures(browser)
    assert list_shown(browser) == [f"{image} in {model}" for image in IMAGES for model in MODELS]


def test_markup_in_a_failure_is_text(browser: WebDriver, page: Page) -> None:
    text = browser.find_element("css selector", ".failures li").text
    assert text == "<script>alert(1)</script>.png: not an image; remove it"


def test_filters_by_folder_and_style(browser: WebDriver, page: Page) -> None:
    choose(page("by-folder"), "lisbon")
    assert len(list_shown(browser)) == 6
    choose(page("by-style"), "many.onnx@10")
    assert list_shown(browser) == [f"{image} in many.onnx@10" for image in IMAGES[:2]]
    assert page("summary").text == "2 of 9 shown"


@pytest.mark.parametrize("width", [1400, 1100, 768, 360])
def test_the_top_hides_no_picture(browser: WebDriver, page: Page, width: int) -> None:
    set_size(browser, width, 740)
    script = """
      const section = document.querySelectorAll("section.picture")[1];
      section.scrollIntoView();
      const image = section.querySelector("img").getBoundingClientRect();
      return image.top - document.querySelector(".top").getBoundingClientRect().bottom;
    """
    assert browser.execute_script(script) >= 0


def test_filters_by_picture(browser: WebDriver, page: Page) -> None:
    choose(page("by-picture"), IMAGES[2])
    assert list_shown(browser) == [f"{IMAGES[2]} in {model}" for model in MODELS]


def test_filters_without_a_match_say_so(browser: WebDriver, page: Page) -> None:
    page("only-favorites").click()
    assert page("no-match").is_displayed()


def test_the_keyboard_moves_the_divider(browser: WebDriver, page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    open_viewer(browser, 0)
    press(browser, Keys.HOME)
    assert read_divider(browser) == "inset(0px 100% 0px 0px)"
    press(browser, Keys.END)
    assert read_divider(browser) in ("inset(0px 0% 0px 0px)", "inset(0px)")
    press(browser, *[Keys.ARROW_LEFT] * 20)
    assert read_divider(browser) == "inset(0px 20% 0px 0px)"


@pytest.mark.parametrize("kind", ["mouse", "touch"])
def test_the_pointer_drags_the_divider(browser: WebDriver, page: Page, kind: str) -> None:
    from selenium.webdriver.common.actions.action_builder import ActionBuilder
    from selenium.webdriver.common.actions.pointer_input import PointerInput

    open_viewer(browser, 0)
    frame = page("frame")
    actions = ActionBuilder(browser, mouse=PointerInput(kind, kind), duration=20)
    actions.pointer_action.move_to(frame).pointer_down()
    actions.pointer_action.move_to(frame, frame.rect["width"] // 4, 0).pointer_up()
    actions.perform()
    # Moves arrive with the next frame.
    wait_until(lambda: abs(float(page("slider").get_attribute("value") or 0) - 75) <= 1)


def test_two_styles_are_shown_side_by_side(browser: WebDriver, page: Page) -> None:
    open_viewer(browser, 0)
    choose(page("left"), "many.onnx@2")
    page("beside").click()
    left, right = page("left-image"), page("right-image")
    wait_for_pictures(browser)
    assert "many.onnx%402" in str(left.get_attribute("src"))
    assert "candy.pth" in str(right.get_attribute("src"))
    assert left.rect["x"] + left.rect["width"] <= right.rect["x"]
    assert read_divider(browser) == "none"


def test_full_size_shows_the_pixels_of_the_picture(browser: WebDriver, page: Page) -> None:
    open_viewer(browser, 0)
    wait_for_pictures(browser)
    assert page("right-image").rect["width"] > 96
    page("zoom").click()
    assert (page("right-image").rect["width"], page("left-image").rect["width"]) == (96, 96)


def test_the_drawer_shows_what_a_result_was_made_from(browser: WebDriver, page: Page) -> None:
    open_viewer(browser, 1)
    press(browser, "d")
    text = page("facts").text
    assert "many.onnx@2" in text and "96 x 64 px" in text
    assert "1" * 64 in text and "2" * 64 in text and "--max-side 1024" in text
    assert text.splitlines().count("Style") == 1


def test_the_keyboard_steps_to_the_next_shown_result(browser: WebDriver, page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    choose(page("by-style"), "many.onnx@2")
    open_viewer(browser, 1)
    press(browser, Keys.SHIFT, Keys.ARROW_RIGHT)
    assert page("viewer-title").text == IMAGES[1]
    press(browser, Keys.ESCAPE)
    wait_until(lambda: not page("viewer").is_displayed())


def test_favorites_are_kept_and_exported(
    browser: WebDriver, page: Page, gallery: str, tmp_path: Path
) -> None:
    behavior = {"behavior": "allow", "downloadPath": str(tmp_path)}
    browser.execute_cdp_cmd("Browser.setDownloadBehavior", behavior)
    browser.find_elements("css selector", ".heart")[2].click()
    open_viewer(browser, 8)
    press(browser, "f")
    browser.get(gallery)
    page("only-favorites").click()
    assert len(list_shown(browser)) == 2
    page("export").click()
    picks = tmp_path / "picks.json"
    wait_until(lambda: picks.is_file() and picks.stat().st_size > 0)
    assert json.loads(picks.read_text())["picks"] == [
        {"image": IMAGES[0], "model": MODELS[2]},
        {"image": IMAGES[2], "model": MODELS[2]},
    ]
    assert page("summary").text.endswith("main --only picks.json")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_nothing_keeps_people_from_using_the_page(
    browser: WebDriver, page: Page, axe: str, width: int, scheme: str
) -> None:
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
    set_size(browser, width, 740)
    assert find_violations(browser, axe) == []
    root = "document.documentElement"
    assert browser.execute_script(f"return {root}.scrollWidth <= {root}.clientWidth")
    open_viewer(browser, 0)
    press(browser, "d")
    assert find_violations(browser, axe) == []


@pytest.mark.soak
def test_5000_results_open_in_2_seconds_and_scroll(browser: WebDriver, tmp_path: Path) -> None:
    replace_tab(browser)
    images = [f"{index:03}.png" for index in range(192)]
    browser.get(write_gallery(tmp_path, images, [f"many.onnx@{n}" for n in range(26)]).as_uri())
    opened = read_processor_time(browser)
    browser.execute_async_script(
        """
        const [frames, done] = arguments;
        let count = 0;
        const step = () => {
          scrollBy(0, 400);
          ++count < frames ? requestAnimationFrame(step) : done();
        };
        requestAnimationFrame(step);
        """,
        FRAMES,
    )
    assert opened < 2
    assert (read_processor_time(browser) - opened) / FRAMES < 0.1


def replace_tab(browser: WebDriver) -> None:
    """Go on in a tab in a process of its own."""
    first = browser.current_window_handle
    browser.switch_to.new_window("tab")
    second = browser.current_window_handle
    browser.switch_to.window(first)
    browser.close()
    browser.switch_to.window(second)


def read_processor_time(browser: WebDriver) -> float:
    """Return the seconds that the tab's process has computed; the clock depends on others, too."""
    browser.execute_cdp_cmd("Performance.enable", {})
    metrics = browser.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return float(next(each["value"] for each in metrics if each["name"] == "ProcessTime"))
