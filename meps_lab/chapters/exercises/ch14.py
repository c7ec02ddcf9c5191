"""Checks of chapter 14: how far a step sees, a causal convolution, a band, gates of a clip."""

import numpy as np

from meps_lab.chapters.exercises.checking import exercise


@exercise("14.1", correct="each convolution adds its dilation, times the kernel less one")
def receptive_field(learner):
    """The TCN of S2, wider kernels, and dilations that are no powers of two."""
    published = [2**level for level in range(6) for _ in "12"]
    cases = (3, [1, 2, 4]), (2, published), (3, [1, 1, 2, 2, 4, 4]), (5, [3]), (2, [1, 5, 2])
    for kernel, dilations in cases:
        want = 1 + (kernel - 1) * sum(dilations)
        got = float(learner(kernel, list(dilations)))
        if got == want:
            continue
        about = f"kernel {kernel}, dilations {dilations}: expected {want} steps, got {got:g}"
        if got == want - 1:
            return f"{about}; the step itself counts too"
        if got == 1 + kernel * sum(dilations):
            return f"{about}; two taps lie one dilation apart, so k taps reach k - 1 dilations"
        if got == 1 + 2 * (kernel - 1) * sum(dilations):
            return f"{about}; every convolution has its own number in the list, so count it once"
        if got == 1 + (kernel - 1) * sum(sorted(set(dilations))):
            return f"{about}; a dilation that stands twice belongs to two convolutions"
        if got == 1 + (kernel - 1) * (2 ** len(dilations) - 1):
            return f"{about}; the dilations need not double, so add those that are given"
        return f"{about}; what does one convolution add to a step that sees itself alone?"
    return None


@exercise("14.2", correct="it reads the past alone, and silence before the first step")
def causal(learner):
    """Kernels of one to three, a signal shorter than the reach, and weights that differ."""
    rng = np.random.default_rng(0)
    for n, weights, dilation in (
        (10, [0.5, 2.0], 1),
        (12, [1.0, -2.0, 3.0], 4),
        (5, [1.0, 2.0, 3.0], 4),
        (6, [2.0], 3),
    ):
        x, weights = rng.normal(size=n), np.array(weights)
        given, want = x.copy(), _causal(x, weights, dilation)
        got = np.asarray(learner(given, weights.copy(), dilation), dtype=float)
        about = f"{n} steps, weights {weights.tolist()}, dilation {dilation}"
        if got.shape != x.shape:
            return f"{about}: as many steps as x has are expected, {x.shape}, got {got.shape}"
        if not np.array_equal(given, x):
            return f"{about}: x itself has changed; write into a new array"
        if np.allclose(got, want):
            continue
        if np.allclose(got, _causal(x, weights[::-1], dilation)):
            return f"{about}: the weights are turned round; the last one meets the step itself"
        if np.allclose(got, _causal(x[::-1], weights, dilation)[::-1]):
            return f"{about}: it reads later steps, that is the future"
        if np.allclose(got, _causal(x, weights, 1)):
            return f"{about}: the taps lie one step apart, and not {dilation}"
        reach = (len(weights) - 1) * dilation
        if np.allclose(got[reach:], want[reach:]):
            return f"{about}: it is right from step {reach} on; before the first step stand zeros"
        return f"{about}: step 0 is {got[0]:.3f}, expected its last weight times x, {want[0]:.3f}"
    return None


