"""The worksheet of the lesson on layers."""

from core.lessons.worksheets.worksheet import Blank, FillTable, Question, Step, Worksheet

LAYERS = Worksheet(
    lesson="layers",
    goals=(
        "calculate a convolution, a ReLU and a pooling by hand;",
        "say what stride and padding do to the size of the output;",
        "describe what softmax does with scores.",
    ),
    steps=(
        Step(
            "A convolution by hand",
            12,
            (
                "The kernel lies on 3 × 3 pixels. Multiply each pixel by the number of the kernel at the same place, "
                "and add the nine products. (0 is black, 100 is white.)",
            ),
            (
                FillTable(
                    ("kernel *vertical edges*", "patch A", "patch B", "patch C"),
                    (
                        ("−1   0   1", "10   10   90", "50   50   50", "90   90   90"),
                        ("−2   0   2", "10   10   90", "50   50   50", "90   90   90"),
                        ("−1   0   1", "10   10   90", "50   50   50", "10   10   10"),
                        ("**result**", Blank("80 + 160 + 80 = 320"), Blank("0"), Blank("0")),
                    ),
                ),
                Question(
                    "What does this kernel find, and what not? Which kernel would find the edge in patch C?",
                    "Vertical edges (A). Nothing in an even area (B), nothing at a horizontal edge (C). *Horizontal "
                    "edges*, the same kernel turned by 90°.",
                ),
            ),
        ),
        Step(
            "Stride and padding",
            11,
            (
                "Open *Learn*, lesson 6, layer *Convolution*, and choose a photo. Check your answer with the kernels "
                "*vertical edges* and *horizontal edges*. Then set the sliders (dilation 1) and read the size of the "
                "output.",
            ),
            (
                FillTable(
                    (
                        "Input 224 × 224",
                        "stride 1, padding 0",
                        "stride 1, padding 1",
                        "stride 2, padding 1",
                        "stride 4, padding 1",
                    ),
                    (("output", Blank("222 × 222"), Blank("224 × 224"), Blank("112 × 112"), Blank("56 × 56")),),
                ),
                Question(
                    "Why does the output lose two pixels without padding? Why does stride 2 halve it?",
                    "The 3 × 3 window cannot stand on the outermost pixels: one is lost on each side. With stride 2 it "
                    "moves two pixels at a time, so half as many windows fit in each direction.",
                ),
                Question(
                    "How many numbers does the network keep with stride 2: half or a quarter?",
                    "A quarter: half in width and half in height.",
                    lines=1,
                ),
            ),
        ),
        Step(
            "ReLU and pooling by hand",
            9,
            ("ReLU: negative numbers become 0. Max pooling: the largest number of each 2 × 2 window.",),
            (
                FillTable(
                    ("input", "after the ReLU", "after max pooling (2 × 2, stride 2)"),
                    (
                        ("3   −1   2   0", Blank("3   0   2   0"), Blank("5   2")),
                        ("−4   5   −2   1", Blank("0   5   0   1"), Blank("")),
                        ("0   1   −3   −1", Blank("0   1   0   0"), Blank("8   6")),
                        ("8   −7   6   −5", Blank("8   0   6   0"), Blank("")),
                    ),
                ),
                Question(
                    "At the end, *average pooling* keeps one number of each channel: the mean. Calculate it for the "
                    "column after the ReLU. What does the network no longer know?",
                    "(3 + 2 + 5 + 1 + 1 + 8 + 6) ÷ 16 = 26 ÷ 16 = 1.625. It no longer knows where in the photo the "
                    "pattern was.",
                ),
            ),
        ),
        Step(
            "From scores to probabilities",
            8,
            (
                "Choose the layer *Softmax and loss* and move *Temperature*. The bars are the probabilities of five "
                "classes.",
            ),
            (
                FillTable(
                    ("Three scores: 2, 1, 0", "first", "second", "third", "sum"),
                    (
                        ("e to the power of the score", "7.39", "2.72", "1.00", Blank("11.11")),
                        (
                            "probability = that, divided by the sum",
                            Blank("67%"),
                            Blank("24%"),
                            Blank("9%"),
                            Blank("100%"),
                        ),
                    ),
                ),
                Question(
                    "What do a very high and a very low temperature do to the probabilities?",
                    "High: all classes become similar. Low: the highest score gets nearly everything.",
                    lines=1,
                ),
            ),
        ),
        Step(
            "Same numbers?",
            5,
            ("Look at *Largest difference* for the convolution, and answer the question at the end of the lesson.",),
            (
                Question(
                    "Both layers do the same arithmetic. Why is the difference not always exactly zero?",
                    "Computers round each result to about seven digits, and the sums are taken in another order.",
                ),
            ),
        ),
    ),
    early=Question(
        "Choose the layer *Linear* and the effect *shuffle*. Why can no 3 × 3 convolution do that?",
        "A convolution does the same at every place, and only with neighbours. To shuffle, each output needs its own "
        "numbers for all inputs: 1,048,576 numbers for 32 × 32 pixels.",
    ),
    notes=(
        "Prepare: calculators. Steps 1 and 3 need no computer: half of the class can begin with them if there are few.",
        "The table of step 3 is one 4 × 4 picture: its 2 × 2 windows cover rows 1 and 2, and rows 3 and 4.",
        "e ≈ 2.718 can be given as “the growth number of your calculator”. The sheet gives the powers.",
        "Times and “Largest difference” depend on the computer: below 0.00001 is normal.",
    ),
)
