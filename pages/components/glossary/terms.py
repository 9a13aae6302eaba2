"""The glossary: every term in one or two sentences, for the Learn page and for the help buttons of all pages."""

from core.errors import StudioError
from pages.components.glossary.doubt_terms import DOUBT_TERMS
from pages.components.glossary.term import Term

_ALL = (
    Term(
        "accuracy",
        "The share of photos whose most probable class is correct. It is also called top-1 accuracy.",
        "family",
    ),
    Term(
        "automatic training",
        "The new head is trained first, which is the fastest part. Then more layers are trained from there, phase "
        "after phase: the last stage, then all, as long as the validation photos show a gain.",
        "transfer",
    ),
    Term("batch", "The photos that go through the network together before its weights change once.", "layers"),
    Term(
        "batch normalisation",
        "A layer that shifts and scales every channel to mean 0 and variance 1, then to a learned mean and scale. It "
        "makes deep networks much easier to train.",
        "layers",
        r"$y = \gamma\,(x - \mu)/\sqrt{\sigma^2 + \varepsilon} + \beta$ (Ioffe and Szegedy 2015, arXiv 1502.03167).",
    ),
    Term(
        "block",
        "A few layers that belong together, with one skip connection around them. A stage of a ResNet is a row of "
        "blocks.",
        "inside",
    ),
    Term(
        "bottleneck block",
        "A block of three convolutions: the first reduces the number of channels, the second looks at 3 × 3 windows, "
        "the third restores the channels. ResNets with 50 or more layers use it.",
        "inside",
    ),
    Term(
        "channel",
        "One layer of values of an image or a feature map. A photo has three channels (red, green and blue); inside a "
        "network there are hundreds, each for its own pattern.",
        "inside",
    ),
    Term(
        "confidence",
        "The probability that the model gives to its prediction. A high confidence is not a guarantee: models are "
        "often too sure.",
        "layers",
    ),
    Term(
        "confidence interval",
        "A range around a measured value, such as 78 to 97%. In 95 of 100 repetitions with other photos, such a range "
        "contains the true value; with fewer photos it is wider.",
        "transfer",
        "Rates have Wilson's score interval; paired differences have the interval of Bonett and Price.",
    ),
    Term(
        "confusion matrix",
        "A table of true classes (rows) and predicted classes (columns). Numbers off the diagonal are mistakes.",
    ),
    Term(
        "convolution",
        "A layer that moves a small window of weights (the kernel) over its input. At each place it multiplies and "
        "sums, so it finds the same pattern everywhere.",
        "layers",
        r"$y[i,j] = \sum_{u,v} k[u,v]\; x[si + du - p,\, sj + dv - p]$ with stride $s$, dilation $d$, padding $p$.",
    ),
    Term(
        "cross-validation",
        "The photos are divided into parts, for example five. Each part is predicted once by a model trained on the "
        "other parts.",
        "preprocessing",
    ),
    Term(
        "data augmentation",
        "Small random changes of the training photos: another crop, a mirror image, different light. The model sees a "
        "new version in each epoch, which works against overfitting.",
        "augmentation",
    ),
    Term("epoch", "One pass over all training photos.", "skips"),
    Term(
        "F1",
        "One number for precision and recall of a class together: high only if both are high. Macro F1 is its mean "
        "over all classes.",
        "",
        r"The harmonic mean $F_1 = 2PR/(P + R)$ of precision $P$ and recall $R$.",
    ),
    Term(
        "feature map",
        "The output of one channel of a layer: a picture that is bright where the layer finds its pattern.",
        "inside",
    ),
    Term("fine-tuning", "Training a pretrained network further, on your own photos.", "transfer"),
    Term(
        "frozen layers", "Layers whose weights do not change in training. The opposite is trainable layers.", "transfer"
    ),
    Term(
        "global average pooling",
        "The mean of each channel over the whole photo. After it, the network knows what is in the photo but no longer "
        "where.",
        "layers",
        "Lin et al. 2013, arXiv 1312.4400.",
    ),
    Term(
        "gradient",
        "For each weight: in which direction, and how strongly, it must change to lower the loss. It is computed "
        "backwards, from the last layer to the first.",
        "skips",
        r"$\partial \mathcal{L} / \partial w$, by the chain rule (backpropagation).",
    ),
    Term(
        "group",
        "Photos that belong together, such as those of one person, one camera or one day. They are always in the same "
        "split, so that a model is tested on people that it has never seen.",
    ),
    Term(
        "head",
        "The last part of a network, which turns its features into a score for each class. It is new for your classes; "
        "the rest can come from a pretrained network.",
        "transfer",
    ),
    Term("heatmap", "Colours over a photo that show which places raised the score of a class."),
    Term(
        "identity mapping",
        "Passing something on unchanged. A skip connection does this with the input of its block.",
        "inside",
        "He et al. 2016, arXiv 1603.05027.",
    ),
    Term(
        "ImageNet",
        "A collection of 1.28 million training photos in 1,000 classes. Most pretrained networks learned from it.",
        "transfer",
        "Russakovsky et al. 2014, arXiv 1409.0575.",
    ),
    Term(
        "IoU",
        "Intersection over union: the area that two boxes share, divided by the area that they cover together. 1 means "
        "identical boxes, 0 means no overlap.",
        "",
        r"$|A \cap B| / |A \cup B|$, also called the Jaccard index.",
    ),
    Term("kernel", "The small window of weights of a convolution, often 3 × 3.", "layers"),
    Term(
        "learning rate",
        "How far each training step changes the weights. Too small and training is slow; too large and it becomes "
        "unstable.",
    ),
    Term(
        "linear probe",
        "A simple classifier on the features of a frozen network. It shows how much the features already know.",
        "preprocessing",
    ),
    Term(
        "logit", "The score that a network gives a class, before softmax turns the scores into probabilities.", "layers"
    ),
    Term(
        "loss",
        "A number that says how wrong the predictions are. Training makes it smaller.",
        "layers",
        r"Here the cross-entropy $-\log p_y$ of the correct class $y$.",
    ),
    Term(
        "LP-FT",
        "Linear probing, then fine-tuning: train only the new head first, then more layers from there. A head with "
        "random weights would spoil the pretrained layers in its first steps.",
        "transfer",
        "Kumar et al. 2022, arXiv 2202.10054.",
    ),
    Term(
        "multiply-add",
        "One multiplication and one addition. Their number is the work of a network for one photo.",
        "family",
    ),
    Term(
        "near-duplicates",
        "Photos that show almost the same picture, such as two of one burst. They stay in the same set, because a "
        "model could recognise one from the other.",
    ),
    Term(
        "normalisation",
        "Shifting and scaling the values of a photo as it was done for the photos that the network learned from.",
        "preprocessing",
        r"For each channel $c$: $x'_c = (x_c - \mu_c)/\sigma_c$.",
    ),
    Term(
        "overfitting",
        "The model is good on its training photos and worse on new ones: it memorised instead of learning what the "
        "photos have in common.",
        "augmentation",
    ),
    Term(
        "p-value",
        "How often chance alone would give a difference at least as large as the measured one. A small value means: "
        "unlikely to be chance.",
        "transfer",
    ),
    Term(
        "parameter", "One number that a network learns: a weight or a bias. ResNet-50 has about 25.6 million.", "family"
    ),
    Term(
        "PCA",
        "Principal component analysis. It finds the directions in which the photos' features differ most, and draws "
        "the two strongest as a map: photos that lie far apart on it are different.",
        "",
        "The eigenvectors of the features' covariance matrix with the two largest eigenvalues.",
    ),
    Term(
        "phase",
        "A part of automatic training that trains certain layers: the head, the last stage, or all layers. Its model "
        "is kept only if clearly more validation photos become correct than wrong (McNemar's test, p < 0.3). This is a "
        "mild test, so a small gain may be chance.",
    ),
    Term("plain network", "The same layers as in a residual network, without skip connections.", "skips"),
    Term(
        "pooling",
        "A layer that replaces each window of its input by one value: the largest (max pooling) or the mean (average "
        "pooling).",
        "layers",
    ),
    Term("precision", "Of the photos that the model gave a class, the share that really belong to it."),
    Term(
        "preprocessing",
        "All that happens to a photo before the network sees it: crop, size, normalisation. It must be the same in "
        "training and in use.",
        "preprocessing",
    ),
    Term(
        "projection",
        "A 1 × 1 convolution on a skip connection. It changes the shape of the input where the block changes the "
        "shape, so that both can be added.",
        "inside",
    ),
    Term(
        "random seed",
        "The start of the random numbers. The same seed gives the same initial weights and the same order of photos.",
        "skips",
    ),
    Term("recall", "Of the photos that belong to a class, the share that the model found."),
    Term(
        "receptive field",
        "The part of the photo that one value inside the network can depend on. It grows from layer to layer.",
        "inside",
    ),
    Term(
        "ReLU",
        "A layer that replaces negative values by zero. Without such a bend, a chain of layers could do no more than "
        "one layer.",
        "layers",
        r"$\max(0, x)$ (Nair and Hinton 2010).",
    ),
    Term(
        "residual block",
        "A block that adds its input to the output of its layers, so that the layers only learn a correction.",
        "inside",
        "$y = F(x) + x$ (He et al. 2015, arXiv 1512.03385).",
    ),
    Term(
        "skip connection",
        "The path on which the input of a block passes around its layers, to be added to their output.",
        "skips",
    ),
    Term(
        "softmax",
        "Turns the scores of all classes into probabilities that sum to 1.",
        "layers",
        r"$p_i = e^{z_i} / \sum_j e^{z_j}$.",
    ),
    Term(
        "stage",
        "A part of a ResNet in which all feature maps have the same size: layer1 to layer4. Each later stage halves "
        "height and width.",
        "inside",
    ),
    Term(
        "stem",
        "The first layers of a ResNet: a 7 × 7 convolution and a pooling. They reduce height and width to a quarter "
        "before the first block.",
        "inside",
    ),
    Term("stride", "How many pixels a window moves at a time. A stride of 2 halves height and width.", "layers"),
    Term(
        "t-SNE",
        "A way to draw features as a map that keeps similar photos close together. Distances between groups, and the "
        "sizes of groups, mean nothing.",
        "",
        "Van der Maaten and Hinton 2008.",
    ),
    Term(
        "test set",
        "Photos that are kept back for one last, honest measurement. Looking at them often makes it less honest.",
    ),
    Term(
        "transfer learning",
        "Using what a network learned on one task for another, for which there are fewer photos.",
        "transfer",
    ),
    Term(
        "validation set",
        "Photos that the model does not train on. They show during the work how good it is on new photos.",
        "augmentation",
    ),
    Term("weights", "The numbers in the layers that a network learns.", "transfer"),
    *DOUBT_TERMS,
)

TERMS: dict[str, Term] = {term.name: term for term in sorted(_ALL, key=lambda term: term.name.lower())}
"""All terms by name, in alphabetical order."""


def explained(*names: str) -> str:
    """Return the texts of these terms as Markdown, for ``help=``; raises StudioError for an unknown term.

    Streamlit draws ``help=`` as a button: it opens on hover, with the keyboard and by touch.
    """
    missing = [name for name in names if name not in TERMS]
    if missing:
        raise StudioError(f"The glossary has no term called {', '.join(missing)}.")
    return "\n\n".join(f"**{heading(name)}**: {TERMS[name].text}" for name in names)


def heading(name: str) -> str:
    """Return a term as a heading: "Head", but "t-SNE"."""
    return name[0].upper() + name[1:] if name == name.lower() else name
