"""A server on this machine, for what is fetched."""

import contextlib
import http.server
import threading


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves `server.files`; knows ranges; breaks off where it is told to."""

    def do_GET(self):
        self.server.log.append((self.path, self.headers.get("Range")))
        answer = self.server.files.get(self.path.partition("?")[0])
        if callable(answer):
            answer(self)
            return
        if answer is None:
            self.send_error(404)
            return
        more = self.server.headers
        first, asked = 0, self.headers.get("Range")
        same = self.headers.get("If-Range", more.get("ETag")) == more.get(
            "ETag"
        )
        if self.server.ranges and asked and same:
            first = int(asked.removeprefix("bytes=").rstrip("-"))
            if first >= len(answer):
                self.send_error(416)
                return
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(answer) - first))
        for name, value in more.items():
            self.send_header(name, value)
        self.end_headers()
        stop = self.server.breaks.pop() if self.server.breaks else None
        self.wfile.write(answer[first:stop])

    def do_HEAD(self):
        # asked by the hub's library before it fetches
        self.server.files[self.path](self)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serve():
    """A server with `files` (path to content), a `log` and its `url`."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.files, server.log, server.breaks = {}, [], []
    server.headers = {}
    server.ranges = True
    server.url = f"http://127.0.0.1:{server.server_port}"
    # asked often whether it should end, so that a test need not wait
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
