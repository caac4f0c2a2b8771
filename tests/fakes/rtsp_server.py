"""An RTSP camera that is not ours: GStreamer's server, run by the Python that has its bindings (Debian's).

    rtsp_server.py PORT ENCODING [--loss SHARE] [--login USER:PASSWORD] [--still]

It says "ready" on standard output when it listens. ENCODING is what stands between the test picture and the network.
"""

from __future__ import annotations

import argparse

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402 - versions are chosen first

ENCODINGS = {
    "mjpeg": "jpegenc ! rtpjpegpay mtu=500 pt=26",
    "vp8": "vp8enc deadline=1 keyframe-max-dist=10 ! rtpvp8pay pt=96",
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port")
    parser.add_argument("encoding", choices=ENCODINGS)
    parser.add_argument("--loss", type=float, default=0)
    parser.add_argument("--login", default="")
    parser.add_argument("--still", action="store_true")
    options = parser.parse_args()
    Gst.init(None)
    picture = "red" if options.still else "ball"
    launch = (
        f"videotestsrc is-live=true pattern={picture} ! video/x-raw,format=I420,width=320,height=240,framerate=20/1"
    )
    launch += f" ! {ENCODINGS[options.encoding]}"
    # What is dropped behind the payloader is missing for the client as if the network had lost it.
    launch += f" ! identity drop-probability={options.loss} name=pay0" if options.loss else " name=pay0"
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(f"( {launch} )")
    factory.set_shared(True)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    if options.login:
        demand_login(server, factory, *options.login.split(":"))
    server.get_mount_points().add_factory("/feed", factory)
    server.attach(None)
    print("ready", flush=True)  # noqa: T201 - the test waits for it
    GLib.MainLoop().run()


def demand_login(
    server: GstRtspServer.RTSPServer, factory: GstRtspServer.RTSPMediaFactory, user: str, password: str
) -> None:
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth = GstRtspServer.RTSPAuth()
    auth.add_basic(GstRtspServer.RTSPAuth.make_basic(user, password), token)
    server.set_auth(auth)
    permissions = GstRtspServer.RTSPPermissions()
    permissions.add_permission_for_role("viewer", "media.factory.access", True)
    permissions.add_permission_for_role("viewer", "media.factory.construct", True)
    factory.set_permissions(permissions)


if __name__ == "__main__":
    main()
