"""The atlas in headless Chromium, opened from disk: nothing fetched, no error, search, keys, links, print."""

from collections.abc import Iterator

import pytest
from chromium import AXE, CHROMIUM, Opened, serious_faults

pytest.importorskip("playwright.sync_api", reason="the test extra is not installed: no playwright")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no chromium on the path (or in $CHROMIUM)")

PAGES = ("index.html", "layer-01.html", "layer-02.html", "class-00.html", "class-01.html")


@pytest.fixture
def opened(browser) -> Iterator[Opened]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    yield Opened(context.new_page())
    context.close()


@pytest.fixture
def address(atlas_folder):
    """The URL of a page on disk."""
    return lambda page: (atlas_folder / "results/atlas").as_uri() + f"/{page}"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_opens_from_disk_without_an_error_and_asks_for_nothing_but_its_pictures(opened, address, page):
    dialogs = []
    opened.page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    opened.page.goto(address(page))
    for image in opened.page.locator("img").all():
        image.scroll_into_view_if_needed()
    opened.page.wait_for_function("[...document.images].every(each => each.complete && each.naturalWidth)")
    assert opened.errors == dialogs == []
    assert {url.rpartition(".")[2] for url in opened.requests} <= {"html", "webp"}
    assert all(url.startswith(address("")) for url in opened.requests)
    assert opened.page.locator("main b, main img[src='x']").count() == 0  # names of classes and files are text


def test_pictures_wait_until_they_are_near(opened, address):
    opened.page.set_viewport_size({"width": 400, "height": 300})
    opened.page.goto(address("layer-02.html"))
    opened.page.wait_for_timeout(200)
    assert opened.page.locator(".drawn").first.get_attribute("loading") == "lazy"


def test_a_word_finds_filters_of_all_layers_and_leads_to_them(opened, address):
    opened.page.goto(address("index.html"))
    opened.page.keyboard.press("/")
    opened.page.keyboard.type("dead")
    found = opened.page.locator("#results a")
    names = found.locator("span:not(.note)").all_inner_texts()
    assert "layer 2, filter 3" in names
    assert opened.page.locator("#found").inner_text() == f"{len(names)} filters"
    found.nth(names.index("layer 2, filter 3")).click()
    opened.page.wait_for_selector("#filter-3:target")
    assert opened.page.evaluate("document.activeElement.id") == "filter-3"


def test_a_word_leaves_a_layer_s_filters_that_have_it(opened, address):
    opened.page.goto(address("layer-02.html"))
    opened.page.fill("#search", "doubled")
    shown = opened.page.locator(".filter:not([hidden])")
    assert shown.evaluate_all("each => each.map(one => one.id)") == ["filter-5", "filter-6"]
    assert opened.page.locator("#found").inner_text() == "2 of 8 filters"
    assert opened.page.locator(".cells .away").count() == 6
    opened.page.keyboard.press("Escape")
    assert shown.count() == 8
    opened.page.fill("#search", "ubled")  # inside a word
    assert shown.count() == 0


def test_arrow_keys_walk_filters_and_layers(opened, address):
    opened.page.goto(address("index.html"))
    opened.page.keyboard.press("ArrowRight")
    opened.page.wait_for_url("**/layer-01.html")
    for expected in ("filter-0", "filter-1"):
        opened.page.keyboard.press("ArrowRight")
        opened.page.wait_for_selector(f"#{expected}:target")
    opened.page.keyboard.press("Shift+ArrowRight")
    opened.page.wait_for_url("**/layer-02.html")
    opened.page.keyboard.press("Shift+ArrowLeft")
    opened.page.wait_for_url("**/layer-01.html")


def test_a_deep_link_shows_its_filter_and_the_order_can_be_changed(opened, address):
    opened.page.goto(address("layer-02.html#filter-6"))
    box = opened.page.locator("#filter-6").bounding_box()
    assert box is not None
    assert -box["height"] < box["y"] < 800
    assert opened.page.locator(".cells .here").get_attribute("href") == "#filter-6"
    opened.page.select_option("#order", "likeness")
    order = opened.page.locator(".filter").evaluate_all("each => each.map(one => Number(one.dataset.likeness))")
    assert order == sorted(order)
    links = opened.page.locator(".filter a").evaluate_all("each => each.map(one => one.getAttribute('href'))")
    assert any(link.startswith("layer-01.html#filter-") for link in links)  # what feeds it


def test_the_printed_layer_has_every_filter_s_pictures(opened, address, tmp_path):
    opened.page.goto(address("layer-01.html"))
    opened.page.emulate_media(media="print")
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    opened.page.wait_for_function("[...document.images].every(each => each.complete && each.naturalWidth)")
    printed = opened.page.pdf(format="A4", path=tmp_path / "page.pdf")
    assert printed.count(b"/Subtype /Image") >= 6


@pytest.mark.parametrize("page", PAGES)
def test_a_page_fits_a_telephone(opened, address, page):
    opened.page.set_viewport_size({"width": 390, "height": 844})
    opened.page.goto(address(page))
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not installed (npm install --prefix .venv/axe axe-core)")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", ["index.html", "layer-02.html", "class-01.html"])
def test_no_serious_accessibility_fault(browser, address, page, scheme):
    context = browser.new_context(bypass_csp=True, color_scheme=scheme)
    opened = context.new_page()
    opened.goto(address(page))
    faults = serious_faults(opened)
    context.close()
    assert faults == []
