"""The official models: where they are, and what they are called."""

from __future__ import annotations

OFFICIAL_URL = "https://www.dropbox.com/s/lrvwfehqdcxoza8/saved_models.zip?dl=1"
"""The URL of the archive, from ``download_saved_models.py`` of pytorch/examples'
fast_neural_style."""

OFFICIAL_DIGESTS = {
    "candy.pth": "7d83fb6c74b6d7d7ff4c2cbab38733b36d3d2f9b08ea674d00f3b3100afaeeef",
    "mosaic.pth": "e7ef78e088ec8164869c43ec5b800c80b3a0a72b12766f9d44c15b86d3d11ea5",
    "rain_princess.pth": "239dfedbc5827537ea4314d27cf5d1dd3d15728f25b2bd1f037854d8c3911c50",
    "udnie.pth": "6a9136602bc99bde91de63f1a7ddfba1c6c13b22a546414935fa5c533c9c0a53",
}
"""The SHA-256 of each official model, by its file name."""

OFFICIAL_MODELS = tuple(OFFICIAL_DIGESTS)
"""The file names of the official models."""
