"""How much of a wake a rotor's disc sees: the share that lies in it, and the mean over it."""

import numpy as np

from siting.wind.turbines import FloatArray

#: Of the mean over a disc, as a share of the wake's deepest point.
_TOLERANCE = 1e-6
#: Between a wake's axis and a rotor's, in the rotor's radii: next to nothing, but to divide by.
_LEAST_GAP = 1e-9


def overlap(
    wake_radius: FloatArray, rotor_radius: float | FloatArray, distance: FloatArray
) -> FloatArray:
    """Return the share of a rotor's disc that lies within a wake's.

    Args:
        wake_radius: Of the wakes, in metres.
        rotor_radius: Of the rotors, in metres: of all, or of each.
        distance: From the wake's axis to the rotor's, in metres, broadcast with them.
    """
    # In radii of the rotors. Two circular segments on one chord; cosines beyond 1 are of no chord.
    gap = np.maximum(distance / rotor_radius, _LEAST_GAP)
    wake = wake_radius / rotor_radius
    to_rotor = np.square(wake)
    to_rotor = (0.5 * (gap + 1.0 / gap)) - to_rotor * (0.5 / gap)
    to_wake = (gap - to_rotor) / wake
    for cosine in (to_rotor, to_wake):
        np.minimum(cosine, 1.0, out=cosine)
        np.maximum(cosine, -1.0, out=cosine)
    share = np.arccos(to_wake)
    share *= wake
    np.square(to_wake, out=to_wake)
    np.subtract(1.0, to_wake, out=to_wake)
    np.sqrt(to_wake, out=to_wake)
    to_wake *= gap
    share -= to_wake
    share *= wake
    share += np.arccos(to_rotor, out=to_rotor)
    share /= np.pi
    return share


def gaussian_over_disc(radius: FloatArray, distance: FloatArray) -> FloatArray:
    """Return the mean of exp(-r^2 / 2) over discs, lengths being in sigma.

    With a = radius^2 / 2 and c = distance^2 / 2 it is

        exp(-c) sum over n of (-a)^n L_n(c) / (n + 1)!

    L_n the Laguerre polynomials: the mean value of a smooth function over a disc by powers of its
    Laplacian. Terms are no more than exp(c / 2) a^n / (n + 1)!, which says when to stop.

    Args:
        radius: Of the discs.
        distance: Of their middles from the peak, of the same shape.
    """
    a, c = 0.5 * radius**2, 0.5 * distance**2
    largest = float(a.max(initial=0.0))
    before, polynomial = np.zeros_like(c), np.ones_like(c)
    factor, bound = np.ones_like(a), 1.0
    total = np.ones_like(c)
    n = 0
    while bound > _TOLERANCE:
        before, polynomial = polynomial, ((2 * n + 1 - c) * polynomial - n * before) / (n + 1)
        n += 1
        factor = factor * a / -(n + 1)
        bound *= largest / (n + 1)
        total += factor * polynomial
    return np.asarray(np.exp(-c) * total)
