#!/usr/bin/python3
"""Reference values of the stage library from NumPy and SciPy: vectors/FAMILY.txt, which the tests read.

    /usr/bin/python3 tests/dsp/vectors.py        (Debian: python3-numpy, python3-scipy)

A file is a list of arrays, each a line "array NAME DTYPE EXTENT .." and its values, complex numbers as pairs.
Inputs come from a fixed seed; running this again must give the same files.
"""
import os

import numpy as np
import scipy.signal
import scipy.stats

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors")
DTYPES = {"float32": "f32", "float64": "f64", "complex64": "c64", "complex128": "c128", "int16": "i16", "int32": "i32",
          "int64": "i64", "uint8": "u8", "uint32": "u32"}


class Family:
    def __init__(self, name):
        self.path = os.path.join(HERE, name + ".txt")
        self.rng = np.random.default_rng([ord(c) for c in name])
        self.lines = []

    def put(self, name, array):
        array = np.asarray(array)
        self.lines.append(" ".join(["array", name, DTYPES[array.dtype.name]] + [str(n) for n in array.shape]))
        flat = array.ravel()
        if np.iscomplexobj(flat):
            flat = np.stack([flat.real, flat.imag], axis=-1).ravel()
        form = "%.9g" if flat.dtype == np.float32 else "%.17g" if flat.dtype == np.float64 else "%d"
        words = [form % value for value in flat]
        self.lines += [" ".join(words[i:i + 8]) for i in range(0, len(words), 8)]
        return array

    def write(self):
        with open(self.path, "w") as file:
            file.write("\n".join(self.lines) + "\n")


def windows():
    family = Family("windows")
    for name in ["boxcar", "hann", "hamming", "blackman", "blackmanharris", "flattop", ("kaiser", 14.0), ("kaiser", 3.5)]:
        for count in [1, 2, 7, 16, 33]:
            for symmetric in [False, True]:
                label = name if isinstance(name, str) else "kaiser%g" % name[1]
                values = scipy.signal.get_window(name, count, fftbins=not symmetric)
                family.put("%s-%d-%s" % (label, count, "sym" if symmetric else "periodic"), np.asarray(values, float))
    family.write()


def rfft():
    family = Family("rfft")
    for kind in ["float32", "float64"]:
        for count in [1, 2, 3, 6, 8, 15, 16, 18, 34, 64, 97, 100, 256]:
            x = family.put("x-%s-%d" % (DTYPES[kind], count), family.rng.normal(size=count).astype(kind))
            family.put("X-%s-%d" % (DTYPES[kind], count), np.fft.rfft(x.astype(float)))
    x = family.put("x-i16", family.rng.integers(-32768, 32768, size=(50, 2)).astype(np.int16))
    family.put("X-i16", np.fft.rfft(x.astype(float), axis=0))
    x = family.put("x-tapered", family.rng.normal(size=(100, 3)).astype(np.float32))
    for name in ["hann", "hamming", "blackman", ("kaiser", 8.6)]:
        taper = scipy.signal.get_window(name, 100)[:, None]
        family.put("X-" + (name if isinstance(name, str) else name[0]), np.fft.rfft(x.astype(float) * taper, axis=0))
    family.put("X-padded", np.fft.rfft(x.astype(float), n=144, axis=0))
    family.put("X-cut", np.fft.rfft(x.astype(float), n=64, axis=0))
    family.write()


def fft():
    family = Family("fft")
    for kind in ["complex64", "complex128"]:
        for count in [1, 2, 5, 16, 100, 243]:
            x = (family.rng.normal(size=count) + 1j * family.rng.normal(size=count)).astype(kind)
            family.put("x-%s-%d" % (DTYPES[kind], count), x)
            family.put("X-%s-%d" % (DTYPES[kind], count), np.fft.fft(x.astype(complex)))
    x = (family.rng.normal(size=(60, 2)) + 1j * family.rng.normal(size=(60, 2))).astype(np.complex64)
    family.put("x-tapered", x)
    tapered = np.fft.fft(x.astype(complex) * scipy.signal.get_window("hamming", 60)[:, None], axis=0)
    family.put("X-hamming", tapered)
    family.put("X-shifted", np.fft.fftshift(tapered, axes=0))
    x = family.put("x-odd", (family.rng.normal(size=7) + 1j * family.rng.normal(size=7)))
    family.put("X-odd-shifted", np.fft.fftshift(np.fft.fft(x)))
    family.put("X-padded", np.fft.fft(x, n=12))
    family.write()


