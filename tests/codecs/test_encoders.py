import io

import numpy as np
import pytest
from PIL import Image

from jpegpre_tf._optional import MissingExtraError
from jpegpre_tf.codecs import Jpegli, LibjpegTurbo, MozJPEG, encoder_names, get_encoder
from jpegpre_tf.errors import UsageError


def opened(data):
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("name", encoder_names())
def test_record_holds_what_an_ordinary_viewer_shows(name, city):
    encoded = get_encoder(name).encode(city, 50)
    assert np.array_equal(encoded.decoded, np.asarray(opened(encoded.data).convert("RGB")))
    assert encoded.decoded.shape == city.shape
    assert encoded.size_bytes == len(encoded.data)
    assert encoded.rate_bpp == pytest.approx(8 * len(encoded.data) / (city.shape[0] * city.shape[1]))
    assert encoded.encoder == name
    assert encoded.version and encoded.flags


@pytest.mark.parametrize("name", encoder_names())
def test_same_input_gives_the_same_bytes_and_quality_matters(name, city):
    encoder = get_encoder(name)
    assert encoder.encode_bytes(city, 40) == get_encoder(name).encode_bytes(city, 40)
    assert len(encoder.encode_bytes(city, 80)) > len(encoder.encode_bytes(city, 20))


@pytest.mark.parametrize("name", encoder_names())
@pytest.mark.parametrize("shape", [(1, 1), (9, 17), (16, 33)])
def test_odd_sizes(name, shape, city):
    assert get_encoder(name).encode(city[: shape[0], : shape[1]], 50).decoded.shape[:2] == shape


@pytest.mark.parametrize("name", [name for name in encoder_names() if name != "webp"])
def test_jpeg_files_are_four_two_zero_unless_named_otherwise(name, city):
    layers = opened(get_encoder(name).encode_bytes(city, 95)).layer
    luma = (1, 1) if name.endswith("-444") else (2, 2)
    assert [(h, v) for _, h, v, _ in layers] == [luma, (1, 1), (1, 1)]


def test_flags_name_each_encoder_apart():
    identities = [tuple(get_encoder(name).identity().values()) for name in encoder_names()]
    assert len(set(identities)) == len(identities)


def test_reference_is_what_pillow_writes(city):
    out = io.BytesIO()
    Image.fromarray(city).save(out, "JPEG", quality=63, subsampling=2, optimize=True)
    assert LibjpegTurbo().encode_bytes(city, 63) == out.getvalue()


def test_huffman_optimisation_changes_the_size_only(city):
    fitted, standard = LibjpegTurbo().encode(city, 20), LibjpegTurbo(optimize=False).encode(city, 20)
    assert fitted.size_bytes < standard.size_bytes
    assert np.array_equal(fitted.decoded, standard.decoded)


def test_mozjpeg_trellis_keeps_annex_k_tables_in_a_baseline_file(city):
    file = opened(MozJPEG(tables="annex-k").encode_bytes(city, 50))
    tables, plain = file.quantization, opened(LibjpegTurbo().encode_bytes(city, 50)).quantization
    assert tables == plain
    assert "progressive" not in file.info
    assert tables[0][0] == 16  # T.81 K.1; at quality 50 libjpeg's tables are Annex K's own
    assert len(MozJPEG(tables="annex-k").encode_bytes(city, 50)) < len(LibjpegTurbo().encode_bytes(city, 50))


def test_mozjpeg_default_is_progressive_with_its_own_tables(city):
    file = opened(MozJPEG().encode_bytes(city, 50))
    assert "progressive" in file.info
    assert file.quantization != opened(LibjpegTurbo().encode_bytes(city, 50)).quantization


def test_jpegli_gets_fitted_huffman_tables(city):
    import pyjpegli

    height, width = city.shape[:2]
    raw = pyjpegli.encode(city.tobytes(), width, height, quality=50)
    encoded = Jpegli().encode(city, 50)
    assert encoded.size_bytes < len(raw)
    assert np.array_equal(encoded.decoded, np.asarray(opened(raw)))


@pytest.mark.parametrize(
    ("image", "quality", "message"),
    [
        (np.zeros((4, 4), np.uint8), 50, "image"),
        (np.zeros((4, 4, 3), np.float32), 50, "image"),
        (np.zeros((0, 4, 3), np.uint8), 50, "image"),
        (np.zeros((4, 4, 3), np.uint8), 0, "quality"),
        (np.zeros((4, 4, 3), np.uint8), 101, "quality"),
    ],
)
def test_bad_arguments(image, quality, message):
    with pytest.raises(ValueError, match=message):
        LibjpegTurbo().encode(image, quality)


def test_a_package_without_its_library_is_one_line(monkeypatch):
    def broken(name):
        raise OSError("cannot load library 'libvips.so.42'\nno such file")

    monkeypatch.setattr("jpegpre_tf._optional.importlib.import_module", broken)
    with pytest.raises(
        MissingExtraError, match=r"cannot load `pyvips` \(cannot load library 'libvips.so.42'\)"
    ):
        MozJPEG()


def test_unknown_names():
    with pytest.raises(UsageError, match="guetzli"):
        get_encoder("guetzli")
    with pytest.raises(ValueError, match="4:1:1"):
        LibjpegTurbo(subsampling="4:1:1")
    with pytest.raises(ValueError, match="4:2:2"):
        MozJPEG(subsampling="4:2:2")
    with pytest.raises(ValueError, match="flat"):
        MozJPEG(tables="flat")
