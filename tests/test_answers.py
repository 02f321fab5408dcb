"""What a forward gives becomes logits whose probabilities are the network's own."""

import pytest
import torch
from torch import nn

from foodviz.analysis import Subject, saliency
from foodviz.data import open_dataset
from foodviz.models import Classifier
from foodviz.models.answers import Answers
from foodviz.models.trial import first_look
from foodviz.probabilities import probabilities


class Net(nn.Module):
    def __init__(self, answer, classes=3):
        super().__init__()
        self.trunk = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head, self.answer = nn.Linear(4, classes), answer

    def forward(self, images):
        features = self.trunk(images)
        return self.answer(self.head(features), features)


ANSWERS = {
    "logits": (lambda z, _: z, 3, lambda z: z.softmax(1), ""),
    "probabilities": (lambda z, _: (20 * z).softmax(1), 3, lambda z: (20 * z).softmax(1), "softmax inside"),
    "log-probabilities": (lambda z, _: z.log_softmax(1), 3, lambda z: z.softmax(1), "log-softmax inside"),
    "sigmoid": (lambda z, _: torch.sigmoid(z), 3, torch.sigmoid, "sigmoid inside"),
    "one": (lambda z, _: z, 1, lambda z: torch.cat([torch.sigmoid(-z), torch.sigmoid(z)], 1), "one output"),
    "one flat": (lambda z, _: z[:, 0], 1, lambda z: torch.cat([torch.sigmoid(-z), torch.sigmoid(z)], 1), "one output"),
    "pair": (lambda z, features: (features, z), 3, lambda z: z.softmax(1), "entry 1"),
    "both": (lambda z, _: (z.softmax(1), z), 3, lambda z: z.softmax(1), "entry 1"),
    "named": (lambda z, features: {"logits": z, "features": features}, 3, lambda z: z.softmax(1), "entry logits"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_probabilities_are_the_networks_own_and_what_it_answers_is_said(name):
    answer, outputs, right, word = ANSWERS[name]
    torch.manual_seed(0)
    net = Net(answer, outputs).eval()
    answers, classes = first_look(net, (16, 16))
    model = Classifier(net, [str(number) for number in range(classes)], (16, 16), answers=answers)
    images = torch.rand(4, 3, 16, 16)
    wanted = right(net.head(net.trunk(images)))
    torch.testing.assert_close(probabilities(model, model(images)), wanted, rtol=1e-4, atol=1e-6)
    assert any(word in remark for remark in model.remarks) if word else not model.remarks


def test_dropout_that_never_stops_is_noticed():
    net = Net(lambda z, _: nn.functional.dropout(z, 0.5)).eval()
    torch.manual_seed(0)
    assert any("random" in remark for remark in first_look(net, (16, 16))[0].remarks)


@pytest.mark.parametrize(
    ("answers", "word"),
    [
        (Answers(), "logit"),
        (Answers("probabilities"), "log-probability"),
        (Answers("log-probabilities"), "log-probability"),
        (Answers("sigmoid"), "log odds"),
        (Answers(single=True), "half log odds"),
    ],
)
def test_units_and_titles_say_what_the_logits_are(answers, word):
    result = explained(answers)
    assert result.facts["unit"] == [f"{word} per unit of pixel intensity"]
    assert result.figures()[""].get_suptitle() == f"Gradient of the {word}"


def test_a_class_of_its_own_has_the_gradient_of_its_sigmoid():
    net = Net(lambda z, _: torch.sigmoid(z)).eval()
    result = explained(Answers("sigmoid"), net, objective="probability", target="1")
    images = torch.from_numpy(result.arrays["images"]).requires_grad_()
    (gradient,) = torch.autograd.grad(net(images)[:, 1].sum(), images)
    torch.testing.assert_close(torch.from_numpy(result.arrays["maps"]), gradient.abs().amax(1), rtol=1e-3, atol=1e-7)
    assert result.facts["unit"] == ["probability per unit of pixel intensity"]


def explained(answers, net=None, **settings):
    """The saliency of one picture of the sample under a net whose numbers are of that kind."""
    torch.manual_seed(0)
    single = answers.single
    squashed = {"logits": lambda z, _: z, "sigmoid": lambda z, _: z.sigmoid()}
    made = squashed.get(answers.kind, lambda z, _: z.softmax(1))
    names = ["a", "b"] if single else ["a", "b", "c"]
    classifier = Classifier(net or Net(made, 1 if single else 3).eval(), names, (24, 24), answers=answers)
    subject = Subject(open_dataset(), lambda _: classifier, {"data": "sample", "device": "cpu"}, say=lambda _: None)
    return saliency(subject, ids=[57], trust="none", **settings)
