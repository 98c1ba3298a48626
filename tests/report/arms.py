"""Arms whose means are known and whose seeds wobble around them."""

from audiomotion.report.statistics import Figure

SEEDS = range(5)
WOBBLE = (0.00, 0.02, -0.01, 0.01, -0.02)
OTHER_WOBBLE = (0.01, -0.02, 0.02, 0.00, -0.01)


def arm(seeds=SEEDS, wobble=WOBBLE, **means):
    """Return figures by seed: means that wobble by the seed."""
    return {
        seed: {key: Figure(mean + wobble[seed % 5], 0.1) for key, mean in means.items()}
        for seed in seeds
    }


def three(fid=(1.0, 2.0, 3.0)):
    """Return arms a, b and c, five seeds each."""
    wobbles = WOBBLE, OTHER_WOBBLE, WOBBLE[::-1]
    return {
        name: arm(wobble=wobble, fid=mean)
        for name, wobble, mean in zip("abc", wobbles, fid, strict=True)
    }
