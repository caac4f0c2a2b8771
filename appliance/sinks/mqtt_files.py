"""The files that a connection to the broker needs: password and CA."""

from __future__ import annotations

import ssl

from appliance.config.schema import MqttConfig
from appliance.config.secrets import read_secret
from appliance.errors import NotThere, UsageError


def check_files(config: MqttConfig) -> None:
    """Say at start what a connection would stumble over later.

    Raises:
        NotThere: the password file or the CA file cannot be read.
        UsageError: others may read the password, it belongs to no user, or the CA file holds no certificate.
    """
    if read_password(config) is not None and config.username is None:
        raise UsageError("[mqtt] password_file is set without a user; set [mqtt] username too")
    if config.ca_file is None:
        return
    try:
        ssl.create_default_context(cafile=config.ca_file)
    except ssl.SSLError as error:
        raise UsageError(f"{config.ca_file} holds no certificate in PEM form; correct [mqtt] ca_file") from error
    except OSError as error:
        raise NotThere(f"the MQTT CA file {config.ca_file} cannot be read ({error}); correct [mqtt] ca_file") from error


def read_password(config: MqttConfig) -> str | None:
    """The broker password, None where the configuration names no file.

    Raises:
        NotThere: the file cannot be read.
        UsageError: others may read it.
    """
    path = config.password_file
    return None if path is None else read_secret(path, "MQTT password", "[mqtt] password_file")
