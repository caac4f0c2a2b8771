"""Checks of who may use what: devices, the state directory, private files; and the limits of the process."""

from __future__ import annotations

import os
import stat
from grp import getgrgid

from appliance.doctor.check import Check, Finding, Text, failed, passed, unknown, warned
from appliance.doctor.machine import User
from appliance.doctor.patient import Patient
from appliance.doctor.settings import devices, secret_files, values
from appliance.errors import OkngError
from appliance.sinks.mqtt_files import check_files

_READ_WRITE, _WRITE_SEARCH = 6, 3
_FEW_FILES, _TOO_FEW_FILES, _FULL = 1024, 256, 0.8
_NICE, _POLICY = 16, 38  # fields 19 and 41 of proc/<pid>/stat, counted behind the command's name
_LAZY = frozenset({3, 5})  # SCHED_BATCH, SCHED_IDLE


def _groups(patient: Patient) -> Finding:
    user, missing = patient.user, []
    there = [path for path in devices(patient.config) if path.exists()]
    for path in there:
        info = path.stat()
        if not user.may(_READ_WRITE, info):
            missing.append((str(path), _group(info.st_gid)))
    if missing:
        names, groups = ", ".join(name for name, _ in missing), ",".join(sorted({group for _, group in missing}))
        return failed(
            Text(f"{user.name} may not use {names}", f"{user.name} 无权使用 {names}"),
            Text(
                f"sudo usermod -aG {groups} {user.name}, then sign in or start the service again",
                f"执行 sudo usermod -aG {groups} {user.name}，然后重新登录或重启服务",
            ),
        )
    if not there:
        return passed("the configuration names no device that is there", "配置中没有已连接的设备")
    return passed(
        f"{user.name} may use {', '.join(map(str, there))}", f"{user.name} 可使用 {', '.join(map(str, there))}"
    )


def _group(gid: int) -> str:
    try:
        return getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _state_dir(patient: Patient) -> Finding:
    state, user = patient.state, patient.user
    if not state.root.exists():
        parent = next(folder for folder in state.root.parents if folder.exists())
        if not user.may(_WRITE_SEARCH, parent.stat()):
            return failed(
                Text(f"{user.name} cannot make {state.root}", f"{user.name} 无法建立 {state.root}"),
                Text(
                    f"sudo install -d -o {user.name} {state.root}",
                    f"请执行 sudo install -d -o {user.name} {state.root}",
                ),
            )
        return passed(f"{state.root} will be made", f"将建立 {state.root}")
    journal = [state.journal, *(state.journal.with_name(state.journal.name + end) for end in ("-wal", "-shm"))]
    for path in (state.root, state.run, state.live, state.pictures, state.lock_file, *journal):
        if not path.exists():
            continue
        info = path.stat()
        need = _WRITE_SEARCH if stat.S_ISDIR(info.st_mode) else _READ_WRITE
        if not user.may(need, info) or _is_of_another(info, state.root.stat(), user):
            return failed(
                Text(f"{path} belongs to {User(info.st_uid, frozenset()).name}", f"{path} 属于其他用户"),
                Text(
                    f"sudo chown -R --reference={state.root} {state.root}/. , and never run the station as root there",
                    f"请执行 sudo chown -R --reference={state.root} {state.root}/. ，且勿以 root 运行检测站",
                ),
            )
    if state.root.stat().st_mode & stat.S_IWOTH:
        return warned(
            Text(f"anybody may write into {state.root}", f"任何人都可写入 {state.root}"),
            Text(f"chmod o-w {state.root}", f"请执行 chmod o-w {state.root}"),
        )
    return passed(f"{user.name} may write there, others may not", f"{user.name} 可写，其他用户不可写")


def _is_of_another(info: os.stat_result, root: os.stat_result, user: User) -> bool:
    """Root may write everywhere, which hides from root what the directory's owner cannot write."""
    owner = User(root.st_uid, frozenset({root.st_gid}))
    need = _WRITE_SEARCH if stat.S_ISDIR(info.st_mode) else _READ_WRITE
    return user.uid == 0 and not owner.may(need, info)


