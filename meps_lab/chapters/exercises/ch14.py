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
    """Kernels of one to four, weights that differ, and at last a signal shorter than the reach."""
    rng = np.random.default_rng(0)
    for n, weights, dilation in (
        (10, [0.5, 2.0], 1),
        (12, [1.0, -2.0, 3.0], 4),
        (9, [0.5, 1.0, -3.0, 2.0], 2),
        (6, [2.0], 3),
        (5, [1.0, 2.0, 3.0], 4),
    ):
        x, weights = rng.normal(size=n), np.array(weights)
        reach = (len(weights) - 1) * dilation
        about = f"{n} steps, weights {weights.tolist()}, dilation {dilation}"
        given, want = x.copy(), _causal(x, weights, dilation)
        try:
            got = learner(given, weights.copy(), dilation)
        except Exception as said:
            if reach < n or said.__cause__ is None:
                raise
            what = str(said).removeprefix("not yet: ")
            return f"{about}: {what}; x may be shorter than the filter reaches, here {reach} steps"
        got = np.asarray(got, dtype=float)
        if got.shape != x.shape:
            return f"{about}: as many steps as x has are expected, {x.shape}, got {got.shape}"
        if not np.array_equal(given, x):
            return f"{about}: x itself has changed; write into a new array"
        if np.allclose(got, want):
            continue
        for hint, slip in _slips_of_causal(x, weights, dilation).items():
            if np.allclose(got, slip):
                return f"{about}: {hint}"
        if reach < n and np.allclose(got[reach:], want[reach:]):
            return f"{about}: it is right from step {reach} on; before the first step stand zeros"
        k = int(np.argmin(np.isclose(got, want)))
        return f"{about}: step {k} is {got[k]:.3f}, expected {want[k]:.3f}"
    return None


def _slips_of_causal(x, weights, dilation) -> dict[str, np.ndarray]:
    """What likely mistakes of 14.2 give."""

    def spaced(by, given=weights):
        return _causal(x, given, by)

    powers = [(w, back and dilation**back) for back, w in enumerate(weights[::-1])]
    inner = np.where(np.arange(len(weights)) % max(len(weights) - 1, 1), 0, weights)
    first, fed = np.where(np.arange(len(x)), 0, x), np.zeros(len(x))
    for t in range(len(x)):
        fed[t] = weights[-1] * x[t]
        fed[t] += sum(w * fed[t - d] for w, d in _taps(weights, dilation)[1:] if t >= d)
    flipped = _causal(x[::-1], weights, dilation)[::-1]
    before = spaced(dilation) - _causal(first, weights, dilation) + weights[-1] * first
    return {
        "the weights are turned round; the last one meets the step itself": spaced(
            dilation, weights[::-1]
        ),
        "it reads later steps, that is the future": flipped,
        f"the taps lie one step apart, and not {dilation}": spaced(1),
        f"the taps lie {dilation} steps apart, and not {dilation + 1}": spaced(dilation + 1),
        "every weight counts, not only the first and the last": spaced(dilation, weights[[0, -1]]),
        "every weight counts, those between the first and the last too": spaced(dilation, inner),
        "each weight lies one dilation further back than the next one": _sum_of(x, powers),
        "step 0 is a step of x, and later steps read it too": before,
        "it reads steps of its own output; all taps read x": fed,
    }


@exercise("14.3", correct="time and frequency hold the same power, and the band a part of it")
def log_power(learner):
    """Sines of known amplitude in noise of a mean, at and near the limits of bands, odd and even n.

    In five seconds one of them lies between whole Hz, and one limit always does.
    """
    for n, sfreq in ((625, 125.0), (125, 125.0), (250, 250.0)):
        sines = [(f, a) for f, a in _SINES if n > 2 * sfreq or f == int(f)]
        t = np.arange(n) / sfreq
        x = 7 + sum(a * np.sin(2 * np.pi * f * t + f) for f, a in sines)
        for low, high in ((12.4, 20.1), (8, 13), (9, 11)):
            power = sum(a**2 for f, a in sines if low <= f < high) / 2
            got, want = float(learner(x.copy(), sfreq, low, high)), np.log10(power)
            if np.isclose(got, want, atol=1e-6):
                continue
            about = f"{n} samples at {sfreq:g} Hz, {low} to {high} Hz: expected {want:.3f}"
            for hint, slip in _slips_of_power(x, sfreq, low, high):
                if np.isclose(got, slip, atol=1e-6):
                    return f"{about}, got {got:.3f}; {hint}"
            far = "; no sine was met: the frequencies are np.fft.rfftfreq(n, 1 / sfreq)"
            return f"{about}, got {got:.3f}{far if got < want - 10 else ''}"
    return None


_SINES = ((8, 3), (10, 1), (12.6, 1.5), (13, 2), (16, 1.2), (20, 0.5))  # Hz, amplitude


