"""A headless browser for the gallery, started once; Debian's, by the paths of its programs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.galleries import set_size
from tests.support.networks.styles import ROOT

if TYPE_CHECKING:
    from selenium.webdriver.chrome.webdriver import WebDriver

AXE = ROOT / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
"""Where .ci/run puts axe-core."""


@pytest.fixture(scope="session")
def shared_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """The browser of all tests."""
    browser_path, driver_path = shutil.which("chromium"), shutil.which("chromedriver")
    if browser_path is None or driver_path is None:
        pytest.skip("needs the programs chromium and chromedriver (Debian: chromium-driver)")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = browser_path
    options.add_argument("--headless=new")
    options.add_argument("--disable-gpu")
    options.add_argument("--disable-dev-shm-usage")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    folder = str(tmp_path_factory.mktemp("browser"))  # it leaves files behind
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            patch.delenv(name)
        environment = os.environ | {"HOME": folder, "TMPDIR": folder}
        service = webdriver.ChromeService(driver_path, env=environment)
        browser = webdriver.Chrome(options, service)
        browser.set_script_timeout(300)
        yield browser
        browser.quit()


@pytest.fixture
def browser(shared_browser: WebDriver) -> Iterator[WebDriver]:
    """The browser, 1280x860; a message on its console fails the test."""
    set_size(shared_browser, 1280, 860)
    shared_browser.get_log("browser")  # of the test before
    yield shared_browser
    messages = shared_browser.get_log("browser")
    shared_browser.execute_script("localStorage.clear()")
    assert messages == []


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of axe-core, which finds what keeps people from using a page."""
    path = Path(os.environ.get("AXE_CORE", AXE))
    if not path.is_file():
        pytest.skip(f"needs axe-core: npm install --prefix {AXE.parents[2]} axe-core")
    return path.read_text(encoding="utf-8")
