#!/usr/bin/python3
"""Reference values of the state-space models from NumPy: vectors/kalman.txt, vectors/kalman_varying.txt and
vectors/hmm.txt, in the form of vectors.py.

    /usr/bin/python3 tests/dsp/models.py        (Debian: python3-numpy, python3-scipy)

Textbook recursions that keep every row: filter and smoother by matrix inverses, paths and posteriors by dense sums over all
pairs of states. Where H and R change, no recursion at all: the states of all rows are one Gaussian vector, conditioned on what
was seen.
"""
import numpy as np

from vectors import Family


def kalman_filter(F, H, Q, R, m0, P0, y):
    mean, P, means, covariances = m0, P0, [], []
    for t, row in enumerate(y):
        if t > 0:
            mean, P = F @ mean, F @ P @ F.T + Q
        seen = ~np.isnan(row)
        if seen.any():
            Hs, Rs = H[seen], R[np.ix_(seen, seen)]
            gain = P @ Hs.T @ np.linalg.inv(Hs @ P @ Hs.T + Rs)
            mean = mean + gain @ (row[seen] - Hs @ mean)
            P = P - gain @ Hs @ P
        means.append(mean)
        covariances.append(P)
    return np.array(means), np.array(covariances)


def rts(F, Q, means, covariances, inverse):
    means, covariances = means.copy(), covariances.copy()
    for t in range(len(means) - 2, -1, -1):
        predicted = F @ covariances[t] @ F.T + Q
        gain = covariances[t] @ F.T @ inverse(predicted)
        means[t] += gain @ (means[t + 1] - F @ means[t])
        covariances[t] += gain @ (covariances[t + 1] - predicted) @ gain.T
    return means, covariances


def covariance(rng, n, scale=1.0):
    a = rng.normal(size=(n, n))
    return scale * (a @ a.T / n + 0.1 * np.eye(n))


def stacked(means, covariances):
    return np.concatenate([means[:, None, :], covariances], axis=1)


def put_kalman(family, name, F, H, Q, R, m0, P0, y, inverse=np.linalg.inv):
    for key, value in dict(F=F, H=H, Q=Q, R=R, m0=m0, P0=P0, y=y).items():
        family.put("%s-%s" % (name, key), np.asarray(value, float))
    means, covariances = kalman_filter(F, H, Q, R, m0, P0, y)
    family.put(name + "-filtered", stacked(means, covariances))
    family.put(name + "-smoothed", stacked(*rts(F, Q, means, covariances, inverse)))


def kalman():
    family = Family("kalman")
    rng = family.rng
    for n, m, rows in [(1, 1, 20), (2, 1, 30), (4, 2, 30), (3, 3, 20), (6, 2, 15), (7, 5, 12), (16, 16, 4)]:
        F = rng.normal(size=(n, n))
        F *= 0.95 / np.abs(np.linalg.eigvals(F)).max()
        y = rng.normal(size=(rows, m)) * 2
        model = F, rng.normal(size=(m, n)), covariance(rng, n, 0.3), covariance(rng, m), rng.normal(size=n), covariance(rng, n, 3)
        put_kalman(family, "%d-%d" % (n, m), *model, y)
        y = y.copy()
        y[rng.random(size=y.shape) < 0.3] = np.nan
        y[[0, 2, 3]] = np.nan
        put_kalman(family, "%d-%d-missing" % (n, m), *model, y)
    # A line through noise: nothing drives the state, and its slope alone is unknown, so covariances are singular.
    y = 0.5 * np.arange(20)[:, None] + 1 + rng.normal(size=(20, 1))
    put_kalman(family, "line", np.array([[1.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0]]), np.zeros((2, 2)), np.eye(1), np.array([1.0, 0.0]),
               np.diag([0.0, 4.0]), y, lambda a: np.linalg.pinv(a, rcond=1e-12, hermitian=True))
    # States in units twelve orders of magnitude apart.
    scale = np.array([1e-6, 1e6])
    F = np.array([[1.0, 0.1], [0.0, 1.0]]) * scale[:, None] / scale
    Q = np.array([[0.01, 0.0], [0.0, 0.02]]) * np.outer(scale, scale)
    put_kalman(family, "units", F, np.array([[1e6, 0.0]]), Q, np.eye(1), np.zeros(2), np.diag(scale ** 2), rng.normal(size=(20, 1)))
    family.write()


