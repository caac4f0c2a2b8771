"""What the API says beside the station's own answers, and its OpenAPI document, made from the same schemas."""

from __future__ import annotations

from enum import StrEnum
from importlib.metadata import version
from typing import Any, Final

from pydantic import Field
from pydantic.json_schema import models_json_schema

from appliance.commands.envelope import Strict
from appliance.commands.golden import DriftRequest, GoldenRequest
from appliance.commands.messages import CommandReply, TriggerRequest
from appliance.commands.recipe import RecipeRequest
from appliance.commands.refusals import TEXTS as REFUSALS
from appliance.commands.refusals import Refusal


class Trouble(StrEnum):
    NOT_CONFIGURED = "not_configured"
    NO_TOKEN = "no_token"
    SIGN_IN = "sign_in"
    WRONG_PIN = "wrong_pin"
    LOCKED = "locked"
    WRONG_TOKEN = "wrong_token"
    CROSS_SITE = "cross_site"


TEXTS: dict[Trouble, tuple[str, str]] = {
    Trouble.NOT_CONFIGURED: (
        "Nobody can act through the web yet; set [web] pin_file for the page, or [web] api_token_file for programs",
        "尚不能通过网页执行操作；请为页面设置 [web] pin_file，或为程序设置 [web] api_token_file",
    ),
    Trouble.NO_TOKEN: (
        "Programs cannot act through the web yet; set [web] api_token_file",
        "程序尚不能通过网页接口执行操作；请设置 [web] api_token_file",
    ),
    Trouble.SIGN_IN: ("Enter the operator PIN first", "请先输入操作密码"),
    Trouble.WRONG_PIN: ("This PIN is wrong", "密码错误"),
    Trouble.LOCKED: ("Too many wrong PINs; wait and try again", "密码错误次数过多；请稍后再试"),
    Trouble.WRONG_TOKEN: ("This API token is wrong", "API 令牌错误"),
    Trouble.CROSS_SITE: (
        "This request does not come from the station's own page; open that page and try again",
        "该请求并非来自检测站自己的页面；请打开该页面后重试",
    ),
}
_STATUS: Final[dict[Trouble | Refusal, int]] = {
    Trouble.NOT_CONFIGURED: 403,
    Trouble.NO_TOKEN: 403,
    Trouble.SIGN_IN: 401,
    Trouble.WRONG_PIN: 401,
    Trouble.LOCKED: 429,
    Trouble.WRONG_TOKEN: 401,
    Trouble.CROSS_SITE: 403,
    Refusal.MALFORMED: 400,
    Refusal.BUSY: 503,
    Refusal.REQUEST_ID_REUSED: 409,
    Refusal.PLC_TRIGGERS: 403,
    Refusal.NOT_ALLOWED: 403,
    Refusal.NOT_READY: 409,
    Refusal.NO_SUCH_RECIPE: 404,
    Refusal.RECIPE_REFUSED: 409,
    Refusal.NO_GOLDEN_PARTS: 409,
    Refusal.GOLDEN_RUNS: 409,
    Refusal.NO_GOLDEN_RUNS: 409,
    Refusal.NOT_KEPT: 503,
    Refusal.NO_DRIFT: 409,
    Refusal.RESET_NEEDS_GOLDEN: 409,
    Refusal.INTERNAL: 500,
    Refusal.STATION_DOWN: 503,
    Refusal.NO_ANSWER: 504,
}


class Problem(Strict):
    """Why nothing was done, or with `no_answer` why it is not known. `retry_after_s`: when to come again."""

    code: Trouble | Refusal
    text_en: str
    text_zh: str
    retry_after_s: int | None = None


class ListedRecipe(Strict):
    """The highest version of a recipe that the station can change to; `origin` says where it stands."""

    id: str
    name: str
    number: int
    version: str
    origin: str


class RecipeList(Strict):
    """By number."""

    recipes: tuple[ListedRecipe, ...]


class PinEntry(Strict):
    pin: str = Field(min_length=1, max_length=64)


