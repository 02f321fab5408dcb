"""Where does the score stay high when random parts of the picture are hidden?

Petsiuk, Das, Saenko 2018, "RISE: Randomized Input Sampling for Explanation of Black-box Models", arXiv:1806.07421,
section 3: a grid of cells, each shown or hidden with probability 1/2, is enlarged bilinearly, shifted at random and
laid over the picture; a pixel's value is the mean score of such copies, each counting by how much it shows the pixel.

Deviations, none of which changes what is estimated but for the constant:

- The mean score of all copies is taken off: a value above 0 speaks for, one below 0 against. RISE's own map is this one
  and a constant.
- Every mask is followed by its opposite, and the grids of a block are rows of a Hadamard matrix with columns and signs
  drawn anew (as in `lime.designs`), shifted alike. Each mask alone is distributed as RISE's; no cell's estimate takes
  anything from another's. `scripts/rise_masks.py`: a fifth of the squared error of as many independent masks.
- As many blocks as the map needs to settle: when replicates rank its regions as it does. Blocks are independent, so
  their scatter is the standard error; replicates are a wild bootstrap over blocks (Wu 1986).
- Hidden pixels show the picture that is given, not black.
"""

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from foodviz.attribution import Attribution
from foodviz.hooks import evaluating
from foodviz.methods.attribution.score import Score, images_a_pass, logit, unit_of
from foodviz.methods.lime.designs import hadamard
from foodviz.methods.lime.fit import spearman

MOST = 4000  # masks where nothing is said of their number: what the paper took
_LEAST_BLOCKS = 4  # fewer say little of their own scatter
_REPLICATES, _AGREEMENT = 200, 0.9  # settled: the mean rank correlation of replicates with the map


def attribute(
    model: nn.Module,
    images: Tensor,
    targets: Tensor,
    *,
    seeds: Sequence[int],
    hidden: Tensor,
    samples: int = 0,
    cells: int = 7,
    score: Score = logit,
) -> Attribution:
    """How much higher than the mean the scores are of masked copies that show a pixel.

    Args:
        model: images (N, 3, H, W) in [0, 1] -> logits (N, C); run in evaluation mode, without gradients.
        images: (N, 3, H, W), RGB in [0, 1].
        targets: (N,) class index to explain in each image.
        seeds: one per image, so that an image's masks do not depend on its company.
        hidden: (N, 3, H, W), what hidden pixels show.
        samples: masks per image, rounded up to whole pairs and blocks; 0 for as many as it takes, MOST at most.
        cells: of the grid along each side.
        score: logits and targets -> (N,), what is averaged.

    Returns:
        (N, H, W), signed, in units of the score, with its standard error as `spread`. Checks: `samples`, how many masks
        it took; `settled`, whether they were enough.
    """
    maps, spreads, counts, settled = [], [], [], []
    number, pairs = _blocks(samples, cells)
    with evaluating(model), torch.inference_mode():
        for image, cover, target, seed in zip(images, hidden, targets, seeds, strict=True):
            total = torch.zeros(image.shape[-2:], dtype=torch.float64, device=image.device)
            squares, regions = torch.zeros_like(total), torch.empty(0, (2 * cells) ** 2, dtype=torch.float64)
            for masks in _masks(image, cells, pairs, torch.Generator().manual_seed(seed)):
                block = _block(model, image, cover, target, masks, score)
                total += block
                squares += block.square()
                regions = torch.cat([regions, functional.adaptive_avg_pool2d(block[None], 2 * cells).cpu().flatten(1)])
                agreed = _settled(regions, seed)
                if len(regions) == number or (agreed and not samples):
                    break
            count = len(regions)
            maps.append(total / count)
            spreads.append(((squares / count - maps[-1].square()).clamp_min(0) / (count - 1)).sqrt())
            counts.append(2 * pairs * count)
            settled.append(agreed)
    # Clones: tensors of inference mode take no part in gradients later.
    values, spread = (torch.stack(each).to(images.dtype).clone() for each in (maps, spreads))
    checks = {"samples": torch.tensor(counts), "settled": torch.tensor(settled)}
    return Attribution(values, unit_of(score), spread, checks=checks, remarks=(_remark(counts, settled),))


def _blocks(samples: int, cells: int) -> tuple[int, int]:
    """How many blocks at most, and how many pairs of masks in each."""
    pairs = len(hadamard((cells + 1) ** 2 + 1))  # a matrix with a column to spare is none of the doubled ones
    number = max(_LEAST_BLOCKS, (samples or MOST) // (2 * pairs))
    return number, math.ceil(samples / (2 * number)) if samples else pairs


def _masks(image: Tensor, cells: int, pairs: int, generator: torch.Generator) -> Iterator[Tensor]:
    """Endless blocks of masks (pairs, H, W) in [0, 1], what is shown; each stands for its opposite, too."""
    height, width = image.shape[-2:]
    cell = math.ceil(height / cells), math.ceil(width / cells)
    columns = (cells + 1) ** 2
    matrix = torch.from_numpy(hadamard(max(columns + 1, pairs))) > 0
    while True:
        rows = matrix[torch.randperm(len(matrix), generator=generator)[:pairs]]
        rows = rows[:, torch.randperm(len(matrix), generator=generator)[:columns]]
        grids = rows ^ (torch.rand(columns, generator=generator) < 0.5)
        top, left = (int(torch.randint(0, side, (1,), generator=generator)) for side in cell)
        large = functional.interpolate(
            grids.view(-1, 1, cells + 1, cells + 1).to(image),
            ((cells + 1) * cell[0], (cells + 1) * cell[1]),
            mode="bilinear",
            align_corners=False,
        )
        yield large[:, 0, top : top + height, left : left + width]


def _block(model: nn.Module, image: Tensor, cover: Tensor, target: Tensor, masks: Tensor, score: Score) -> Tensor:
    """(H, W) float64, the estimate of one block.

    A pair's two masks add up to 1, so that the ratio of RISE's sums is a plain mean over pairs: the difference of the
    two scores, times how far the first mask is from one half.
    """
    total = torch.zeros(image.shape[-2:], dtype=torch.float64, device=image.device)
    for some in torch.split(masks, max(1, images_a_pass(image) // 2)):
        first = cover + some[:, None] * (image - cover)
        logits = model(torch.cat([first, image + cover - first]))
        one, other = score(logits, target.expand(len(logits), *target.shape)).double().chunk(2)
        total += torch.einsum("p,phw->hw", one - other, some.double() - 0.5)
    return total / len(masks)


def _settled(regions: Tensor, seed: int) -> bool:
    """Whether replicates of the mean of B independent maps, given by their R regions, rank these as it does."""
    count, mean = len(regions), regions.mean(0)
    if count < _LEAST_BLOCKS:
        return False
    signs = torch.randint(0, 2, (_REPLICATES, count), generator=torch.Generator().manual_seed(seed)) * 2.0 - 1
    noise = signs.to(regions) @ (regions - mean) / (count * (count - 1)) ** 0.5
    return bool(spearman(mean + noise, mean).mean() >= _AGREEMENT)


def _remark(counts: list[int], settled: list[bool]) -> str:
    many = f"{min(counts)}" if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"
    missing = settled.count(False)
    return f"From {many} masks a picture" + (
        f"; {missing} of {len(settled)} maps have not settled." if missing else "."
    )
