"""What a user may write, without the command line: python user_script.py FOLDER CHECKPOINT."""

import sys
from pathlib import Path

import foodviz

folder, checkpoint = sys.argv[1:]
subject = foodviz.open_subject(data=folder, model=checkpoint)
split = subject.dataset.split("validation")
answers = foodviz.predict(subject, split)
print(f"{answers.right.mean():.1%} of {len(answers)} right, unsure of {answers.ids[answers.confidences < 0.5]}")

three = [0, 1, 2]
saliency = foodviz.saliency(subject, ids=three, method="gradcam")
lime = foodviz.lime(subject, ids=three, samples=60, segments=12)
print(*saliency.sentences, *lime.sentences, sep="\n")
saliency.figures()[""].savefig("saliency.png")
lime.save("results")

scan = foodviz.filters(subject, ids=three, layer="4", filters=[1, 2], steps=4, scan=20).facts["scan"]
print({number: filter_["says"] for number, filter_ in scan["filters"].items()}, scan["dead_in_layer"])

seen = foodviz.seen_in_training(subject.classifier, answers.digests)
confusion = foodviz.confusion(subject)
print(seen.known, seen.total, confusion.facts["accuracy"], confusion.arrays["counts"].tolist())
page = foodviz.report(subject, foodviz.Writing(Path("page")), ids=three, sections=["saliency", "confusion"])
print(*page.paths, dict(page.failures))