def order():
    family = Family("order")
    x = family.rng.normal(size=(37, 3)).astype(np.float32)
    x[5, 0] = x[30, 0] = 9.0       # a tie
    x[20, 1] = np.inf
    family.put("argmax-x", x)
    family.put("argmax", np.argmax(x, axis=0).astype(np.int32))
    x = family.rng.normal(size=300)
    x[[150, 280]] = np.nan
    family.put("argmax-nan-x", x)
    family.put("argmax-nan", np.asarray(np.argmax(x), np.int32))
    p = [0, 0.05, 0.3, 0.5, 0.95, 0.99, 1]
    for count in [1, 2, 7, 100, 101]:
        x = family.put("quantile-x-%d" % count, np.round(family.rng.normal(size=(count, 2)), 1).astype(np.float32))
        family.put("quantile-%d" % count, np.quantile(x, p, axis=0, method="inverted_cdf"))
    x = family.put("quantile-x-i16", family.rng.integers(-300, 300, size=64).astype(np.int16))
    family.put("quantile-i16", np.quantile(x, p, method="inverted_cdf").astype(np.int16))
    stream = family.put("running-x", family.rng.lognormal(size=700))
    for window, hop in [(64, 16), (60, 7), (200, 100), (130, 65), (9, 1), (20, 33)]:
        rows = np.lib.stride_tricks.sliding_window_view(stream, window)[::hop]
        family.put("running-%d-%d" % (window, hop), np.quantile(rows, p, axis=1, method="inverted_cdf").T)
    family.write()


def histogram():
    family = Family("histogram")
    x = family.rng.normal(size=(500, 2))
    x[:7, 0] = [-2, 2, 0, -2.0000000001, 2.0000000001, np.nan, np.inf]
    x[10:33, 1] = np.linspace(-2, 2, 23)                   # values on the edges
    family.put("x", x)
    for bins in [1, 10, 22, 2048]:
        counts = [np.histogram(x[~np.isnan(x[:, c]), c], bins, (-2, 2))[0] for c in range(2)]
        family.put("counts-%d" % bins, np.stack(counts, axis=-1).astype(np.uint32))
    x = family.put("x-i32", family.rng.integers(0, 1000, size=400).astype(np.int32))
    family.put("counts-i32", np.histogram(x, 7, (100, 900))[0].astype(np.uint32))
    family.write()


