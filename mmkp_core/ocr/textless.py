"""Can this image hold words at all?"""

import numpy as np
import numpy.typing as npt

from mmkp_core.visual.decode import Decoded

TEXTLESS_VERSION = 1  # raise it when another image may be skipped

FAINTEST = 2.5  # grey levels from the local mean
GRAIN = 4.5  # times the grain: what a change must be above
MOST_GRAIN = 0.9  # above it nothing is concluded
FEWEST_ROWS = 2

def may_hold_words(image: Decoded, side_limit: int) -> bool:
    import cv2

    pixels = image.rgb
    longest = max(pixels.shape[:2])
    if longest > side_limit:  # what the engine's detector sees
        scale = side_limit / longest
        pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    sharp = pixels.astype(np.float32)
    grain = _grain(sharp)
    if grain > 1.0:
        sharp = cv2.GaussianBlur(sharp, (5, 5), 0)
        grain = _grain(sharp)
    if grain > MOST_GRAIN:
        return True
    threshold = max(FAINTEST, GRAIN * grain)
    for across in (sharp, np.ascontiguousarray(sharp.transpose(1, 0, 2))):
        away = across - cv2.blur(across, (25, 1)).reshape(across.shape)
        if any(_many(away[..., channel], threshold) for channel in range(3)):
            return True
    return False


def _grain(smooth: npt.NDArray[np.float32]) -> float:
    if min(smooth.shape[:2]) < 7:
        return 0.0
    second = np.abs(smooth[::2, 6:] - 2 * smooth[::2, 3:-3] + smooth[::2, :-6])
    return float(np.median(second)) / 0.6745 / 6**0.5


def _many(away_HW: npt.NDArray[np.float32], threshold: float) -> bool:
    sides_HW = (away_HW > threshold).astype(np.int8) - (away_HW < -threshold).astype(np.int8)
    rows = np.flatnonzero(sides_HW.any(axis=1))
    if not len(rows): return False
    places_HW = np.where(sides_HW != 0, np.arange(sides_HW.shape[1], dtype=np.int16), np.int16(0))
    np.maximum.accumulate(places_HW, axis=1, out=places_HW)
    held_HW = np.take_along_axis(sides_HW, places_HW.astype(np.intp), axis=1)
    change_HW = (held_HW[:, 1:] * held_HW[:, :-1]) < 0
    total_HW = np.cumsum(change_HW, axis=1, dtype=np.int16)
    many_H = total_HW[:, -1] > 4
    near_H = (total_HW[:, 20:] - total_HW[:, :-20] > 3).any(axis=1) if total_HW.shape[1] > 20 else many_H
    hit_H = many_H | near_H
    return bool((hit_H[1:] & hit_H[:-1]).any())