@exercise("14.3", correct="time and frequency hold the same power, and the band a part of it")
def log_power(learner):
    """Sines of known amplitude in noise of a mean, at both limits of a band, even and odd n."""
    for n, sfreq in ((125, 125.0), (250, 250.0), (500, 125.0)):
        t = np.arange(n) / sfreq
        x = 7 + sum(a * np.sin(2 * np.pi * f * t + f) for f, a in ((8, 3), (10, 1), (13, 2)))
        for low, high in ((8, 13), (13, 30), (9, 11)):
            inside = [a for f, a in ((8, 3), (10, 1), (13, 2)) if low <= f < high]
            power = sum(a**2 for a in inside) / 2
            got, want = float(learner(x.copy(), sfreq, low, high)), np.log10(power)
            if np.isclose(got, want, atol=1e-6):
                continue
            about = f"{n} samples at {sfreq:g} Hz, {low} to {high} Hz: expected {want:.3f}"
            if np.isclose(got, power):
                return f"{about}, got {got:.3f}, the power without its logarithm"
            if np.isclose(got, np.log(power)):
                return f"{about}, got {got:.3f}, the natural logarithm; the decimal one is asked"
            if np.isclose(got, 10 * np.log10(power)):
                return f"{about}, got {got:.3f}, that is in decibels; leave out the factor of ten"
            if np.isclose(got, np.log10(power / 2)):
                return f"{about}, got half the power: rfft leaves out the negative frequencies"
            if np.isclose(10 ** (got - want), n**2) or np.isclose(10 ** (got - want), n):
                return f"{about}, got {got:.3f}; it grows with the length: divide by n squared"
            if high == 13 and np.isclose(got, np.log10(power + 2)):
                return f"{about}, got {got:.3f}; the upper limit does not belong to the band"
            if low == 8 and np.isclose(got, np.log10(power - 4.5)):
                return f"{about}, got {got:.3f}; the lower limit belongs to the band"
            return f"{about}, got {got:.3f}"
    return None


@exercise("14.4", correct="one gate an axis, each told by means of the clip that was given")
def gated(learner):
    """A clip of different sizes along each axis, with a steep gate and one that shows its shape."""
    clip = np.random.default_rng(1).normal(1, 2, (2, 3, 4, 5))

    def gate(means):
        return 1 / (1 + np.exp(-np.asarray(means) * 3))

    given = clip.copy()
    got = np.asarray(learner(given, gate), dtype=float)
    if got.shape != clip.shape:
        return f"a clip of shape {clip.shape} is expected, got {got.shape}"
    if not np.array_equal(given, clip):
        return "the clip that was given has changed; multiply into a new one"
    gates = _gates(clip, gate)
    want = clip * gates[0] * gates[1] * gates[2]
    if np.allclose(got, want):
        return None
    if np.allclose(got, gates[0] * gates[1] * gates[2]):
        return "these are the gates alone; the clip is to be multiplied by them"
    if np.allclose(got, clip + want):
        return "the clip was added once more; coordinate attention has no residual"
    in_turn = clip
    for axis in range(3):
        in_turn = in_turn * _gates(in_turn, gate)[axis]
    if np.allclose(got, in_turn):
        return "the second mean was taken of a clip that the first gate had changed already"
    if np.allclose(got, clip * sum(gates) / 3) or np.allclose(got, clip * sum(gates)):
        return "the gates were added; they are to be multiplied"
    for k, axis in enumerate("THW"):
        if np.allclose(got * gates[k], want):
            return f"the gate along {axis} is missing"
    own = [gate(clip.mean(axis=axis, keepdims=True)) for axis in (1, 2, 3)]
    if np.allclose(got, clip * own[0] * own[1] * own[2]):
        return "each mean runs over its own axis; it should run over the two others"
    shared = [gate(clip.mean(axis=(0, *others), keepdims=True)) for others in _OTHERS]
    if np.allclose(got, clip * shared[0] * shared[1] * shared[2]):
        return "the means run over the channels as well; each channel has gates of its own"
    return f"place (0, 0, 0, 0) is {got[0, 0, 0, 0]:.3f}, expected {want[0, 0, 0, 0]:.3f}"


_OTHERS = ((2, 3), (1, 3), (1, 2))  # what is averaged for the gates along T, H and W


def _gates(clip, gate):
    """Gates along T, H and W, each of a shape that multiplies the clip."""
    return [gate(clip.mean(axis=others, keepdims=True)) for others in _OTHERS]


def _causal(x, weights, dilation):
    """The convolution by its definition, step by step."""
    taps = [(weight, back * dilation) for back, weight in enumerate(weights[::-1])]
    return np.array([sum(w * x[t - d] for w, d in taps if t >= d) for t in range(len(x))])
