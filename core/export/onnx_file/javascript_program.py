"""A JavaScript program for an ONNX file whose input is a photo; it needs onnxruntime-node and sharp."""

import json

from core.models.bundle import BundleInfo


def javascript_program(info: BundleInfo, file: str, image: str = "photo.jpg") -> str:
    """Return the program for Node.js: it prints the five likeliest classes.

    The file must take the photo itself and answer with probabilities (``--input photo``, softmax inside), since
    JavaScript's onnxruntime does not read a file's metadata; the classes stand in the program.
    """
    return "\n".join(
        [
            "// npm install onnxruntime-node sharp",
            'import ort from "onnxruntime-node";',
            'import sharp from "sharp";',
            "",
            f"const classes = {json.dumps(list(info.classes), ensure_ascii=True)};",
            f"const session = await ort.InferenceSession.create({json.dumps(file)});",
            "// Upright, and transparent parts white, as in ResNet Studio.",
            f"const upright = sharp({json.dumps(image)}).rotate();",
            'const photo = upright.flatten({ background: "white" }).toColourspace("srgb");',
            "const { data, info } = await photo.raw().toBuffer({ resolveWithObject: true });",
            'const pixels = new ort.Tensor("uint8", data, [info.height, info.width, 3]);',
            "const { probabilities } = await session.run({ photo: pixels });",
            "const answers = classes.map((name, number) => [probabilities.data[number], name]);",
            "answers.sort((one, other) => other[0] - one[0]);",
            "for (const [probability, name] of answers.slice(0, 5)) console.log(probability.toFixed(6), name);",
        ]
    )