def _slips_of_power(x, sfreq, low, high) -> list[tuple[str, float]]:
    """What likely mistakes of 14.3 give; some in two ways of writing."""
    n, hz = len(x), np.fft.rfftfreq(len(x), 1 / sfreq)
    spectrum = 2 * np.abs(np.fft.rfft(x)) ** 2 / n**2
    band = (hz >= low) & (hz < high)
    power = spectrum[band].sum()
    whole, cut = hz == hz.round(), (hz >= int(low)) & (hz < int(high))
    to_half = np.linspace(0, sfreq / 2, len(hz))  # with an odd n, hz ends below

    def within(at):
        return spectrum[(at >= low) & (at < high)].sum()

    powers = [
        (
            "np.fft.rfftfreq gives the frequencies; the last is below half for odd n",
            within(to_half),
        ),
        ("the upper limit does not belong to the band", spectrum[band | (hz == high)].sum()),
        ("the lower limit belongs to the band", spectrum[band & (hz > low)].sum()),
        ("this is half the power: rfft leaves out the negative frequencies", power / 2),
        ("it grows with the length: divide by n squared", power * n**2),
        ("it grows with the length: divide by n squared", power * n),
        ("n is the number of samples, not of frequencies", power * (n / len(hz)) ** 2),
        ("a band's power is the sum over its frequencies, not a mean", spectrum[band].mean()),
        ("a band's power is the sum over its frequencies, not the largest", spectrum[band].max()),
        ("this is the power of all frequencies; take those of the band", x.var()),
        ("this is the band's share of all power; its power itself is asked", power / x.var()),
        ("this is power by Hz; the power itself is asked", power * n / sfreq),
        ("n is the number of samples, not the rate", power * (n / sfreq) ** 2),
        ("frequencies lie between whole Hz too; do not round them", within(hz.round())),
        ("frequencies lie between whole Hz too; do not round them", within(np.floor(hz))),
        ("frequencies lie between whole Hz too", spectrum[band & whole].sum()),
        ("frequencies lie between whole Hz too", spectrum[whole & cut].sum()),
        ("it ends 1 Hz below the band's upper limit", spectrum[band & (hz <= high - 1)].sum()),
        ("|X| is to be squared", np.sqrt(2 * spectrum[band]).sum() / n),
    ]
    for window in (np.hanning(n), np.hanning(n + 1)[:-1]):
        for scale in (1, window.mean(), np.sqrt((window**2).mean())):
            seen = 2 * np.abs(np.fft.rfft(x * window / scale)) ** 2 / n**2
            powers.append(("a window was laid over x; none is asked", seen[band].sum()))
    with np.errstate(divide="ignore"):
        slips = [(hint, np.log10(slip)) for hint, slip in powers]
        logs = np.log10(spectrum[band])
    return slips + [
        ("the power without its logarithm", power),
        ("the natural logarithm; the decimal one is asked", np.log(power)),
        ("the logarithm to the base 2; the decimal one is asked", np.log2(power)),
        ("that is in decibels; leave out the factor of ten", 10 * np.log10(power)),
        ("first the sum, then the logarithm", logs.sum()),
        ("first the sum, then the logarithm", logs.mean()),
    ]


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
    for what, over in (("sum", np.sum), ("largest value", np.max)):
        other = [gate(over(clip, axis=others, keepdims=True)) for others in _OTHERS]
        if np.allclose(got, clip * other[0] * other[1] * other[2]):
            return f"the gates were told by the {what} over the two other axes; a mean is asked"
    shared = [gate(clip.mean(axis=(0, *others), keepdims=True)) for others in _OTHERS]
    if np.allclose(got, clip * shared[0] * shared[1] * shared[2]):
        return "the means run over the channels as well; each channel has gates of its own"
    place = np.unravel_index(np.argmax(abs(got - want)), want.shape)
    at = ", ".join(map(str, place))
    return f"place ({at}) is {got[place]:.3f}, expected {want[place]:.3f}"


_OTHERS = ((2, 3), (1, 3), (1, 2))  # what is averaged for the gates along T, H and W


def _gates(clip, gate):
    """Gates along T, H and W, each of a shape that multiplies the clip."""
    return [gate(clip.mean(axis=others, keepdims=True)) for others in _OTHERS]


def _taps(weights, dilation) -> list[tuple[float, int]]:
    """Each weight, from the last, and how many steps back it reads."""
    return [(weight, back * dilation) for back, weight in enumerate(weights[::-1])]


def _sum_of(x, taps):
    """Steps of x, each as late as its tap says, times its weight; zeros before the first."""
    return np.array([sum(w * x[t - d] for w, d in taps if t >= d) for t in range(len(x))])


def _causal(x, weights, dilation):
    """The convolution by its definition, step by step."""
    return _sum_of(x, _taps(weights, dilation))