def conditioned(F, H, Q, R, m0, P0, y):
    """Filtered and smoothed means and covariances: of the states of all rows at once, given y up to a row, and all of it."""
    rows, n = len(y), len(F)
    mean, joint = np.zeros((rows, n)), np.zeros((rows, n, rows, n))
    mean[0], joint[0, :, 0] = m0, P0
    for t in range(1, rows):
        mean[t] = F @ mean[t - 1]
        for s in range(t):
            joint[t, :, s] = F @ joint[t - 1, :, s]
            joint[s, :, t] = joint[t, :, s].T
        joint[t, :, t] = F @ joint[t - 1, :, t - 1] @ F.T + Q
    mean, joint = mean.ravel(), joint.reshape(rows * n, rows * n)

    def given(last):
        seen = [(t, np.flatnonzero(~np.isnan(y[t]))) for t in range(last + 1)]
        total = sum(len(elements) for _, elements in seen)
        A, noise, values, at = np.zeros((total, rows * n)), np.zeros((total, total)), np.zeros(total), 0
        for t, elements in seen:
            part = slice(at, at + len(elements))
            A[part, t * n:(t + 1) * n] = H[t][elements]
            noise[part, part] = R[t][np.ix_(elements, elements)]
            values[part] = y[t][elements]
            at = part.stop
        gain = np.linalg.solve(A @ joint @ A.T + noise, A @ joint).T
        return (mean + gain @ (values - A @ mean)).reshape(rows, n), (joint - gain @ A @ joint).reshape(rows, n, rows, n)

    means, covariances = zip(*[(m[t], P[t, :, t]) for t, (m, P) in enumerate(given(t) for t in range(rows))])
    all_means, joint_given_all = given(rows - 1)
    smoothed = stacked(all_means, np.array([joint_given_all[t, :, t] for t in range(rows)]))
    return stacked(np.array(means), np.array(covariances)), smoothed


def kalman_varying():
    family = Family("kalman_varying")
    rng = family.rng
    for n, m, rows in [(1, 1, 12), (2, 3, 14), (4, 2, 14), (5, 4, 10), (6, 2, 10)]:
        F = rng.normal(size=(n, n))
        F *= 0.95 / np.abs(np.linalg.eigvals(F)).max()
        H = rng.normal(size=(rows, m, n))
        R = np.array([covariance(rng, m, 10.0 ** rng.uniform(-2, 2)) for _ in range(rows)])
        R[1] = 0                                        # what is seen without noise
        R[2] = np.outer(R[2, 0], R[2, 0]) / R[2, 0, 0]  # noise in one direction alone
        if m > n:
            R[1] = np.eye(m)
            R[2] += np.eye(m)
        y = rng.normal(size=(rows, m)) * 2
        y[3:][rng.random(size=(rows - 3, m)) < 0.3] = np.nan
        y[[5, 8]] = np.nan                              # nothing is seen
        # What belongs to a missing element does not count.
        H[np.isnan(y)] = np.nan
        H[5], R[5] = np.nan, np.inf
        missing = np.isnan(y)
        R[missing[:, :, None] | missing[:, None, :]] = -7
        model = dict(F=F, H=H, Q=covariance(rng, n, 0.3), R=R, m0=rng.normal(size=n), P0=covariance(rng, n, 3))
        for key, value in dict(model, y=y).items():
            family.put("%d-%d-%s" % (n, m, key), value)
        filtered, smoothed = conditioned(**model, y=y)
        family.put("%d-%d-filtered" % (n, m), filtered)
        family.put("%d-%d-smoothed" % (n, m), smoothed)
    family.write()


