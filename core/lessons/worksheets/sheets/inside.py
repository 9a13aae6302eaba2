"""The worksheet of the lesson on the inside of a network."""

from core.lessons.worksheets.worksheet import Blank, FillTable, Question, Step, Worksheet

INSIDE = Worksheet(
    lesson="inside",
    goals=(
        "say what a layer, a channel and a residual block are;",
        "read from a drawing how the pictures in a network change from stage to stage;",
        "explain when a skip connection needs a projection.",
    ),
    steps=(
        Step(
            "One block",
            7,
            ("Open *Learn*, lesson 1, level *School*. Read the text and look at the small drawing beside it.",),
            (
                Question("Complete: output = ............ + ............", "output = input + correction", lines=0),
                Question(
                    "A block has nothing to improve. Which correction should it learn, and what does it then pass on?",
                    "A correction of zero. It passes its input on unchanged (apart from a ReLU at the end).",
                ),
            ),
        ),
        Step(
            "From the photo to the answer",
            12,
            (
                "Choose *Architecture* ResNet-50, *Input size* 224, view *Drawing*. Read the sizes below the slabs. "
                "The photo is 224 × 224 pixels and has 3 channels: red, green and blue.",
            ),
            (
                FillTable(
                    ("", "photo", "after the stem", "layer1", "layer2", "layer3", "layer4"),
                    (
                        ("height and width", "224", Blank("56"), Blank("56"), Blank("28"), Blank("14"), Blank("7")),
                        ("channels", "3", Blank("64"), Blank("256"), Blank("512"), Blank("1024"), Blank("2048")),
                    ),
                ),
                Question(
                    "From layer1 to layer4: what happens to height and width at each stage, and what to the channels?",
                    "Height and width halve, and the number of channels doubles.",
                ),
                Question(
                    "How many numbers does layer4 pass on? Is that more or fewer than the photo has?",
                    "7 × 7 × 2048 = 100,352. The photo has 224 × 224 × 3 = 150,528: a third fewer, and they no longer "
                    "say “this pixel is green” but “this pattern is here”.",
                ),
            ),
        ),
        Step(
            "Compare two networks",
            8,
            ("Read the numbers above the drawing for both architectures (1,000 classes).",),
            (
                FillTable(
                    ("", "Parameters", "Layers with weights", "Residual blocks", "Multiply-adds", "File size"),
                    (
                        (
                            "ResNet-18",
                            Blank("11.7 million"),
                            Blank("18"),
                            Blank("8"),
                            Blank("1.81 billion"),
                            Blank("47 MB"),
                        ),
                        (
                            "ResNet-50",
                            Blank("25.6 million"),
                            Blank("50"),
                            Blank("16"),
                            Blank("4.09 billion"),
                            Blank("102 MB"),
                        ),
                    ),
                ),
                Question(
                    "What does the number in a network's name count?",
                    "Its layers with weights: convolutions and the last layer (without projections).",
                    lines=1,
                ),
            ),
        ),
        Step(
            "A photo inside a block",
            11,
            (
                "Choose ResNet-50, view *Inside a block*, block layer1.0, photo *cat chelsea*. Then choose layer4.2, "
                "the last block. Compare the bottom rows of pictures.",
            ),
            (
                Question(
                    "In which block can you still recognise the cat? Describe the pictures of both.",
                    "In layer1.0: outlines and edges of the cat. In layer4.2 there are only 7 × 7 coarse squares: they "
                    "say where something was found, not what it looks like.",
                    lines=3,
                ),
                Question(
                    "The *receptive field* is the part of the photo that one value can depend on. Read it for layer1.0 "
                    "and for layer4.2. Why does it grow?",
                    "19 pixels in layer1.0, 427 in layer4.2, which is more than the photo has. Each 3 × 3 window looks "
                    "at values that have seen a larger area themselves.",
                ),
            ),
        ),
        Step(
            "Which block needs a projection?",
            7,
            ("Answer the question at the end of the lesson on the screen. Then write down why in your own words.",),
            (
                Question(
                    "In which network must x change its shape in layer1.0, and why?",
                    "In ResNet-50: 64 channels go in and 256 come out, and only stacks of the same shape can be added. "
                    "In ResNet-18, 64 go in and 64 come out.",
                    lines=3,
                ),
            ),
        ),
    ),
    early=Question(
        "Switch on the variant *no skip connections*. Which numbers above the drawing change, and which do not?",
        "Residual blocks: 0. Without the projections, parameters and multiply-adds fall by a tenth (ResNet-50: 22.8 "
        "million, 3.73 billion). The layers with weights stay the same.",
    ),
    notes=(
        "Prepare: nothing. Step 4 is clearer with ImageNet weights (download them on the home page). With random "
        "weights the page says so; the sizes are the same, but the pictures mean nothing.",
        "Pupils often think that a later picture is a blurred photo. It is a map: bright where the channel has found "
        "its pattern.",
        "The variant in “Finished early?” needs no training: the page only counts.",
    ),
)
