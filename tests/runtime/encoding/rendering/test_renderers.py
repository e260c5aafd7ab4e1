"""Renderers: how long they keep the picture."""

import gc

import pytest
from PIL import Image

from jpegpre_tf import runtime
from jpegpre_tf.runtime.encoding import encode_job
from jpegpre_tf.runtime.encoding.rendering.strip_renderer import StripRenderer
from jpegpre_tf.runtime.encoding.rendering.whole_renderer import WholeRenderer


@pytest.mark.parametrize("renderer", [WholeRenderer, StripRenderer])
def test_a_picture_is_let_go_without_the_cycle_collector(balanced, photos, tmp_path, monkeypatch, renderer):
    if renderer is StripRenderer:
        monkeypatch.setattr(encode_job, "WHOLE_PIXELS", 1000)
    Image.fromarray(photos[0][:64, :64]).save(tmp_path / "in.png")
    made = []
    monkeypatch.setattr(encode_job, renderer.__name__, lambda *a, **b: made.append(1) or renderer(*a, **b))
    gc.collect()
    gc.disable()
    try:
        runtime.encode_file(tmp_path / "in.png", tmp_path / "out.jpg", balanced)
        kept = [item for item in gc.get_objects() if type(item) is renderer]
    finally:
        gc.enable()
    assert made and not kept