def band_matrix(states, band, renormalise):
    half = len(band) // 2
    matrix = np.full((states, states), -np.inf)
    for i in range(states):
        for j in range(max(0, i - half), min(states, i + half + 1)):
            matrix[i, j] = band[j - i + half]
    return matrix - np.logaddexp.reduce(matrix, axis=1, keepdims=True) if renormalise else matrix


def viterbi(likelihoods, transitions, initial):
    """Scores in the dtype of the likelihoods, their largest subtracted after each row; ties go to the lowest index."""
    transitions = transitions.astype(likelihoods.dtype)
    scores, sources = initial.astype(likelihoods.dtype), []
    for t, row in enumerate(likelihoods):
        if t > 0:
            candidates = scores[:, None] + transitions
            sources.append(np.argmax(candidates, axis=0))
            scores = candidates.max(axis=0)
        scores = scores + row
        if np.isfinite(scores.max()):
            scores = scores - scores.max()
    path = [np.argmax(scores)]
    for source in reversed(sources):
        path.append(source[path[-1]])
    return np.array(path[::-1], np.int32)


def posterior(likelihoods, transitions, initial):
    forward, backward = [initial + likelihoods[0]], [np.zeros(likelihoods.shape[1])]
    for row in likelihoods[1:]:
        forward.append(np.logaddexp.reduce(forward[-1][:, None] + transitions, axis=0) + row)
    for row in likelihoods[:0:-1]:
        backward.append(np.logaddexp.reduce(transitions + row + backward[-1], axis=1))
    forward = np.array(forward)
    both = forward + np.array(backward[::-1])
    normalise = lambda logs: logs - np.logaddexp.reduce(logs, axis=1, keepdims=True)
    return normalise(forward), np.exp(normalise(both))


def put_hmm(family, name, likelihoods, transitions, initial, given):
    family.put(name + "-likelihoods", likelihoods)
    for key, value in given.items():
        family.put("%s-%s" % (name, key), value)
    family.put(name + "-path", viterbi(likelihoods, transitions, initial))
    if len(initial) > 100:
        return
    forward, both = posterior(likelihoods.astype(float), transitions, initial)
    family.put(name + "-forward", forward)
    family.put(name + "-posterior", both)


def hmm():
    family = Family("hmm")
    rng = family.rng
    quarters = lambda *shape: rng.integers(-12, 1, size=shape) / 4.0    # short in print, exact, and often equal
    for states in [1, 2, 5, 17]:
        matrix = np.log(rng.dirichlet(np.ones(states), size=states))
        matrix[rng.random(size=matrix.shape) < 0.2] = -np.inf
        matrix[np.arange(states), np.arange(states)] = np.maximum(np.diag(matrix), -3)
        initial = np.log(rng.dirichlet(np.ones(states)))
        put_hmm(family, "dense-%d" % states, quarters(30, states), matrix, initial, dict(transitions=matrix, initial=initial))
    for states, half, rows in [(1, 0, 10), (1, 3, 10), (4, 6, 30), (9, 2, 60), (40, 5, 30), (300, 3, 8), (300, 130, 6)]:
        band = quarters(2 * half + 1)
        for border in ["renormalise", "keep"]:
            put_hmm(family, "band-%d-%d-%s" % (states, half, border), quarters(rows, states), band_matrix(states, band, border == "renormalise"),
                    np.zeros(states), dict(band=band))
    # A path so unlikely that its probability is no number: rows that contradict each other by thousands.
    matrix = np.log(np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]]) + 0.0)
    likelihoods = np.array([[0.0, -5000, -5000]] * 5 + [[-5000, -5000, 0.0]] * 2 + [[-9000, 0.0, -9000]] * 6)
    put_hmm(family, "contradiction", likelihoods, matrix, np.zeros(3), dict(transitions=matrix))
    family.write()


if __name__ == "__main__":
    with np.errstate(divide="ignore", invalid="ignore"):
        kalman()
        kalman_varying()
        hmm()
