"""The worksheet of the lesson on the ResNet family."""

from core.lessons.worksheets.worksheet import Blank, FillTable, Question, Step, Worksheet

FAMILY = Worksheet(
    lesson="family",
    goals=(
        "read accuracy and cost of a network from a chart;",
        "say what more depth gains, and what it costs;",
        "choose a network for a purpose, with reasons.",
    ),
    steps=(
        Step(
            "Read the chart",
            6,
            ("Open *Learn*, lesson 7. Compare *Depth*, *Horizontal axis* Multiply-adds. Point at the dots.",),
            (
                Question(
                    "What do the height of a dot, its place from left to right, and its size say?",
                    "Height: top-1 accuracy on ImageNet (how often the first guess among 1,000 classes is right). To "
                    "the right: more work for one photo. Size: number of parameters.",
                ),
            ),
        ),
        Step(
            "Deeper and deeper",
            13,
            ("Take the figures of the V1 weights from the table below.",),
            (
                FillTable(
                    ("", "million parameters", "billion multiply-adds", "published top-1", "points gained"),
                    (
                        ("ResNet-18", Blank("11.69"), Blank("1.81"), Blank("69.76%"), "–"),
                        ("ResNet-34", Blank("21.80"), Blank("3.66"), Blank("73.31%"), Blank("3.55 (3.56)")),
                        ("ResNet-50", Blank("25.56"), Blank("4.09"), Blank("76.13%"), Blank("2.82")),
                        ("ResNet-101", Blank("44.55"), Blank("7.80"), Blank("77.37%"), Blank("1.24")),
                        ("ResNet-152", Blank("60.19"), Blank("11.51"), Blank("78.31%"), Blank("0.94")),
                    ),
                ),
                Question(
                    "From ResNet-50 to ResNet-152: how many times the work, for how many points?",
                    "11.51 ÷ 4.09 = 2.8 times the work, for 2.18 points.",
                    lines=1,
                ),
                Question(
                    "ResNet-50 has 16 layers more than ResNet-34, but hardly more multiply-adds. Read beside the chart "
                    "why.",
                    "From 50 layers on, each block is a bottleneck: it reduces the channels, works on few, and "
                    "restores them.",
                ),
            ),
        ),
        Step(
            "Same network, better trained",
            8,
            ("Compare *V1 or V2 weights*, and answer the question below the chart.",),
            (
                FillTable(
                    ("ResNet-50", "million parameters", "billion multiply-adds", "published top-1"),
                    (
                        ("V1", Blank("25.56"), Blank("4.09"), Blank("76.13%")),
                        ("V2", Blank("25.56"), Blank("4.09"), Blank("80.86%")),
                    ),
                ),
                Question(
                    "What has changed, what has not? Which larger network does ResNet-50 V2 leave behind?",
                    "Only the training is another: longer, with more changes of the photos. Size and work are the "
                    "same. It is better than ResNet-152 V1 (78.31%), which needs 2.8 times the work.",
                ),
            ),
        ),
        Step(
            "Ideas of the family",
            10,
            (
                "Choose two more comparisons (*SE*, *ResNeXt*, *Wide*, *Pre-activation* ...). Read the text beside the "
                "chart.",
            ),
            (
                FillTable(
                    ("Idea", "what it changes, in your words", "more work?", "more accurate?"),
                    (
                        (
                            Blank("SE"),
                            Blank("channels are made stronger or weaker, from a look at the whole photo"),
                            Blank("hardly"),
                            Blank("yes"),
                        ),
                        (
                            Blank("Wide"),
                            Blank("twice the channels in the 3 × 3 layer"),
                            Blank("2.8 times"),
                            Blank("yes"),
                        ),
                    ),
                ),
                Question(
                    "“This network is better, so the idea is better.” Why is that not certain?",
                    "Different people trained the networks in different ways, and V1 and V2 show how much that "
                    "matters.",
                ),
            ),
        ),
        Step(
            "Choose a network",
            8,
            ("Set *Horizontal axis* to Speed. Speeds are of the computer that is named below the chart.",),
            (
                Question(
                    "An app on an old phone has to recognise a plant ten times a second. Which network, and why?",
                    "ResNet-18: the least work and the fastest. For a few kinds of plants its accuracy is often "
                    "enough; measure that on validation photos.",
                ),
                Question(
                    "A hospital looks at 20 pictures a day, and each mistake is expensive. Which network, and why?",
                    "Time does not matter here, so one of the most accurate: ResNet-152 V2 (82.28%) or ResNeXt-101 V2 "
                    "(82.83%). And above all: check it on pictures of that hospital.",
                ),
            ),
        ),
    ),
    early=Question(
        "Find two networks of nearly the same accuracy and very different work. Which one would you take?",
        "For example ResNeXt-50 V1 (77.62%, 4.2 billion) and ResNet-101 V1 (77.37%, 7.8 billion). Take the one with "
        "less work, unless your own photos show a difference.",
    ),
    notes=(
        "Prepare: nothing. The published figures are those of the papers and of torchvision and Keras, for ImageNet; "
        "for your own photos they only say which network is likely to be better.",
        "Points gained are differences of rounded figures; 0.01 more or less is right.",
        "Step 4 is work in pairs: each pair takes two other ideas and presents one.",
    ),
)
