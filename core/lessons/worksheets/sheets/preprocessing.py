"""The worksheet of the lesson on preprocessing."""

from core.lessons.worksheets.worksheet import Blank, FillTable, Question, Step, Worksheet

PREPROCESSING = Worksheet(
    lesson="preprocessing",
    goals=(
        "describe three ways to make a photo square, and the price of each;",
        "find a preprocessing mistake from the values and the picture;",
        "say why a wrong input need not raise an error.",
    ),
    steps=(
        Step(
            "Make it square",
            12,
            (
                "Open *Learn*, lesson 5. Choose a photo, and each *Shape of the photo*. Read the captions below the "
                "pictures.",
            ),
            (
                FillTable(
                    (
                        "Width : height",
                        "Centre crop: part that is seen",
                        "Squash: times too narrow",
                        "Letterbox: part that is grey",
                    ),
                    (
                        ("1:1", Blank("77%"), Blank("undistorted"), Blank("0%")),
                        ("3:2", Blank("51%"), Blank("1.5"), Blank("33%")),
                        ("2:1", Blank("38%"), Blank("2.0"), Blank("50%")),
                        ("3:1", Blank("26%"), Blank("3.0"), Blank("67%")),
                    ),
                ),
                Question(
                    "The centre crop fits the short side to 256 pixels and cuts out 224 × 224. Calculate which part of "
                    "a square photo that is.",
                    "(224 ÷ 256)² = 0.766: 77%, as in the first row.",
                    lines=1,
                ),
                Question(
                    "When would you not use the centre crop? Give an example.",
                    "When the object may be at the edge, or fills a long photo: a train, a row of plants, a panorama.",
                ),
            ),
        ),
        Step(
            "Does it matter?",
            9,
            ("Look at *Which way gives the best accuracy?* The same 145 bird photos, cut to each shape.",),
            (
                FillTable(
                    ("Accuracy", "Centre crop", "Squash", "Letterbox"),
                    (
                        ("1:1", Blank("86%"), Blank("83%"), Blank("83%")),
                        ("3:1", Blank("70%"), Blank("79%"), Blank("67%")),
                    ),
                ),
                Question(
                    "For which shape is the largest difference? Read below the table whether it is clear.",
                    "For 3:1: squash 79%, letterbox 67%. The page says that no difference from the centre crop is "
                    "clear: each could be chance (squash at 3:1 comes nearest, p = 0.041).",
                ),
            ),
        ),
        Step(
            "Find the mistake",
            16,
            (
                "Go to *Find the mistake*. Inputs A to E were made from the same photo; one is correct. Look at the "
                "picture, at the smallest and the largest value, and guess. The letters are shuffled for everybody.",
            ),
            (
                FillTable(
                    ("What was done", "letter", "values from ... to ...", "what the picture looks like"),
                    (
                        ("nothing, it is correct", Blank("differs"), Blank("about −2 to 2.6"), Blank("like the photo")),
                        ("red and blue swapped", Blank("differs"), Blank("about −2 to 2.6"), Blank("wrong colours")),
                        ("not normalised, 0 to 1", Blank("differs"), Blank("0 to 1"), Blank("pale, like fog")),
                        ("not normalised, 0 to 255", Blank("differs"), Blank("0 to 255"), Blank("almost white")),
                        ("normalised twice", Blank("differs"), Blank("down to about −11"), Blank("black shadows")),
                    ),
                ),
                Question(
                    "Which mistake can you not find from the values alone? Which clue helps?",
                    "Red and blue swapped: the range is normal. The colours of the picture help (and a lower "
                    "accuracy).",
                    lines=1,
                ),
                Question(
                    "The program showed no error message. Why not?",
                    "Each input has the right shape and type: a square of 3 channels of numbers. The network "
                    "calculates with whatever numbers it gets.",
                ),
            ),
        ),
        Step(
            "Answer the question",
            8,
            ("Answer the question at the end of the lesson on the screen.",),
            (
                Question(
                    "You use a network from the internet, and it is often wrong. Write a short checklist: what do you "
                    "check first?",
                    "Order of the colours, range of the values, normalisation (exactly once, with the numbers that "
                    "belong to the weights), size, and what is cut off. Best: draw the input as a picture.",
                    lines=4,
                ),
            ),
        ),
    ),
    early=Question(
        "Look at *Accuracy on the sample birds* below the game. Which two mistakes make the network hardly better than "
        "guessing among five classes?",
        "Values up to 255 (24%) and normalised twice (23%); guessing gives 20%. Correct: 86%, swapped colours: 74%, "
        "values from 0 to 1: 71%.",
    ),
    notes=(
        "Prepare: download ImageNet weights on the home page; the game of step 3 needs them. The other steps show "
        "figures that come with the program (ResNet-18).",
        "The part that the centre crop sees belongs to the weights. With weights that resize to 232 instead of 256 "
        "pixels (V2), the first row of step 1 is 93%.",
        "The values in step 3 depend on the photo: what counts is below 0 or not, near 2.6 or near 255.",
        "Cards for the solution: the button *Show the solution* in the game.",
    ),
)
