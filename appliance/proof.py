"""The certificate of the limits in force: computed when a recipe comes into force, void when what it rests on changes.

It is kept beside the recipe as it was first issued, `<recipes>/<id>/<version>.certificate.json`. Whatever can be told
from the package, the limits and the machine is computed anew at every start. The camera's settings cannot: a package
does not know them, so that those at the first issue hold as those of its pictures, and others void the certificate
until limits are saved again.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from pathlib import Path

from pydantic import ValidationError

from appliance.config.schema import CameraConfig, Config
from appliance.config.video import VideoCameraConfig
from appliance.fitting import camera_for
from appliance.live import LiveCertificate
from appliance.recipes.problem import RecipeProblem
from appliance.recipes.schema import Recipe
from appliance.state_dir import StateDir
from models.certificate import Certificate, Setting, Void, certificate
from models.certificate_text import summary
from models.certification import Place
from models.decision import Fate, Limits
from models.detector import ModelInfo
from models.durable import write_atomically
from models.errors import ModelError
from models.instructions import instruction_set, machine_name
from models.package import open_package

_log = logging.getLogger(__name__)


class Proof:
    """The certificate in force, or None where nothing is judged; `void` may be called by any thread."""

    def __init__(self, issued: Certificate | None) -> None:
        self._issued = issued
        self._id = issued.id if issued is not None else None
        self._lock = threading.Lock()

    @property
    def issued(self) -> Certificate | None:
        return self._issued

    @property
    def id(self) -> str | None:
        """What results are filed under; None while nothing is certified."""
        issued = self._issued
        return self._id if issued is not None and issued.certifies else None

    @property
    def live(self) -> LiveCertificate | None:
        """For the page: what is certified, or why nothing is."""
        issued = self._issued
        if issued is None:
            return None
        return LiveCertificate(holds=issued.certifies, text_en=summary(issued, "en"), text_zh=summary(issued, "zh"))

    def void(self, *reasons: Void) -> None:
        """It certifies nothing until a recipe comes into force again."""
        with self._lock:
            if self._issued is not None:
                self._issued = self._issued.void(*reasons)


def proof_of(config: Config, recipe: Recipe, info: ModelInfo) -> Proof:
    """The certificate of a recipe that comes into force, its model loaded; kept beside it. Blocks for a file or two."""
    issued = as_of_now(config, recipe, info)
    if issued is None:
        return Proof(None)
    path = path_of(config, recipe)
    first = _kept(path)
    if first is None or _limits(first) != _limits(issued):
        keep(path, issued)
    _log.info("recipe %s %s: %s", recipe.id, recipe.version, summary(issued, "en"))
    return Proof(issued)


def as_of_now(config: Config, recipe: Recipe, info: ModelInfo) -> Certificate | None:
    """What is certified of a recipe today: void where the camera is set otherwise than at its first issue."""
    own = info.members[0] if info.members else info
    issued = issue(config, recipe, recipe.models[0].limits(own.limits), own)
    first = _kept(path_of(config, recipe))
    if issued is None or first is None or _limits(first) != _limits(issued) or first.camera == issued.camera:
        return issued
    return issued.void(Void.CAMERA)


def issue(config: Config, recipe: Recipe, limits: Limits, info: ModelInfo) -> Certificate | None:
    """The certificate of `limits` on this machine; None, logged, where the package or the camera cannot be asked."""
    try:
        package = open_package(recipe.models[0].package)
        camera = camera_for(config.camera, recipe)
    except (ModelError, RecipeProblem) as error:
        _log.warning("nothing is certified for recipe %s %s: %s", recipe.id, recipe.version, error)
        return None
    setting = Setting(
        Place(info.hash, info.runtime, instruction_set(), machine_name()),
        geometry=info.geometry_hash or package.manifest.geometry.hash,
        camera=_camera_hash(camera),
        models=len(recipe.models),
        suppresses=any(rule.otherwise is Fate.SUPPRESSED for rule in recipe.rule_set().rules),
    )
    issued = certificate(package.manifest, limits, setting)
    return issued if package.hash == info.hash else issued.void(Void.PACKAGE)


def path_of(config: Config, recipe: Recipe) -> Path:
    """Where the certificate of a version lies."""
    return StateDir(config.station.state_dir).recipes / recipe.id / f"{recipe.version}.certificate.json"


def keep(path: Path, issued: Certificate) -> None:
    """Put the certificate beside its recipe; a full disk costs the record, not the line."""
    try:
        write_atomically(path, issued.to_bytes())
    except OSError as error:
        _log.error("the certificate cannot be kept at %s (%s); free the disk", path, error.strerror)


def _kept(path: Path) -> Certificate | None:
    try:
        return Certificate.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        _log.error("the certificate at %s cannot be read (%s); it is issued again", path, error)
        return None


def _limits(issued: Certificate) -> tuple[str, float, float]:
    return issued.package, issued.ok_below, issued.ng_from


def _camera_hash(camera: CameraConfig) -> str:
    """Of what makes the picture: which kind of source, and what it is set to."""
    told: dict[str, object] = {"type": camera.type}
    if isinstance(camera, VideoCameraConfig):
        told |= {"kind": camera.kind.value, "settings": camera.settings.given}
    return "sha256:" + hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
