"""The map of the boundaries: one drawing, as a page and as a picture."""

import io
import re
import resource
import time
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from PIL import Image
from shapely.geometry import MultiPolygon, Point, box

from siting.documents.boundaries import drawing
from siting.documents.boundaries.layers import BoundaryMap, LabelledShape, Layer
from siting.documents.boundaries.page import as_html
from siting.documents.boundaries.picture import as_png, as_svg
from tradewind.aws.deadline import calls_within
from tradewind.contracts.errors import DeadlineExceeded

PATHS = re.compile(r' d="[^"]*"')


def a_map(title: str = "Site", notes: tuple[str, ...] = ("Map data: nobody",)) -> BoundaryMap:
    hole = box(-900, -900, 900, 900).difference(box(-100, -100, 100, 100))
    return BoundaryMap(
        title=title,
        headline="3.20 km²",
        notes=notes,
        layers=(
            Layer(
                "buildable", "area", "Buildable", "3 km²", "#00ff00", (LabelledShape(hole, "a"),)
            ),
            Layer(
                "feature-building",
                "feature",
                "Buildings",
                "1 on the map",
                "#ff0000",
                (LabelledShape(Point(500, 500), "Hof & Gut"),),
            ),
            Layer(
                "boundary",
                "outline",
                "Site boundary",
                "3 km²",
                "#0000ff",
                (LabelledShape(MultiPolygon([box(-900, -900, 900, 900)]), ""),),
            ),
        ),
        places=(("Moor & See", 400.0, -300.0), *(("Under another", 401.0, -301.0),) * 8),
        bounds=(-1000.0, -1000.0, 1000.0, 1000.0),
        origin_deg=(9.0, 54.0),
        degrees_per_metre=((1e-5, 0.0), (0.0, 1e-5)),
    )


def pixel(body: bytes, east_m: float, north_m: float) -> tuple[int, ...]:
    """The colour at a place of the map, which is 1000 pixels for 2000 metres."""
    image = Image.open(io.BytesIO(body)).convert("RGB")
    colour = image.getpixel((round(28 + 500 + east_m / 2), round(96 + 500 - north_m / 2)))
    assert isinstance(colour, tuple)
    return colour


def test_a_picture_shows_each_layer_where_it_is() -> None:
    body = as_png(a_map())

    ground = (0xF4, 0xF2, 0xEC)
    assert pixel(body, 950, 950) == ground
    assert pixel(body, 30, 30) == ground  # the hole, beside the lines of degrees
    red, green, blue = pixel(body, -450, 300)
    assert green > red > 100
    assert green > blue
    # A house without an outline is a dot, and north is up.
    assert pixel(body, 500, 500)[0] > 200 > pixel(body, 500, 500)[1]
    assert pixel(body, 450, -450) == pixel(body, -450, 300)
    assert pixel(body, 900, 200)[2] > 200 > pixel(body, 900, 200)[0]


def test_page_and_picture_are_one_drawing() -> None:
    page, picture = as_html(a_map()), as_svg(a_map())

    drawn = [path for layer in a_map().layers for path in PATHS.findall(drawing.svg_layer(layer))]
    assert len(drawn) == 3
    assert all(path in page and path in picture for path in drawn)


def test_strokes_are_as_wide_on_any_scale() -> None:
    layer = a_map().layers[2]

    assert 'stroke-width="2.5"' in drawing.svg_layer(layer)
    assert 'stroke-width="50"' in drawing.svg_layer(layer, metres_per_pixel=20.0)


def test_a_picture_says_whose_data_it_is_in_letters() -> None:
    with_words = as_png(a_map(notes=("Map data: © OpenStreetMap contributors",)))

    assert with_words != as_png(a_map(notes=()))


@pytest.mark.parametrize(
    "text", ["<b>&amp;</b>", "]]>", '"><script>', "x" * 3000, "風力 🌬 ваше", "$title ${bar}", ""]
)
def test_foreign_words_break_no_picture(text: str) -> None:
    drawn = a_map(title=text, notes=(text,))

    ElementTree.fromstring(as_svg(drawn))  # noqa: S314  # our own
    assert Image.open(io.BytesIO(as_png(drawn))).size == (1514, 1124)


def test_a_picture_is_drawn_beside_the_process_whose_threads_keep_the_deadline() -> None:
    def others() -> float:
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime

    own, before = time.thread_time(), others()
    assert as_png(a_map())
    assert time.thread_time() - own < others() - before  # of their own CPU, not the clock's


def test_a_picture_ends_with_the_time_of_its_request() -> None:
    with calls_within(lambda: 0.001), pytest.raises(DeadlineExceeded):
        as_png(a_map())


def test_a_legend_of_every_class_leaves_room_for_whose_data_it_is() -> None:
    row = a_map().layers[0]
    full = replace(a_map(notes=("Map data: nobody",) * 6), layers=(row,) * 42)

    svg = as_svg(full)

    legend = svg[svg.index("Map data: nobody") - 200 :]
    assert max(int(y) for y in re.findall(r'class="note" y="(\d+)"', legend)) <= 1000
    assert min(int(y) for y in re.findall(r"translate\(0 (\d+)\)", svg) if int(y)) >= 16


def test_a_picture_has_degrees_and_names_where_there_is_room() -> None:
    svg = ElementTree.fromstring(as_svg(a_map()))  # noqa: S314  our own
    texts = [one.text for one in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert "Moor & See" in texts
    # Two above and two below the first; there is no room for more.
    assert texts.count("Under another") == 4
    assert [one for one in texts if one and one.endswith("° E")]
    assert [one for one in texts if one and one.endswith("° N")]
    assert "Moor &amp; See" in as_html(a_map())
