"""The glossary's terms of doubt: calibration, thresholds, sets of classes."""

from pages.components.glossary.term import Term

DOUBT_TERMS = (
    Term(
        "average precision",
        "The mean precision of a class over all thresholds, weighted by how much recall each adds. 1 is perfect; "
        "guessing gives the share of the class.",
        "",
        r"$\sum_k (R_k - R_{k-1}) P_k$ over the thresholds, without interpolation.",
    ),
    Term(
        "calibration",
        "How well confidences agree with reality: of the predictions with a confidence of 80%, 80% should be correct. "
        "The calibration error is the mean distance between the two.",
        "",
        r"Expected calibration error $\sum_b \frac{n_b}{n} |\mathrm{acc}_b - \mathrm{conf}_b|$ over bins of confidence "
        "(Naeini et al. 2015; Guo et al. 2017, arXiv 1706.04599).",
    ),
    Term(
        "decision",
        "What is saved with a model about how it answers: whether confidences are calibrated, when a photo is left "
        "to a person, and the threshold of a class. Predictions, the demo and exports follow it.",
    ),
    Term(
        "false alarm",
        "A photo of another class that the model calls this class, also called a false positive. The opposite is a "
        "missed photo, a false negative.",
    ),
    Term(
        "none of these",
        "The answer that a classifier does not have: it must choose one of its classes, whatever the photo shows. A "
        "photo that is far from all training photos probably belongs to none of them.",
        "",
        r"Here the distance $1 - \cos$ to the nearest training photos (Sun et al. 2022, arXiv 2204.06507).",
    ),
    Term(
        "ROC curve",
        "For every threshold: the share of a class's photos that are found, against the share of other photos that "
        "raise a false alarm. The area below it is 1 for a perfect model, and 0.5 for guessing.",
        "",
        "The area is the probability that a photo of the class scores higher than another photo.",
    ),
    Term(
        "set of likely classes",
        "All classes that the model cannot rule out for a photo. It is made so large that the true class is in it for "
        "a chosen share of photos, such as 90%.",
        "",
        r"A conformal set: the classes with $1 - p$ of at most a quantile of the validation photos' scores "
        "(Sadinle et al. 2019, arXiv 1609.00451).",
    ),
    Term(
        "shortcut",
        "Something that gives the class away in the collected photos, but is not what the class means: snow behind "
        "every owl, or a ruler beside every tumour. A model that uses it fails on photos without it.",
        "",
        'Geirhos et al. 2020, "Shortcut learning in deep neural networks", arXiv 2004.07780; for backgrounds Xiao et '
        "al. 2020, arXiv 2006.09994.",
    ),
    Term(
        "temperature scaling",
        "Dividing all scores of a model by one number, so that its confidences fit reality better. It never changes "
        "which class is the most likely.",
        "",
        r"$p = \mathrm{softmax}(z / T)$, with $T$ fitted on the validation photos (Guo et al. 2017, arXiv 1706.04599).",
    ),
    Term(
        "threshold",
        "The lowest probability at which the model predicts a class. A lower threshold misses fewer photos and raises "
        "more false alarms.",
    ),
    Term(
        "worst group",
        "The part of the photos with the lowest accuracy, such as owls without snow. Its accuracy says more about new "
        "photos than the mean does, where these parts are more frequent.",
        "",
        "Worst-group accuracy: Sagawa et al. 2020, arXiv 1911.08731.",
    ),
)
