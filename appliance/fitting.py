"""Whether a recipe fits this station: its packages, its camera settings, and what else holds for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from appliance.config.schema import CameraConfig, Config
from appliance.config.video import VideoCameraConfig
from appliance.defects import recipe_problems
from appliance.errors import NotThere
from appliance.recipes.catalogue import Catalogue
from appliance.recipes.golden import contradiction
from appliance.recipes.problem import RecipeProblem
from appliance.recipes.schema import Recipe, RecipeModel
from appliance.recipes.store import RecipeStore
from appliance.state_dir import StateDir
from models.detector import geometry_in_force
from models.errors import CatalogueError, ModelError, PackageError, PackageMissing, RuntimeUnavailable, SelfTestFailed
from models.manifest import Manifest
from models.package import Package, open_package
from models.quality import on_station
from models.runtimes.base import Placement
from models.runtimes.choose import settle

_SPOKEN = ("id", "name", "number", "version")


def catalogue_of(config: Config, utc: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Catalogue:
    """The recipes of this station; nothing is read yet."""
    return Catalogue(RecipeStore(StateDir(config.station.state_dir).recipes, utc), config.inline_recipe())


def placement_for(config: Config, model: RecipeModel) -> Placement:
    """Where this station runs a recipe's model."""
    return Placement(model.runtime, model.device, model.threads, StateDir(config.station.state_dir).engines)


def camera_for(camera: CameraConfig, recipe: Recipe) -> CameraConfig:
    """The station's camera, set as the recipe says.

    Raises:
        RecipeProblem: this camera has no such settings, or the station's contradict them.
    """
    asked = recipe.camera
    if not asked.given:
        return camera
    if not isinstance(camera, VideoCameraConfig):
        raise _camera_problem(recipe, f'a camera of the type "{camera.type}" has no settings; leave [camera] out')
    try:
        settings = camera.settings.under(asked)
        # Checked again as a whole: only some kinds of source take settings.
        VideoCameraConfig.model_validate(camera.model_dump() | {"settings": settings.given})
    except ValidationError as error:
        why = "; ".join(detail["msg"].removeprefix("Value error, ") for detail in error.errors(include_input=False))
        raise _camera_problem(recipe, why) from error
    return camera.model_copy(update={"settings": settings})


def check_fit(config: Config, recipe: Recipe) -> None:
    """Refuse what this station could not judge by; everything that is wrong at once.

    Raises:
        RecipeProblem: place and remedy of each problem, one a line.
    """
    found = list(_problems(config, recipe))
    if found:
        raise RecipeProblem(
            "\n".join(str(problem) for problem in found), "；".join(problem.text_zh for problem in found)
        )


def check_import(recipe: Recipe) -> None:
    """Refuse a recipe that leaves to chance what a stored one must say.

    Raises:
        RecipeProblem: its name or the hash of a package is missing.
    """
    missing = [field for field in _SPOKEN if field not in recipe.model_fields_set]
    lines = [f"  {field}: missing; add it" for field in missing]
    unpinned = [number for number, model in enumerate(recipe.models, start=1) if model.sha256 is None]
    for number in unpinned:
        lines.append(f"  [[models]] {number}: sha256 is missing; {_pin(recipe.models[number - 1].package)}")
    if lines:
        raise RecipeProblem(
            "\n".join([f"recipe {recipe.id}: {len(lines)} to correct", *lines]),
            f"配方 {recipe.id} 缺少 {'、'.join([*missing, *('sha256' for _ in unpinned)])}；请补充",
        )


def unnamed_settings(before: Recipe, after: Recipe, camera: CameraConfig) -> RecipeProblem | None:
    """Why the camera would keep a setting of the recipe before: neither the next one nor the station names it."""
    own = camera.settings.given if isinstance(camera, VideoCameraConfig) else {}
    kept = sorted(before.camera.given.keys() - after.camera.given.keys() - own.keys())
    if not kept:
        return None
    names = ", ".join(kept)
    return RecipeProblem(
        f"recipe {before.id} sets {names} and recipe {after.id} does not say what it needs; name it under [camera] of "
        f"recipe {after.id}, or under [camera.settings] of station.toml",
        f"配方 {before.id} 设置了 {names}，而配方 {after.id} 未指定；请在配方的 [camera] 或 station.toml 的 "
        "[camera.settings] 中指定",
    )


def model_problem(recipe: Recipe, error: ModelError) -> RecipeProblem:
    """Why a recipe's model cannot be used, for the operator."""
    chinese = next((text for kind, text in _MODEL_ZH if isinstance(error, kind)), "模型包无法使用；请重新导出")
    return RecipeProblem(
        f"recipe {recipe.id} {recipe.version}: {error}", f"配方 {recipe.id} {recipe.version}：{chinese}"
    )


