"""Checks of the model package, of the processor under it, and of the libraries that run it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from appliance.config.schema import Config
from appliance.doctor.check import Check, Finding, Text, failed, passed, unknown, warned
from appliance.doctor.patient import Patient
from appliance.doctor.self_test import self_test
from models.errors import ModelError
from models.instructions import instruction_set
from models.package import open_package

_DISTRIBUTIONS = ("openvino", "onnxruntime", "onnxruntime-gpu", "ai-edge-litert", "tflite-runtime")
_INT8 = frozenset({"amx_int8", "avx512_vnni", "avx_vnni", "arm_i8mm", "arm_dotprod"})
_SATURATES = frozenset({"avx2"})
_NO_PACKAGE = Text("there is no sound package to ask", "没有可用的模型包")
_MEND = Text("mend the package first", "请先处理模型包")


def _package(patient: Patient) -> Finding:
    try:
        package = open_package(patient.model.package)
    except ModelError as error:
        found, _, remedy = str(error).partition("; ")
        return failed(Text(found, f"模型包不可用：{found}"), Text(remedy or "get it again", "请重新获取或训练模型包"))
    who, short = f"{package.manifest.id} {package.manifest.version}", package.hash[:19]
    return passed(f"{who} is whole ({short}…)", f"{who} 完整（{short}…）")


def _golden_frames(patient: Patient) -> Finding:
    if _is_broken(patient):
        return unknown(_NO_PACKAGE, _MEND)
    result = self_test(patient.config_path, patient.model, patient.machine.interpreter)
    if result.refused:
        found, _, remedy = result.refused.partition("; ")
        say = unknown if result.slow else failed
        return say(
            Text(found, f"标准图像未通过：{found}"),
            Text(remedy or "train the package again", "请在本机认证、更换推理引擎或重新训练"),
        )
    if not result.certified:
        return warned(
            Text(
                f"pass on {result.runtime}, monitor mode: {result.certification}",
                f"在 {result.runtime} 上通过，但未认证：仅监视模式",
            ),
            Text("run: okng certify, then restart the station", "请执行 okng certify，然后重启检测站"),
        )
    return passed(f"pass on {result.runtime}, certified {result.certification}", f"在 {result.runtime} 上通过，已认证")


def _instruction_set(patient: Patient) -> Finding:
    name = instruction_set(patient.machine.text("proc/cpuinfo") or "")
    if name in _INT8:
        return passed(f"{name}: INT8 is fast and exact", f"{name}：INT8 快速且精确")
    if name in _SATURATES:
        return passed(
            f"{name}: INT8 needs reduced weight range, which okng's packages have",
            f"{name}：INT8 需要缩减权重范围，okng 模型包已满足",
        )
    return warned(
        Text(f"{name}: no INT8 instructions known to okng; judging is slow", f"{name}：没有已知的 INT8 指令；判定较慢"),
        Text(
            "measure it with okng package verify and raise the deadline", "请用 okng package verify 验证并放宽截止时间"
        ),
    )


def _runtimes(patient: Patient) -> Finding:
    wanted, found = patient.model.runtime, patient.machine.runtimes()
    versions = ", ".join(f"{name} {number}" for name in _DISTRIBUTIONS if (number := installed(name)))
    if not found or (wanted != "auto" and wanted not in found):
        return failed(
            Text(
                f"{'no runtime' if wanted == 'auto' else wanted} is installed",
                f"未安装{'推理引擎' if wanted == 'auto' else wanted}",
            ),
            Text(
                "pip install 'okng[device]', or set [model] runtime",
                "请执行 pip install 'okng[device]' 或修改 [model] runtime",
            ),
        )
    return passed(
        f"{versions}; {wanted} uses {found[0] if wanted == 'auto' else wanted}", f"{versions}；当前设置 {wanted}"
    )


def installed(distribution: str) -> str | None:
    """The version of an installed distribution."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _is_broken(patient: Patient) -> bool:
    try:
        open_package(patient.model.package)
    except ModelError:
        return True
    return False


def has_model(config: Config) -> bool:
    return config.model is not None and config.recipe.mode == "inspect"


CHECKS = (
    Check("package", Text("Model package", "模型包"), _package, applies=has_model),
    Check("golden_frames", Text("Golden frames", "标准图像"), _golden_frames, 45.0, applies=has_model),
    Check("instruction_set", Text("Instruction set", "指令集"), _instruction_set, needs_config=False),
    Check("runtimes", Text("Runtimes", "推理引擎"), _runtimes, applies=has_model),
)
