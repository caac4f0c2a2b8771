"""What `okng init` writes: every setting that a first station needs, each with its meaning."""

TEMPLATE = """\
# okng station. Check it with: okng check-config THIS_FILE     Run it with: okng run --config THIS_FILE

[station]
path = "enterprise/site/area/line/station"  # who it is, from the enterprise down; also its place in MQTT
name = "Line 1 · Station 1"                  # what operators read
serial = "OKNG-0001"
# catalogue = "catalogue.toml"               # which code means which defect, for ever; see docs/catalogue.md
state_dir = "state"                          # journal, pictures, sockets; relative paths start at this file
armed = false                                # false: monitor mode, verdicts are shown and Pass is never set

[camera]
type = "folder"                              # "folder" replays pictures, "synthetic" draws parts, "video" see below
path = "pictures"
loop = false
# type = "video"                             # instead of the three lines above; see docs/cameras.md
# source = "/dev/v4l/by-id/usb-camera-index0"  # or a video file, rtsp://HOST/PATH, http://HOST/PATH; okng camera list
# username = "okng"                          # for rtsp and http; the password stands in a file of its own
# password_file = "camera.password"
# [camera.settings]                          # V4L2: each is read back, and set again whenever the camera comes back
# width_px = 1280
# height_px = 1024
# auto_exposure = false
# exposure = 100

[trigger]
source = "interval"                          # "plc" once one is connected; "software": only when asked
                                             # "presence": parts are noticed in a running picture
interval_ms = 500
software = false                             # true: page, API, MQTT and okng trigger may trigger too; never with a PLC

# [trigger.presence]                         # with source = "presence", a virtual photo-eye; see docs/presence.md
# x_px = 200                                 # the zone, about as large as the part shows in the picture
# y_px = 150
# width_px = 120
# height_px = 120
# at = "centre"                              # or "enter", "rest", "leave"

[model]
package = "model.okng"                       # made by: okng train DATA --out model.okng
runtime = "auto"                             # "openvino", "onnxruntime", "tflite"; on NVIDIA's GPUs
                                             # "onnxruntime-tensorrt" or "onnxruntime-cuda"
device = "CPU"                               # OpenVINO's: "GPU", "NPU", "AUTO"; these need: okng certify

[recipe]
id = "part-1"
name = "Part 1"
version = "1"
number = 1                                   # the PLC's job number
mode = "inspect"                             # "collect" keeps every picture for training and judges nothing
deadline_ms = 1000                           # a part without a verdict by then is ERROR and rejected
exposure_within_ms = 250                     # a picture taken later may show another part: ERROR
# ok_below = 0.40                            # both or none; without them the package's limits are in force
# ng_from = 0.60
# [[recipe.rules]]                           # what counts as a defect, by class, size and zone; see docs/rules.md
# class = "scratch"
# min_area_px = 40                           # a smaller one makes the part RECHECK

# [collect]                                  # only with mode = "collect"; then no [model] is needed
# data_set = "parts"                         # what okng train reads; its folder must be there
# label = "good"                             # or the name of a defect, such as "scratch"
# max_gb = 20

[plc]
enabled = false                              # Modbus RTU slave, 8 data bits
port = "/dev/ttyUSB0"
baudrate = 115200
parity = "N"
unit = 1

[mqtt]
enabled = false
host = "127.0.0.1"
port = 1883
commands = false                             # true: whoever the broker lets write to cmd/ may trigger

[archive]
enabled = true                               # false: no picture is kept, the page still shows the last ones
quota_mb = 512                               # pictures only; OK pictures go first when it is full
keep_ok = false
# ng = { days = 365, mb = 400 }              # also ok, no_part, error, recheck; without: no limit of their own

[evidence]
enabled = true                               # what okng replay needs, of NG, RECHECK, ERROR and a random share of all
audit_share = 0.02                           # 2 % of all parts, drawn whatever their outcome
quota_mb = 2048
# ng = { days = 365, mb = 1000 }             # also error, recheck, audited

# [barcode]                                  # a scanner on a serial line; its codes choose recipes
# port = "/dev/serial/by-id/usb-scanner"
# baudrate = 9600

[web]
host = "127.0.0.1"
port = 8080
metrics = true                               # figures for Prometheus at /metrics
# pin_file = "operator.pin"                  # 6 to 12 digits, chmod 600: who knows them may act on the page
# api_token_file = "api.token"               # 32 characters or more, chmod 600: what a program shows to the API
"""
