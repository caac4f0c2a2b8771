"""What the report says of pictures that training never saw: test pictures on every runtime, and the regression set."""

from __future__ import annotations

from models.decision import Outcome
from models.runtimes.choose import REFERENCE
from training.data.dataset import listed
from training.evaluate import Judged
from training.page import table
from training.report.ranks import auroc_of
from training.report.scored import Scored, judged_pictures
from training.report.wording import joined, rate
from training.splits.unseen import Unseen
from training.splits.unseen_text import caught_text
from training.text import Said, Text, same

_ROWS = (
    (Text("escapes (defective, OK)", "漏检（缺陷判为 OK）"), Outcome.OK, True),
    (Text("overkill (good, NG)", "过杀（合格判为 NG）"), Outcome.NG, False),
    (Text("recheck, defective", "复检，缺陷"), Outcome.RECHECK, True),
    (Text("recheck, good", "复检，合格"), Outcome.RECHECK, False),
)


def on_reference(unseen: Unseen) -> tuple[Judged, ...]:
    """The test pictures as the reference runtime judged them; none where there are none."""
    return next((sheet.judged for sheet in unseen.test if sheet.runtime.startswith(REFERENCE)), ())


def sentences(unseen: Unseen) -> list[Text]:
    """One on the test pictures, one on the regression set; none where nothing was held out."""
    found = []
    if tested := on_reference(unseen):
        found.append(_on_test(judged_pictures(tested)))
    for one in unseen.regression:
        caught, of = one.defective - len(one.missed), one.defective
        missed = f"；仍漏检：{listed([*one.missed])}" if one.missed else ""
        zh = f"回归集，{one.runtime}：{of} 个旧漏检中检出 {caught} 个{missed}。"
        found.append(Text(f"Regression set, {caught_text(one)}", zh))
    if unseen.accepted:
        count, why = len(unseen.missed), unseen.accepted
        en = f"{count} old escapes are not caught; that was accepted: {why}"
        found.append(Text(en, f"有 {count} 个旧漏检未被检出；已有人对此负责：{why}"))
    return [*found, *(same(note) for note in unseen.notes)]


def _on_test(scored: Scored) -> Text:
    count, told = len(scored.labels), auroc_of(scored)
    escapes, overkill = scored.rate((Outcome.OK,), bad=True), scored.rate((Outcome.NG,), bad=False)
    clauses = [Text(f"{count} test pictures that nothing was chosen on", f"{count} 张未用于任何选择的测试图像")]
    clauses += [] if told is None else [same(f"AUROC {told}")]
    for name, found in ((Text("escapes", "漏检"), escapes), (Text("overkill", "过杀"), overkill)):
        said = rate(found)
        clauses.append(Text(f"{name.en} {said.en}", f"{name.zh} {said.zh}"))
    return joined(clauses)


def runtime_table(unseen: Unseen) -> str:
    """AUROC and rates of the test pictures, a column a runtime."""
    columns = [judged_pictures(sheet.judged) for sheet in unseen.test]
    rows: list[tuple[Said, ...]] = [(same("AUROC"), *(str(auroc_of(one) or "–") for one in columns))]
    rows += [(name, *(rate(one.rate((outcome,), bad=bad)) for one in columns)) for name, outcome, bad in _ROWS]
    return table((Text("runtime", "推理引擎"), *(sheet.runtime for sheet in unseen.test)), rows)
