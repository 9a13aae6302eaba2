"""The worksheet of the lesson on skip connections."""

from core.lessons.worksheets.worksheet import Blank, FillTable, Question, Step, Worksheet

SKIPS = Worksheet(
    lesson="skips",
    goals=(
        "describe what happens when a network without skip connections becomes deeper;",
        "tell “hard to train” from “overfitting” by looking at the training error;",
        "say why one run is not enough to compare two networks.",
    ),
    steps=(
        Step(
            "Guess first",
            5,
            (
                "Networks with 8 and with 56 layers practise on the same 120 bird photos of five classes, 20 times "
                "each (20 *epochs*). A *plain* network is a chain of layers. A *residual* one also adds the input of "
                "each block to its output.",
            ),
            (
                Question(
                    "Which will make fewer mistakes on the photos that it has practised on: a plain network with 8 "
                    "layers or one with 56? Give a reason. Your guess may be wrong.",
                    "Open. Many expect the deeper one, because it can represent more. Come back to it in step 5.",
                ),
            ),
        ),
        Step(
            "Errors by depth",
            11,
            (
                "Open *Learn*, lesson 2. Set *Random seeds* to One and *Epoch* to 20. Choose each number of *Layers* "
                "and read the training errors from the sentence below the charts.",
            ),
            (
                FillTable(
                    ("Training error after epoch 20", "8 layers", "32 layers", "56 layers"),
                    (
                        ("plain", Blank("14%"), Blank("62%"), Blank("78%")),
                        ("residual", Blank("24%"), Blank("3%"), Blank("29%")),
                    ),
                ),
                Question(
                    "How many of the 120 photos does each network with 56 layers get wrong? How many would you get "
                    "wrong by guessing?",
                    "Plain: 93 (0.775 × 120). Residual: 35. Guessing among five classes: about 96 (80%). So the plain "
                    "network with 56 layers is hardly better than guessing.",
                ),
                Question(
                    "For which depth is the plain network the better one? What do you conclude?",
                    "For 8 layers (14% against 24%). A short chain trains well without skip connections: they help "
                    "where networks are deep.",
                ),
            ),
        ),
        Step(
            "The signal on its way back",
            12,
            (
                "In training a signal, the *gradient*, runs back from the last layer to the first and tells each layer "
                "how to change. Choose 56 layers. Read the sentence below the charts for epoch 0 and for epoch 20.",
            ),
            (
                FillTable(
                    ("The gradient in layer 1, compared with layer 56", "epoch 0", "epoch 20"),
                    (
                        ("plain", Blank("1,575 times as large"), Blank("32 times smaller")),
                        ("residual", Blank("1.9 times"), Blank("3 times smaller")),
                    ),
                ),
                Question(
                    "In which network does the signal keep its size better? Which part of the block makes that "
                    "possible?",
                    "In the residual one. The skip connection: a part of the signal passes around the layers of each "
                    "block and is not multiplied by them.",
                ),
                Question(
                    "Suppose that each of 55 layers made the signal 10% smaller. What would be left? "
                    "Use a calculator: 0.9 to the power of 55.",
                    "0.9⁵⁵ ≈ 0.003, about a 330th. Small factors add up to a large effect; 1.1⁵⁵ ≈ 189 in the other "
                    "direction.",
                    lines=1,
                ),
            ),
        ),
        Step(
            "Is one run enough?",
            9,
            (
                "Set *Random seeds* to Three. Thick lines are means, thin lines single runs, which began with other "
                "random numbers. Look at “Training error, 56 layers”.",
            ),
            (
                FillTable(
                    ("56 layers, after epoch 20", "best run", "worst run", "mean"),
                    (
                        ("plain", Blank("70%"), Blank("78%"), Blank("75%")),
                        ("residual", Blank("5%"), Blank("36%"), Blank("23%")),
                    ),
                ),
                Question(
                    "Is the difference between plain and residual larger than the difference between runs?",
                    "Yes: the worst residual run (36%) is far better than the best plain run (70%). But how good the "
                    "residual network is differs a lot from run to run.",
                ),
            ),
        ),
        Step(
            "Answer the question",
            8,
            ("Answer the question at the end of the lesson on the screen. Then go back to your guess.",),
            (
                Question(
                    "“The deep plain network is bad because it has learned its photos by heart.” Is that right?",
                    "No. A network that overfits is good on its training photos and bad on new ones. This one is bad "
                    "on the photos that it trains on: it is hard to train.",
                ),
                Question(
                    "What was right in your guess, and what would you say now?",
                    "Open. Look for: deeper is not better by itself; it is better if it can be trained.",
                ),
            ),
        ),
    ),
    early=Question(
        "Move the epoch slowly from 0 to 20 for 32 layers. From which epoch on does the residual network leave the "
        "plain one behind?",
        "At first both are near 80%. From about epoch 4 to 6 on the residual one falls clearly below, to 3% at the "
        "end; the plain one stays above 60%.",
    ),
    notes=(
        "The figures are those that come with the program. Where the networks were trained again on your server "
        "(button *Compute it yourself*, some minutes), the figures differ a little; the pattern stays. Nobody needs "
        "the button for this sheet.",
        "In the chart, a figure such as 62.5% may be rounded to 63%. Both are right. Single runs in step 4 are read "
        "from the thin lines: accept ±3 points.",
        "All these networks use batch normalisation. Why deep plain networks train badly is only partly understood: "
        "see the text for level *University*.",
    ),
)
