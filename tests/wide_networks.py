"""Networks wide enough for products in bfloat16."""

WIDE = {
    "lstm": {"embedding": 16, "hidden": 128},
    "transformer": {"layers": 2, "width": 128, "heads": 4, "feed_forward": 256, "context": 20},
}


def fast_bfloat16_is(monkeypatch, fast):
    for kind in WIDE:
        monkeypatch.setattr(f"raremd.models.kernels.{kind}.fast_bfloat16", lambda: fast)
