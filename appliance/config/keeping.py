"""How long pictures and evidence are kept, and how much room they may take."""

from __future__ import annotations

from pydantic import Field

from appliance.section import Section


class KeepConfig(Section):
    """One class of pictures or evidence; what is left out has no limit of its own."""

    days: int | None = Field(None, ge=1, le=36_500)
    mb: int | None = Field(None, ge=1, le=1_000_000)


class ArchiveConfig(Section):
    """Pictures kept on disk for people. `enabled = false`: none, the pages still show the last ones."""

    enabled: bool = True
    quota_mb: int = Field(512, ge=1, le=1_000_000)
    keep_ok: bool = False
    ok: KeepConfig = KeepConfig()
    no_part: KeepConfig = KeepConfig()
    error: KeepConfig = KeepConfig()
    recheck: KeepConfig = KeepConfig()
    ng: KeepConfig = KeepConfig()


class EvidenceConfig(Section):
    """What a replay needs of NG, RECHECK and ERROR parts, and of `audit_share` of all parts, drawn at random."""

    enabled: bool = True
    audit_share: float = Field(0.02, ge=0.0, le=1.0)
    quota_mb: int = Field(2048, ge=1, le=1_000_000)
    error: KeepConfig = KeepConfig()
    recheck: KeepConfig = KeepConfig()
    ng: KeepConfig = KeepConfig()
    audited: KeepConfig = KeepConfig()
