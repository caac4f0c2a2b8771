"""Why a verdict is what it is: stable codes, and what the operator reads in both languages."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    SCORE_BELOW_LIMIT = "score_below_limit"
    SCORE_ABOVE_LIMIT = "score_above_limit"
    SCORE_BETWEEN_LIMITS = "score_between_limits"
    SCORE_NOT_EXPLAINED = "score_not_explained"
    RECHECK_BY_RULE = "recheck_by_rule"
    SUPPRESSED = "suppressed"
    MODELS_DISAGREE = "models_disagree"
    DEADLINE_MISSED = "deadline_missed"
    ANSWER_LATE = "answer_late"
    NO_FRAME = "no_frame"
    CAMERA_LOST = "camera_lost"
    BAD_PICTURE = "bad_picture"
    PICTURE_FROZEN = "picture_frozen"
    MODEL_FAILED = "model_failed"
    STAGE_CRASHED = "stage_crashed"
    QUEUE_FULL = "queue_full"
    STATION_STOPPED = "station_stopped"
    CAPTURED_BEFORE_TRIGGER = "captured_before_trigger"
    EXPOSED_LATE = "exposed_late"
    PICTURE_DARK = "picture_dark"
    PICTURE_BRIGHT = "picture_bright"
    PICTURE_FLAT = "picture_flat"
    PICTURE_BLURRED = "picture_blurred"
    PICTURE_MOVED = "picture_moved"
    PICTURE_UNDEREXPOSED = "picture_underexposed"
    PICTURE_OVEREXPOSED = "picture_overexposed"
    PICTURE_DISCOLOURED = "picture_discoloured"
    PICTURE_DISPLACED = "picture_displaced"
    PICTURE_INCOMPLETE = "picture_incomplete"
    PICTURE_UNALIGNED = "picture_unaligned"
    NO_PART = "no_part"
    DRIFTING = "drifting"
    COLLECTED = "collected"
    NOT_KEPT = "not_kept"


# code → (English, Chinese): what happened, then what to do about it where there is something to do.
TEXTS: dict[Reason, tuple[str, str]] = {
    Reason.SCORE_BELOW_LIMIT: ("No defect found", "未发现缺陷"),
    Reason.SCORE_ABOVE_LIMIT: ("Defect found", "发现缺陷"),
    Reason.SCORE_BETWEEN_LIMITS: (
        "Too close to the limit to decide; look at the part",
        "接近界限，无法判定；请人工复检",
    ),
    Reason.SCORE_NOT_EXPLAINED: (
        "More is unusual than the tolerated defects; look at the part",
        "除可容许缺陷外仍有异常；请人工复检",
    ),
    Reason.RECHECK_BY_RULE: (
        "A defect below the recipe's rule; look at the part",
        "缺陷未达到配方规则界限；请人工复检",
    ),
    Reason.SUPPRESSED: ("Only defects that the recipe tolerates", "仅有配方容许的缺陷"),
    Reason.MODELS_DISAGREE: ("The two models disagree; look at the part", "两个模型判定不一致；请人工复检"),
    Reason.DEADLINE_MISSED: ("No verdict in time; part rejected", "未能及时判定；工件已剔除"),
    Reason.ANSWER_LATE: ("Verdict could not be stored in time; part rejected", "结果未能及时保存；工件已剔除"),
    Reason.NO_FRAME: ("The camera gave no picture; check cable and trigger", "相机未给出图像；请检查线缆和触发"),
    Reason.CAMERA_LOST: ("Camera lost; check power and cable", "相机断开；请检查电源和线缆"),
    Reason.BAD_PICTURE: ("Picture cannot be judged; check camera settings", "图像无法判定；请检查相机设置"),
    Reason.PICTURE_FROZEN: (
        "The camera repeats the same picture; restart the camera",
        "相机重复输出同一图像；请重启相机",
    ),
    Reason.MODEL_FAILED: ("The model failed on this picture; part rejected", "模型处理该图像失败；工件已剔除"),
    Reason.STAGE_CRASHED: ("Internal fault while judging; part rejected", "判定时发生内部故障；工件已剔除"),
    Reason.QUEUE_FULL: ("Parts come faster than the station can judge", "来件速度超过检测能力"),
    Reason.STATION_STOPPED: ("The station was stopped before a verdict", "判定完成前检测站已停止"),
    Reason.PICTURE_DARK: ("The picture is too dark; check lamp and exposure", "图像过暗；请检查光源和曝光"),
    Reason.PICTURE_BRIGHT: ("The picture is too bright; check lamp and exposure", "图像过亮；请检查光源和曝光"),
    Reason.PICTURE_FLAT: ("The picture shows almost nothing; check lens and light", "图像几乎无内容；请检查镜头和光源"),
    Reason.PICTURE_BLURRED: (
        "The picture is blurred; check lens and motion",
        "图像模糊；请检查镜头和运动",
    ),
    Reason.PICTURE_MOVED: (
        "The part is not where it was taught; check camera and fixture",
        "工件不在示教位置；请检查相机和夹具",
    ),
    Reason.PICTURE_UNDEREXPOSED: (
        "Too much of the picture is black; check lamp, exposure and what shades the part",
        "图像过多区域为黑色；请检查光源、曝光和遮挡物",
    ),
    Reason.PICTURE_OVEREXPOSED: (
        "Too much of the picture is white; shorten the exposure, check reflections",
        "图像过多区域为白色；请缩短曝光时间并检查反光",
    ),
    Reason.PICTURE_DISCOLOURED: (
        "The colours are not as taught; fix the white balance, check the lamp",
        "图像颜色与示教不符；请固定白平衡并检查光源",
    ),
    Reason.PICTURE_DISPLACED: (
        "The part lies further off or more turned than any that was taught; check feed and fixture",
        "工件的偏移或转角超出示教范围；请检查送料和夹具",
    ),
    Reason.PICTURE_INCOMPLETE: (
        "Part of the picture is missing; check the camera's cable, restart or replace the camera",
        "图像部分缺失；请检查相机线缆，重启或更换相机",
    ),
    Reason.PICTURE_UNALIGNED: (
        "The part cannot be found where it was taught; check camera and fixture",
        "在示教位置找不到工件；请检查相机和夹具",
    ),
    Reason.NO_PART: ("No part in the picture", "图像中没有工件"),
    Reason.EXPOSED_LATE: ("The picture was taken too late; check camera and trigger", "拍摄过晚；请检查相机和触发"),
    Reason.CAPTURED_BEFORE_TRIGGER: (
        "The picture is older than the trigger; check the camera",
        "图像早于触发时刻；请检查相机",
    ),
    Reason.DRIFTING: (
        "The station has drifted since it was proven; look at the part, then see the alarm",
        "检测站状态已漂移；请人工复检该工件，并查看报警",
    ),
    Reason.COLLECTED: ("Picture kept for training; nothing was judged", "图像已采集用于训练；未进行判定"),
    Reason.NOT_KEPT: (
        "Picture could not be kept; check the disk of the data set",
        "图像未能保存；请检查数据集所在磁盘",
    ),
}
