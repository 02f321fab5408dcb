"""The page in headless Chromium: nothing fetched, no error, every control does its work, also for a keyboard."""

from collections.abc import Iterator

import pytest
from chromium import AXE, CHROMIUM, Opened, serious_faults

pytest.importorskip("playwright.sync_api", reason="the test extra is not installed: no playwright")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium on the path (or in $CHROMIUM)")


@pytest.fixture
def opened(browser, report_folder) -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = Opened(context.new_page())
    opened.page.goto((report_folder / "results/report.html").as_uri())
    yield opened
    context.close()


def test_no_error_and_no_request(opened):
    opened.page.wait_for_selector(".frames .shown")
    assert opened.errors == []
    fetched = [url for url in opened.requests if not url.startswith("data:")]
    assert [url.partition(":")[0] for url in fetched] == ["file"]


def test_hostile_names_run_nothing(opened):
    dialogs = []
    opened.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    opened.page.locator(".matrix button").first.click()
    opened.page.wait_for_timeout(100)
    assert dialogs == []
    assert opened.page.locator("img:not([src^='data:'])").count() == 0
    assert opened.page.locator("b").count() == 0
    assert opened.page.locator(".matrix thead").inner_text().find("onerror=alert(1)") > 0


def test_the_slider_fades_the_map_and_the_scale_redraws_it(opened):
    viewer = opened.page.locator("[data-viewer=saliency]")
    canvases = viewer.locator(".stack canvas")
    slider = viewer.locator("input[type=range]")
    slider.fill("20")
    assert canvases.first.evaluate("each => getComputedStyle(each).opacity") == "0.2"
    pixels = "each => each.map(one => one.toDataURL())"
    own = canvases.evaluate_all(pixels)
    viewer.get_by_label("one for all").check()
    shared = canvases.evaluate_all(pixels)
    assert sum(a != b for a, b in zip(own, shared, strict=True)) == len(own) - 1  # the map with the largest value stays


def test_another_filter_s_map_can_be_chosen(opened):
    viewer = opened.page.locator("[data-viewer=activations]")
    before = viewer.locator(".stack canvas").first.evaluate("each => each.toDataURL()")
    viewer.locator("select").select_option(index=1)
    assert viewer.locator(".stack canvas").first.evaluate("each => each.toDataURL()") != before


def test_a_cell_shows_its_images_on_hover_and_by_keyboard(opened):
    matrix = opened.page.locator(".matrix")
    cells = matrix.locator("td button")
    cells.first.hover()
    assert matrix.locator(".panel img").count() >= 1
    first = matrix.locator(".panel p").inner_text()
    assert first.startswith(cells.first.get_attribute("aria-label").partition(":")[0])
    cells.first.focus()
    opened.page.keyboard.press("ArrowDown")
    assert opened.page.evaluate("document.activeElement.closest('.matrix') !== null")
    if cells.count() > 1:
        assert matrix.locator(".panel p").inner_text() != first


def test_a_filter_opens_its_card(opened):
    opened.page.locator(".cards button").nth(1).click()
    card = opened.page.locator("dialog[open]")
    assert card.locator("h3").inner_text() == "Filter 16"
    assert card.locator(".thumbs img").count() >= 1
    opened.page.keyboard.press("Escape")
    opened.page.wait_for_selector("dialog", state="detached")


def test_the_scrubber_moves_the_dream(opened):
    frames = opened.page.locator("[data-frames=dream]")
    last = frames.locator(".shown").get_attribute("src")
    frames.locator("input").fill("0")
    assert frames.locator(".shown").get_attribute("src") != last
    assert "the photograph" in frames.locator("output").inner_text()
    frames.locator("input").press("ArrowRight")
    assert "step 10" in frames.locator("output").inner_text()


def test_the_printed_page_has_every_figure(opened, tmp_path):
    opened.page.emulate_media(media="print")
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    figures = opened.page.locator("main figure > img")
    shown = [each.bounding_box() for each in figures.all() if each.is_visible()]
    assert len(shown) == opened.page.locator("main figure:not(.interactive figure)").count() >= 9
    printed = opened.page.pdf(format="A4", path=tmp_path / "page.pdf")
    assert printed.count(b"/Subtype /Image") >= len(shown)


def test_the_first_screen_shows_the_findings_and_a_picture(opened):
    opened.page.set_viewport_size({"width": 1280, "height": 800})
    findings = [each.bounding_box() for each in opened.page.locator(".findings li").all()]
    assert len(findings) >= 3
    assert all(box["y"] + box["height"] <= 800 for box in findings[:3])
    lead = opened.page.locator(".lead .stack").first.bounding_box()
    assert lead["y"] + lead["height"] <= 800
    assert opened.page.locator(".lead canvas").first.evaluate("each => each.width > 1")


def test_how_the_checkpoint_was_read_opens_from_one_line_at_the_end(opened):
    assert opened.page.locator("main section").last.get_attribute("id") == "inspect"
    facts = opened.page.locator("#inspect .facts")
    assert not facts.is_visible()
    opened.page.locator("#inspect summary").first.click()
    assert facts.is_visible()


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_fits_its_window(opened, width):
    opened.page.set_viewport_size({"width": width, "height": 800})
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (npm install --prefix .venv/axe axe-core)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_accessibility_fault(browser, report_folder, scheme):
    # the page's own policy refuses a foreign script, so axe comes in past it
    context = browser.new_context(bypass_csp=True, color_scheme=scheme)
    page = context.new_page()
    page.goto((report_folder / "results/report.html").as_uri())
    page.locator(".matrix button").first.click()
    faults = serious_faults(page)
    context.close()
    assert faults == []