_MODEL_ZH: tuple[tuple[type[ModelError], str], ...] = (
    (PackageMissing, "找不到模型包；请检查 package 路径"),
    (RuntimeUnavailable, "运行时不可用；请安装或更换 runtime"),
    (SelfTestFailed, "模型自检未通过；请更换运行时或重新导出模型包"),
)


def _problems(config: Config, recipe: Recipe) -> Iterator[RecipeProblem]:
    if recipe.mode == "collect" and config.collect is None:
        yield RecipeProblem(
            f'recipe {recipe.id}: mode is "collect" but station.toml has no [collect]; name the folder there: '
            'data_set = "parts"',
            f"配方 {recipe.id} 为采集模式，但 station.toml 缺少 [collect]；请补充 data_set",
        )
    opened = []
    for model in recipe.models if recipe.mode == "inspect" else ():
        try:
            package = open_package(model.package)
            settle(placement_for(config, model), package.manifest.artefacts)
        except ModelError as error:
            yield model_problem(recipe, error)
            continue
        if model.sha256 not in (None, package.hash):
            yield RecipeProblem(
                f"recipe {recipe.id}: {model.package} is {package.hash}, not {model.sha256} as the recipe says; put "
                "that package back, or import the recipe with this hash as another version",
                f"配方 {recipe.id} 的模型包与 sha256 不符；请放回原模型包，或以新版本导入",
            )
        yield from _quality_problem(recipe, package)
        yield from _geometry_problem(recipe, package)
        yield from _reach_problem(recipe, model, package.manifest)
        opened.append((str(model.package), package.manifest))
        wrong = contradiction(recipe.golden, {row.label for row in package.manifest.classes})
        if wrong is not None:
            yield RecipeProblem(f"recipe {recipe.id}: {wrong[0]}", f"配方 {recipe.id}：{wrong[1]}")
    if opened and len(opened) == len(recipe.models):
        yield from _defect_problems(config, recipe, opened)
    try:
        camera_for(config.camera, recipe)
    except RecipeProblem as problem:
        yield problem


def _geometry_problem(recipe: Recipe, package: Package) -> Iterator[RecipeProblem]:
    try:
        geometry_in_force(package, recipe.geometry)
    except PackageError as error:
        yield RecipeProblem(
            f"recipe {recipe.id}: [geometry]: {error}",
            f"配方 {recipe.id} 的 [geometry] 与模型包不符；请检查区域、掩膜、分块和对齐设置",
        )


def _quality_problem(recipe: Recipe, package: Package) -> Iterator[RecipeProblem]:
    if recipe.quality is None:
        return
    try:
        on_station(package.manifest.quality, recipe.quality.entry())
    except PackageError as error:
        yield RecipeProblem(
            f"recipe {recipe.id}: [quality]: {error}",
            f"配方 {recipe.id} 的 [quality] 与训练图像相差过大；请检修光源和镜头，或用本站图像重新训练",
        )


def _reach_problem(recipe: Recipe, model: RecipeModel, manifest: Manifest) -> Iterator[RecipeProblem]:
    """A limit at or below every score there is, on whichever runtime: no part could be OK."""
    floor = max(score_map.score[0] for score_map in manifest.score_maps.values())
    ok_below = model.limits(manifest.limits.limits()).ok_below
    if ok_below <= floor:
        yield RecipeProblem(
            f"recipe {recipe.id}: ok_below {ok_below:g} is out of reach: no score is below {floor:g}, so that no part "
            "could be OK; give a higher limit",
            f"配方 {recipe.id}：ok_below {ok_below:g} 低于最低得分 {floor:g}，没有工件能判为 OK；请调高界限",
        )


def _defect_problems(config: Config, recipe: Recipe, packages: list[tuple[str, Manifest]]) -> Iterator[RecipeProblem]:
    try:
        problems, _ = recipe_problems(config, recipe, packages)
    except (NotThere, CatalogueError) as error:
        problems = [str(error)]
    for problem in problems:
        yield RecipeProblem(
            f"recipe {recipe.id}: {problem}",
            f"配方 {recipe.id} 的规则或类别与模型包、缺陷目录不符；请用 okng check-config 查看并更正",
        )


def _camera_problem(recipe: Recipe, why: str) -> RecipeProblem:
    return RecipeProblem(
        f"recipe {recipe.id}: [camera]: {why}", f"配方 {recipe.id} 的 [camera] 与本站相机不符；请更正或删除该部分"
    )


def _pin(package: Path) -> str:
    try:
        return f'add sha256 = "{open_package(package).hash}"'
    except ModelError as error:
        return str(error)