def _private(patient: Patient) -> Finding:
    path = patient.config_path
    mode = path.stat().st_mode
    if mode & stat.S_IWOTH:
        return failed(
            Text(f"anybody may change {path}", f"任何人都可修改 {path}"),
            Text(f"chmod o-w {path}", f"请执行 chmod o-w {path}"),
        )
    try:
        check_files(patient.config.mqtt)
    except OkngError as error:
        found, _, remedy = str(error).partition("; ")
        return failed(Text(found, f"MQTT 密码文件或证书不可用：{found}"), Text(remedy, f"请按提示处理：{remedy}"))
    for secret in secret_files(patient.config):
        if not secret.exists() or secret.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            what = (
                Text(f"others may read {secret}", f"其他用户可读取 {secret}")
                if secret.exists()
                else Text(f"{secret} is not there", f"{secret} 不存在")
            )
            return failed(what, Text(f"make it, then: chmod 600 {secret}", f"请建立该文件并执行 chmod 600 {secret}"))
    if mode & stat.S_IROTH and _holds_a_password(patient):
        return warned(
            Text(f"anybody may read the password in {path}", f"任何人都可读取 {path} 中的密码"),
            Text(f"chmod 600 {path}", f"请执行 chmod 600 {path}"),
        )
    return passed("files with secrets are private", "含密码的文件均受保护")


def _holds_a_password(patient: Patient) -> bool:
    """Whether an address holds a user or a query, where passwords and keys stand."""
    addresses = (str(value).partition("://")[2] for _, value in values(patient.config) if isinstance(value, str))
    return any("@" in address or "?" in address for address in addresses)


def _file_limit(patient: Patient) -> Finding:
    machine, pid = patient.machine, patient.process
    limit, opened = machine.open_files()[0], None
    if pid is not None:
        limit = _limit_of(machine.text(f"proc/{pid}/limits") or "") or limit
        opened = machine.open_paths(pid)
    used = len(opened or ())
    found = Text(f"at most {limit}", f"上限 {limit}")
    if opened is not None:
        found = Text(f"{used} of {limit} in use", f"已用 {used} / {limit}")
    remedy = Text("set LimitNOFILE=4096 in the service, or ulimit -n 4096", "请设置 LimitNOFILE=4096 或 ulimit -n 4096")
    if limit < _TOO_FEW_FILES or used > _FULL * limit:
        return failed(found, remedy)
    return warned(found, remedy) if limit < _FEW_FILES else Finding("pass", found)


def _limit_of(limits: str) -> int | None:
    """The soft limit in `Max open files  1024  524288  files`."""
    line = next((line for line in limits.splitlines() if line.startswith("Max open files")), "")
    words = line.split()
    return int(words[3]) if len(words) > 3 and words[3].isdecimal() else None


def _priority(patient: Patient) -> Finding:
    machine, pid = patient.machine, patient.process
    text = machine.text(f"proc/{machine.shell if pid is None else pid}/stat") or ""
    words = text.rpartition(")")[2].split()
    if len(words) <= _POLICY:
        return unknown(
            Text("the kernel does not tell", "内核不提供信息"), Text("see: ps -o ni,cls", "请查看 ps -o ni,cls")
        )
    nice, policy = int(words[_NICE]), int(words[_POLICY])
    whose = ("this shell", "当前终端") if pid is None else ("the station", "检测站")
    if nice > 0 or policy in _LAZY:
        return warned(
            Text(
                f"{whose[0]} gives way to others (nice {nice}, policy {policy})",
                f"{whose[1]}优先级过低（nice {nice}，policy {policy}）",
            ),
            Text(
                "start the station without nice; set Nice=-5 in the service", "请勿用 nice 启动；在服务中设置 Nice=-5"
            ),
        )
    return passed(f"{whose[0]}: nice {nice}, policy {policy}", f"{whose[1]}：nice {nice}，policy {policy}")


CHECKS = (
    Check("groups", Text("Rights on devices", "设备权限"), _groups),
    Check("state_dir", Text("State directory", "状态目录"), _state_dir),
    Check("private_files", Text("Private files", "私密文件"), _private),
    Check("file_limit", Text("Open files", "文件句柄上限"), _file_limit, needs_config=False),
    Check("priority", Text("Priority", "优先级"), _priority, needs_config=False),
)
