"""Zero-shot: the backbone answers as it is."""

from typing import Literal

from mmkp_core.spec import spec


@spec
class ZeroShot:
    """No training: the backbone answers as it is."""

    method: Literal["zero-shot"] = "zero-shot"
