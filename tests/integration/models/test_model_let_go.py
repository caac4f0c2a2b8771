"""A model may be let go of on another thread than the one that loaded it, and the process still hears signals."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.fakes.line import DEMO_PACKAGE

# OpenVINO gives the loading thread a signal stack of its own and unmaps it with its last model: a signal that comes to
# that thread afterwards would kill the process. That is how a station ended at SIGTERM after a recipe change.
PROGRAM = """
import gc, os, signal, sys, threading
from pathlib import Path
from models.detector import Detector

heard = []
signal.signal(signal.SIGTERM, lambda *_: heard.append(True))
models = [Detector.load(Path(sys.argv[1]), runtime=sys.argv[2])]

def let_go():
    models.pop().close()
    gc.collect()

thread = threading.Thread(target=let_go)
thread.start()
thread.join()
os.kill(os.getpid(), signal.SIGTERM)
sys.exit(0 if heard else 1)
"""


@pytest.mark.parametrize("runtime", ["openvino", "onnxruntime", "tflite"])
def test_a_signal_is_heard_after_a_model_was_let_go_on_another_thread(runtime: str) -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM, str(DEMO_PACKAGE), runtime], timeout=120, check=False)
    assert ended.returncode == 0
