"""Pictures with a colour profile other than sRGB come as sRGB; sRGB and broken profiles change no pixel."""

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from core.data.pictures.decoding import Decoded, content_hash, decode
from core.data.pictures.formats import color_profiles
from core.data.pictures.formats.color_profiles import P3, SAME_COLOR, matrix_profile, profile_of_primaries

DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE_RGB = ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060))
PROPHOTO = ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001))
SRGB = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))


def encoded(image: Image.Image, format: str, profile: bytes, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, format, icc_profile=profile, **options)
    return out.getvalue()


def flat(*color: int, mode: str = "RGB") -> Image.Image:
    return Image.new(mode, (32, 24), color if len(color) > 1 else color[0])


def color_of(decoded: Decoded) -> np.ndarray:
    return np.asarray(decoded.image, np.int16)[12, 16]


def linear(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def expected_from_p3(color: tuple[int, int, int]) -> np.ndarray:
    """By the published matrix from linear Display P3 to linear sRGB (both with the white D65)."""
    matrix = np.array([[1.2249, -0.2247, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]])
    light = (matrix @ linear(np.array(color) / 255)).clip(0, 1)
    return np.rint(255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("color", [(200, 80, 60), (60, 160, 90), (128, 128, 128), (255, 255, 255), (0, 0, 0)])
def test_display_p3_becomes_srgb(format: str, color: tuple[int, int, int]) -> None:
    profile = matrix_profile("Display P3", DISPLAY_P3)
    options = {"lossless": True} if format == "WEBP" else {"quality": 100} if format in ("JPEG", "AVIF") else {}
    decoded = decode(encoded(flat(*color), format, profile, **options), "a")
    assert np.abs(color_of(decoded) - expected_from_p3(color)).max() <= 3
    assert decoded.remarks == ("colours converted from Display P3 to sRGB",)
    assert not decoded.verbatim and "icc_profile" not in decoded.image.info


@pytest.mark.parametrize(
    ("name", "primaries", "gamma"), [("Adobe RGB", ADOBE_RGB, 2.2), ("ProPhoto RGB", PROPHOTO, 1.8)]
)
def test_wide_gamuts_of_cameras_become_more_colourful(
    name: str, primaries: color_profiles.Primaries, gamma: float
) -> None:
    decoded = decode(encoded(flat(90, 160, 90), "PNG", matrix_profile(name, primaries, gamma)), "a")
    red, green, blue = color_of(decoded)
    assert green - red > 90 and green - blue > 70
    assert decoded.remarks == (f"colours converted from {name} to sRGB",)


def test_a_profile_that_is_srgb_in_another_writing_changes_nothing() -> None:
    image = Image.linear_gradient("L").convert("RGB")
    profiles = (
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        matrix_profile("sRGB by hand", SRGB),
    )
    for profile in profiles:
        decoded = decode(encoded(image, "PNG", profile), "a")
        assert decoded.verbatim and decoded.remarks == ()
        assert content_hash(decoded.image) == content_hash(image)


@pytest.mark.parametrize("profile", [b"nonsense", bytes(200), matrix_profile("P3", DISPLAY_P3)[:300]])
def test_a_broken_profile_is_ignored_with_a_remark(profile: bytes) -> None:
    image = flat(200, 80, 60)
    decoded = decode(encoded(image, "PNG", profile), "a")
    assert content_hash(decoded.image) == content_hash(image)
    assert decoded.remarks == ("its colour profile is broken, so its colours were not converted",)
    assert decoded.verbatim, "its pixels are those of the file"


def test_a_huge_profile_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = matrix_profile("Huge", DISPLAY_P3) + bytes(100)
    monkeypatch.setattr(color_profiles, "MAX_PROFILE_BYTES", len(profile) - 1)
    assert decode(encoded(flat(200, 80, 60), "PNG", profile), "a").remarks[0].startswith("its colour profile is broken")


def cmyk_profile() -> bytes:
    """A CMYK profile with a small table from ink to Lab: all inks are neutral and subtract the same lightness."""
    grid = np.stack(np.meshgrid(*[[0.0, 1.0]] * 4, indexing="ij"), axis=-1).reshape(-1, 4)
    lightness = (100 * (1 - grid.max(axis=1))).clip(0, 100)
    table = np.stack([lightness * 655.35, np.full(16, 32896.0), np.full(16, 32896.0)], axis=1)
    ramp = np.array([0, 65535], ">u2").tobytes()
    a2b = b"mft2" + bytes(4) + bytes([4, 3, 2, 0])
    a2b += np.array([65536, 0, 0, 0, 65536, 0, 0, 0, 65536], ">i4").tobytes()
    a2b += np.array([2, 2], ">u2").tobytes() + ramp * 4 + np.rint(table).astype(">u2").tobytes() + ramp * 3
    whole = bytearray(matrix_profile("Neutral inks", SRGB))
    description = b"desc" + bytes(4) + (13).to_bytes(4, "big") + b"Neutral inks\0" + bytes(78)
    tags = [(b"desc", description), (b"A2B0", a2b), (b"A2B1", a2b)]
    start = 128 + 4 + 12 * len(tags)
    directory, body = len(tags).to_bytes(4, "big"), b""
    for name, data in tags:
        padded = data + bytes(-len(data) % 4)
        directory += name + (start + len(body)).to_bytes(4, "big") + len(padded).to_bytes(4, "big")
        body += padded
    header = whole[:128]
    header[12:24] = b"prtrCMYKLab "
    header[:4] = (start + len(body)).to_bytes(4, "big")
    return bytes(header) + directory + body


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_is_converted_by_its_profile(format: str) -> None:
    """Full cyan, which is black with these inks, would be cyan without the profile."""
    cyan = flat(255, 0, 0, 0, mode="CMYK")
    decoded = decode(encoded(cyan, format, cmyk_profile()), "a")
    assert color_of(decoded).max() < 20
    assert decoded.remarks == ("colours converted from Neutral inks to sRGB",)
    paper = decode(encoded(flat(0, 0, 0, 0, mode="CMYK"), format, cmyk_profile()), "a")
    assert color_of(paper).min() > 235


def gray_profile(gamma: float) -> bytes:
    """A grey profile: the white and one curve."""
    rgb = matrix_profile("Grey", SRGB)
    curve = b"curv" + bytes(4) + (1).to_bytes(4, "big") + round(gamma * 256).to_bytes(2, "big") + bytes(2)
    white = b"XYZ " + bytes(4) + rgb[68:80]
    description = b"desc" + bytes(4) + (5).to_bytes(4, "big") + b"Grey\0" + bytes(78) + bytes(1)
    tags = [(b"desc", description), (b"wtpt", white), (b"kTRC", curve)]
    start = 128 + 4 + 12 * len(tags)
    directory, body = len(tags).to_bytes(4, "big"), b""
    for name, data in tags:
        padded = data + bytes(-len(data) % 4)
        directory += name + (start + len(body)).to_bytes(4, "big") + len(padded).to_bytes(4, "big")
        body += padded
    header = bytearray(rgb[:128])
    header[16:20] = b"GRAY"
    header[:4] = (start + len(body)).to_bytes(4, "big")
    return bytes(header) + directory + body


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_grey_is_converted_by_its_profile(format: str) -> None:
    decoded = decode(encoded(flat(128, mode="L"), format, gray_profile(1.0)), "a")
    assert color_of(decoded).tolist() == pytest.approx([188, 188, 188], abs=2)
    assert decoded.remarks == ("colours converted from Grey to sRGB",)


def test_a_profile_for_other_pixels_is_ignored_with_a_remark() -> None:
    decoded = decode(encoded(flat(200, 80, 60), "PNG", gray_profile(1.0)), "a")
    assert color_of(decoded).tolist() == [200, 80, 60]
    assert decoded.remarks == ("its colour profile is for other pixels, so its colours were not converted",)


def test_a_grey_picture_with_an_rgb_profile_keeps_its_tones() -> None:
    decoded = decode(encoded(flat(128, mode="L"), "PNG", matrix_profile("Display P3", DISPLAY_P3)), "a")
    assert color_of(decoded).tolist() == pytest.approx([128] * 3, abs=SAME_COLOR)


def test_transparent_parts_of_a_wide_gamut_picture_are_white() -> None:
    clear = Image.new("RGBA", (32, 24), (200, 80, 60, 0))
    decoded = decode(encoded(clear, "PNG", matrix_profile("Display P3", DISPLAY_P3)), "a")
    assert color_of(decoded).tolist() == [255, 255, 255]


def test_the_primaries_of_a_file_without_a_profile_give_one() -> None:
    assert profile_of_primaries(P3) == matrix_profile("Display P3", DISPLAY_P3)
    assert profile_of_primaries(1) is profile_of_primaries(2) is None


def avif_of_primaries(image: Image.Image, primaries: int) -> bytes:
    """An AVIF whose nclx colour information names other primaries."""
    out = io.BytesIO()
    image.save(out, "AVIF", quality=100, subsampling="4:4:4")
    data = bytearray(out.getvalue())
    at = data.index(b"nclx") + 4
    data[at : at + 2] = primaries.to_bytes(2, "big")
    return bytes(data)


def test_an_avif_that_names_display_p3_becomes_srgb() -> None:
    decoded = decode(avif_of_primaries(flat(200, 80, 60), P3), "a")
    assert np.abs(color_of(decoded) - expected_from_p3((200, 80, 60))).max() <= 4
    assert decoded.remarks == ("colours converted from Display P3 to sRGB",)
    assert decode(avif_of_primaries(flat(200, 80, 60), 1), "a").remarks == ()


def test_the_former_pixels_are_those_without_the_conversion() -> None:
    raw = encoded(flat(200, 80, 60), "PNG", matrix_profile("Display P3", DISPLAY_P3))
    before = decode(raw, "a", as_before=True)
    assert before.remarks == () and before.verbatim and color_of(before).tolist() == [200, 80, 60]
    assert decode(raw, "a").former_hash is None
    assert decode(raw, "a", former=True).former_hash == content_hash(before.image)
