"""Texts of the lesson on preprocessing and of its quiz."""

from pages.components.learn.lesson_question import Choice
from pages.components.learn.level_text import LevelText

INTRODUCTION = LevelText(
    "A network takes square inputs of one size; photos have many shapes. *Centre crop* fits the short side and cuts "
    "off both ends. *Squash* keeps the whole photo and distorts shapes. *Letterbox* keeps the whole photo and its "
    "shapes, but the photo becomes smaller and grey bars fill the rest. Then the values are *normalised*: shifted and "
    "scaled so that they lie around zero, exactly as for the photos that the network learned from.",
    "A network takes square inputs of one size. *Centre crop* fits the short side and cuts off both ends. *Squash* "
    "keeps the whole photo and changes its aspect ratio. *Letterbox* keeps both, at a lower resolution and with grey "
    "bars. Then each channel $c$, with values from 0 to 1, is *normalised*: "
    r"$x'_c = (x_c - \mu_c)/\sigma_c$, with mean and standard deviation of the photos that the network was trained on "
    r"(torchvision's for ImageNet: $\mu = (0.485, 0.456, 0.406)$, $\sigma = (0.229, 0.224, 0.225)$). These numbers "
    "belong to the weights: with others, the first layers see a shifted distribution.",
)
QUESTION = (
    "A photo is three times as wide as it is high, and the object is at its left end. "
    "Which way hides the object from the network?"
)
CHOICES = (
    Choice(
        "Centre crop",
        "The centre crop keeps less than a third of a 3:1 photo, all from the centre: choose 3:1 above and look at the "
        "dark area. Squash and letterbox keep the ends, each at a price.",
        correct=True,
    ),
    Choice(
        "Squash",
        "Squash presses the whole width together: shapes become narrow, but nothing is cut off. Choose 3:1 above and "
        "look for the left end of the photo in its picture.",
    ),
    Choice(
        "Letterbox",
        "Letterbox makes the whole photo smaller and adds grey bars, and nothing is cut off. Choose 3:1 above: which "
        "of the three pictures lacks the left end?",
    ),
)
QUIZ = LevelText(
    "The same photo was prepared for the network in five ways. One is correct. In the other four the program made a "
    "mistake, and no error message appeared. Your clues: the input drawn as a picture, its values, the network's "
    "predictions, and its accuracy on the sample birds. What was done to each input?",
    "The same photo was prepared for the network in five ways. One is correct; the other four contain a typical bug "
    "that raises no error, since shape and type are right. Your clues: the input drawn as a picture (the inverse of "
    "the correct normalisation), the histogram of each channel, the predictions, and the accuracy of a linear head on "
    "the sample birds. What was done to each input?",
)
SIGNS: dict[str, str] = {
    "right": "The values lie around 0 with a standard deviation near 1, and the picture looks normal.",
    "swapped": "The range of values is normal, so the histogram alone hardly shows it. But red things in the photo "
    "are blue here: some libraries, such as OpenCV, read blue first.",
    "not normalized": "All values lie between 0 and 1 instead of about −2 to 2.6: to the network, the photo looks like "
    "pale grey fog.",
    "bytes": "The values go up to 255. Taken as normalised values, nearly all of them are far brighter than white.",
    "twice": "The values reach much further below 0 than they should: each channel was shifted and scaled twice, and "
    "shadows are lost in black.",
}
HINTS: dict[str, str] = {
    "right": "If nothing were wrong, the picture would look like the photo, and the values would lie between about −2 "
    "and 2.6. Check both.",
    "swapped": "If red and blue were swapped, only the colours would be wrong: the values would still lie between "
    "about −2 and 2.6. Look at the number line of the histogram, then at the colours of the picture.",
    "not normalized": "Then no value could be below 0 or above 1. Read the smallest and the largest value from the "
    "histogram.",
    "bytes": "Then the values would go up to 255, and the picture would be almost white. Look at the right end of the "
    "histogram.",
    "twice": "Then many values would lie far below −2, and the dark parts of the picture would be black. Look at the "
    "left end of the histogram.",
}
"""For whoever guessed this mistake and was wrong: what the input would then look like."""