def bands():
    family = Family("bands")
    rate = 48000.0
    edges = [0, 100, 100, 4000, 3000.5, 24000, 20000, 30000, 24000, 24000.5]
    pairs = list(zip(edges[::2], edges[1::2]))
    family.put("edges", np.array(edges, float))
    for n in [256, 255]:
        power = family.put("power-%d" % n, (family.rng.normal(size=(n // 2 + 1, 2)) ** 2).astype(np.float32))
        f = np.arange(n // 2 + 1) * rate / n
        family.put("sums-%d" % n, np.stack([power[(f >= a) & (f < b)].astype(float).sum(axis=0) for a, b in pairs]))
    signed = [-24000, 0, -5000, 5000, 100, 24000, -24000, 24000]
    family.put("signed-edges", np.array(signed, float))
    for n in [64, 63]:
        X = (family.rng.normal(size=n) + 1j * family.rng.normal(size=n)).astype(np.complex64)
        family.put("X-%d" % n, X)
        f = np.fft.fftfreq(n) * n * rate / n
        power = np.abs(X.astype(complex)) ** 2
        sums = [power[(f >= a) & (f < b)].sum() for a, b in zip(signed[::2], signed[1::2])]
        family.put("two-sided-%d" % n, np.array(sums))
        family.put("shifted-X-%d" % n, np.fft.fftshift(X))
    x = family.put("bins-x", family.rng.normal(size=50))
    family.put("bins", np.array([x[0:50].sum(), x[3:4].sum(), x[10:37].sum()]))
    family.write()


def marks():
    family = Family("marks")
    x = family.put("x", family.rng.normal(size=200))
    for reach in [1, 3, 12]:
        flags = np.zeros(200, np.uint8)
        flags[scipy.signal.argrelmax(x, order=reach, mode="clip")[0]] = 1
        family.put("peaks-%d" % reach, flags[reach:200 - reach])
        family.put("high-peaks-%d" % reach, (flags & (x >= 1.0))[reach:200 - reach])
    family.write()


def statistics():
    family = Family("statistics")
    cases = {
        "f64": family.rng.normal(size=(1000, 2)) * [1.0, 1e-3] + [1e6, -5.0],
        "f32": (family.rng.normal(size=(9001,)) + 100).astype(np.float32),
        "i16": family.rng.integers(-2000, 3000, size=(777, 3)).astype(np.int16),
        "one": np.array([[4.0, -1.0]]),
    }
    for name, x in cases.items():
        family.put("x-" + name, x)
        wide = x.astype(np.longdouble)
        for ddof in [0, 1]:
            if len(x) > ddof:
                stats = np.stack([wide.mean(axis=0), wide.var(axis=0, ddof=ddof)])
                family.put("stats-%s-%d" % (name, ddof), stats.astype(float))
    x = family.put("z-x", (family.rng.normal(size=(400, 2)) * 3 + 7).astype(np.float32))
    family.put("z", scipy.stats.zscore(x.astype(float), axis=0))
    family.write()


def filters():
    family = Family("filters")
    rate = 360.0
    designs = {"lowpass": 40.0, "highpass": 0.5, "bandpass": (0.5, 40.0), "bandstop": (48.0, 52.0)}
    for band, corners in designs.items():
        for n in [1, 2, 3, 4, 5, 8]:
            family.put("butter-%s-%d" % (band, n), scipy.signal.butter(n, corners, band, fs=rate, output="sos"))
    family.put("butter-lowpass-24", scipy.signal.butter(24, 150.0, "lowpass", fs=rate, output="sos"))
    for channels in [1, 2, 3, 5, 8, 15]:
        x = family.put("x-%d" % channels, family.rng.normal(size=(60, channels)) + 2)
        sos = scipy.signal.butter(4, (0.5, 40.0), "bandpass", fs=rate, output="sos")
        family.put("y-%d" % channels, scipy.signal.sosfilt(sos, x, axis=0))
        zi = scipy.signal.sosfilt_zi(sos)[:, :, None] * x[0]
        family.put("steady-%d" % channels, scipy.signal.sosfilt(sos, x, axis=0, zi=zi)[0])
    sos = family.put("sos", scipy.signal.ellip(5, 0.5, 60, 0.3, output="sos"))
    x = family.put("sos-x", family.rng.integers(-1000, 1000, size=200).astype(np.int16))
    family.put("sos-y", scipy.signal.sosfilt(sos, x.astype(float)))
    family.write()


def zero_phase():
    family = Family("zero_phase")
    rate = 360.0
    butter = scipy.signal.butter
    designs = {
        "bandpass-4": butter(4, (0.5, 40.0), "bandpass", fs=rate, output="sos"),
        "bandpass-8": butter(8, (5.0, 15.0), "bandpass", fs=rate, output="sos"),
        "lowpass-3": butter(3, 40.0, "lowpass", fs=rate, output="sos"),
        "highpass-5": butter(5, 0.5, "highpass", fs=rate, output="sos"),
        "bandstop-2": butter(2, (48.0, 52.0), "bandstop", fs=rate, output="sos"),
        "elliptic": scipy.signal.ellip(5, 0.5, 60, 0.3, output="sos"),
    }
    padlens = {"bandpass-4": 27, "bandpass-8": 51, "lowpass-3": 12, "highpass-5": 18, "bandstop-2": 15, "elliptic": 18}
    for name, sos in designs.items():
        family.put("sos-" + name, sos)
        for rows in [padlens[name] + 1, padlens[name] + 2, 100]:   # the shortest that SciPy takes; odd and even
            x = family.put("x-%s-%d" % (name, rows), family.rng.normal(size=rows) + 2)
            family.put("y-%s-%d" % (name, rows), scipy.signal.sosfiltfilt(sos, x))
    for channels in [1, 2, 3, 5, 8, 15]:
        x = family.put("x-%d" % channels, family.rng.normal(size=(60, channels)) + 2)
        family.put("y-%d" % channels, scipy.signal.sosfiltfilt(designs["bandpass-4"], x, axis=0))
    x = family.put("x", np.cumsum(family.rng.normal(size=(81, 2)), axis=0))
    b, a = scipy.signal.cheby1(3, 0.5, 0.2)
    family.put("b", b * 2)
    family.put("a", a * 2)
    for padtype in ["odd", "even", "constant", None]:
        for padlen in [None, 1, 40, 80] if padtype else [None]:
            label = "%s-%s" % (str(padtype).lower(), "default" if padlen is None else padlen)
            extension = dict(axis=0, padtype=padtype, padlen=padlen)
            family.put("sosfiltfilt-" + label, scipy.signal.sosfiltfilt(designs["bandpass-4"], x, **extension))
            family.put("filtfilt-" + label, scipy.signal.filtfilt(b * 2, a * 2, x, **extension))
    x = family.put("x-f32", x.astype(np.float32))
    family.put("y-f32", scipy.signal.sosfiltfilt(designs["bandpass-4"], x, axis=0))
    x = family.put("x-i16", family.rng.integers(-32768, 32768, size=(50, 2)).astype(np.int16))
    family.put("y-i16", scipy.signal.sosfiltfilt(designs["bandpass-4"], x.astype(float), axis=0))
    taps = family.put("fir", scipy.signal.firwin(14, 0.3))
    for rows in [43, 44, 90]:
        x = family.put("fir-x-%d" % rows, family.rng.normal(size=rows) - 1)
        family.put("fir-y-%d" % rows, scipy.signal.filtfilt(taps, [1.0], x))
    b = family.put("b-long", family.rng.normal(size=6))
    a = family.put("a-short", np.array([2.0, -0.8, 0.2]))
    family.put("y-long-short", scipy.signal.filtfilt(b, a, x))
    family.write()


def recursions():
    family = Family("recursions")
    sos = family.put("sos", scipy.signal.butter(4, (0.5, 40.0), "bandpass", fs=360.0, output="sos"))
    b, a = scipy.signal.ellip(4, 0.5, 60, 0.3)
    family.put("b", b * 3)
    family.put("a", a * 3)
    alpha = 1 - np.exp(-1 / (0.025 * 360))
    for channels in [1, 2, 5, 15]:
        x = family.put("x-%d" % channels, family.rng.normal(size=(40, channels)) + 2)
        for direction, seen in [("forward", x), ("backward", x[::-1])]:
            order = slice(None, None, 1 if direction == "forward" else -1)
            zi = scipy.signal.sosfilt_zi(sos)[:, :, None] * seen[0]
            family.put("sosfilt-%s-%d" % (direction, channels), scipy.signal.sosfilt(sos, seen, axis=0)[order])
            family.put("sosfilt-steady-%s-%d" % (direction, channels), scipy.signal.sosfilt(sos, seen, axis=0, zi=zi)[0][order])
            zi = scipy.signal.lfilter_zi(b, a)[:, None] * seen[0]
            family.put("lfilter-%s-%d" % (direction, channels), scipy.signal.lfilter(b, a, seen, axis=0)[order])
            family.put("lfilter-steady-%s-%d" % (direction, channels), scipy.signal.lfilter(b, a, seen, axis=0, zi=zi)[0][order])
            family.put("smooth-%s-%d" % (direction, channels), smooth(seen, alpha)[order])
        family.put("smooth-both-%d" % channels, smooth(smooth(x, alpha)[::-1], alpha)[::-1])
    x = family.put("x-i16", family.rng.integers(-1000, 1000, size=80).astype(np.int16))
    family.put("lfilter-i16", scipy.signal.lfilter(b, a, x.astype(float)))
    taps = family.put("fir", scipy.signal.firwin(40, 0.3))
    family.put("lfilter-fir", scipy.signal.lfilter(taps, [1.0], x.astype(float)))
    for channels in [1, 3, 11]:
        x = family.put("zi-x-%d" % channels, family.rng.normal(size=(25, channels)))
        by_sections = lambda seen, zi: scipy.signal.sosfilt(sos, seen, axis=0, zi=zi)[0]
        by_transfer = lambda seen, zi: scipy.signal.lfilter(b * 3, a * 3, seen, axis=0, zi=zi)[0]
        for name, shape, run in [("sosfilt", (len(sos), 2), by_sections), ("lfilter", (len(a) - 1,), by_transfer)]:
            shared = family.put("%s-zi-shared-%d" % (name, channels), family.rng.normal(size=shape))
            own = family.put("%s-zi-own-%d" % (name, channels), family.rng.normal(size=shape + (channels,)))
            for label, zi in [("shared", np.repeat(shared[..., None], channels, axis=-1)), ("own", own)]:
                family.put("%s-%s-forward-%d" % (name, label, channels), run(x, zi))
                family.put("%s-%s-backward-%d" % (name, label, channels), run(x[::-1], zi)[::-1])
    family.write()


def smooth(x, alpha):
    return scipy.signal.lfilter([alpha], [1.0, alpha - 1], x, axis=0, zi=(1 - alpha) * x[:1])[0]


def elementwise():
    family = Family("elementwise")
    x = family.put("x", np.abs(family.rng.normal(size=(30, 2))).astype(np.float32) + np.float32(1e-3))
    for base, log in {"e": np.log, "2": np.log2, "10": np.log10}.items():
        family.put("log-" + base, log(x.astype(float)))
    family.put("db", 10 * np.log10(np.maximum(x.astype(float), 0.5)))
    z = family.put("z", (family.rng.normal(size=40) + 1j * family.rng.normal(size=40)).astype(np.complex64))
    family.put("abs", np.abs(z.astype(complex)))
    family.put("scaled", x.astype(float) * 2.5 - 1)
    f = family.put("f", np.array([0.0, -0.9, 0.9, 1.5, -1.5, 127.4, -128.0, 99.99]))
    family.put("f-i16", f.astype(np.int16))
    family.put("f-f32", f.astype(np.float32))
    family.write()


if __name__ == "__main__":
    os.makedirs(HERE, exist_ok=True)
    for family in [windows, rfft, fft, order, histogram, bands, marks, statistics, filters, zero_phase, recursions,
                   elementwise]:
        family()
