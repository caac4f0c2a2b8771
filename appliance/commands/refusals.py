"""Why a command was not carried out: stable codes, and what the caller reads in both languages."""

from __future__ import annotations

from enum import StrEnum


class Refusal(StrEnum):
    MALFORMED = "malformed"
    UNKNOWN_VERB = "unknown_verb"
    BUSY = "busy"
    STALE = "stale"
    REQUEST_ID_REUSED = "request_id_reused"
    BAD_RESPONSE_TOPIC = "bad_response_topic"
    PLC_TRIGGERS = "plc_triggers"
    NOT_ALLOWED = "not_allowed"
    NOT_READY = "not_ready"
    NO_VERDICT = "no_verdict"
    NO_SUCH_RECIPE = "no_such_recipe"
    RECIPE_REFUSED = "recipe_refused"
    NO_GOLDEN_PARTS = "no_golden_parts"
    GOLDEN_RUNS = "golden_runs"
    NO_GOLDEN_RUNS = "no_golden_runs"
    NOT_KEPT = "not_kept"
    NO_DRIFT = "no_drift"
    RESET_NEEDS_GOLDEN = "reset_needs_golden"
    INTERNAL = "internal"
    STATION_DOWN = "station_down"
    NO_ANSWER = "no_answer"


# code → (English, Chinese): what happened, then what to do about it.
TEXTS: dict[Refusal, tuple[str, str]] = {
    Refusal.MALFORMED: (
        "This is no command the station understands; compare it with docs/commands.md",
        "检测站无法识别该命令；请对照 docs/commands.md",
    ),
    Refusal.UNKNOWN_VERB: (
        "The station has no such command; see docs/commands.md",
        "检测站没有此命令；请查阅 docs/commands.md",
    ),
    Refusal.BUSY: ("Too many commands at once; try again", "命令过多；请稍后重试"),
    Refusal.STALE: (
        "The command waited at the broker while the station was away, and was not carried out; send it again",
        "检测站离线期间该命令滞留在服务器上，未被执行；请重新发送",
    ),
    Refusal.REQUEST_ID_REUSED: (
        "This request id belongs to another command; give each command an id of its own",
        "该请求编号已用于另一条命令；请为每条命令使用不同的编号",
    ),
    Refusal.BAD_RESPONSE_TOPIC: (
        "Answers go below this station's rsp/ only; correct Response Topic and Correlation Data",
        "应答只能发往本检测站的 rsp/ 之下；请更正应答主题和关联数据",
    ),
    Refusal.PLC_TRIGGERS: (
        "The PLC triggers this station: a result for another trigger could be taken for its part. Trigger from the PLC",
        "本检测站由 PLC 触发：其他触发的结果可能被误认为其工件。请从 PLC 触发",
    ),
    Refusal.NOT_ALLOWED: (
        'Software triggers are off; set [trigger] source = "software", or software = true beside another source',
        "软件触发未启用；请设置 [trigger] source 为 software，或在其他触发源旁设置 software = true",
    ),
    Refusal.NOT_READY: (
        "The station takes no part now; see its page for the reason, or wait until the last part was photographed",
        "检测站现在不接收工件；请在页面查看原因，或等待上一个工件拍摄完成",
    ),
    Refusal.NO_VERDICT: (
        "The part was accepted, and no verdict became known in time; treat it as not OK",
        "工件已接收，但未按时得到结果；请按不合格处理",
    ),
    Refusal.NO_SUCH_RECIPE: (
        "No recipe has this name, number or code; see which there are, or import it",
        "没有此名称、编号或条码的配方；请查看配方列表或导入该配方",
    ),
    Refusal.RECIPE_REFUSED: (
        "This recipe cannot come into force; the one before goes on",
        "该配方无法生效；继续使用原配方",
    ),
    Refusal.NO_GOLDEN_PARTS: (
        "The recipe in force names no golden parts; add [golden] to it",
        "当前配方未定义标准件；请在配方中添加 [golden]",
    ),
    Refusal.GOLDEN_RUNS: (
        "Golden parts are being shown already; show the rest, or break off first",
        "正在验证标准件；请完成其余样件，或先中止",
    ),
    Refusal.NO_GOLDEN_RUNS: ("No golden parts are being shown; start them first", "当前没有进行标准件验证；请先开始"),
    Refusal.NOT_KEPT: (
        "The record could not be stored, so nothing was begun; check the disk of the state directory",
        "记录未能保存，操作未开始；请检查状态目录所在磁盘",
    ),
    Refusal.NO_DRIFT: ("Nothing has drifted, so there is nothing to reset", "没有漂移，无需复位"),
    Refusal.RESET_NEEDS_GOLDEN: (
        "Only golden parts end a drift and the recipe names none; add [golden] to it, or save another version of it",
        "只有标准件验证通过才能解除漂移，而配方未定义标准件；请在配方中添加 [golden]，或保存新版本配方",
    ),
    Refusal.INTERNAL: (
        "Internal fault while carrying out the command; restart the station and send its log to support",
        "执行命令时发生内部故障；请重启检测站并提交日志",
    ),
    Refusal.STATION_DOWN: (
        "The station does not run; start it with okng run",
        "检测站未运行；请用 okng run 启动",
    ),
    Refusal.NO_ANSWER: (
        "The station did not answer in time; whether the command was carried out is not known. Ask again under the "
        "same request id",
        "检测站未按时应答，无法确定命令是否已执行；请用相同的请求编号再次询问",
    ),
}
