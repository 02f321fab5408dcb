"""Train the nets in tests/nets anew, in some minutes. Tests rely on what they answer: run the whole suite afterwards.

python scripts/make_test_nets.py [bgr | leaky | largest | colour | texture | background ...]
"""

import io
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor, nn

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import trained  # noqa: E402
import variants  # noqa: E402

from foodviz.data.sample import scenes  # noqa: E402
from foodviz.training.augment import augment  # noqa: E402


def food(split: str, each: int) -> tuple[Tensor, Tensor]:
    """Pictures of the sample at 32x32 pixels, RGB in [0, 1], `each` of every class, and their labels."""
    pictures, labels = [], []
    for number in range(11 * each):
        with Image.open(io.BytesIO(scenes.picture(split, f"{number % 11}_{number // 11}.jpg"))) as image:
            pictures.append(np.asarray(image.resize((32, 32), Image.Resampling.BILINEAR)))
        labels.append(number % 11)
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2) / 255, torch.tensor(labels)


def fit(net: trained.Net, images: Tensor, labels: Tensor, epochs: int, smoothing: float = 0.0) -> None:
    """AdamW, one cycle, half of the pictures mirrored."""
    lr = 4e-3
    optimizer = torch.optim.AdamW(net.parameters(), lr, weight_decay=0.05)
    loss = nn.CrossEntropyLoss(label_smoothing=smoothing)
    steps = epochs * (len(images) // 64)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, lr, total_steps=steps)
    net.train()
    for step in range(steps):
        some = torch.randint(len(images), (64,))
        pixels = images[some]
        mirrored = torch.where(torch.rand(64, 1, 1, 1) < 0.5, pixels.flip(3), pixels)
        optimizer.zero_grad()
        torch.autograd.backward(loss(net(mirrored), labels[some]))
        optimizer.step()
        schedule.step()
        if step % (len(images) // 64) == 0:
            print(".", end="", flush=True)
    settle(net, images)


@torch.no_grad()
def settle(net: trained.Net, images: Tensor) -> None:
    """Statistics of the norms over all pictures, not over the last few batches."""
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    for some in images.split(64):
        net(some)


def keep(net: trained.Net, name: str, images: Tensor, labels: Tensor) -> None:
    """Write the weights, and say how often they are right on pictures not trained on."""
    net.eval()
    right = float((net(images).argmax(1) == labels).float().mean())
    save_file(net.state_dict(), trained.FOLDER / f"{name}.safetensors")
    print(f" {name}: right on {right:.1%}")


def main() -> None:
    """Those named, else all."""
    asked = sys.argv[1:] or ["bgr", "leaky", "largest", *variants.KINDS]
    for name in asked:
        torch.manual_seed(0)
        net = trained.relying() if name in variants.KINDS else getattr(trained, name)()
        if name in variants.KINDS:
            images, labels = variants.variant(name, *variants.drawn("training", 1760), seed=1)
            changed = [augment(images, (variants.SIDE,) * 2, 0.7, torch.Generator().manual_seed(n)) for n in range(6)]
            fit(net, torch.cat(changed), labels.repeat(6), epochs=3)
            keep(net, name, *variants.variant(name, *variants.drawn("validation", 220), seed=2))
        elif name == "bgr":
            images, labels = food("training", 400)
            fit(net, images.flip(1), labels, epochs=40)
            images, labels = food("validation", 30)
            keep(net, name, images.flip(1), labels)
        else:  # smoothed, as of nets that are very sure all readings are
            side = 16 if name == "largest" else 32
            fit(net, *trained.stripes(1920, 1, side), epochs=20, smoothing=0.2)
            settle(net, trained.stripes(9600, 3, side)[0])
            keep(net, name, *trained.stripes(300, 2, side))


if __name__ == "__main__":
    main()
