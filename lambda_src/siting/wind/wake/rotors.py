"""How much of a wake a rotor's disc sees: the share that lies in it, and the mean over it."""

import numpy as np

from siting.wind.turbines import FloatArray

#: Of the mean over a disc, as a share of the wake's deepest point.
_TOLERANCE = 1e-6


def overlap(
    wake_radius: FloatArray, rotor_radius: float | FloatArray, distance: FloatArray
) -> FloatArray:
    """Return the share of a rotor's disc that lies within a wake's.

    Args:
        wake_radius: Of the wakes, in metres.
        rotor_radius: Of the rotors, in metres: of all, or of each.
        distance: From the wake's axis to the rotor's, in metres, broadcast with them.
    """
    apart = np.abs(wake_radius - rotor_radius)
    within = np.minimum(np.square(wake_radius / rotor_radius), 1.0)
    share = np.where(distance <= apart, within, 0.0)
    partly = np.flatnonzero((distance > apart) & (distance < wake_radius + rotor_radius))
    wake, gap, rotor = (
        np.broadcast_to(one, share.shape).take(partly)
        for one in (wake_radius, distance, rotor_radius)
    )
    to_wake = np.clip((gap**2 + wake**2 - rotor**2) / (2.0 * gap * wake), -1.0, 1.0)
    to_rotor = np.clip((gap**2 + rotor**2 - wake**2) / (2.0 * gap * rotor), -1.0, 1.0)
    # Two circular segments on their common chord.
    lens = wake**2 * (np.arccos(to_wake) - to_wake * np.sqrt(1.0 - to_wake**2))
    lens += rotor**2 * (np.arccos(to_rotor) - to_rotor * np.sqrt(1.0 - to_rotor**2))
    np.put(share, partly, lens / (np.pi * rotor**2))
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
