"""What can be wrong between station and broker, in the operator's words, in both languages."""

from __future__ import annotations

from appliance.config.schema import MqttConfig
from appliance.domain.device import DeviceState

UNSUPPORTED_VERSION = 132
BAD_CREDENTIALS = 134
NOT_AUTHORIZED = 135
SESSION_TAKEN_OVER = 142

OK = DeviceState("ok")


class BrokerFault(Exception):
    """The connection to the broker is of no use any more; `state` says why and what to do."""

    def __init__(self, state: DeviceState) -> None:
        super().__init__(state.text_en)
        self.state = state


def _fault(english: str, chinese: str) -> DeviceState:
    return DeviceState("fault", english, chinese)


def unreachable(config: MqttConfig, why: str) -> DeviceState:
    where = f"{config.host}:{config.port}"
    return _fault(
        f"MQTT broker {where} not reachable ({why}); start it or correct [mqtt] host/port",
        f"无法连接 MQTT 服务器 {where}（{why}）；请启动服务器或更正 [mqtt] host/port",
    )


def untrusted(config: MqttConfig, why: str) -> DeviceState:
    where = f"{config.host}:{config.port}"
    return _fault(
        f"MQTT broker {where} cannot be trusted ({why}); correct [mqtt] ca_file or the broker's certificate",
        f"MQTT 服务器 {where} 的证书不可信（{why}）；请更正 [mqtt] ca_file 或服务器证书",
    )


def silent(config: MqttConfig) -> DeviceState:
    where = f"{config.host}:{config.port}"
    return _fault(
        f"MQTT broker {where} does not answer; check the broker and the network",
        f"MQTT 服务器 {where} 无响应；请检查服务器和网络",
    )


def unwelcome(config: MqttConfig) -> DeviceState:
    """The broker took the connection and closed it, or said nothing, instead of answering the login."""
    where = f"{config.host}:{config.port}"
    english, chinese = "check the broker and the network", "请检查服务器和网络"
    if config.version == "5":
        english += ', or set [mqtt] version to "3.1.1" for an older broker'
        chinese += '；如服务器版本较旧，请将 [mqtt] version 设为 "3.1.1"'
    return _fault(
        f"MQTT broker {where} does not answer the login; {english}", f"MQTT 服务器 {where} 未响应登录；{chinese}"
    )


def refused(config: MqttConfig, code: int, name: str) -> DeviceState:
    """The broker answered the connection with a reason code (MQTT 5 §3.2.2.2)."""
    where = f"{config.host}:{config.port}"
    if code in (BAD_CREDENTIALS, NOT_AUTHORIZED):
        user = config.username or "(none)"
        return _fault(
            f"MQTT broker {where} refuses user {user}; correct [mqtt] username and password_file",
            f"MQTT 服务器 {where} 拒绝用户 {user}；请更正 [mqtt] username 和 password_file",
        )
    if code == UNSUPPORTED_VERSION:
        return _fault(
            f'MQTT broker {where} does not speak MQTT {config.version}; set [mqtt] version to "3.1.1"',
            f'MQTT 服务器 {where} 不支持 MQTT {config.version}；请将 [mqtt] version 设为 "3.1.1"',
        )
    return _fault(
        f"MQTT broker {where} refuses the station ({name}); look into the broker's log",
        f"MQTT 服务器 {where} 拒绝连接（{name}）；请查看服务器日志",
    )


def lost(config: MqttConfig, code: int, name: str) -> DeviceState:
    """A connection that was up has ended."""
    where = f"{config.host}:{config.port}"
    if code == SESSION_TAKEN_OVER:
        return _fault(
            f"Another client uses this station's id at MQTT broker {where}; give each station its own [mqtt] client_id",
            f"另一客户端在 MQTT 服务器 {where} 使用了相同的编号；请为每个检测站设置不同的 [mqtt] client_id",
        )
    return _fault(
        f"Connection to MQTT broker {where} lost ({name}); check the broker and the network",
        f"与 MQTT 服务器 {where} 的连接已断开（{name}）；请检查服务器和网络",
    )


def denied(config: MqttConfig, topics: tuple[str, ...]) -> DeviceState:
    """The broker took messages and did not accept them; results wait on disk."""
    where, what = f"{config.host}:{config.port}", ", ".join(topics)
    return _fault(
        f"MQTT broker {where} does not accept messages on {what}; allow this station to write there",
        f"MQTT 服务器 {where} 不接受主题 {what} 的消息；请授予该检测站写入权限",
    )


def deaf(config: MqttConfig, why: str) -> DeviceState:
    """The broker lets the station publish and does not let it hear commands."""
    where = f"{config.host}:{config.port}"
    return _fault(
        f"MQTT broker {where} lets no commands through ({why}); allow this station to read its cmd/ topics, "
        "or set [mqtt] commands = false",
        f"MQTT 服务器 {where} 不转发命令（{why}）；请授予该检测站读取 cmd/ 主题的权限，或设置 [mqtt] commands = false",
    )


def misconfigured(why: str) -> DeviceState:
    return _fault(why, f"MQTT 配置有误：{why}")


def internal() -> DeviceState:
    return _fault(
        "Internal fault in the MQTT publisher; results wait on disk, look into the station's log",
        "MQTT 发布程序内部故障；结果保存在磁盘上，请查看检测站日志",
    )
