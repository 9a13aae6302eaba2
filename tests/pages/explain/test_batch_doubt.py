"""The table of many predicted photos says which are unsure, where the model has a decision about that."""

from core.inspection.predicting.predictions import FilePrediction, Prediction
from pages.components.explain.batch_prediction import readable


def test_unsure_photos_and_their_distance_have_columns_of_their_own() -> None:
    sure = Prediction((("owl", 0.9), ("cat", 0.1)), None, False, ("owl",), 0.2, False, True)
    unsure = Prediction((("owl", 0.6), ("cat", 0.4)), None, True, ("owl", "cat"), 0.7, True, True)
    table = readable([FilePrediction("a.jpg", sure), FilePrediction("b.jpg", unsure)])
    assert table["Unsure"].tolist() == [False, True]
    assert table["Distance from the training photos"].tolist() == [0.2, 0.7]
    plain = readable([FilePrediction("a.jpg", Prediction((("owl", 0.9),)))])
    assert "Unsure" not in plain and "Distance from the training photos" not in plain
