"""Programs that the package's story runs in the container, by a copy of the package's Python."""

from typing import Final

SEED: Final = """\
import glob, time
import libtorrent as lt
session = lt.session({"listen_interfaces": "127.0.0.1:6999", "enable_dht": False, "enable_lsd": False,
                      "enable_upnp": False, "enable_natpmp": False, "allow_multiple_connections_per_ip": True})
for torrent in glob.glob("/root/*.torrent"):
    params = lt.add_torrent_params()
    params.ti, params.save_path = lt.torrent_info(torrent), "/root/seed"
    params.flags |= lt.torrent_flags.seed_mode
    session.add_torrent(params)
time.sleep(3600)
"""
"""A seed of all torrents in /root."""

DOWNLOAD: Final = """\
import http.client, json, sys, time, uuid
client = http.client.HTTPConnection("127.0.0.1", 8080, timeout=30)
cookie = {}
def ask(method, path, body=None, kind="application/x-www-form-urlencoded"):
    client.request(method, "/api/v2" + path, body, {"Content-Type": kind, **cookie})
    answer = client.getresponse()
    text = answer.read().decode()
    assert answer.status == 200, (path, answer.status, text)
    if answer.getheader("Set-Cookie"):
        cookie["Cookie"] = answer.getheader("Set-Cookie").partition(";")[0]
    return text
deadline = time.monotonic() + 90
while True:
    try:
        assert ask("POST", "/auth/login", "username=admin&password=" + sys.argv[1]) == "Ok."
        break
    except OSError:
        client.close()
        assert time.monotonic() < deadline, "the gateway does not answer"
        time.sleep(0.1)
if len(sys.argv) == 2:
    print("a login with the same password")
    sys.exit()
began = time.monotonic()
mark = uuid.uuid4().hex
body = (f'--{mark}\\r\\nContent-Disposition: form-data; name="torrents"; filename="a.torrent"\\r\\n'
        "Content-Type: application/x-bittorrent\\r\\n\\r\\n").encode()
body += open("/root/payload.torrent", "rb").read() + f"\\r\\n--{mark}--\\r\\n".encode()
ask("POST", "/torrents/add", body, f"multipart/form-data; boundary={mark}")
while True:
    found = [each for each in json.loads(ask("GET", "/torrents/info")) if each["hash"] == sys.argv[2]]
    if found and found[0]["progress"] == 1:
        break
    if found:
        ask("POST", "/torrents/addPeers", "peers=127.0.0.1:6999&hashes=" + sys.argv[2])
    assert time.monotonic() < deadline, found
    time.sleep(0.2)
seconds = time.monotonic() - began
print(f"{found[0]['size']} bytes in {seconds:.1f} s, state {found[0]['state']}, in {found[0]['save_path']}")
"""
"""Logs in at the gateway with the first argument. Adds /root/payload.torrent, and waits until it is complete.

The second argument is the torrent's id. Without it, the program only logs in.
"""

CHANGER: Final = """\
import hashlib, json, os, sys, time
import ouzel
out = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
number = 0
with ouzel.Client("/run/ouzel") as client:
    try:
        while True:
            number += 1
            topic = hashlib.sha1(b"%d" % number, usedforsecurity=False).hexdigest()
            client.add_torrent(magnet="magnet:?xt=urn:btih:" + topic, paused=True)
            os.write(out, json.dumps({"magnet": topic, "at": time.time()}).encode() + b"\\n")
            client.update_limits(sys.argv[2], upload_bps=1000000 + number)
            os.write(out, json.dumps({"upload_bps": 1000000 + number, "at": time.time()}).encode() + b"\\n")
    except ouzel.OuzelError as error:
        print("the last request was not acknowledged:", error)
"""
"""Makes changes one after the other, until one is not acknowledged. Notes each acknowledged change in a file.

The arguments are the file, and the torrent with the changed limit.
"""