class SessionState(Strict):
    """`csrf` goes into the header `X-CSRF-Token` of every action; None when nobody is signed in."""

    csrf: str | None
    seconds_left: int


def problem(code: Trouble | Refusal, retry_after_s: float = 0.0) -> Problem:
    english, chinese = TEXTS[code] if isinstance(code, Trouble) else REFUSALS[code]
    # Rounded up: who waits that long must not come too early.
    return Problem(
        code=code, text_en=english, text_zh=chinese, retry_after_s=int(retry_after_s) + 1 if retry_after_s else None
    )


def status_of(code: Trouble | Refusal | None) -> int:
    """The HTTP status of an answer: 200 where nothing stood in the way."""
    return 200 if code is None else _STATUS.get(code, 200)


def openapi() -> dict[str, Any]:
    """The OpenAPI 3.1 document of `/api/v1`."""
    _, schemas = models_json_schema(
        [
            (TriggerRequest, "validation"),
            (RecipeRequest, "validation"),
            (GoldenRequest, "validation"),
            (DriftRequest, "validation"),
            (PinEntry, "validation"),
            (CommandReply, "serialization"),
            (Problem, "serialization"),
            (SessionState, "serialization"),
            (RecipeList, "serialization"),
        ],
        ref_template="#/components/schemas/{model}",
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "okng station", "version": version("okng"), "license": {"name": "Apache-2.0"}},
        "servers": [{"url": "/api/v1"}],
        "paths": {
            "/trigger": _action(
                "Judge one part now", "trigger", "TriggerRequest", "Accepted; with `wait`, its verdict"
            ),
            "/recipes": {
                "get": {
                    "summary": "What the station can change to",
                    "operationId": "listRecipes",
                    "responses": {"200": _content("The highest version of each", "RecipeList")},
                }
            },
            "/recipe": _action("Change the recipe", "changeRecipe", "RecipeRequest", "In force"),
            "/golden": _action("Begin or break off golden parts", "goldenParts", "GoldenRequest", "Done"),
            "/drift": _action("Say that a drift is dealt with", "resetDrift", "DriftRequest", "Golden parts end it"),
            "/session": {
                "get": {
                    "summary": "Whether this browser is signed in",
                    "operationId": "readSession",
                    "responses": {"200": _content("The session", "SessionState")},
                },
                "post": {
                    "summary": "Sign in with the operator PIN, for 15 minutes",
                    "operationId": "signIn",
                    "requestBody": _body("PinEntry"),
                    "responses": {
                        "200": _content("Signed in", "SessionState"),
                        "default": _content("Why not", "Problem"),
                    },
                },
                "delete": {
                    "summary": "Sign out",
                    "operationId": "signOut",
                    "security": [{"session": [], "csrf": []}],
                    "responses": {
                        "200": _content("Signed out", "SessionState"),
                        "default": _content("Why not", "Problem"),
                    },
                },
            },
        },
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "session": {"type": "apiKey", "in": "cookie", "name": "okng_session"},
                "csrf": {"type": "apiKey", "in": "header", "name": "X-CSRF-Token"},
            },
        },
    }


def _action(summary: str, operation: str, body: str, done: str) -> dict[str, Any]:
    """A command as a path: for programs with the token, and for pages that are signed in."""
    return {
        "post": {
            "summary": summary,
            "operationId": operation,
            "security": [{"token": []}, {"session": [], "csrf": []}],
            "requestBody": _body(body),
            "responses": {
                "200": _content(done, "CommandReply"),
                "default": _content("Why not", "CommandReply", "Problem"),
            },
        }
    }


def _body(schema: str) -> dict[str, Any]:
    return {"required": True, "content": _json(schema)}


def _content(description: str, *schemas: str) -> dict[str, Any]:
    return {"description": description, "content": _json(*schemas)}


def _json(*schemas: str) -> dict[str, Any]:
    references = [{"$ref": f"#/components/schemas/{schema}"} for schema in schemas]
    return {"application/json": {"schema": references[0] if len(references) == 1 else {"oneOf": references}}}
