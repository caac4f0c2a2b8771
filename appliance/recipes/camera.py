"""What a camera is set to, by the station's `[camera.settings]` or by a recipe's `[camera]`."""

from __future__ import annotations

from pydantic import Field, PrivateAttr, model_validator

from appliance.section import Section

# A picture of another size or brightness is another picture: without these the camera must not be used.
_ALWAYS_HOLD = frozenset(("fourcc", "width_px", "height_px", "auto_exposure", "exposure"))


class DeviceSettings(Section):
    """What a V4L2 device is set to; each is read back. What is left out is left as the device has it.

    `exposure`, `gain`, `focus` and the like are in the device's own numbers, as `v4l2-ctl --list-ctrls` shows them.
    """

    width_px: int | None = Field(None, ge=16, le=16_384)
    height_px: int | None = Field(None, ge=16, le=16_384)
    fps: float | None = Field(None, ge=1, le=1000)
    fourcc: str | None = Field(None, pattern=r"^[A-Za-z0-9]{3,4}$")
    auto_exposure: bool | None = None
    exposure: float | None = None
    gain: float | None = None
    auto_focus: bool | None = None
    focus: float | None = None
    auto_white_balance: bool | None = None
    white_balance_k: float | None = Field(None, ge=1000, le=20_000)
    brightness: float | None = None
    _of_recipe: frozenset[str] = PrivateAttr(frozenset())

    @model_validator(mode="after")
    def _by_hand_is_not_automatic(self) -> DeviceSettings:
        if (self.width_px is None) != (self.height_px is None):
            raise ValueError("give both width_px and height_px, or none of them")
        for automatic, by_hand in (
            ("auto_exposure", "exposure"),
            ("auto_focus", "focus"),
            ("auto_white_balance", "white_balance_k"),
        ):
            if getattr(self, automatic) and getattr(self, by_hand) is not None:
                raise ValueError(f"{by_hand} cannot hold while {automatic} is true; give one of them")
        return self

    @property
    def given(self) -> dict[str, bool | int | float | str]:
        """The settings that are named."""
        return self.model_dump(exclude_none=True)

    @property
    def must_hold(self) -> frozenset[str]:
        """Those without which the camera must not be used: what makes the picture, and all that a recipe names."""
        return (_ALWAYS_HOLD | self._of_recipe) & self.given.keys()

    def under(self, recipe: DeviceSettings) -> DeviceSettings:
        """These settings with those of a recipe in their place.

        Raises:
            ValueError: the two contradict each other.
        """
        both = DeviceSettings.model_validate(self.given | recipe.given)
        both._of_recipe = frozenset(recipe.given)
        return both
