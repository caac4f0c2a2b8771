"""The one schema of a station's TOML file. No field may become a command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from appliance.config.keeping import ArchiveConfig, EvidenceConfig
from appliance.config.presence import PresenceConfig
from appliance.config.video import VideoCameraConfig
from appliance.recipes.inline import inline_recipe
from appliance.recipes.schema import ModelConfig, Recipe, RecipeConfig
from appliance.section import Section

Segment = r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+){4}$"


class StationConfig(Section):
    """Who the station is. `armed = false` is monitor mode: verdicts are shown, Pass is never set.

    `catalogue`: the factory's defect catalogue; without one only the packages are compared with each other.
    """

    path: str = Field("okng/site/area/line/station", pattern=Segment, max_length=200)
    name: str = Field("Station", min_length=1, max_length=60)
    serial: str = Field("OKNG-0000", pattern=r"^[A-Za-z0-9_-]{1,16}$")
    state_dir: Path
    armed: bool = False
    lot: str | None = Field(None, max_length=64)
    catalogue: Path | None = None


class FolderCameraConfig(Section):
    """Replays the pictures of a folder in name order, one a trigger."""

    type: Literal["folder"]
    path: Path
    loop: bool = False
    timeout_ms: int = Field(1000, ge=10, le=10_000)

    @property
    def live(self) -> bool:
        return False


class SyntheticCameraConfig(Section):
    """Parts drawn by a renderer process: turned flanges, some of them defective.

    `distinct_parts`: draw only so many and show them in turn, where drawing would take the processor's time.
    `empty_rate`: how often no part lies on the belt when a picture is taken.
    """

    type: Literal["synthetic"]
    seed: int = Field(1, ge=0, le=2**31 - 1)
    defect_rate: float = Field(0.25, ge=0.0, le=1.0)
    empty_rate: float = Field(0.0, ge=0.0, le=1.0)
    distinct_parts: int | None = Field(None, ge=1, le=32)
    timeout_ms: int = Field(1000, ge=10, le=10_000)

    @property
    def live(self) -> bool:
        return False


CameraConfig = Annotated[FolderCameraConfig | SyntheticCameraConfig | VideoCameraConfig, Field(discriminator="type")]


class TriggerConfig(Section):
    """`interval`: the station triggers itself, for replays and set-up without a PLC.

    `presence`: a zone of a free-running picture is watched, and every part that comes into it is a trigger.
    `software`: page, API, MQTT and command line may trigger, as the only source or beside another than the PLC.
    """

    source: Literal["plc", "interval", "software", "presence"] = "plc"
    interval_ms: int = Field(500, ge=10, le=3_600_000)
    software: bool = False
    presence: PresenceConfig | None = None

    @property
    def takes_software(self) -> bool:
        return self.software or self.source == "software"

    @model_validator(mode="after")
    def _presence_has_its_zone(self) -> TriggerConfig:
        if self.source == "presence" and self.presence is None:
            raise ValueError(
                'source is "presence" but [trigger.presence] is missing; name the zone: '
                "x_px, y_px, width_px, height_px in pixels of the picture"
            )
        return self


class CollectConfig(Section):
    """Where a collecting station keeps its pictures: `<data_set>/<label>/`, at most `max_gb` in the whole data set."""

    data_set: Path
    label: str = Field("good", min_length=1, max_length=60)
    max_gb: float = Field(20.0, gt=0.0, le=100_000.0)

    @field_validator("label")
    @classmethod
    def _is_one_folder(cls, label: str) -> str:
        if label.startswith(".") or any(letter in "/\\:" or not letter.isprintable() for letter in label):
            raise ValueError('a label is the name of one folder, such as "good" or "scratch"')
        if label == "ground_truth":
            raise ValueError("ground_truth is the folder of the masks; name the defect")
        return label


class PlcConfig(Section):
    """Modbus RTU slave on a serial line."""

    enabled: bool = False
    port: Path = Path("/dev/ttyUSB0")
    baudrate: Literal[9600, 19200, 38400, 57600, 115200] = 115200
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
    unit: int = Field(1, ge=1, le=247)


class MqttConfig(Section):
    enabled: bool = False
    host: str = Field("127.0.0.1", min_length=1, max_length=253)
    port: int = Field(1883, ge=1, le=65535)
    version: Literal["5", "3.1.1"] = "5"
    client_id: str | None = Field(None, pattern=r"^[A-Za-z0-9_-]{1,64}$")
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    keepalive_s: int = Field(20, ge=2, le=3600)
    outbox_max_mb: int = Field(256, ge=1, le=100_000)
    commands: bool = False


class JournalConfig(Section):
    """`before_answer`: the PLC hears a verdict that is already on disk."""

    order: Literal["before_answer"] = "before_answer"


class BarcodeConfig(Section):
    """A scanner on a serial line; its codes choose recipes. A scanner that types like a keyboard needs no section."""

    port: Path
    baudrate: Literal[9600, 19200, 38400, 57600, 115200] = 9600
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1


class WebConfig(Section):
    """`metrics`: whether /metrics is answered, to whoever may read the page.

    `pin_file` holds the operator PIN that actions on the page ask for, `api_token_file` what a program shows. Without
    them nobody can act through the web; watching needs neither.
    """

    host: str = Field("127.0.0.1", min_length=1, max_length=253)
    port: int = Field(8080, ge=1, le=65535)
    metrics: bool = True
    pin_file: Path | None = None
    api_token_file: Path | None = None


class Config(Section):
    station: StationConfig
    camera: CameraConfig
    trigger: TriggerConfig = TriggerConfig()
    model: ModelConfig | None = None
    recipe: RecipeConfig = RecipeConfig()
    collect: CollectConfig | None = None
    plc: PlcConfig = PlcConfig()
    mqtt: MqttConfig = MqttConfig()
    journal: JournalConfig = JournalConfig()
    archive: ArchiveConfig = ArchiveConfig()
    evidence: EvidenceConfig = EvidenceConfig()
    web: WebConfig = WebConfig()
    barcode: BarcodeConfig | None = None

    def inline_recipe(self) -> Recipe:
        """The recipe that stands in this file."""
        return inline_recipe(self.recipe, self.model)

    @model_validator(mode="after")
    def _one_trigger(self) -> Config:
        if self.plc.enabled and self.trigger.source != "plc":
            raise ValueError(
                'a station with [plc] enabled is triggered by its PLC; set [trigger] source = "plc", or disable the PLC'
            )
        if self.plc.enabled and self.trigger.software:
            raise ValueError(
                "a station with [plc] enabled takes no other trigger: the PLC could take its result for its own part; "
                "set [trigger] software = false, or disable the PLC"
            )
        if self.trigger.source == "plc" and self.trigger.software:
            raise ValueError(
                'without a PLC, software triggers stand alone: set [trigger] source = "software" and leave software out'
            )
        return self

    @model_validator(mode="after")
    def _one_device_a_port(self) -> Config:
        if self.barcode is not None and self.plc.enabled and self.barcode.port == self.plc.port:
            raise ValueError("[barcode] port is that of the PLC; give the scanner a port of its own")
        return self

    @model_validator(mode="after")
    def _mode_has_its_section(self) -> Config:
        if self.recipe.mode == "inspect" and self.model is None:
            raise ValueError(
                '[model] is missing; name the package: package = "model.okng" '
                '(to collect pictures for one, set [recipe] mode = "collect")'
            )
        if self.recipe.mode == "collect" and self.collect is None:
            raise ValueError('[recipe] mode is "collect" but [collect] is missing; name the folder: data_set = "parts"')
        return self
