"""The worksheet of the lesson on transfer learning."""

from core.lessons.worksheets.worksheet import Blank, FillTable, Question, Step, Worksheet

TRANSFER = Worksheet(
    lesson="transfer",
    goals=(
        "describe three ways to train a network: from scratch, frozen, fine-tuned;",
        "calculate how many numbers the new last layer learns;",
        "say from an interval whether a difference may be luck.",
    ),
    steps=(
        Step(
            "Guess first",
            5,
            (
                "Open *Learn*, lesson 3, and read the text at the top. Five classes of birds, 16 to 18 training photos "
                "of each.",
            ),
            (
                Question(
                    "Put the three ways in order, from the best to the worst, and give a reason.",
                    "Open. A fair guess: the two pretrained ones first, because edges, feathers and eyes are known "
                    "already.",
                ),
            ),
        ),
        Step(
            "Three ways, same photos",
            13,
            ("Leave *Photos per class* at “all”. Copy the table from the screen.",),
            (
                FillTable(
                    ("", "parameters trained", "training accuracy", "validation accuracy", "correct of 60"),
                    (
                        ("from scratch", Blank("11,179,077"), Blank("85%"), Blank("38%"), Blank("23")),
                        ("frozen", Blank("2,565"), Blank("96%"), Blank("78%"), Blank("47")),
                        ("fine-tuned", Blank("11,179,077"), Blank("100%"), Blank("70%"), Blank("42")),
                    ),
                ),
                Question(
                    "The head gets 512 numbers for each photo. For each of the five classes it learns a weight for "
                    "each of them, and one number more (the bias). Calculate its number of parameters, and compare.",
                    "5 × 512 + 5 = 2,565: the number in the table.",
                ),
                Question(
                    "What share of all parameters is that? Which way needs the least time for an epoch, and why?",
                    "2,565 of 11,179,077 = 0.02%. Frozen: only the head is changed, and nothing has to be "
                    "calculated back through the other layers.",
                ),
            ),
        ),
        Step(
            "Luck or not?",
            11,
            (
                "Look at the chart of differences. Each bar is an interval that very likely contains the true "
                "difference. If it crosses zero, the difference could be luck.",
            ),
            (
                FillTable(
                    ("Difference in points", "value", "crosses zero?"),
                    (
                        ("frozen minus from scratch", Blank("+40"), Blank("no")),
                        ("fine-tuned minus from scratch", Blank("+32"), Blank("no")),
                        ("fine-tuned minus frozen", Blank("−8"), Blank("yes")),
                    ),
                ),
                Question(
                    "A classmate says: “Frozen is better than fine-tuned, 78% is more than 70%.” Answer.",
                    "With 60 photos that is 47 against 42 correct: five photos. The interval crosses zero, so these "
                    "photos cannot say which of the two is better.",
                ),
                Question(
                    "What would you need in order to decide it?",
                    "More validation photos (and more runs with other random seeds).",
                    lines=1,
                ),
            ),
        ),
        Step(
            "With fewer photos",
            9,
            ("Read the chart below *With fewer photos*.",),
            (
                FillTable(
                    ("Validation accuracy", "5 per class", "10 per class", "all"),
                    (
                        ("from scratch", Blank("43%"), Blank("43%"), Blank("38%")),
                        ("frozen", Blank("67%"), Blank("75%"), Blank("78%")),
                        ("fine-tuned", Blank("63%"), Blank("68%"), Blank("70%")),
                    ),
                ),
                Question(
                    "Which way gains from more photos here? Which does not, and may that be luck?",
                    "Frozen and fine-tuned gain. From scratch it stays near 40%: a drop from 43% to 38% is three "
                    "photos of 60, so it may well be luck. It would need far more photos.",
                ),
            ),
        ),
        Step(
            "Your advice",
            7,
            ("Answer the question on the screen. Then write to a friend.",),
            (
                Question(
                    "A friend has 30 photos of three kinds of biscuits and a slow laptop. Which way, and why?",
                    "Frozen: few photos, and it trains only the head, so it is fast. Fine-tuning can be tried "
                    "afterwards, on the same validation photos.",
                    lines=3,
                ),
            ),
        ),
    ),
    early=Question(
        "Set *Horizontal axis* to Seconds. Which network is at 60% first? Why is “the same number of epochs” not quite "
        "fair?",
        "The frozen one: an epoch takes it about a fifth of the time. In the same time it could train several times as "
        "many epochs.",
    ),
    notes=(
        "The figures are those that come with the program, for ResNet-18. With *Compute it yourself*, or with "
        "ResNet-50, they differ; the order of “from scratch” and the other two stays.",
        "The last epoch counts, not the best: so the 60 photos have chosen nothing, and the comparison is fair.",
        "A common mistake: 100% on the training photos is read as success. It says only that the network knows them.",
    ),
)
