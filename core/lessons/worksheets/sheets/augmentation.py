"""The worksheet of the lesson on data augmentation."""

from core.lessons.worksheets.worksheet import Blank, FillTable, Question, Step, Worksheet

AUGMENTATION = Worksheet(
    lesson="augmentation",
    goals=(
        "say what data augmentation changes, and what it must not change;",
        "choose augmentation that fits a task;",
        "read the gap between training and validation accuracy.",
    ),
    steps=(
        Step(
            "One photo, sixteen times",
            9,
            (
                "Open *Learn*, lesson 4. Choose a photo and *Level* Standard. Press *Draw again* a few times. Then "
                "move *Rotation* and *Crop area* to their limits.",
            ),
            (
                Question(
                    "What changes from picture to picture, and what stays the same?",
                    "Changes: the crop, its shape, left and right, brightness and colours. Stays: what is in the "
                    "photo, so its class.",
                ),
                Question(
                    "Find a setting with which you would no longer give each picture the same label. Which one?",
                    "For example a crop area down to 10%: some pictures show only background. Or rotation by 180° "
                    "where up and down matter.",
                ),
            ),
        ),
        Step(
            "Allowed or not?",
            10,
            ("Would the class stay the same? Write *yes* or *no*, and talk about the cases on which you disagree.",),
            (
                FillTable(
                    ("Task", "mirror left and right", "turn upside down", "change the colours strongly"),
                    (
                        (
                            "kinds of birds",
                            Blank("yes"),
                            Blank("no need: birds rarely hang"),
                            Blank("no: colours tell them apart"),
                        ),
                        ("letters b, d, p, q", Blank("no: b becomes d"), Blank("no: b becomes q"), Blank("yes")),
                        ("ripe and unripe tomatoes", Blank("yes"), Blank("yes"), Blank("no: the colour is the class")),
                        ("arrows left and right", Blank("no"), Blank("no: left becomes right"), Blank("yes")),
                        ("houses on photos from a plane", Blank("yes"), Blank("yes"), Blank("yes")),
                    ),
                ),
            ),
        ),
        Step(
            "Training with and without",
            14,
            (
                "Below, choose *Initial weights* ImageNet weights, *Show* Accuracy, *Runs per level* One. 40 photos "
                "were used for training and 105 others for validation. Read the sentence below the three charts.",
            ),
            (
                FillTable(
                    ("After the last epoch", "training accuracy", "validation accuracy", "gap in points"),
                    (
                        ("none", Blank("100%"), Blank("60%"), Blank("40")),
                        ("light", Blank("98%"), Blank("65%"), Blank("33")),
                        ("standard", Blank("95%"), Blank("66%"), Blank("29")),
                    ),
                ),
                Question(
                    "After how many epochs does the network without augmentation make no more mistakes on its training "
                    "photos? What does it still learn after that?",
                    "After three epochs. Hardly anything: its validation accuracy stays near 60%.",
                ),
                Question(
                    "What is the name for “much better on known photos than on new ones”? How does augmentation work "
                    "against it?",
                    "Overfitting. The network almost never sees the same input twice, so it cannot learn the photos by "
                    "heart.",
                ),
            ),
        ),
        Step(
            "How sure are we?",
            7,
            ("Read the small text below the results: by how many points could one validation accuracy be off?",),
            (
                Question(
                    "Is standard (66%) really better than light (65%)? And than none (60%)?",
                    "One accuracy may easily be off by about 9 points, so neither difference is certain from this one "
                    "run. With *Runs per level* Two, the means of two runs are 59% (none), 64% (light) and 65% "
                    "(standard).",
                    lines=3,
                ),
            ),
        ),
        Step(
            "A smaller gap",
            5,
            ("Choose *Initial weights* Random weights. Answer the question at the end of the lesson.",),
            (
                Question(
                    "With random weights, standard has the smallest gap (43 points). Is that network a success?",
                    "No: its validation accuracy is 32%, and 36% without augmentation. The gap is smaller only "
                    "because the training accuracy is lower (75%).",
                ),
            ),
        ),
    ),
    early=Question(
        "Training accuracy is measured on the augmented photos. Why does that alone lower it?",
        "The augmented photos are harder: cropped, darker, turned. The network might do better on the original ones.",
    ),
    notes=(
        "The figures are those that come with the program (ResNet-18, five classes of birds). With *Compute it "
        "yourself* they differ by some points; that is a good moment for step 4.",
        "Step 2 has no single truth: what counts is the reason. An upside-down bird does no harm if there are enough "
        "others; it only costs.",
        "The 43 points in step 5: 75% in training minus 32% in validation.",
    ),
)
